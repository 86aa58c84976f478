"""Arrays of indices on a GPU: what is out of range is an error there too.

CuPy wraps an index that is out of range round, without a word. So NumPy is asked first, with a view
of one zero in the place of the array: x[index] is then NumPy's own IndexError. An array of indices
is copied to the host for that, and waited for. (What minigen takes by indices of its own making, a
maximum's or a checked label's, is not asked.)
"""

import functools

import numpy

from .. import functional
from ..backend import array_module, is_array, to_numpy
from ..functional.conversions import array_or_tensor


def _require_in_range(name, x, shape, index):
    parts = index if isinstance(index, tuple) else (index,)
    on_gpu = array_module(getattr(x, "_data", x)) is not numpy
    if on_gpu and any(isinstance(part, list) or is_array(part) and part.dtype != bool
                      for part in parts):
        on_host = tuple(to_numpy(part) if is_array(part) else part for part in parts)
        try:
            numpy.broadcast_to(numpy.int8(0), shape)[on_host]
        except IndexError as error:
            raise IndexError(f"{name}: {error}") from None


_getitem, _scatter = functional.getitem, functional.scatter


@functools.wraps(_getitem)
def getitem(x, index):
    x = array_or_tensor("getitem", x)
    _require_in_range("getitem", x, x.shape, index)
    return _getitem(x, index)


@functools.wraps(_scatter)
def scatter(x, index, shape):
    _require_in_range("scatter", x, shape, index)
    return _scatter(x, index, shape)


functional.getitem, functional.scatter = getitem, scatter
