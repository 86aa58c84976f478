"""The product at the heart of it: a dense layer's x Wᵀ + b, and the matrix product.

Read next: losses.py, then convolution.py.
"""

from .. import errors
from ..arguments import plain
from ..autograd import Tensor, operation
from .reductions import column_sums
from .shaping import reshape, transpose


def _product(a, b):
    """a b. For two matrices dot is the shorter way to BLAS: matmul takes up to twice as long where they are small."""
    return a.dot(b) if a.ndim == 2 and type(a) is type(b) is not Tensor else a @ b


@operation
def linear(input, weight, bias=None):
    """y = x Wᵀ + b            x (*, i)   W (o, i)   b (o,)   y (*, o)

    ValueError where the shapes do not meet, TypeError for two dtypes."""
    x, W, b = input, weight, bias
    if x.shape[-1:] != W.shape[1:] or not x.size or x.dtype != W.dtype:
        raise errors.input_error("linear", x, f"(*, in) where the weight's (out, in) is {W.shape}", W)
    y = _product(x, W.T)
    if b is not None:
        if b.shape != W.shape[:1]:
            raise ValueError(f"linear: got a bias of shape {b.shape}, expected {W.shape[:1]}")
        y += b
    return y


def _rows(x):
    """(*, n) as a matrix: a batch of any shape is a list of examples."""
    return x if x.ndim == 2 else reshape(x, (-1, x.shape[-1]))


linear.gradients(                                           # g = ∂L/∂y, of y's shape (*, o)
    lambda g, y, x, W, b: _product(g, W),                   # ∂L/∂x = g W
    lambda g, y, x, W, b: _product(_rows(x).T, _rows(g)).T, # ∂L/∂W = gᵀ x, lying in memory as W does
    lambda g, y, x, W, b: column_sums(_rows(g)),            # ∂L/∂b = Σ over the batch
)


@operation
def _matmul(a, b):
    """y = a b            a (*, m, k)   b (*, k, n)   y (*, m, n)"""
    return a @ b


def _swap(x):
    return transpose(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


_matmul.gradients(
    lambda g, y, a, b: _matmul(g, _swap(b)),    # ∂L/∂a = g bᵀ
    lambda g, y, a, b: _matmul(_swap(a), g),    # ∂L/∂b = aᵀ g
)


def matmul(x, y):
    """The matrix product of the last two axes, as in NumPy: leading axes broadcast, and a vector is a row on the left and a
    column on the right, its extra axis dropped from the result."""
    x, y = (a if hasattr(a, "ndim") else plain(a, "matmul") for a in (x, y))
    if getattr(x, "ndim", 0) == 0 or getattr(y, "ndim", 0) == 0 or x.shape[-1] != y.shape[max(y.ndim - 2, 0)]:
        raise ValueError(f"matmul: shapes {getattr(x, 'shape', x)} and {getattr(y, 'shape', y)} do not meet: (*, m, k) and (*, k, n) "
                         "are expected")
    product = _matmul(reshape(x, (1, -1)) if x.ndim == 1 else x, reshape(y, (-1, 1)) if y.ndim == 1 else y)
    if x.ndim == 1:
        product = reshape(product, (*product.shape[:-2], product.shape[-1]))
    return reshape(product, product.shape[:-1]) if y.ndim == 1 else product
