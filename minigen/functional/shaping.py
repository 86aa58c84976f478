"""Operations that move elements and change none: their gradients move the same elements back.

Read next: conversions.py.
"""

import numbers

from ..autograd import broadcast_to, operation, sum_to
from ..backend import array_module, is_array
from . import checks
from .conversions import array_or_tensor, as_array, constant

__all__ = ["reshape", "transpose", "broadcast_to", "getitem", "scatter", "concatenate", "stack",
           "pad", "interpolate", "embedding"]


@operation
def reshape(x, shape):
    """y = x in another shape (one length may be −1)        ∂L/∂x = g in x's shape"""
    return array_module(x).reshape(x, shape)

reshape.gradients(lambda g, y, x, shape: reshape(g, x.shape))


def _inverse(axes):
    """The order of axes that undoes `axes`; None undoes None."""
    return axes and tuple(sorted(range(len(axes)), key=lambda i: axes[i] % len(axes)))


@operation
def transpose(x, axes=None):
    """y = x with its axes in another order (None: reversed)
    ∂L/∂x = g with its axes in the inverse order"""
    return as_array(x).transpose(axes)

transpose.gradients(lambda g, y, x, axes: transpose(g, _inverse(axes)))


# -------------------------------------------------------------------------------- by an index

def _add_at(total, g, index):
    """total[index] += g, in place. A place that an array of integers names twice gets both, where
    += alone would keep one."""
    parts = index if isinstance(index, tuple) else (index,)
    arrays = [i for i in parts if is_array(i) or isinstance(i, list)]
    if any(getattr(i, "dtype", int) != bool for i in arrays):
        array_module(total).add.at(total, index, g)
    else:
        total[index] += g


@operation
def scatter(x, index, shape):
    """y = zeros of `shape`, x added at `index`: the reverse of getitem        ∂L/∂x = g[index]

    On a GPU, what an array of integers names twice is added in no fixed order, and the last bit of
    the sum may differ from run to run."""
    y = array_module(x).zeros(shape, as_array(x).dtype)
    _add_at(y, x, index)
    return y

scatter.gradients(lambda g, y, x, index, shape: getitem(g, index))


@operation
def getitem(x, index):
    """y = x[index]: integers, slices, None, ..., integer arrays, boolean arrays

    ∂L/∂x = g added to zeros at `index`; what was taken twice gets both gradients. They are added in
    place, to one array: an array of zeros for each of n rows would be n² numbers to write. On a
    GPU, an array of integers is looked at first, and waited for (kernels/indexing.py)."""
    return x[index]

getitem.gradients(lambda g, y, x, index: scatter(g, index, x.shape),
                  into=lambda total, g, y, x, index: _add_at(total, g, index))


def embedding(input, weight):
    """y = weight[i] for each index i        indices (*,)   weight (entries, d)   y (*, d)

    ∂L/∂weight = g added at the rows that were looked up.
    TypeError: indices that are not integers. IndexError: an index outside 0 .. entries − 1."""
    indices = array_or_tensor("embedding", constant(input))
    rows = array_or_tensor("embedding", weight)
    checks.require_indices("embedding", "indices", indices, rows.shape[:1])
    return getitem(rows, indices)


# ----------------------------------------------------------------------------- several into one

def _slices(g, y, *arrays, axis):
    """The part of g that each array filled."""
    parts, stop = [], 0
    for x in arrays:
        start, stop = stop, stop + x.shape[axis]
        parts.append(getitem(g, (slice(None),) * (axis % g.ndim) + (slice(start, stop),)))
    return parts


@operation
def _concatenate(*arrays, axis=0):
    return array_module(arrays[0]).concatenate(arrays, axis)

_concatenate.gradients(together=_slices)


def concatenate(arrays, axis=0):
    """y = arrays joined along an axis that they have        ∂L/∂xᵢ = the part of g that xᵢ filled

    ValueError: not a list of arrays, no axis, or shapes that differ elsewhere."""
    checks.require_list_of_arrays("concatenate", arrays)
    checks.require_an_axis("concatenate", axis)
    return _concatenate(*arrays, axis=axis)


def stack(arrays, axis=0):
    """y = arrays of one shape joined along a new axis        ∂L/∂xᵢ = g at place i of that axis

    ValueError: not a list of arrays of one shape, or an axis that y does not have."""
    checks.require_list_of_arrays("stack", arrays)
    arrays = [array_or_tensor("stack", x) for x in arrays]
    shape = arrays[0].shape
    checks.require_stackable("stack", arrays, axis)
    axis = axis % (len(shape) + 1)
    layer = (*shape[:axis], 1, *shape[axis:])
    return _concatenate(*[reshape(x, layer) for x in arrays], axis=axis)


# ------------------------------------------------------------------------- borders and blocks

def _widths(pad, x):
    """(before, after) for each axis of x, from pairs that begin with the last axis."""
    pairs = list(zip(pad[::2], pad[1::2]))
    return [(0, 0)] * (x.ndim - len(pairs)) + pairs[::-1]


def _inside(pad, x):
    """The index of x within its border."""
    return tuple(slice(a, a + n) for (a, _), n in zip(_widths(pad, x), x.shape))


@operation
def pad(input, pad, *, value=0.0):
    """y = x with a border of `value`        ∂L/∂x = g without the border

    `pad`: the border's widths, (before, after) of the last axis, then of the one before it, ...
    ValueError: not such pairs of integers >= 0."""
    x = as_array(input)
    checks.require_border(pad, x.shape)
    return array_module(x).pad(x, _widths(pad, x), constant_values=value)

pad.gradients(lambda g, y, x, pad, value: getitem(g, _inside(pad, x)))


def _factors(scale_factor, axes):
    """One whole factor for each axis."""
    factors = scale_factor if isinstance(scale_factor, (tuple, list)) else (scale_factor,) * axes
    whole = [int(f) for f in factors if isinstance(f, numbers.Real) and f >= 1 and f % 1 == 0]
    if not len(whole) == len(factors) == axes:
        raise checks.scale_factor_error(scale_factor, axes)
    return whole


def _blocks(x, scale_factor):
    """Two shapes for x (N, C, *S): a new axis behind each of S, of length 1, and of its factor."""
    n, c, *sizes = x.shape
    factors = _factors(scale_factor, len(sizes))
    apart = [length for s in sizes for length in (s, 1)]
    blocks = [length for s, factor in zip(sizes, factors) for length in (s, factor)]
    return (n, c, *apart), (n, c, *blocks)


def _sum_over_blocks(g, x, scale_factor):
    apart, blocks = _blocks(x, scale_factor)
    return reshape(sum_to(reshape(g, blocks), apart), x.shape)


@operation
def interpolate(input, *, scale_factor, mode="nearest"):
    """y (N, C, *(factor · S)): each element of x (N, C, *S) becomes a block of itself

    ∂L/∂x = g summed over the block. `scale_factor`: a whole number >= 1, or one for each axis of S.
    ValueError for anything else, for another mode than "nearest", for x without S."""
    x = as_array(input)
    checks.require_nearest(mode, x.shape)
    apart, blocks = _blocks(x, scale_factor)
    y = array_module(x).broadcast_to(x.reshape(apart), blocks)
    return y.reshape(*x.shape[:2], *[s * f for s, f in zip(blocks[2::2], blocks[3::2])])

interpolate.gradients(lambda g, y, x, scale_factor, mode: _sum_over_blocks(g, x, scale_factor))
