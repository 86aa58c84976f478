"""Operations that reduce axes: sums, moments, extremes, and the softmax family.

`axis` and `keepdims` as in NumPy (None: all axes). A gradient goes back to every element that was
reduced, so each rule first gives g the reduced axes again (`_spread`). Read next: shaping.py.
"""

import math

from ..autograd import Tensor, broadcast_to, operation
from ..backend import array_module
from . import fast
from .conversions import as_array, constant
from .elementwise import exp, where
from .shaping import reshape


def _axes(x, axis):
    """The reduced axes, counted from the front."""
    if axis is None:
        return tuple(range(x.ndim))
    return tuple(a % (x.ndim or 1) for a in (axis if isinstance(axis, tuple) else (axis,)))


def _spread(g, x, axis):
    """g with the reduced axes back, of length 1, to broadcast against x (one number does so)."""
    if axis is None:
        return g
    axes = _axes(x, axis)
    return reshape(g, tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


def _count(x, axis):
    """How many elements are reduced to one."""
    return x.size if axis is None else math.prod(x.shape[i] for i in _axes(x, axis) if x.ndim)


def _over_count(factor, x, axis, ddof=0):
    """factor / (n − ddof), where n elements were reduced to one; not a number where n <= ddof."""
    n = _count(x, axis) - ddof
    return factor / n if n > 0 else math.nan


# -------------------------------------------------------------------------- sums and moments

@operation
def sum(x, axis=None, keepdims=False):
    """y = Σ x        ∂L/∂x = g, for every element"""
    x = as_array(x)
    if axis == 0 and x.ndim == 2 and x.dtype.kind == "f" and not keepdims:
        return fast.column_sums(x)
    return x.sum(axis, keepdims=keepdims)

sum.gradients(lambda g, y, x, axis, keepdims: broadcast_to(_spread(g, x, axis), x.shape))


def column_sums(x):
    """Σ over the rows of a matrix of floats, an array or a Tensor: the gradient of every bias."""
    return sum(x, 0) if type(x) is Tensor else fast.column_sums(x)


@operation
def mean(x, axis=None, keepdims=False):
    """y = x̄ = Σ x / n        ∂L/∂x = g / n, for every element"""
    x = as_array(x)
    return fast.average(x, axis, keepdims, _count(x, axis))

mean.gradients(lambda g, y, x, axis, keepdims:
               broadcast_to(_spread(g, x, axis) * _over_count(1, x, axis), x.shape))


@operation
def var(x, axis=None, ddof=0, keepdims=False):
    """y = Σ (x − x̄)² / (n − ddof)        ∂L/∂x = 2 g (x − x̄) / (n − ddof)"""
    return as_array(x).var(axis, ddof=ddof, keepdims=keepdims)

var.gradients(lambda g, y, x, axis, ddof, keepdims:
              _spread(g, x, axis) * (x - mean(x, axis, keepdims=True))
              * _over_count(2, x, axis, ddof))


def _over_twice(g, y, x, axis):
    """g / 2y, but 0 where all elements that were reduced to one are equal: the root of 0 has no
    slope, and 0 is the middle of those it might have. (y may be a rounding error there, not 0.)"""
    axes, array = _axes(x, axis), constant(x)
    first = array[tuple(slice(1) if i in axes else slice(None) for i in range(x.ndim))]
    equal = (array == first).all(axis).reshape(y.shape) | (constant(y) == 0)
    return where(equal, 0.0, g / (2 * where(equal, 1.0, y)))


@operation
def std(x, axis=None, ddof=0, keepdims=False):
    """y = √var        ∂L/∂x = g (x − x̄) / (y (n − ddof)), and 0 where all x are equal"""
    variance = as_array(x).var(axis, ddof=ddof, keepdims=keepdims)
    return array_module(variance).sqrt(variance)

std.gradients(lambda g, y, x, axis, ddof, keepdims:
              _spread(_over_twice(g, y, x, axis), x, axis) * (x - mean(x, axis, keepdims=True))
              * _over_count(2, x, axis, ddof))


# ----------------------------------------------------------------------------------- extremes

def _to_extremes(g, y, x, axis, keepdims):
    """g at the elements that equal y, shared equally among them, else 0."""
    is_extreme = (x == _spread(y, x, axis))         # an array of booleans: a constant
    share = (is_extreme / is_extreme.sum(axis, keepdims=True)).astype(x.dtype)
    return _spread(g, x, axis) * share


@operation
def max(x, axis=None, keepdims=False):
    """y = the largest element        ∂L/∂x = g there (shared equally by ties), else 0"""
    return as_array(x).max(axis, keepdims=keepdims)

max.gradients(_to_extremes)


@operation
def min(x, axis=None, keepdims=False):
    """y = the smallest element        ∂L/∂x = g there (shared equally by ties), else 0"""
    return as_array(x).min(axis, keepdims=keepdims)

min.gradients(_to_extremes)


# ------------------------------------------------------------------------- the softmax family

@operation
def logsumexp(x, axis=None, keepdims=False):
    """y = log Σ eˣ        ∂L/∂x = g e^(x − y)

    The largest x is taken out, log Σ eˣ = m + log Σ e^(x − m), so that nothing overflows."""
    x = as_array(x)
    xp, m = array_module(x), x.max(axis, keepdims=True)
    m = xp.where(xp.isinf(m), xp.zeros_like(m), m)          # e^−∞ is 0, but ∞ − ∞ is not a number
    y = xp.log(xp.exp(x - m).sum(axis, keepdims=True)) + m
    return y if keepdims or not x.ndim else xp.squeeze(y, axis)

logsumexp.gradients(lambda g, y, x, axis, keepdims:
                    _spread(g, x, axis) * exp(x - _spread(y, x, axis)))


@operation
def softmax(input, dim):
    """yᵢ = e^xᵢ / Σⱼ e^xⱼ along axis `dim`        ∂L/∂x = y (g − Σ g y)

    Every output depends on every input: raising one lowers the others."""
    x = as_array(input)
    y = array_module(x).exp(x - x.max(dim, keepdims=True))
    return y / y.sum(dim, keepdims=True)

softmax.gradients(lambda g, y, x, dim: y * (g - sum(g * y, dim, keepdims=True)))


@operation
def log_softmax(input, dim):
    """y = x − log Σ eˣ along axis `dim`        ∂L/∂x = g − eʸ Σ g"""
    x = as_array(input)
    xp, shifted = array_module(x), x - x.max(dim, keepdims=True)
    return shifted - xp.log(xp.exp(shifted).sum(dim, keepdims=True))

log_softmax.gradients(lambda g, y, x, dim: g - exp(y) * sum(g, dim, keepdims=True))
