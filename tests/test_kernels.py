"""The kernels of minigen/kernels: their CUDA code against the array definitions beside it, and
how many launches a training step takes.

No GPU is needed, and nothing here says how fast one is. The code is compiled for this machine's
processor and run; where nvcc is installed it is compiled for a GPU as well. Launches are counted on
the strict stand-in for CuPy.
"""

import ctypes
import importlib.util
import pathlib
import shutil
import subprocess
import sys

import cuda_on_the_host as host
import numpy as np
import pytest
import strict_cupy

import minigen as mg
from minigen.functional.patches import Geometry

with strict_cupy.installed():
    from minigen import kernels
    from minigen.kernels import patches as patch_kernels

pytestmark = pytest.mark.host_arrays
ROOT = pathlib.Path(__file__).parents[1]
RNG = np.random.default_rng(0)
NAMES = list(kernels.KERNELS)


# -------------------------------------------------------------------- the code and its definition

def compiled(source, folder):
    """A library from C++."""
    if shutil.which("g++") is None:
        pytest.skip("no C++ compiler")
    (folder / "code.cpp").write_text(source)
    subprocess.run(["g++", "-O1", "-shared", "-fPIC", "-o", str(folder / "code.so"),
                    str(folder / "code.cpp")], check=True)
    return ctypes.CDLL(str(folder / "code.so"))


@pytest.fixture(scope="module")
def libraries(tmp_path_factory):
    """dtype -> the compiled code of every kernel."""
    return {dtype: compiled(host.program(kernels.KERNELS.values(), dtype),
                            tmp_path_factory.mktemp(dtype)) for dtype in ("float32", "float64")}


def number(name):
    """A number that the parameter of this name may have."""
    return {"b1": 0.9, "b2": 0.99, "alpha": 0.9, "momentum": 0.3, "lr": 0.01, "eps": 1e-3,
            "share": 1 / 6, "unbiased": 6 / 5, "slope": 0.2}[name]


CHANNELS = ("total", "squares", "m", "v", "inverse", "w", "b", "gb", "gw", "running_m", "running_v")
POSITIVE = ("squares", "v", "inverse", "running_v", "s")


def elementwise_inputs(kernel, dtype, shape=(6, 4)):
    """Arrays and numbers for a kernel without raw inputs. Statistics are one number a channel; the
    g of a loss is one number."""
    of_channels = "inverse" in kernel.inputs + kernel.outputs or kernel.name == "running"
    given = []
    for _, kind, name in host.parameters(kernel)[0]:
        if kind == "int32":
            given.append(shape[-1])
        elif name in ("share", "slope", "eps", "momentum", "unbiased", "b1", "b2", "alpha", "lr"):
            given.append(number(name))
        else:
            size = shape[-1:] if of_channels and name in CHANNELS else shape
            x = 3 * RNG.standard_normal(size)
            given.append((abs(x) + 0.1 if name in POSITIVE else x).astype(dtype))
    return given


def expected(kernel, inputs):
    values = kernel.definition(*inputs)
    return [np.asarray(y) for y in (values if isinstance(values, tuple) else [values])]


def compare(library, kernel, dtype, inputs, tolerance):
    wanted = expected(kernel, inputs)
    made = [np.full(y.shape, np.nan, dtype) for y in wanted]
    host.run(library, kernel, dtype, inputs, made)
    for y, z in zip(made, wanted):
        scale = max(1.0, abs(z[np.isfinite(z)]).max(initial=0))
        np.testing.assert_allclose(y, z, rtol=tolerance, atol=tolerance * scale)


TOLERANCE = {"float32": 2e-6, "float64": 1e-14}
ELEMENTWISE = [name for name in NAMES if "raw" not in kernels.KERNELS[name].inputs]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_the_code_of_a_kernel_computes_its_definition(libraries, name, dtype):
    kernel = kernels.KERNELS[name]
    compare(libraries[dtype], kernel, dtype, elementwise_inputs(kernel, dtype), TOLERANCE[dtype])


SPECIAL = [0.0, -0.0, 1e-30, 0.5, -0.5, 20.0, -20.0, 87.0, -87.0, 95.0, -95.0, 1e30, -1e30, np.inf,
           -np.inf, np.nan]


ACTIVATIONS = ["relu", "leaky_relu", "sigmoid", "tanh", "softplus", "logsigmoid"]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_are_the_same_in_their_tails_and_for_what_is_not_finite(libraries, name, dtype):
    x = np.array(SPECIAL, dtype)
    option = [0.2] if name == "leaky_relu" else []
    value, gradient = kernels.KERNELS[name], kernels.KERNELS[f"{name}_gradient"]
    with np.errstate(all="ignore"):
        compare(libraries[dtype], value, dtype, [x, *option], TOLERANCE[dtype])
        y = value.definition(x, *option)
        for g in (x * 0 + 1, np.zeros_like(x), -x[::-1].copy()):
            compare(libraries[dtype], gradient, dtype, [g, y, x, *option], TOLERANCE[dtype])


GEOMETRIES = [(3, 2, (9,), (4,), (2,), (1,)), (2, 3, (8, 7), (4, 3), (2, 1), (1, 2)),
              (1, 1, (5, 5), (1, 1), (3, 3), (0, 0)),
              (2, 2, (5, 4, 6), (3, 2, 3), (2, 1, 3), (1, 0, 2))]


@pytest.mark.parametrize("dtype", TOLERANCE)
@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_patches_are_gathered_and_summed_as_defined(libraries, geometry, dtype):
    images, channels, size, kernel, stride, padding = geometry
    x = RNG.standard_normal((images, channels, *size)).astype(dtype)
    at = Geometry(x, (channels, *size), kernel, stride, padding)
    lengths, three = patch_kernels._lengths(at), patch_kernels._three
    for source in (x, x.transpose(0, *range(2, x.ndim), 1).copy().transpose(
            0, x.ndim - 1, *range(1, x.ndim - 1))):             # channels second, channels last
        five = source.reshape(*x.shape[:2], *three(size))
        compare(libraries[dtype], patch_kernels.patches_of, dtype, [five, *lengths], 0)
    shape = expected(patch_kernels.patches_of, [five, *lengths])[0].shape
    patches = RNG.standard_normal(shape).astype(dtype)
    compare(libraries[dtype], patch_kernels.sum_of_patches, dtype, [patches, *lengths],
            TOLERANCE[dtype])


@pytest.mark.parametrize("name, right, wrong", [
    ("sigmoid_gradient", "T(1) - y", "T(1) + y"), ("adam_step", "g * g", "g"),
    ("standardized_gradient", "gb * share", "gb"), ("logsigmoid", "x : T(0)", "T(0) : x"),
    ("leaky_relu", "slope * x", "x")])
def test_a_wrong_code_is_noticed(tmp_path, name, right, wrong):
    kernel = kernels.KERNELS[name]
    assert right in kernel.code
    changed = type("Changed", (), {**vars(kernel), "code": kernel.code.replace(right, wrong)})
    library = compiled(host.program([changed], "float64"), tmp_path)
    with pytest.raises(AssertionError):
        compare(library, changed, "float64", elementwise_inputs(kernel, "float64"), 1e-6)


@pytest.mark.parametrize("dtype", TOLERANCE)
def test_the_code_compiles_for_a_gpu(tmp_path, dtype):
    if shutil.which("nvcc") is None:
        pytest.skip("no nvcc")
    include = next((folder for path in map(pathlib.Path, sys.path)       # CuPy's own headers
                    if (folder := path / "cupy/_core/include").is_dir()), None)
    carray = include is not None
    (tmp_path / "code.cu").write_text(host.cuda(kernels.KERNELS.values(), dtype, carray))
    done = subprocess.run(
        ["nvcc", "-arch=sm_90", "-cubin", "-o", str(tmp_path / "code.cubin"),
         *([f"-I{include}"] if carray else []), str(tmp_path / "code.cu")],
        capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "code.cubin").stat().st_size > 1000


# ------------------------------------------------------------------------------ where they are used

def test_numpys_arrays_and_tensors_go_on_to_the_operation():
    """An array of another dtype or library is for the operation to answer, or to refuse."""
    F = mg.functional
    with strict_cupy.installed() as cupy:
        strict_cupy.counts.reset()
        F.sigmoid(np.ones(3))
        assert strict_cupy.counts.launches == 0
        F.sigmoid(cupy.ones(3, "float16"))
        assert strict_cupy.counts.launched["sigmoid"] == 0
        F.sigmoid(cupy.ones(3))
        assert strict_cupy.counts.launched["sigmoid"] == 1
        with pytest.raises(mg.BackendError, match="two libraries"):
            F.mse_loss(cupy.ones(3), np.ones(3))
        with pytest.raises(ValueError, match="must be equal"):
            F.mse_loss(cupy.ones(3), cupy.ones((3, 1)))
        assert F.mse_loss(cupy.ones(3, "float32"), cupy.zeros(3)).dtype == "float64"


def test_without_cupy_no_operation_is_replaced():
    code = ("import sys, minigen as mg; assert 'minigen.kernels' not in sys.modules; "
            "assert mg.functional.sigmoid.forward.__code__.co_name == 'sigmoid'")
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_activations_and_normalisation_keep_the_channels_last_in_memory():
    with strict_cupy.installed() as cupy:
        x = mg.Tensor(cupy.ones((2, 4, 5, 3)).transpose(0, 3, 1, 2), requires_grad=True)
        y = mg.functional.leaky_relu(mg.functional.batch_norm(x, None, None, training=True), 0.2)
        g, = mg.grad(y.sum(), x)
        assert y.data.strides == x.data.strides == g.data.strides


# -------------------------------------------------------------------------------------- launches

spec = importlib.util.spec_from_file_location("benchmark", ROOT / "tests/benchmarks/benchmark.py")
benchmark = importlib.util.module_from_spec(spec)
spec.loader.exec_module(benchmark)


@pytest.mark.parametrize("name, most, moved", [
    ("autoencoder", 30, 0), ("ring_gan", 140, 3), ("vae", 90, 2), ("mlp_gan", 235, 3),
    ("dcgan", 280, 3)])
def test_a_training_step_takes_few_launches_and_never_waits(name, most, moved):
    counts = strict_cupy.counts
    with strict_cupy.installed():
        step = getattr(benchmark, name)()
        step()
        counts.reset()
        step()
        assert counts.launches <= most, counts.launched
        assert (counts.to_device, counts.to_host) == (moved, 0)
