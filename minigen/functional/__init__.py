"""Every operation, its value and its gradients side by side.

Array operations carry NumPy's names and arguments, network operations those of
torch.nn.functional. All of them take arrays and Tensors alike: arrays in, array out; a Tensor in, a
Tensor out, and the step is on the tape. Numbers and lists are the arrays that NumPy makes of them.
An array that was given is kept on the tape, not copied, and unlike a Tensor has no version: do not
write to it while a tape holds it.

This file only lists them, and makes them operators and methods of Tensor, `x + y` being add(x, y):
skim it. Read next: elementwise.py.
"""

from .. import errors
from ..autograd import Tensor
from .conversions import constant
from .convolution import (conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d,
                          conv_transpose3d)
from .elementwise import (abs, add, clip, cos, divide, dropout, exp, leaky_relu, log, log1p,
                          logsigmoid, maximum, minimum, multiply, negative, power, relu, sigmoid,
                          sin, softplus, sqrt, square, subtract, tanh, where)
from .linear import linear, matmul
from .losses import (binary_cross_entropy, binary_cross_entropy_with_logits, cross_entropy, l1_loss,
                     mse_loss, nll_loss)
from .normalization import batch_norm, instance_norm, layer_norm
from .pooling import avg_pool2d, max_pool2d
from .reductions import log_softmax, logsumexp, max, mean, min, softmax, std, sum, var
from .shaping import (broadcast_to, concatenate, embedding, getitem, interpolate, pad, reshape,
                      scatter, stack, transpose)

__all__ = [name for name, value in list(globals().items())
           if callable(value) and not name.startswith("_") and name not in ("Tensor", "constant")]


def _one_tuple(numbers):
    """x.reshape(2, 3) and x.reshape((2, 3)) are the same, as in NumPy."""
    is_tuple = len(numbers) == 1 and isinstance(numbers[0], (tuple, list))
    return tuple(numbers[0]) if is_tuple else numbers


def _constants(index):
    """A Tensor in an index is a constant."""
    return tuple(map(constant, index)) if isinstance(index, tuple) else constant(index)


# array + x, where the array's library asks x: which of x's operators answers.
_REFLECTED = {
    "add": "__radd__", "subtract": "__rsub__", "multiply": "__rmul__", "divide": "__rtruediv__",
    "power": "__rpow__", "matmul": "__rmatmul__", "less": "__gt__", "less_equal": "__ge__",
    "greater": "__lt__", "greater_equal": "__le__", "equal": "__eq__", "not_equal": "__ne__"}


class Operators:
    """What Python calls for x + y, x[i], x.sum() and so on, where x is a Tensor."""

    def __add__(x, y): return add(x, y)
    def __radd__(x, y): return add(y, x)
    def __sub__(x, y): return subtract(x, y)
    def __rsub__(x, y): return subtract(y, x)
    def __mul__(x, y): return multiply(x, y)
    def __rmul__(x, y): return multiply(y, x)
    def __truediv__(x, y): return divide(x, y)
    def __rtruediv__(x, y): return divide(y, x)
    def __pow__(x, y): return power(x, y)
    def __rpow__(x, y): return power(y, x)
    def __matmul__(x, y): return matmul(x, y)
    def __rmatmul__(x, y): return matmul(y, x)
    def __neg__(x): return negative(x)
    def __abs__(x): return abs(x)

    # Comparisons return an array of booleans: a mask is a constant.
    def __lt__(x, y): return x._data < constant(y)
    def __le__(x, y): return x._data <= constant(y)
    def __gt__(x, y): return x._data > constant(y)
    def __ge__(x, y): return x._data >= constant(y)
    def __eq__(x, y): return x._data == constant(y)
    def __ne__(x, y): return x._data != constant(y)

    def __array_ufunc__(x, ufunc, method, *inputs, **options):
        """array + x is x.__radd__(array); numpy.exp(x) is an error that says what to write."""
        reflected = _REFLECTED.get(ufunc.__name__)
        if reflected and method == "__call__" and not options and inputs[-1] is x:
            return getattr(x, reflected)(inputs[0])
        raise errors.ufunc_error(ufunc.__name__, in_place="out" in options)

    def __array_function__(x, function, *_): raise errors.ufunc_error(function.__name__)
    def __array__(x, *_, **__): raise errors.conversion_error()
    def __setitem__(x, index, value): raise errors.assignment_error()

    def __getitem__(x, index): return getitem(x, _constants(index))
    def __iter__(x): return (getitem(x, i) for i in range(len(x)))

    def __len__(x):
        if not x.shape:
            raise TypeError(f"{x!r} has no length: it is a single number")
        return x.shape[0]

    def __float__(x): return float(x.item())
    def __int__(x): return int(x.item())
    def __bool__(x): return bool(x.item())

    def __format__(x, spec):
        """f"{loss:.3f}" is the number, f"{loss}" the Tensor's description."""
        return format(x.item(), spec) if spec else repr(x)

    @property
    def T(x): return transpose(x)
    def transpose(x, *axes): return transpose(x, _one_tuple(axes) or None)
    def reshape(x, *shape): return reshape(x, _one_tuple(shape))
    def flatten(x): return reshape(x, (-1,))

    def sum(x, *arguments, **options): return sum(x, *arguments, **options)
    def mean(x, *arguments, **options): return mean(x, *arguments, **options)
    def var(x, *arguments, **options): return var(x, *arguments, **options)
    def std(x, *arguments, **options): return std(x, *arguments, **options)
    def max(x, *arguments, **options): return max(x, *arguments, **options)
    def min(x, *arguments, **options): return min(x, *arguments, **options)
    def clip(x, *arguments, **options): return clip(x, *arguments, **options)
    def exp(x): return exp(x)
    def log(x): return log(x)
    def sqrt(x): return sqrt(x)
    def square(x): return square(x)
    def abs(x): return abs(x)
    def relu(x): return relu(x)
    def sigmoid(x): return sigmoid(x)
    def tanh(x): return tanh(x)


# Copied, not inherited: the engine's Tensor knows none of its operations.
for _name, _method in vars(Operators).items():
    if callable(_method) or isinstance(_method, property):     # not the class's docstring or module
        setattr(Tensor, _name, _method)
