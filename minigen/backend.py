"""Which array library is in use, and moving arrays to it.

This is the only file that imports CuPy. Everything above it works on whatever arrays it is given:
an operation asks `array_module(x)` which library `x` belongs to. The switch decides only where
*new* arrays are made, and `backend.xp` is the module they come from. Read next: random.py.
"""

import contextlib
import importlib
import os
import warnings

import numpy


class BackendError(RuntimeError):
    """An array library is missing or does not answer, or two were mixed in one operation."""


_module = None              # numpy or cupy, once chosen
_cupy = None                # cupy, once it has proved that it works


def use(name):
    """Choose the library of new arrays: "numpy", "cupy" or "auto" (CuPy if a GPU answers, else
    NumPy with a warning).

    Takes effect at once; as `with use("numpy"):` the earlier choice returns at the end. Existing
    arrays stay where they are. BackendError: "cupy" where no GPU can be used, saying what is
    missing. ValueError: another name.
    """
    before = _module
    _choose(_resolve(name))
    restore = contextlib.ExitStack()
    restore.callback(_choose, before)       # runs only when the result is used in a `with`
    return restore


def _choose(module):
    global _module
    _module = module


def current():
    """The array module in use now. The first call reads MINIGEN_BACKEND (default "numpy")."""
    if _module is None:
        use(os.environ.get("MINIGEN_BACKEND") or "numpy")
    return _module


def __getattr__(name):      # the module attribute `xp`, looked up at every use: never out of date
    if name == "xp":
        return current()
    raise AttributeError(f"module 'minigen.backend' has no attribute {name!r}")


def _resolve(name):
    if name == "numpy":
        return numpy
    if name == "cupy":
        return _load_cupy()
    if name == "auto":
        try:
            return _load_cupy()
        except BackendError as reason:
            warnings.warn(f"backend auto: using numpy, because {reason}", stacklevel=3)
            return numpy
    raise ValueError(f'backend {name!r} is not known; choose "numpy", "cupy" or "auto" '
                     "(mg.use(...), or the environment variable MINIGEN_BACKEND)")


def _load_cupy():
    """Import CuPy and prove it with one kernel and one product: its import succeeds on machines
    with no GPU."""
    global _cupy
    if _cupy is not None:
        return _cupy
    try:
        cupy = importlib.import_module("cupy")
    except Exception as error:      # a broken installation raises more than ImportError
        raise _import_error(error) from error
    try:
        ones = cupy.ones((2, 2), "float32")
        cupy.asnumpy(ones @ ones + ones)
    except Exception as error:      # CuPy raises its own, its loader's and the driver's types here
        raise _no_gpu_error(cupy, error) from error
    _cupy = cupy
    importlib.import_module(".kernels", __package__)    # what many launches become one by
    return cupy


_GO_ON = 'To go on without a GPU: mg.use("numpy"), or MINIGEN_BACKEND=numpy.'


def _import_error(error):
    absent = isinstance(error, ModuleNotFoundError) and error.name == "cupy"
    return BackendError(
        f"CuPy {'is not installed' if absent else 'cannot be imported'} ({error}). On a machine "
        "with an NVIDIA GPU: pip install 'minigen[cuda13]' (driver 580 or newer, see nvidia-smi; "
        f"'minigen[cuda12]' for an older one). {_GO_ON}")


def _no_gpu_error(cupy, error):
    text = f"{type(error).__name__}: {error}".split("\n")[0]
    if isinstance(error, ImportError) or "DynamicLib" in text or "CUDA headers" in text:
        cure = ("A part of CUDA is missing: install CuPy together with it, pip install "
                "'minigen[cuda13]' (or cuda12).")
    else:
        cure = "Check that nvidia-smi lists a GPU and that its driver is new enough for this CuPy."
    return BackendError(f"CuPy {cupy.__version__} is installed, but no GPU answered ({text}). "
                        f"{cure} {_GO_ON}")


def describe(module=None):
    """One line for people: "numpy 2.4.1", or "cupy 14.2.0, NVIDIA H100 80GB HBM3"."""
    module = module or current()
    if module is numpy:
        return f"numpy {numpy.__version__}"
    device = module.cuda.runtime.getDeviceProperties(module.cuda.Device().id)
    return f"cupy {module.__version__}, {device['name'].decode()}"


# ------------------------------------------------------------------------------- moving arrays

def is_array(x):
    """Whether `x` is an array of NumPy or of CuPy."""
    return isinstance(x, numpy.ndarray) or (_cupy is not None and isinstance(x, _cupy.ndarray))


def array_module(x):
    """The library that the array `x` belongs to. Anything else counts as NumPy's."""
    return _cupy if _cupy is not None and isinstance(x, _cupy.ndarray) else numpy


def asarray(x, dtype=None):
    """`x` (an array, a number, a nested list) as an array of the library in use, moved if need
    be."""
    xp = current()
    return xp.asarray(to_numpy(x) if xp is numpy else x, dtype=dtype)


def to_numpy(x):
    """A Tensor or an array of either library as a NumPy array. This copies from a GPU, and so
    synchronises it."""
    x = x if is_array(x) else getattr(x, "data", x)
    return numpy.asarray(x) if array_module(x) is numpy else _cupy.asnumpy(x)


_default_dtype = numpy.dtype("float32")


def default_dtype():
    """The dtype of parameters, of noise, and of tensors made from anything but float64 arrays."""
    return _default_dtype


def set_default_dtype(dtype):
    """Make new parameters and tensors "float32" (as at the start) or "float64" (for gradient
    checks)."""
    global _default_dtype
    if dtype not in ("float32", "float64", numpy.float32, numpy.float64):
        raise ValueError(f'set_default_dtype: got {dtype!r}, expected "float32" or "float64"')
    _default_dtype = numpy.dtype(dtype)
