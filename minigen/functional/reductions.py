"""Operations that reduce axes: sums, moments, extremes, and the softmax family.

`axis` and `keepdims` as in NumPy (None: all axes). A gradient goes back to every element that was reduced, so each rule
first gives g the reduced axes again (`_spread`). Read next: shaping.py.
"""

import functools
import math

from ..autograd import Tensor, broadcast_to, operation
from ..backend import array_module
from .elementwise import exp, sqrt
from .shaping import reshape


def _axes(x, axis):
    if axis is None:
        return tuple(range(x.ndim))
    return tuple(a % (x.ndim or 1) for a in (axis if isinstance(axis, tuple) else (axis,)))


def _spread(g, x, axis):
    """g with the reduced axes back, of length 1, to broadcast against x."""
    axes = _axes(x, axis)
    return reshape(g, tuple(1 if i in axes else n for i, n in enumerate(x.shape)))


def _over(factor, x, axis, ddof=0):
    """factor / (how many elements were reduced − ddof); not a number where nothing is left."""
    n = math.prod(x.shape[i] for i in _axes(x, axis) if x.ndim) - ddof
    return factor / n if n > 0 else math.nan


@functools.lru_cache(maxsize=64)
def _ones(xp, n, dtype):
    return xp.ones(n, dtype)


def column_sums(x):
    """Σ over the rows of a matrix, 1ᵀ x: as a product it takes a third of the time."""
    return sum(x, 0) if type(x) is Tensor else _ones(array_module(x), len(x), x.dtype).dot(x)


@operation
def sum(x, axis=None, keepdims=False):
    """Σ x        ∂L/∂x = g, for every element"""
    if axis == 0 and x.ndim == 2 and x.dtype.kind == "f" and not keepdims:
        return column_sums(x)
    return x.sum(axis, keepdims=keepdims)


@operation
def mean(x, axis=None, keepdims=False):
    """Σ x / n        ∂L/∂x = g / n, for every element"""
    return x.mean(axis, keepdims=keepdims)


@operation
def var(x, axis=None, ddof=0, keepdims=False):
    """Σ (x − x̄)² / (n − ddof)        ∂L/∂x = 2 g (x − x̄) / (n − ddof)"""
    return x.var(axis, ddof=ddof, keepdims=keepdims)


@operation
def max(x, axis=None, keepdims=False):
    """The largest element        ∂L/∂x = g there (shared equally by ties), else 0"""
    return x.max(axis, keepdims=keepdims)


@operation
def min(x, axis=None, keepdims=False):
    """The smallest element        ∂L/∂x = g there (shared equally by ties), else 0"""
    return x.min(axis, keepdims=keepdims)


@operation
def logsumexp(x, axis=None, keepdims=False):
    """y = log Σ eˣ, with the largest x taken out so that nothing overflows        ∂L/∂x = g e^(x − y)"""
    xp = array_module(x)
    top = x.max(axis, keepdims=True)
    top = xp.where(xp.isinf(top), xp.zeros_like(top), top)          # e^−∞ is 0, but ∞ − ∞ is not a number
    y = xp.log(xp.exp(x - top).sum(axis, keepdims=True)) + top
    return y if keepdims or not x.ndim else xp.squeeze(y, axis)


def _share(g, y, x, axis, keepdims):
    hits = (x == _spread(y, x, axis))                   # an array of booleans: a constant
    return _spread(g, x, axis) * (hits / hits.sum(axis, keepdims=True)).astype(x.dtype)


sum.gradients(lambda g, y, x, axis, keepdims: broadcast_to(_spread(g, x, axis), x.shape))
mean.gradients(lambda g, y, x, axis, keepdims: broadcast_to(_spread(g, x, axis) * _over(1, x, axis), x.shape))
var.gradients(lambda g, y, x, axis, ddof, keepdims:
              _spread(g, x, axis) * (x - mean(x, axis, keepdims=True)) * _over(2, x, axis, ddof))
max.gradients(_share)
min.gradients(_share)
logsumexp.gradients(lambda g, y, x, axis, keepdims: _spread(g, x, axis) * exp(x - _spread(y, x, axis)))


def std(x, axis=None, ddof=0, keepdims=False):
    """y = √var        ∂L/∂x = g (x − x̄) / (y (n − ddof)): not differentiable where all x are equal"""
    return sqrt(var(x, axis, ddof, keepdims))


@operation
def softmax(input, dim):
    """yᵢ = e^xᵢ / Σⱼ e^xⱼ along axis `dim`        ∂L/∂x = y (g − Σ g y): every output depends on every input"""
    xp = array_module(input)
    y = xp.exp(input - input.max(dim, keepdims=True))
    return y / y.sum(dim, keepdims=True)


@operation
def log_softmax(input, dim):
    """y = x − log Σ eˣ along axis `dim`        ∂L/∂x = g − eʸ Σ g"""
    xp = array_module(input)
    shifted = input - input.max(dim, keepdims=True)
    return shifted - xp.log(xp.exp(shifted).sum(dim, keepdims=True))


softmax.gradients(lambda g, y, x, dim: y * (g - sum(g * y, dim, keepdims=True)))
log_softmax.gradients(lambda g, y, x, dim: g - exp(y) * sum(g, dim, keepdims=True))
