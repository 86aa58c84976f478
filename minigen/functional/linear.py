"""The product at the heart of it: a dense layer's x Wᵀ + b, and the matrix product.

Read next: losses.py, then convolution.py.
"""

from .. import checks
from ..autograd import operation
from .reductions import sum
from .shaping import reshape, transpose


@operation
def _linear(x, W, b):
    """y = x Wᵀ + b            x (m, i)   W (o, i)   b (o,)   y (m, o)"""
    y = x @ W.T
    if b is not None:
        y += b
    return y


_linear.gradients(                              # g = ∂L/∂y, of y's shape (m, o)
    lambda g, y, x, W, b: g @ W,                # ∂L/∂x = g W
    lambda g, y, x, W, b: g.T @ x,              # ∂L/∂W = gᵀ x
    lambda g, y, x, W, b: sum(g, 0),            # ∂L/∂b = Σ over the batch
)


def linear(input, weight, bias=None):
    """y = x Wᵀ + b: input (*, in), weight (out, in), bias (out,) -> (*, out). ValueError where the shapes do not meet."""
    fits = input.ndim and weight.ndim == 2 and input.shape[-1] == weight.shape[1]
    checks.meets("linear", input, fits, f"(*, in) with the weight's (out, in) = {tuple(weight.shape)}", weight)
    if bias is not None and bias.shape != weight.shape[:1]:
        raise ValueError(f"linear: bias of shape {bias.shape}, expected {weight.shape[:1]}")
    if input.ndim == 2:
        return _linear(input, weight, bias)
    rows = _linear(reshape(input, (-1, input.shape[-1])), weight, bias)
    return reshape(rows, (*input.shape[:-1], weight.shape[0]))


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
    if x.ndim == 0 or y.ndim == 0 or x.shape[-1] != y.shape[max(y.ndim - 2, 0)]:
        raise ValueError(f"matmul: shapes {x.shape} and {y.shape} do not meet: (*, m, k) and (*, k, n) are expected")
    product = _matmul(reshape(x, (1, -1)) if x.ndim == 1 else x, reshape(y, (-1, 1)) if y.ndim == 1 else y)
    if x.ndim == 1:
        product = reshape(product, (*product.shape[:-2], product.shape[-1]))
    return reshape(product, product.shape[:-1]) if y.ndim == 1 else product
