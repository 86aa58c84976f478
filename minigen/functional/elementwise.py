"""Operations on each element: arithmetic, powers and exponentials, corners, activations.

Each is its value y and, directly below, one rule per input: g is ∂L/∂y, and the rule returns
∂L/∂input. Inputs of different shapes broadcast as in NumPy; no rule mentions it, since the walk
sums the gradient back. Read next: fast.py.
"""

from .. import errors, random
from ..autograd import Tensor, operation
from ..backend import array_module, is_array
from . import checks, fast
from .conversions import array_or_tensor, as_floats, constant


# -------------------------------------------------------------------------------- arithmetic

@operation
def add(a, b):
    """y = a + b        ∂L/∂a = g        ∂L/∂b = g"""
    return a + b

add.gradients(lambda g, y, a, b: g,
              lambda g, y, a, b: g)


@operation
def subtract(a, b):
    """y = a − b        ∂L/∂a = g        ∂L/∂b = −g"""
    return a - b

subtract.gradients(lambda g, y, a, b: g,
                   lambda g, y, a, b: -g)


@operation
def multiply(a, b):
    """y = a · b        ∂L/∂a = g b        ∂L/∂b = g a"""
    return a * b

multiply.gradients(lambda g, y, a, b: g * b,
                   lambda g, y, a, b: g * a)


@operation
def divide(a, b):
    """y = a / b        ∂L/∂a = g / b        ∂L/∂b = −g y / b"""
    return a / b

divide.gradients(lambda g, y, a, b: g / b,
                 lambda g, y, a, b: -g * y / b)


@operation
def negative(x):
    """y = −x        ∂L/∂x = −g"""
    return -x

negative.gradients(lambda g, y, x: -g)


def _base(a, b):
    """a, with 1 in place of 0 where b = 0: b aᵇ⁻¹ is 0 there, and not 0 · ∞."""
    if isinstance(b, (int, float)) and b != 0:
        return a
    return where((constant(a) == 0) & (constant(b) == 0), 1.0, a)


def _log_of_base(a, g):
    """log a, with 0 where a = 0: 0ᵇ is 0 for every b > 0, so its slope is 0."""
    if not isinstance(a, Tensor) and not is_array(a):       # a number: as an array where g is one
        a = array_module(constant(g)).asarray(a, dtype=g.dtype)
    return log(where(a == 0, 1.0, a))


@operation
def power(a, b):
    """y = aᵇ        ∂L/∂a = g b aᵇ⁻¹ (0 where b = 0)
    ∂L/∂b = g y log a (0 where a = 0 ≤ b)"""
    return a ** b

power.gradients(lambda g, y, a, b: g * (b * power(_base(a, b), b - 1)),
                lambda g, y, a, b: g * y * _log_of_base(a, g))


# ----------------------------------------------------------------- exponentials, roots, waves

@operation
def exp(x):
    """y = eˣ        ∂L/∂x = g y"""
    return array_module(x).exp(x)

exp.gradients(lambda g, y, x: g * y)


@operation
def log(x):
    """y = log x        ∂L/∂x = g / x"""
    return array_module(x).log(x)

log.gradients(lambda g, y, x: g / x)


@operation
def log1p(x):
    """y = log(1 + x), exact for small x        ∂L/∂x = g / (1 + x)"""
    return array_module(x).log1p(x)

log1p.gradients(lambda g, y, x: g / (1 + x))


@operation
def sqrt(x):
    """y = √x        ∂L/∂x = g / 2y"""
    return array_module(x).sqrt(x)

sqrt.gradients(lambda g, y, x: g / (2 * y))


@operation
def square(x):
    """y = x²        ∂L/∂x = 2 g x"""
    return array_module(x).square(x)

square.gradients(lambda g, y, x: 2 * g * x)


@operation
def sin(x):
    """y = sin x        ∂L/∂x = g cos x"""
    return array_module(x).sin(x)

sin.gradients(lambda g, y, x: g * cos(x))


@operation
def cos(x):
    """y = cos x        ∂L/∂x = −g sin x"""
    return array_module(x).cos(x)

cos.gradients(lambda g, y, x: -g * sin(x))


# ------------------------------------------------------------------------------ with corners

def sign(x):
    """−1, 0 or 1: a constant."""
    return array_module(constant(x)).sign(constant(x))


@operation
def abs(x):
    """y = |x|        ∂L/∂x = g sign x (0 at 0)"""
    return array_module(x).abs(x)

abs.gradients(lambda g, y, x: g * sign(x))


def _first_array(*inputs):
    """The first array among the inputs, which may be numbers; None if all are."""
    return next(filter(is_array, inputs), None)


@operation
def maximum(a, b):
    """y = max(a, b)        ∂L/∂a = g where a > b, g/2 where a = b, else 0        ∂L/∂b likewise"""
    return array_module(_first_array(a, b)).maximum(a, b)

maximum.gradients(lambda g, y, a, b: g * (a > b) + 0.5 * g * (a == b),
                  lambda g, y, a, b: g * (b > a) + 0.5 * g * (a == b))


@operation
def minimum(a, b):
    """y = min(a, b)        ∂L/∂a = g where a < b, g/2 where a = b, else 0        ∂L/∂b likewise"""
    return array_module(_first_array(a, b)).minimum(a, b)

minimum.gradients(lambda g, y, a, b: g * (a < b) + 0.5 * g * (a == b),
                  lambda g, y, a, b: g * (b < a) + 0.5 * g * (a == b))


@operation
def where(condition, a, b):
    """y = a where the condition c holds, else b        ∂L/∂a = g where c, else 0
    ∂L/∂b = 0 where c, else g"""
    xp = array_module(_first_array(condition, a, b))
    return xp.where(xp.asarray(condition), a, b)

where.gradients(None,
                lambda g, y, c, a, b: where(c, g, 0.0),
                lambda g, y, c, a, b: where(c, 0.0, g))


def _within(x, low, high):
    """1 where low <= x <= high, else 0: a constant."""
    x, infinity = constant(x), float("inf")
    return (x >= (-infinity if low is None else low)) & (x <= (infinity if high is None else high))


@operation
def clip(x, a_min=None, a_max=None):
    """y = x kept between a_min and a_max (None: no bound)
    ∂L/∂x = g within and on the bounds, else 0"""
    return array_module(x).clip(x, a_min, a_max)

clip.gradients(lambda g, y, x, a_min, a_max: g * _within(x, a_min, a_max))


# ------------------------------------------------------------------------------- activations

@operation
def relu(input):
    """y = max(x, 0)        ∂L/∂x = g where x > 0, else 0"""
    return fast.positive_part(input)

relu.gradients(lambda g, y, x: g * (x > 0))


@operation
def leaky_relu(input, negative_slope=0.01):
    """y = x where x > 0, else s x, with the slope s        ∂L/∂x = g where x > 0, else s g"""
    return fast.bent_at_zero(as_floats(input), float(negative_slope))

leaky_relu.gradients(
    lambda g, y, x, negative_slope: fast.times_slopes(g, constant(x), negative_slope))


@operation
def softplus(input):
    """y = log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|), which cannot overflow        ∂L/∂x = g σ(x)"""
    x = as_floats(input)
    y = fast.log1p_exp(x)
    y += fast.positive_part(x)
    return y

softplus.gradients(lambda g, y, x: g * sigmoid(x))


@operation
def logsigmoid(input):
    """y = log σ(x) = −log(1 + e^−x) = −softplus(−x)        ∂L/∂x = g σ(−x)"""
    x = as_floats(input)
    y = fast.log1p_exp(x)
    y += fast.positive_part(-x)
    return -y

logsigmoid.gradients(lambda g, y, x: g * sigmoid(-x))


@operation
def sigmoid(input):
    """y = σ(x) = 1 / (1 + e⁻ˣ) = eˣ / (eˣ + 1), exact in both tails        ∂L/∂x = g y (1 − y)

    Far above x = 88 eˣ would overflow; y has long been 1 there."""
    x = as_floats(input)
    xp = array_module(x)
    e = xp.exp(xp.minimum(x, 88.0))
    return e / (e + 1)

sigmoid.gradients(lambda g, y, x: g * y * (1 - y))


@operation
def tanh(input):
    """y = tanh x        ∂L/∂x = g (1 − y²)"""
    return array_module(input).tanh(input)

tanh.gradients(lambda g, y, x: g * (1 - y * y))


def dropout(input, p=0.5, training=True):
    """y = x m, the mask m being 0 with probability p, else 1 / (1 − p), so that the mean of y is
    that of x; outside training y = x        ∂L/∂x = g m

    A new mask is drawn at every call. ValueError unless 0 <= p < 1."""
    errors.fraction("dropout", p=p)
    x = array_or_tensor("dropout", input)
    if not training or p == 0:
        return x
    kept = random.generator().random(x.shape, dtype="float32") >= p
    return x * array_module(constant(x)).asarray(kept.astype(x.dtype) / (1 - p))
