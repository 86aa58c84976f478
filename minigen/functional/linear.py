"""The product at the heart of it: a dense layer's x Wᵀ + b, and the matrix product.

Read next: losses.py."""

from .. import errors
from ..autograd import operation
from . import checks
from .conversions import array_or_tensor
from .fast import product
from .reductions import column_sums
from .shaping import reshape, transpose


def _rows(x):
    """(*, n) as a matrix: a batch of any shape is a list of examples."""
    return x if x.ndim == 2 else reshape(x, (-1, x.shape[-1]))


@operation
def linear(input, weight, bias=None):
    """y = x Wᵀ + b            x (*, i)   W (o, i)   b (o,)   y (*, o)

    ∂L/∂x = g W        ∂L/∂W = gᵀ x        ∂L/∂b = Σ g over the batch
    ValueError: shapes that do not fit together. TypeError: x and W of two dtypes."""
    x, W, b = input, weight, bias
    if x.shape[-1:] != W.shape[1:] or not x.size or x.dtype != W.dtype:
        wanted = f"(*, in) where the weight's (out, in) is {W.shape}"
        raise errors.input_error("linear", x, wanted, W)
    y = product(x, W.T)
    if b is not None:
        if b.shape != W.shape[:1]:
            raise checks.bias_error("linear", b, W.shape[:1])
        y += b
    return y

linear.gradients(                                           # g = ∂L/∂y, of y's shape (*, o)
    lambda g, y, x, W, b: product(g, W),                    # ∂L/∂x = g W
    lambda g, y, x, W, b: product(_rows(x).T, _rows(g)).T,  # ∂L/∂W = gᵀ x, in W's order in memory
    lambda g, y, x, W, b: column_sums(_rows(g)))            # ∂L/∂b = Σ g over the batch


def _swap(x):
    """x with its last two axes exchanged: each matrix of a stack transposed."""
    return transpose(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


@operation
def _matmul(a, b):
    """y = a b            a (*, m, k)   b (*, k, n)   y (*, m, n)"""
    return a @ b

_matmul.gradients(
    lambda g, y, a, b: _matmul(g, _swap(b)),    # ∂L/∂a = g bᵀ
    lambda g, y, a, b: _matmul(_swap(a), g))    # ∂L/∂b = aᵀ g


def matmul(a, b):
    """y = a b, of the last two axes        a (*, m, k)   b (*, k, n)   y (*, m, n)

    ∂L/∂a = g bᵀ        ∂L/∂b = aᵀ g
    As in NumPy, leading axes broadcast, and a vector is a row on the left, a column on the right,
    without that extra axis in y. ValueError: shapes that do not fit together."""
    a, b = array_or_tensor("matmul", a), array_or_tensor("matmul", b)
    checks.require_matrices("matmul", a, b)
    left = a if a.ndim > 1 else reshape(a, (1, -1))
    right = b if b.ndim > 1 else reshape(b, (-1, 1))
    y = _matmul(left, right)
    y = y if a.ndim > 1 else reshape(y, (*y.shape[:-2], y.shape[-1]))
    return y if b.ndim > 1 else reshape(y, y.shape[:-1])
