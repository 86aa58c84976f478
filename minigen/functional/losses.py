"""Losses: how far an output x is from its target t, one number to descend.

`reduction` is "mean" (over all elements), "sum" or "none", as in PyTorch; the formulas are those of
one element. Input and target must have the same shape: a loss that broadcast (m,) against (m, 1)
would compare every example with every other, and would not say so. Read next: convolution.py.
"""

from ..autograd import broadcast_to, operation
from ..backend import array_module
from . import checks, fast
from .conversions import array_or_tensor, as_array, as_floats, constant
from .elementwise import log, sigmoid, sign, where
from .reductions import log_softmax
from .shaping import scatter


def _reduce(values, reduction):
    return values if reduction == "none" else values.sum() * _share(values, reduction)


def _share(x, reduction):
    """What one element counts: 1 / n in the mean of n."""
    return 1 / x.size if reduction == "mean" else 1


def _per_element(g, x, reduction, factor=1.0):
    """factor · ∂L/∂(the loss of one element of x)"""
    return fast.number(g) * (factor / x.size if reduction == "mean" else factor)


def _pair(name, input, target, reduction):
    """Input and target as arrays. ValueError: two shapes, or the mean of no elements."""
    x, t = as_array(input), as_array(target)
    checks.require_reduction(name, reduction, x.shape)
    checks.require_same_shape(name, x.shape, t.shape)
    return x, t


# --------------------------------------------------------------------------------- distances

@operation
def mse_loss(input, target, *, reduction="mean"):
    """y = (x − t)²        ∂L/∂x = 2 g (x − t)        ∂L/∂t = −∂L/∂x"""
    x, t = _pair("mse_loss", input, target, reduction)
    difference = x - t
    difference *= difference
    return _reduce(difference, reduction)

mse_loss.gradients(
    lambda g, y, x, t, reduction: _per_element(g, x, reduction, 2.0) * (x - t),
    lambda g, y, x, t, reduction: _per_element(g, t, reduction, -2.0) * (x - t))


@operation
def l1_loss(input, target, *, reduction="mean"):
    """y = |x − t|        ∂L/∂x = g sign(x − t)        ∂L/∂t = −∂L/∂x"""
    x, t = _pair("l1_loss", input, target, reduction)
    return _reduce(abs(x - t), reduction)

l1_loss.gradients(
    lambda g, y, x, t, reduction: _per_element(g, x, reduction) * sign(x - t),
    lambda g, y, x, t, reduction: -_per_element(g, t, reduction) * sign(x - t))


# ------------------------------------------------------------------------------ two outcomes

@operation
def binary_cross_entropy_with_logits(input, target, *, reduction="mean"):
    """y = −t log σ(x) − (1 − t) log(1 − σ(x)) = max(x, 0) − x t + log(1 + e^−|x|), for logits x and
    targets t in [0, 1]        ∂L/∂x = g (σ(x) − t)        ∂L/∂t = −g x"""
    x, t = _pair("binary_cross_entropy_with_logits", as_floats(input), target, reduction)
    values = fast.log1p_exp(x)
    values += fast.positive_part(x)
    values -= x * t
    return _reduce(values, reduction)

binary_cross_entropy_with_logits.gradients(
    lambda g, y, x, t, reduction: _per_element(g, x, reduction) * (sigmoid(x) - t),
    lambda g, y, x, t, reduction: -_per_element(g, t, reduction) * x)


def _clamped_log(p):
    """log p, not below −100; NaN stays NaN."""
    xp = array_module(p)
    return xp.maximum(xp.where(p <= 0, -100.0, xp.log(xp.where(p <= 0, 1, p))), -100.0)


def _at_least(x, floor):
    return where(constant(x) > floor, x, floor)


@operation
def binary_cross_entropy(input, target, *, reduction="mean"):
    """y = −t log p − (1 − t) log(1 − p), each logarithm kept above −100 as in PyTorch

    ∂L/∂p = g (p − t) / max(p (1 − p), 1e-12)        ∂L/∂t = g (log(1 − p) − log p)

    Prefer logits: p = σ(x) has lost its tail. ValueError: p or t outside [0, 1]."""
    p, t = _pair("binary_cross_entropy", input, target, reduction)
    checks.require_probabilities("binary_cross_entropy", input=p, target=t)
    return _reduce(-t * _clamped_log(p) - (1 - t) * _clamped_log(1 - p), reduction)

binary_cross_entropy.gradients(
    lambda g, y, p, t, reduction:
    _per_element(g, p, reduction) * (p - t) / _at_least(p * (1 - p), 1e-12),
    lambda g, y, p, t, reduction: _per_element(g, t, reduction) * (log(1 - p) - log(p)))


# ------------------------------------------------------------------------------ many classes

def _labelled(name, input, target, reduction):
    """Input and labels as arrays (the input may be a Tensor), checked: one class for each row."""
    x, t = array_or_tensor(name, input), array_or_tensor(name, target)
    checks.require_reduction(name, reduction, x.shape)
    checks.require_labels(name, constant(x), t)
    return x, t


def _right(t):
    """The index of the right class in each row."""
    return array_module(t).arange(len(t)), t


@operation
def _nll_loss(x, t, reduction):
    return _reduce(-x[_right(t)], reduction)            # of a wrong class, log p may be −∞

_nll_loss.gradients(lambda g, y, x, t, reduction: scatter(
    broadcast_to(_per_element(g, t, reduction, -1.0), t.shape), _right(t), x.shape), None)


def nll_loss(input, target, *, reduction="mean"):
    """y = −log p of the right class: input log-probabilities (m, classes), target integers (m,) in
    0 .. classes − 1        ∂L/∂input = −g at the right class, else 0

    ValueError: other shapes. TypeError: labels that are not integers. IndexError: a label out of
    range. BackendError: labels of another library than the input."""
    return _nll_loss(*_labelled("nll_loss", input, target, reduction), reduction)


def cross_entropy(input, target, *, reduction="mean"):
    """y = nll_loss of log_softmax: input logits (m, classes), target integers (m,) in
    0 .. classes − 1        ∂L/∂input = g (softmax − one-hot)

    Errors as of nll_loss."""
    x, t = _labelled("cross_entropy", input, target, reduction)
    return _nll_loss(log_softmax(x, 1), t, reduction)
