"""Every operation, its value and its gradients side by side.

Array operations carry NumPy's names and arguments, network operations those of torch.nn.functional. All of them take
arrays and Tensors alike: arrays in, array out; a Tensor in, a Tensor out, and the step is on the tape. An array that was given
is kept there, not copied, and unlike a Tensor has no version: do not write to it while a tape holds it.

Reading order: elementwise, reductions, shaping, linear, losses, convolution, pooling, normalization.
This file only lists them, and hangs them on Tensor: `x + y` is add(x, y), `x.sum()` is sum(x).
"""

from ..autograd import Tensor
from ..backend import is_array
from .convolution import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from .elementwise import (abs, add, clip, constant, cos, divide, dropout, elu, exp, leaky_relu, log, log1p, logsigmoid, maximum,
                          minimum, multiply, negative, power, relu, sigmoid, sin, softplus, sqrt, square, subtract, tanh, where)
from .linear import linear, matmul
from .losses import binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, l1_loss, mse_loss, nll_loss
from .normalization import batch_norm, instance_norm, layer_norm
from .pooling import avg_pool2d, max_pool2d
from .reductions import log_softmax, logsumexp, max, mean, min, softmax, std, sum, var
from .shaping import broadcast_to, concatenate, embedding, getitem, interpolate, pad, reshape, scatter, stack, transpose

__all__ = [name for name, value in list(globals().items())
           if callable(value) and not name.startswith("_") and name not in ("Tensor", "is_array", "constant")]


def _shape_or_numbers(numbers):
    """x.reshape(2, 3) and x.reshape((2, 3)) are the same, as in NumPy."""
    return tuple(numbers[0]) if len(numbers) == 1 and isinstance(numbers[0], (tuple, list)) else numbers


def _index(index):
    """A Tensor in an index is a constant."""
    return tuple(constant(i) for i in index) if isinstance(index, tuple) else constant(index)


def _array_of(x):
    return x._data if isinstance(x, Tensor) else x


_METHODS = {
    "__add__": lambda x, y: add(x, y), "__radd__": lambda x, y: add(y, x),
    "__sub__": lambda x, y: subtract(x, y), "__rsub__": lambda x, y: subtract(y, x),
    "__mul__": lambda x, y: multiply(x, y), "__rmul__": lambda x, y: multiply(y, x),
    "__truediv__": lambda x, y: divide(x, y), "__rtruediv__": lambda x, y: divide(y, x),
    "__pow__": lambda x, y: power(x, y), "__rpow__": lambda x, y: power(y, x),
    "__matmul__": lambda x, y: matmul(x, y), "__rmatmul__": lambda x, y: matmul(y, x),
    "__neg__": lambda x: negative(x), "__abs__": lambda x: abs(x),
    # Comparisons answer with an array of booleans: a mask is a constant.
    "__lt__": lambda x, y: x._data < _array_of(y), "__le__": lambda x, y: x._data <= _array_of(y),
    "__gt__": lambda x, y: x._data > _array_of(y), "__ge__": lambda x, y: x._data >= _array_of(y),
    "__eq__": lambda x, y: x._data == _array_of(y), "__ne__": lambda x, y: x._data != _array_of(y),
    "__getitem__": lambda x, index: getitem(x, _index(index)),
    "__float__": lambda x: float(x.item()), "__int__": lambda x: int(x.item()), "__bool__": lambda x: bool(x.item()),
    "T": property(lambda x: transpose(x)),
    "reshape": lambda x, *shape: reshape(x, _shape_or_numbers(shape)),
    "transpose": lambda x, *axes: transpose(x, _shape_or_numbers(axes) or None),
    "flatten": lambda x: reshape(x, (-1,)),
}
for _name in ("sum", "mean", "var", "std", "max", "min", "clip", "exp", "log", "sqrt", "square", "abs", "relu", "sigmoid", "tanh"):
    _METHODS[_name] = (lambda f: lambda x, *arguments, **options: f(x, *arguments, **options))(globals()[_name])


def _length(x):
    if not x.shape:
        raise TypeError(f"{x!r} has no length: it is a single number")
    return x.shape[0]


_METHODS["__len__"] = _length
_METHODS["__iter__"] = lambda x: (getitem(x, i) for i in range(_length(x)))
for _name, _method in _METHODS.items():
    setattr(Tensor, _name, _method)
