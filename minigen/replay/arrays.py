"""An array library that writes down what it is asked to do.

An operation uses the library that its arrays belong to. So for one step the arrays are of a third
library, beside NumPy and CuPy: each holds an array of NumPy, each call is carried out at once, and
the call, with the memory of its inputs and of its result, becomes a line of a program (program.py).

Nothing is computed behind the recorder's back: its arrays are not NumPy's, so what NumPy would
compute without a line in the program, or what reads a number out of an array, is an error.
"""

import functools
import operator

import numpy
from numpy.lib.mixins import NDArrayOperatorsMixin

from ..modes import mode


class CompileError(RuntimeError):
    """A step that cannot be recorded, or whose replay is not bit for bit what the tape computes."""


_UFUNC_OF = {"sum": numpy.add, "max": numpy.maximum, "min": numpy.minimum,
             "all": numpy.logical_and, "any": numpy.logical_or}
_FACTS = ("shape", "dtype", "ndim", "size", "strides", "flags", "itemsize", "nbytes")


class Array(NDArrayOperatorsMixin):
    """An array of NumPy in a step that is being recorded.

    root: the Array that this is a view of.  pool: where its memory goes when nothing refers to it
    any more; None where it is not the program's to give away."""

    __slots__ = ("array", "root", "pool", "__weakref__")

    def __init__(self, array, root=None, pool=None):
        self.array, self.root, self.pool = array, root, pool

    def __del__(self):
        if self.pool is not None:
            self.pool.append(self.array.base)

    base = property(lambda self: self.root)
    T = property(lambda self: self.transpose())

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **options):
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if method == "at":
            return mode.program.write(function, inputs)
        if out is not None:
            return mode.program.into(function, inputs, options, out[0])
        return mode.program.call(function, *inputs, **options)

    def __array_function__(self, function, types, arguments, options):
        return mode.program.call(function, *arguments, **options)

    def __getattr__(self, name):
        if name in _FACTS:
            return getattr(self.array, name)
        if name in _UFUNC_OF:
            return functools.partial(mode.program.reduce, _UFUNC_OF[name], self)
        if hasattr(numpy.ndarray, name) and callable(getattr(numpy, name, None)):
            return functools.partial(mode.program.call, getattr(numpy, name), self)
        raise AttributeError(f"an array of a step that is being compiled has no {name!r}")

    def __len__(self):
        return len(self.array)

    def reshape(self, *shape):
        return mode.program.call(numpy.reshape, self, _one_tuple(shape))

    def transpose(self, *axes):
        return mode.program.call(numpy.transpose, self, _one_tuple(axes) or None)

    def copy(self, order="C"):
        return self._copied(self.array.copy(order))

    def astype(self, dtype, copy=True):
        same = self.array.dtype == dtype and not copy
        return self if same else self._copied(self.array.astype(dtype))

    def _copied(self, y):
        result = mode.program.memory(y)
        mode.program.write(numpy.copyto, (result, self, "unsafe"))
        return result

    def fill(self, value):
        mode.program.write(numpy.ndarray.fill, (self, value))

    def __getitem__(self, index):
        if any(array.dtype == bool for array in arrays_in([index])):
            raise CompileError("a compiled step indexed by a mask of its own: how many elements "
                               "that takes is not the same in every step; multiply by the mask")
        parts = index if isinstance(index, tuple) else (index,)
        if all(isinstance(i, (int, slice)) or i is None for i in parts):
            index = (*parts, ...)                       # one element too is then a view: x[0, ...]
        return mode.program.call(operator.getitem, self, index)

    def __setitem__(self, index, value):
        mode.program.write(operator.setitem, (self, index, value))

    def _read(self, *_):
        raise CompileError("a compiled step read a number out of an array (float(x), x.item(), "
                           "if x > 0: ...), or gave it to another library. What is read while "
                           "recording would stay as it is: return the array, and read it after "
                           "the step")

    __float__ = __int__ = __bool__ = __index__ = __array__ = item = tolist = _read


def _one_tuple(numbers):
    """x.reshape(2, 3) and x.reshape((2, 3)) are the same, as in NumPy."""
    one = len(numbers) == 1 and (numbers[0] is None or isinstance(numbers[0], (tuple, list)))
    return numbers[0] if one else numbers


def plain(x):
    """NumPy's arrays in place of the recorder's, also in tuples, lists and dicts."""
    if type(x) is Array:
        return x.array
    if isinstance(x, (tuple, list)):
        return type(x)(map(plain, x))
    return {name: plain(value) for name, value in x.items()} if isinstance(x, dict) else x


def arrays_in(x):
    """The recorder's arrays in tuples and lists."""
    if isinstance(x, (tuple, list)):
        return [array for part in x for array in arrays_in(part)]
    return [x] if type(x) is Array else []


# ------------------------------------------------------------------------------------ the library

class Library:
    """What stands in NumPy's place: its functions, but new arrays are the recorder's. In other
    threads, which do not record, it is NumPy."""

    __name__, ndarray = "numpy", Array

    def __getattr__(self, name):
        new = _NEW.get(name) if mode.program is not None else None
        return new or getattr(numpy, name)      # NumPy's functions ask the arrays what to do


def _empty(shape, dtype=float):
    return mode.program.memory(numpy.empty(shape, dtype))


def _filled(shape, value, dtype):
    """An array that no other value lies in before or after it: an unchanged constant needs no call,
    and may be kept for other steps."""
    y = Array(numpy.empty(shape, dtype))
    y.fill(value)
    return y


def _asarray(x, dtype=None):
    if type(x) is Array:
        return x if dtype is None else x.astype(dtype, copy=False)
    return Array(numpy.asarray(x, dtype))


_NEW = {
    "empty": _empty,
    "zeros": lambda shape, dtype=float: _filled(shape, 0, dtype),
    "ones": lambda shape, dtype=float: _filled(shape, 1, dtype),
    "full": lambda shape, value, dtype=None: _filled(shape, value, dtype or type(value)),
    "empty_like": lambda x: mode.program.memory(numpy.empty_like(plain(x))),
    "zeros_like": lambda x: _like(x, 0),
    "ones_like": lambda x: _like(x, 1),
    "asarray": _asarray,
}


def _like(x, value):
    y = mode.program.memory(numpy.empty_like(plain(x)))
    y.fill(value)
    return y


class Draws:
    """What stands in the place of minigen's random generator: normal and uniform numbers are drawn
    anew at every replay."""

    def __init__(self, generator):
        self.generator = generator

    def __getattr__(self, name):
        if mode.program is None:                                    # another thread
            return getattr(self.generator, name)
        if name in ("standard_normal", "random"):
            return lambda size=None, dtype=float: mode.program.draw(name, size, dtype)
        raise CompileError(f"a compiled step drew random numbers by generator().{name}; only "
                           "standard_normal and random can be drawn again at every replay. Draw "
                           "them outside, and give them to the step")
