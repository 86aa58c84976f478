"""The switch between array libraries, what it says when CuPy cannot be used, and the crossings
between host and GPU.

CuPy is played by strict_cupy.py where it should work, and by modules that fail as the real one does
where it should not. Neither says anything about a GPU.
"""

import os
import pathlib
import subprocess
import sys
import types
import warnings

import numpy
import pytest
import strict_cupy

from minigen import backend, random
from minigen.backend import BackendError

pytestmark = pytest.mark.host_arrays

REPOSITORY = pathlib.Path(backend.__file__).parents[1]


@pytest.fixture(autouse=True)
def as_at_the_start(monkeypatch):
    """Nothing chosen, no CuPy proved, float32; put back afterwards."""
    at_the_start = {"_module": None, "_cupy": None, "_default_dtype": numpy.dtype("float32")}
    for name, value in at_the_start.items():
        monkeypatch.setattr(backend, name, value)
    monkeypatch.delenv("MINIGEN_BACKEND", raising=False)


@pytest.fixture
def no_cupy(monkeypatch):
    # `import cupy` raises ModuleNotFoundError
    monkeypatch.setitem(sys.modules, "cupy", None)


@pytest.fixture
def cupy():
    """minigen with the stand-in as its CuPy, and NumPy chosen."""
    with strict_cupy.installed() as module, backend.use("numpy"):
        yield module


def python(code, **environment):
    """A fresh interpreter, with no cupy to import."""
    without = "import sys; sys.modules['cupy'] = None\n"
    return subprocess.run([sys.executable, "-c", without + code], capture_output=True, text=True,
                          cwd=REPOSITORY,
                          env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment})


# --------------------------------------------------------------------------------------- the switch

def test_a_call_chooses_from_then_on(cupy):
    backend.use("cupy")
    assert backend.xp is backend.current() is cupy
    backend.use("numpy")
    assert backend.xp is backend.current() is numpy


def test_a_block_gives_the_earlier_choice_back(cupy):
    with backend.use("cupy"):
        with backend.use("numpy"):
            assert backend.xp is numpy
        assert backend.xp is cupy
    assert backend.xp is numpy


def test_a_block_that_fails_gives_the_earlier_choice_back(cupy):
    with pytest.raises(ZeroDivisionError), backend.use("cupy"):
        raise ZeroDivisionError
    assert backend.xp is numpy


def test_a_block_before_any_choice_leaves_the_choice_open(monkeypatch, cupy):
    monkeypatch.setattr(backend, "_module", None)
    with backend.use("numpy"):
        pass
    monkeypatch.setenv("MINIGEN_BACKEND", "cupy")
    assert backend.xp is cupy


@pytest.mark.parametrize("name", ["torch", "NumPy", "", None, numpy])
def test_other_names_are_errors_that_list_the_choices(name):
    with pytest.raises(ValueError, match='"numpy", "cupy" or "auto"'):
        backend.use(name)


def test_xp_is_the_only_attribute_that_is_made_up():
    with pytest.raises(AttributeError, match="no attribute 'xq'"):
        _ = backend.xq


def test_the_choice_is_for_new_arrays_only(cupy):
    with backend.use("cupy"):
        x = backend.asarray([1.0, 2.0])
    assert backend.array_module(x) is cupy and backend.array_module(backend.asarray([1.0])) is numpy
    assert backend.array_module(x + 1) is cupy


def test_describe_names_library_version_and_device(cupy):
    assert backend.describe() == f"numpy {numpy.__version__}"
    assert backend.describe(cupy) == "cupy 14.2.0, no GPU: strict stand-in for tests"


# ------------------------------------------------------------------------- the environment variable


@pytest.mark.parametrize("value, expected", [(None, "numpy"), ("", "numpy"), ("numpy", "numpy"),
                                             ("cupy", "cupy"), ("auto", "cupy")])
def test_the_environment_sets_the_first_choice(monkeypatch, value, expected):
    if value is not None:
        monkeypatch.setenv("MINIGEN_BACKEND", value)
    with strict_cupy.installed():
        monkeypatch.setattr(backend, "_module", None)
        assert backend.xp is {"numpy": numpy, "cupy": strict_cupy.module}[expected]
        monkeypatch.setenv("MINIGEN_BACKEND", "no longer read")
        assert backend.xp is {"numpy": numpy, "cupy": strict_cupy.module}[expected]


def test_a_call_comes_before_the_environment(monkeypatch):
    monkeypatch.setenv("MINIGEN_BACKEND", "cupy")
    backend.use("numpy")
    assert backend.xp is numpy


def test_a_wrong_value_names_the_variable(monkeypatch):
    monkeypatch.setenv("MINIGEN_BACKEND", "tpu")
    with pytest.raises(ValueError, match="'tpu'.*MINIGEN_BACKEND"):
        _ = backend.xp


def test_the_environment_of_a_fresh_process():
    code = "from minigen import backend; print(*(backend.xp.__name__ for _ in range(3)))"
    assert python(code, MINIGEN_BACKEND="numpy").stdout == "numpy numpy numpy\n"
    auto = python(code, MINIGEN_BACKEND="auto")
    assert auto.stdout == "numpy numpy numpy\n"
    assert auto.stderr.count("backend auto: using numpy, because CuPy is not installed") == 1
    cupy = python(code, MINIGEN_BACKEND="cupy")
    assert cupy.returncode and "BackendError: CuPy is not installed" in cupy.stderr


def test_importing_minigen_imports_no_cupy_and_probes_nothing():
    done = python("""
class Refuse:
    def find_spec(self, name, path=None, target=None):
        assert name.partition(".")[0] not in ("cupy", "cupyx", "cupy_backends"), f"import of {name}"
del sys.modules["cupy"]
sys.meta_path.insert(0, Refuse())
from minigen import backend
assert backend._module is None and backend._cupy is None
assert not [name for name in sys.modules if name.startswith("cupy")]
""", MINIGEN_BACKEND="cupy")
    assert done.returncode == 0, done.stderr


# ------------------------------------------------------------------------ where CuPy cannot be used

class CUDARuntimeError(RuntimeError):
    """As in cupy_backends.cuda.api.runtime."""


class DynamicLibNotFoundError(RuntimeError):
    """As in cuda.pathfinder."""


def failing_cupy(monkeypatch, error, at):
    """A cupy that can be imported, as the real one can without a GPU, and raises `error` in the
    function `at`."""
    def fail(*args, **kwargs):
        raise error
    module = types.ModuleType("cupy")
    module.__version__, module.asnumpy = "14.2.0", numpy.asarray
    module.ndarray = type("ndarray", (), {})
    module.ones = numpy.ones
    setattr(module, at, fail)
    monkeypatch.setitem(sys.modules, "cupy", module)


FAILURES = {
    "no card": (CUDARuntimeError("cudaErrorNoDevice: no CUDA-capable device is detected"), "ones",
                "nvidia-smi"),
    "no driver": (CUDARuntimeError("cudaErrorInsufficientDriver: CUDA driver version is "
                                   "insufficient for CUDA runtime version"), "ones", "nvidia-smi"),
    "no compiler":
    (DynamicLibNotFoundError("Failure finding \"libnvrtc.so\""), "ones", r"minigen\[cuda13\]"),
    "no headers": (RuntimeError("Failed to find CUDA headers. Please refer to the installation "
                                "guide"), "ones", r"minigen\[cuda13\]"),
    "no cuBLAS": (ImportError("libcublasLt.so.13: cannot open shared object file"), "asnumpy",
                  r"minigen\[cuda13\]"),
}


@pytest.mark.parametrize("error, at, cure", FAILURES.values(), ids=FAILURES)
def test_a_cupy_that_does_not_work_names_the_failure_and_the_cure(monkeypatch, error, at, cure):
    failing_cupy(monkeypatch, error, at)
    backend.use("numpy")
    with pytest.raises(BackendError, match=f"CuPy 14.2.0.*{cure}") as raised:
        backend.use("cupy")
    assert f"{type(error).__name__}: {error}" in str(raised.value)
    assert raised.value.__cause__ is error
    assert 'mg.use("numpy")' in str(raised.value) and "MINIGEN_BACKEND=numpy" in str(raised.value)
    assert ("part of CUDA is missing" in str(raised.value)) == ("minigen" in cure)
    assert backend.xp is numpy and backend._cupy is None


def test_a_missing_package_names_what_to_install(no_cupy):
    with pytest.raises(
            BackendError,
            match=r"not installed.*pip install 'minigen\[cuda13\]'.*nvidia-smi") as raised:
        backend.use("cupy")
    assert 'mg.use("numpy")' in str(raised.value)
    assert isinstance(raised.value.__cause__, ImportError)


@pytest.mark.parametrize("error", [
    "ValueError('numpy.dtype size changed, may indicate binary incompatibility')",
    "ImportError('libcudart.so.13: cannot open shared object file')"
])
def test_a_package_that_is_there_but_breaks_at_import(monkeypatch, tmp_path, error):
    (tmp_path / "cupy.py").write_text(f"raise {error}")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    with pytest.raises(BackendError, match=error.split("'")[1]) as raised:
        backend.use("cupy")
    assert "not installed" not in str(raised.value)
    with pytest.warns(UserWarning, match="using numpy"):
        backend.use("auto")


def test_the_failure_is_not_remembered(no_cupy):
    with pytest.raises(BackendError):
        backend.use("cupy")
    with strict_cupy.installed() as cupy:
        assert backend.xp is cupy


# --------------------------------------------------------------------------------------------- auto

@pytest.mark.parametrize("error, at, cure", FAILURES.values(), ids=FAILURES)
def test_auto_falls_back_and_says_why(monkeypatch, error, at, cure):
    failing_cupy(monkeypatch, error, at)
    with pytest.warns(UserWarning,
                      match="backend auto: using numpy, because CuPy 14.2.0.*no GPU") as said:
        backend.use("auto")
    assert len(said) == 1 and str(error) in str(said[0].message)
    assert backend.xp is numpy


def test_auto_says_it_once_and_at_the_line_that_asked(no_cupy):
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for _ in range(3):
            backend.use("auto")
    assert len(said) == 1 and said[0].filename == __file__


def test_auto_takes_a_gpu_that_answers_in_silence(cupy):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        backend.use("auto")
    assert backend.xp is cupy


# ---------------------------------------------------------------------------------------- crossings

def test_asarray_moves_to_the_library_in_use(cupy):
    a = numpy.arange(3.0)
    assert backend.asarray(a) is a
    with backend.use("cupy"):
        x = backend.asarray(a)
        assert backend.asarray(x) is x
    assert (strict_cupy.counts.to_device, strict_cupy.counts.to_host) == (1, 0)
    back = backend.asarray(x)
    assert type(back) is numpy.ndarray and back.tolist() == [0, 1, 2]
    assert (strict_cupy.counts.to_device, strict_cupy.counts.to_host) == (1, 1)


@pytest.mark.parametrize("name", ["numpy", "cupy"])
def test_asarray_takes_numbers_lists_and_a_dtype(cupy, name):
    with backend.use(name):
        x = backend.asarray([[1, 2], [3, 4]], dtype="float32")
        assert type(x) is backend.xp.ndarray and x.dtype == numpy.float32 and x.shape == (2, 2)
        assert backend.asarray(2.5).shape == () and float(backend.asarray(2.5)) == 2.5


def test_to_numpy_takes_arrays_of_host_arrays_tensors_and_numbers(cupy):
    a = numpy.arange(3.0)
    x = cupy.asarray(a)
    for tensor in (a, x, types.SimpleNamespace(data=a), types.SimpleNamespace(data=x),
                   [0.0, 1.0, 2.0]):
        result = backend.to_numpy(tensor)
        assert type(result) is numpy.ndarray and result.tolist() == [0, 1, 2]
    assert backend.to_numpy(a) is a
    assert backend.to_numpy(numpy.float32(1.5)).dtype == numpy.float32
    assert backend.to_numpy(1.5).shape == ()


def test_a_copy_to_the_host_is_a_copy(cupy):
    x = cupy.zeros(3)
    backend.to_numpy(x)[...] = 1
    assert backend.to_numpy(x).tolist() == [0, 0, 0]


def test_what_is_an_array_and_whose(cupy):
    x = cupy.zeros(3)
    assert backend.is_array(x) and backend.is_array(numpy.zeros(3))
    assert backend.array_module(x) is cupy
    for other in (numpy.zeros(3), numpy.float32(1), 1.0, [1.0], None):
        assert backend.array_module(other) is numpy
    for other in (numpy.float32(1), 1.0, [1.0], None):
        assert not backend.is_array(other)


# ----------------------------------------------------------------------------- dtype and randomness

@pytest.mark.parametrize("dtype", ["float16", "int32", int, complex, "no such dtype", None])
def test_other_default_dtypes_are_refused(dtype):
    with pytest.raises(ValueError, match='expected "float32" or "float64"'):
        backend.set_default_dtype(dtype)
    assert backend.default_dtype() == numpy.float32


@pytest.mark.parametrize("dtype", ["float32", "float64", numpy.float64])
def test_the_default_dtype_is_that_of_random_numbers(cupy, dtype):
    backend.set_default_dtype(dtype)
    drawn = random.randn(2), random.uniform(0, 1, (2,))
    assert {backend.default_dtype(), *(x.dtype for x in drawn)} == {numpy.dtype(dtype)}
    with backend.use("cupy"):
        assert random.randn(2).dtype == numpy.dtype(dtype)


def test_one_seed_is_the_same_numbers_on_both_backends_and_numpys_own(cupy, monkeypatch):
    monkeypatch.setattr(random, "_generator", random.generator())       # put back afterwards
    drawn = {}
    for name in ("numpy", "cupy"):
        random.seed(3)
        with backend.use(name):
            numbers = [random.randn(2, 3), random.uniform(-1, 1, (4,)), random.randn()]
        assert all(type(x) is (cupy if name == "cupy" else numpy).ndarray for x in numbers)
        drawn[name] = [backend.to_numpy(x) for x in numbers]
    for x, y in zip(drawn["numpy"], drawn["cupy"], strict=True):
        numpy.testing.assert_array_equal(x, y, strict=True)
    numpy.testing.assert_array_equal(drawn["numpy"][0],
                                     numpy.random.default_rng(3).standard_normal((2, 3), "float32"))


def test_the_seed_is_0_without_a_call():
    fresh = python("from minigen import random; print(random.randn(3).tolist())").stdout
    assert fresh.strip() == str(numpy.random.default_rng(0).standard_normal(3, "float32").tolist())


@pytest.mark.parametrize("number", [-1, 1.5, "1", None])
def test_other_seeds_are_refused(number):
    with pytest.raises(ValueError, match="expected an integer >= 0"):
        random.seed(number)
