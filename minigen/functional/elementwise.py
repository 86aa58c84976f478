"""Operations on each element: arithmetic, powers and exponentials, activations.

Each stands with its rules right below it: y is the value, g = ∂L/∂y, and a rule returns ∂L/∂input. Inputs of different
shapes broadcast as in NumPy; no rule mentions it, since the walk sums the gradient back. Read next: reductions.py.
"""

from .. import random
from ..autograd import Tensor, operation
from ..backend import array_module, asarray, is_array


def constant(x):
    """The array of a Tensor, so that what is computed from it (a mask, a sign) is no part of the tape."""
    return x.data if isinstance(x, Tensor) else x


# ---------------------------------------------------------------------------------------------- arithmetic

@operation
def add(x, y):
    """x + y        ∂L/∂x = g        ∂L/∂y = g"""
    return x + y


@operation
def subtract(x, y):
    """x − y        ∂L/∂x = g        ∂L/∂y = −g"""
    return x - y


@operation
def multiply(x, y):
    """x · y        ∂L/∂x = g y        ∂L/∂y = g x"""
    return x * y


@operation
def divide(x, y):
    """q = x / y        ∂L/∂x = g / y        ∂L/∂y = −g q / y"""
    return x / y


@operation
def negative(x):
    """−x        ∂L/∂x = −g"""
    return -x


@operation
def power(x, p):
    """y = xᵖ        ∂L/∂x = g p xᵖ⁻¹ (0 where p = 0)        ∂L/∂p = g y log x (0 where x = 0 ≤ p)"""
    return x ** p


def _log_of_base(x, g):
    x = x if isinstance(x, Tensor) or is_array(x) else array_module(constant(g)).asarray(x, dtype=g.dtype)     # a number, where g may be on a GPU
    return log(where(x == 0, 1.0, x))


add.gradients(lambda g, y, a, b: g, lambda g, y, a, b: g)
subtract.gradients(lambda g, y, a, b: g, lambda g, y, a, b: -g)
multiply.gradients(lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
divide.gradients(lambda g, q, x, y: g / y, lambda g, q, x, y: -g * q / y)
negative.gradients(lambda g, y, x: -g)
power.gradients(lambda g, y, x, p: g * (p * power(x, p - (p != 0))),
                lambda g, y, x, p: g * y * _log_of_base(x, g))


# ------------------------------------------------------------------------------- exponentials, roots, waves

@operation
def exp(x):
    """y = eˣ        ∂L/∂x = g y"""
    return array_module(x).exp(x)


@operation
def log(x):
    """log x        ∂L/∂x = g / x"""
    return array_module(x).log(x)


@operation
def log1p(x):
    """log(1 + x), exact for small x        ∂L/∂x = g / (1 + x)"""
    return array_module(x).log1p(x)


@operation
def sqrt(x):
    """y = √x        ∂L/∂x = g / 2y"""
    return array_module(x).sqrt(x)


@operation
def square(x):
    """x²        ∂L/∂x = 2 g x"""
    return array_module(x).square(x)


@operation
def sin(x):
    """sin x        ∂L/∂x = g cos x"""
    return array_module(x).sin(x)


@operation
def cos(x):
    """cos x        ∂L/∂x = −g sin x"""
    return array_module(x).cos(x)


exp.gradients(lambda g, y, x: g * y)
log.gradients(lambda g, y, x: g / x)
log1p.gradients(lambda g, y, x: g / (1 + x))
sqrt.gradients(lambda g, y, x: g / (2 * y))
square.gradients(lambda g, y, x: 2 * g * x)
sin.gradients(lambda g, y, x: g * cos(x))
cos.gradients(lambda g, y, x: -g * sin(x))


# ------------------------------------------------------------------------------------------- with corners

@operation
def abs(x):
    """|x|        ∂L/∂x = g sign x (0 at 0)"""
    return array_module(x).abs(x)


@operation
def maximum(x, y):
    """max(x, y)        ∂L/∂x = g where x > y, g/2 where they are equal; ∂L/∂y likewise"""
    return array_module(x if hasattr(x, "shape") else y).maximum(x, y)


@operation
def minimum(x, y):
    """min(x, y)        ∂L/∂x = g where x < y, g/2 where they are equal; ∂L/∂y likewise"""
    return array_module(x if hasattr(x, "shape") else y).minimum(x, y)


@operation
def where(condition, x, y):
    """x where the condition holds, else y        ∂L/∂x = g where it holds, else 0        ∂L/∂y the other way round"""
    xp = array_module(next(filter(is_array, (condition, x, y)), None))
    return xp.where(xp.asarray(condition), x, y)


@operation
def clip(x, a_min=None, a_max=None):
    """x kept between a_min and a_max (None: no bound)        ∂L/∂x = g inside and on the bounds, else 0"""
    return array_module(x).clip(x, a_min, a_max)


def _inside(x, low, high):
    x = constant(x)
    return (x >= (-float("inf") if low is None else low)) & (x <= (float("inf") if high is None else high))


abs.gradients(lambda g, y, x: g * array_module(constant(x)).sign(constant(x)))
maximum.gradients(lambda g, y, a, b: g * (a > b) + 0.5 * g * (a == b), lambda g, y, a, b: g * (b > a) + 0.5 * g * (a == b))
minimum.gradients(lambda g, y, a, b: g * (a < b) + 0.5 * g * (a == b), lambda g, y, a, b: g * (b < a) + 0.5 * g * (a == b))
where.gradients(None, lambda g, y, c, a, b: where(c, g, 0.0), lambda g, y, c, a, b: where(c, 0.0, g))
clip.gradients(lambda g, y, x, a_min, a_max: g * _inside(x, a_min, a_max))


# --------------------------------------------------------------------------------------------- activations

def positive_part(x):
    """max(x, 0) of an array. NumPy compares with an array of zeros three times faster than with a number."""
    xp = array_module(x)
    return xp.maximum(x, xp.zeros_like(x))


def exp_minus_abs(x):
    """e^−|x| of an array, in one new array."""
    xp, t = array_module(x), array_module(x).empty_like(x)
    xp.abs(x, out=t)
    xp.negative(t, out=t)
    return xp.exp(t, out=t)


def log1p_exp(x):
    """log(1 + e^−|x|) of an array, the part that softplus, log σ and cross-entropy share, between 0 and log 2.

    NumPy's log1p has no vector code. For many numbers log u − ((u − 1) − t)/u with t = e^−|x| and u = 1 + t, rounded, is as exact
    and twice as fast (Kahan's correction of log u)."""
    xp, t = array_module(x), exp_minus_abs(x)
    if t.size < 2048:
        return xp.log1p(t, out=t)
    u = t + 1
    lost = u - 1
    lost -= t
    lost /= u
    xp.log(u, out=u)
    u -= lost
    return u


@operation
def relu(input):
    """y = max(x, 0)        ∂L/∂x = g where x > 0, else 0"""
    return positive_part(input)


@operation
def leaky_relu(input, negative_slope=0.01):
    """y = x where x > 0, else slope · x        ∂L/∂x = g where x > 0, else slope · g"""
    xp = array_module(input)
    bent = xp.multiply(input, negative_slope, out=xp.empty_like(input))
    return (xp.maximum if negative_slope <= 1 else xp.minimum)(input, bent, out=bent)


def _slopes(x, negative_slope):
    """1 where x > 0, else the slope."""
    x = constant(x)
    slopes = (x > 0).astype(x.dtype)
    slopes *= 1 - negative_slope
    slopes += negative_slope
    return slopes


@operation
def elu(input, alpha=1.0):
    """y = x where x > 0, else α (eˣ − 1)        ∂L/∂x = g where x > 0, else g (y + α)"""
    xp = array_module(input)
    return xp.maximum(input, 0) + alpha * xp.expm1(xp.minimum(input, 0))


@operation
def softplus(input):
    """y = log(1 + eˣ) = max(x, 0) + log(1 + e^−|x|), which cannot overflow        ∂L/∂x = g σ(x)"""
    y = log1p_exp(input)
    y += positive_part(input)
    return y


@operation
def logsigmoid(input):
    """y = log σ(x) = min(x, 0) − log(1 + e^−|x|), which cannot overflow        ∂L/∂x = g σ(−x)"""
    y = log1p_exp(input)
    y += positive_part(-input)
    return -y


@operation
def sigmoid(input):
    """y = 1 / (1 + e⁻ˣ) = eˣ / (eˣ + 1), exact in both tails; above x = 88 (float64: 709) eˣ would overflow, and y is 1 long before

    ∂L/∂x = g y (1 − y)"""
    xp = array_module(input)
    e = xp.exp(xp.minimum(input, 88.0 if input.dtype.itemsize == 4 else 709.0))
    return e / (e + 1)


@operation
def tanh(input):
    """y = tanh x        ∂L/∂x = g (1 − y²)"""
    return array_module(input).tanh(input)


relu.gradients(lambda g, y, x: g * (x > 0))
leaky_relu.gradients(lambda g, y, x, negative_slope: g * _slopes(x, negative_slope))
elu.gradients(lambda g, y, x, alpha: g * ((x > 0) + (x <= 0) * (y + alpha)))
softplus.gradients(lambda g, y, x: g * sigmoid(x))
logsigmoid.gradients(lambda g, y, x: g * sigmoid(-x))
sigmoid.gradients(lambda g, y, x: g * y * (1 - y))
tanh.gradients(lambda g, y, x: g * (1 - y * y))


def dropout(input, p=0.5, training=True):
    """Each element zero with probability p, the others divided by 1 − p, so that the mean stays (training only).

    ∂L/∂x = g · mask: the mask of the forward pass. ValueError unless 0 <= p < 1."""
    if not 0 <= p < 1:
        raise ValueError(f"dropout: got p = {p}, expected 0 <= p < 1")
    if not training or p == 0:
        return input
    kept = random.generator().random(input.shape, dtype="float32") >= p
    return input * asarray(kept.astype(input.dtype) / (1 - p))
