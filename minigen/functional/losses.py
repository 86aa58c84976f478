"""Losses: how far an output is from its target, one number to descend.

`reduction` is "mean" (over all elements), "sum" or "none", as in PyTorch. Input and target must have the same shape: a
loss that broadcasts (m,) against (m, 1) compares every example with every other and says nothing. Read next:
convolution.py.
"""

import math

from ..autograd import operation
from ..backend import BackendError, array_module, is_array
from .elementwise import constant, log, log1p_exp, multiply, positive_part, sigmoid, where
from .reductions import log_softmax, sum
from .shaping import check_range, getitem


def _reduced(values, reduction):
    return values if reduction == "none" else values.sum() * (1 / values.size if reduction == "mean" else 1)


def _weight(g, x, reduction, factor=1.0):
    """factor · ∂L/∂(value of one element). g[()] is a number where g is 0-d, which NumPy multiplies ten times faster."""
    return g[()] * (factor / x.size if reduction == "mean" else factor)


def _check(name, input, target, reduction):
    _check_reduction(name, input, reduction)
    if input.shape != target.shape:
        raise ValueError(f"{name}: input of shape {input.shape} against target of shape {target.shape}; reshape one, they must be equal")


def _check_reduction(name, input, reduction):
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'{name}: got reduction {reduction!r}, expected "mean", "sum" or "none"')
    if reduction == "mean" and not math.prod(input.shape):
        raise ValueError(f"{name}: input of shape {input.shape} has no elements, and so no mean")


@operation
def mse_loss(input, target, *, reduction="mean"):
    """(x − t)²        ∂L/∂x = 2 g (x − t)        ∂L/∂t = −∂L/∂x"""
    _check("mse_loss", input, target, reduction)
    difference = input - target
    difference *= difference
    return _reduced(difference, reduction)


@operation
def l1_loss(input, target, *, reduction="mean"):
    """|x − t|        ∂L/∂x = g sign(x − t)        ∂L/∂t = −∂L/∂x"""
    _check("l1_loss", input, target, reduction)
    return _reduced(abs(input - target), reduction)


@operation
def binary_cross_entropy_with_logits(input, target, *, reduction="mean"):
    """−t log σ(x) − (1 − t) log(1 − σ(x)) = max(x, 0) − x t + log(1 + e^−|x|), for logits x and targets in [0, 1]

    ∂L/∂x = g (σ(x) − t)        ∂L/∂t = −g x"""
    _check("binary_cross_entropy_with_logits", input, target, reduction)
    values = log1p_exp(input)
    values += positive_part(input)
    values -= input * target
    return _reduced(values, reduction)


@operation
def binary_cross_entropy(input, target, *, reduction="mean"):
    """−t log p − (1 − t) log(1 − p) for probabilities p, each logarithm kept above −100 as in PyTorch

    ∂L/∂p = g (p − t) / max(p (1 − p), 1e-12)        ∂L/∂t = g (log(1 − p) − log p). Prefer logits: p = σ(x) has lost its tail."""
    _check("binary_cross_entropy", input, target, reduction)
    xp = array_module(input)
    logs = [xp.maximum(xp.where(p <= 0, -100.0, xp.log(xp.where(p <= 0, 1, p))), -100.0) for p in (input, 1 - input)]   # NaN stays
    return _reduced(-target * logs[0] - (1 - target) * logs[1], reduction)


def _sign_of(x):
    return array_module(constant(x)).sign(constant(x))


def _at_least(x, floor):
    return where(constant(x) > floor, x, floor)


mse_loss.gradients(lambda g, y, x, t, reduction: _weight(g, x, reduction, 2.0) * (x - t),
                   lambda g, y, x, t, reduction: _weight(g, x, reduction, -2.0) * (x - t))
l1_loss.gradients(lambda g, y, x, t, reduction: _weight(g, x, reduction) * _sign_of(x - t),
                  lambda g, y, x, t, reduction: -_weight(g, x, reduction) * _sign_of(x - t))
binary_cross_entropy_with_logits.gradients(
    lambda g, y, x, t, reduction: _weight(g, x, reduction) * (sigmoid(x) - t),
    lambda g, y, x, t, reduction: -_weight(g, x, reduction) * x)
binary_cross_entropy.gradients(
    lambda g, y, p, t, reduction: _weight(g, p, reduction) * (p - t) / _at_least(p * (1 - p), 1e-12),
    lambda g, y, p, t, reduction: _weight(g, p, reduction) * (log(1 - p) - log(p)))


def nll_loss(input, target, *, reduction="mean"):
    """−log p of the right class: input log-probabilities (m, classes), target integers (m,) in 0 .. classes − 1

    ∂L/∂input = −g at the right class, else 0. IndexError for a label out of range."""
    if not is_array(target):
        raise TypeError(f"nll_loss: got labels as a {type(target).__name__}, expected an array of integers")
    if array_module(target) is not array_module(constant(input)):
        raise BackendError(f"nll_loss: labels of {array_module(target).__name__} beside an input of "
                           f"{array_module(constant(input)).__name__}; minigen.backend.asarray(labels) brings them over")
    if input.ndim != 2 or target.shape != input.shape[:1]:
        raise ValueError(f"nll_loss: input of shape {input.shape} and target of shape {target.shape}, expected (m, classes) and (m,)")
    if target.dtype.kind not in "iu":
        raise TypeError(f"nll_loss: got labels of {target.dtype}, expected integers")
    _check_reduction("nll_loss", input, reduction)
    check_range("nll_loss", target, input.shape[1])
    values = -getitem(input, (array_module(target).arange(len(target)), target))        # a wrong class may have log 0
    return values if reduction == "none" else multiply(sum(values), 1 / len(target) if reduction == "mean" else 1.0)


def cross_entropy(input, target, *, reduction="mean"):
    """nll_loss of log_softmax: input logits (m, classes), target integers (m,)        ∂L/∂input = g (softmax − one-hot)"""
    if input.ndim != 2:
        raise ValueError(f"cross_entropy: input of shape {input.shape}, expected (m, classes)")
    return nll_loss(log_softmax(input, 1), target, reduction=reduction)
