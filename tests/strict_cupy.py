"""A strict stand-in for CuPy on machines with no GPU: NumPy arrays behind a wrapper that keeps
CuPy's rules.

PASSING HERE PROVES NOTHING ABOUT CUDA. No kernel is compiled, nothing runs on a device, and no
time means anything. It catches what can be caught without one: NumPy called on a GPU array, arrays
of two libraries in one operation, names and keywords that CuPy lacks, scalars expected where CuPy
gives arrays, layouts that only NumPy keeps, writes that race on a GPU, and hidden transfers. Where
CuPy lets a mistake pass in silence, the stand-in is stricter and raises.

    with strict_cupy.installed():       `import cupy` finds the stand-in, and minigen uses it
    strict_cupy.counts                  since counts.reset(): crossings (.to_device, .to_host) and
                                        what was started on the device (.launches, .launched)

Every function is made from NumPy's of the same name, if cupy_names.txt (recorded from cupy 14.2.0)
lists it. Read next: strict_cupy_rules.py, the rules as tables; strict_cupy_arrays.py, the arrays.
"""

import contextlib
import functools
import sys
import types

import numpy as np
import strict_cupy_arrays
import strict_cupy_rules as rules
from strict_cupy_arrays import (absent, array, call, generate, ndarray, refuse, settle, ufunc,
                                unwrap, written)
from strict_cupy_rules import NAMES, NDARRAY_NAMES, VERSION, counts

from minigen import backend

__all__ = ["NAMES", "NDARRAY_NAMES", "counts", "installed", "module"]


class _Module(types.ModuleType):
    """A module that makes an attribute when first asked, and says what the real one lacks."""

    def __init__(self, name, names, make):
        super().__init__(name)
        self._names, self._make = frozenset(names), make

    def __getattr__(self, name):
        if name not in self._names:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}: "
                                 f"cupy {VERSION} lacks it, or the stand-in does")
        value = self._make(name)
        setattr(self, name, value)
        return value

    def __dir__(self):
        return sorted(self._names)


def _of_numpy(name, library=np):
    """cupy.<name>, from the object that has this name in NumPy."""
    original = getattr(library, name, absent)
    if isinstance(original, np.ufunc):
        return ufunc(original)
    if name in rules.ABOUT:
        def fact(*args, **kwargs):
            if name == "shares_memory":
                counts.wait()
            return original(*map(unwrap, args), **kwargs)
        return fact
    if name in ("dtype", "finfo", "iinfo", "ndindex"):
        return original
    if isinstance(original, (int, float, type(None))):
        return original
    if isinstance(original, type) and issubclass(original, (np.generic, Exception)):
        return original
    if isinstance(original, type) or original is absent or not callable(original):
        return absent(name)
    return generate(name, original, first="any" if name in rules.NO_ARRAY_FIRST else "array")


def _namespace(name, **members):
    return _Module("cupy." + name, members, members.__getitem__)


def _asarray(a, dtype=None, order=None, *, copy=None, blocking=False):
    return array(a, dtype, copy, order, blocking=blocking)


def _asnumpy(a, stream=None, order="C", out=None, *, blocking=True):
    return a.get(order=order, out=out) if isinstance(a, ndarray) else np.asarray(a)


def _get_array_module(*args):
    return module if any(isinstance(x, ndarray) for x in args) else np


def _as_strided(x, shape=None, strides=None):
    """Refuses to read outside the memory behind x, which NumPy and CuPy do without a word."""
    view, whole = np.lib.stride_tricks.as_strided(x, shape, strides), x
    while isinstance(getattr(whole, "base", None), np.ndarray):
        whole = whole.base
    (low, high), (start, end) = map(np.lib.array_utils.byte_bounds, (view, whole))
    inside = view.size == 0 or start <= low <= high <= end
    assert inside, f"as_strided({shape}, {strides}) leaves the memory of its array"
    return view


def _device(id=0):
    return types.SimpleNamespace(id=id, synchronize=counts.wait)


def _default_rng(seed=None):
    """The few methods of cupy.random.Generator; minigen draws on the host and should use none."""
    numpys = np.random.default_rng(seed)
    return _Module("cupy.random.Generator", rules.GENERATOR,
                   lambda name: generate(name, getattr(numpys, name), "any"))


class _ElementwiseKernel:
    """A kernel of minigen/kernels, computed by the array definition that stands there beside its
    CUDA code. tests/test_kernels.py compiles the code, and compares it with the definition."""

    def __init__(self, in_params, out_params, operation, name="kernel"):
        if not name.startswith("minigen_"):
            raise NotImplementedError(f"the stand-in cannot run the CUDA code of {name!r}")
        self.name = name.removeprefix("minigen_")
        self.inputs, self.outputs = in_params.count(",") + 1, out_params.count(",") + 1

    def __call__(self, *args):
        if len(args) != self.inputs + self.outputs:
            raise TypeError(f"{self.name}: got {len(args)} arguments, expected {self.inputs} and "
                            f"{self.outputs} outputs")
        if len({x.dtype for x in args if isinstance(x, ndarray)}) > 1:
            raise TypeError(f"{self.name}: T stands for two dtypes")
        for x in args:
            if not isinstance(x, (ndarray, *rules.SCALARS)):
                refuse(x)
        inputs, outputs = args[:self.inputs], args[self.inputs:]
        for out in outputs:
            written(out)
        counts.launch(self.name)
        definition = sys.modules["minigen.kernels"].KERNELS[self.name].definition
        values = call(definition, inputs, {})
        for out, value in zip(outputs, values if len(outputs) > 1 else [values], strict=True):
            out._a[...] = value._a
            settle(out, "kernel")
        return outputs if len(outputs) > 1 else outputs[0]


_own = {
    "ElementwiseKernel": _ElementwiseKernel,
    "ndarray": ndarray, "ufunc": ufunc, "array": array, "asarray": _asarray, "asanyarray": _asarray,
    "asnumpy": _asnumpy, "get_array_module": _get_array_module, "is_available": lambda: True,
    "linalg": _Module("cupy.linalg", rules.LINALG, functools.partial(_of_numpy, library=np.linalg)),
    "random": _namespace("random", default_rng=_default_rng),
    "lib": _namespace("lib", stride_tricks=_namespace(
        "lib.stride_tricks",
        as_strided=generate("as_strided", _as_strided),
        sliding_window_view=generate("sliding_window_view", functools.partial(
            np.lib.stride_tricks.sliding_window_view, writeable=True)))),
    "cuda": _namespace("cuda", Device=_device, is_available=lambda: True, runtime=_namespace(
        "cuda.runtime",
        getDeviceProperties=lambda device: {"name": b"no GPU: strict stand-in for tests"},
        getDeviceCount=lambda: 1,
        memGetInfo=lambda: (64 << 20, 1 << 30),             # free bytes, and all
        deviceSynchronize=counts.wait)),
}
module = _Module(rules.NAME, NAMES, lambda name: _own[name] if name in _own else _of_numpy(name))
module.__version__ = VERSION


@contextlib.contextmanager
def installed(rounding=None):
    """Inside the block, `import cupy` finds the stand-in and minigen uses it; afterwards all is as
    it was before.

    rounding: a seed; every float result of arithmetic then gets a random last bit, since a GPU adds
    in another order and fuses multiplications with additions."""
    found, before = sys.modules.get("cupy", installed), (backend._cupy, backend._module)
    bits = strict_cupy_arrays.last_bits
    sys.modules["cupy"], backend._cupy = module, None
    try:
        backend.use("cupy")
        counts.reset()
        strict_cupy_arrays.last_bits = rounding and np.random.default_rng(rounding)
        yield module
    finally:
        strict_cupy_arrays.last_bits = bits
        backend._cupy, backend._module = before
        if found is installed:                  # there was none
            del sys.modules["cupy"]
        else:
            sys.modules["cupy"] = found
