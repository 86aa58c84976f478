"""Operations that move elements and change none: their gradients move the same elements back.

Read next: linear.py.
"""

import math

from ..autograd import broadcast_to, operation
from ..backend import array_module, is_array
from .elementwise import constant

__all__ = ["reshape", "transpose", "broadcast_to", "getitem", "scatter", "concatenate", "stack", "pad", "interpolate",
           "embedding"]


@operation
def reshape(x, shape):
    """The same elements in another shape (one length may be −1)        ∂L/∂x = g in x's shape"""
    return array_module(x).reshape(x, shape)


@operation
def transpose(x, axes=None):
    """The axes in another order (None: reversed)        ∂L/∂x = g with its axes in the inverse order"""
    return x.transpose(axes)


@operation
def getitem(x, index):
    """x[index]: integers, slices, None, ..., integer arrays, boolean arrays        ∂L/∂x = scatter of g: what was taken
    twice gets both gradients"""
    return x[index]


@operation
def scatter(x, index, shape):
    """Zeros of `shape` with x added at `index`: the reverse of getitem        ∂L/∂x = g[index]"""
    xp = array_module(x)
    y = xp.zeros(shape, x.dtype)
    parts = index if isinstance(index, tuple) else (index,)
    if any((is_array(i) or isinstance(i, list)) and getattr(i, "dtype", int) != bool for i in parts):
        xp.add.at(y, index, x)          # an integer array may name a place twice
    else:
        y[index] = x
    return y


@operation
def _concatenate(*arrays, axis=0):
    return array_module(arrays[0]).concatenate(arrays, axis)


def _slices(g, y, *arrays, axis):
    stops, found = 0, []
    for x in arrays:
        start, stops = stops, stops + x.shape[axis]
        found.append(getitem(g, (slice(None),) * (axis % g.ndim) + (slice(start, stops),)))
    return found


reshape.gradients(lambda g, y, x, shape: reshape(g, x.shape))
transpose.gradients(lambda g, y, x, axes: transpose(g, axes and tuple(sorted(range(g.ndim), key=lambda i: axes[i] % g.ndim))))
getitem.gradients(lambda g, y, x, index: scatter(g, index, x.shape))
scatter.gradients(lambda g, y, x, index, shape: getitem(g, index))
_concatenate.gradients(together=_slices)


def concatenate(arrays, axis=0):
    """Arrays joined along an axis they have        ∂L/∂xᵢ = the slice of g that xᵢ filled"""
    if not isinstance(arrays, (list, tuple)) or not arrays:
        raise ValueError(f"concatenate: expected a list of one or more arrays, got {arrays!r}")
    if axis is None:
        raise ValueError("concatenate: got axis None, which flattens; reshape the arrays to (-1,) and join those")
    return _concatenate(*arrays, axis=axis)


def stack(arrays, axis=0):
    """Arrays of one shape joined along a new axis        ∂L/∂xᵢ = g at place i"""
    shapes = [getattr(x, "shape", None) for x in arrays] if isinstance(arrays, (list, tuple)) else []
    if len({*shapes}) != 1 or shapes[0] is None:
        raise ValueError(f"stack: expected a list of one or more arrays of one shape, got {shapes or arrays!r}")
    if not -arrays[0].ndim - 1 <= axis <= arrays[0].ndim:
        raise ValueError(f"stack: got axis {axis} for arrays of shape {shapes[0]}, expected one of the {arrays[0].ndim + 1} of the result")
    axis = axis % (arrays[0].ndim + 1)
    shape = arrays[0].shape[:axis] + (1,) + arrays[0].shape[axis:]
    return _concatenate(*[reshape(x, shape) for x in arrays], axis=axis)


@operation
def _pad(x, widths, value):
    return array_module(x).pad(x, widths, constant_values=value)


_pad.gradients(lambda g, y, x, widths, value: getitem(g, tuple(slice(a, a + n) for (a, _), n in zip(widths, x.shape))))


def pad(input, pad, *, value=0.0):
    """A constant around the last axes; `pad` = (before, after) of the last axis, then of the one before it, ...
    ∂L/∂x = g without the border"""
    if not isinstance(pad, (tuple, list)) or len(pad) % 2 or len(pad) > 2 * input.ndim or min(pad, default=0) < 0:
        raise ValueError(f"pad: got {pad} for an input of shape {input.shape}, expected pairs >= 0, (before, after) from the last axis")
    pairs = list(zip(pad[::2], pad[1::2]))
    return _pad(input, tuple([(0, 0)] * (input.ndim - len(pairs)) + pairs[::-1]), value)


def interpolate(input, *, scale_factor, mode="nearest"):
    """(N, C, *S) -> (N, C, *(factor · S)): each element becomes a block of itself        ∂L/∂x = g summed over the block"""
    if mode != "nearest":
        raise ValueError(f'interpolate: got mode {mode!r}, only "nearest" is here')
    if scale_factor != int(scale_factor) or scale_factor < 1:
        raise ValueError(f"interpolate: got scale_factor {scale_factor}, expected an integer >= 1")
    if input.ndim < 3:
        raise ValueError(f"interpolate: got shape {input.shape}, expected (N, C, length), (N, C, H, W) or (N, C, D, H, W)")
    factor, (n, c, *sizes) = int(scale_factor), input.shape
    blocks = broadcast_to(reshape(input, (n, c, *[k for s in sizes for k in (s, 1)])), (n, c, *[k for s in sizes for k in (s, factor)]))
    return reshape(blocks, (n, c, *[s * factor for s in sizes]))


def embedding(input, weight):
    """Row weight[i] for each index i: indices of any shape -> that shape + (d,), weight (entries, d)

    ∂L/∂weight = g added at the rows that were looked up. IndexError: an index outside 0 .. entries − 1."""
    indices = constant(input)
    if not is_array(indices) or indices.dtype.kind not in "iu":
        raise TypeError(f"embedding: got indices of {getattr(indices, 'dtype', type(indices).__name__)}, expected an array of integers")
    check_range("embedding", indices, weight.shape[0])
    return getitem(weight, indices)


def check_range(name, indices, count):
    """IndexError where an index is not in 0 .. count − 1 (a GPU would wrap it round without a word)."""
    if math.prod(indices.shape) and not (0 <= int(indices.min()) and int(indices.max()) < count):
        raise IndexError(f"{name}: indices from {int(indices.min())} to {int(indices.max())}, expected 0 to {count - 1}")
