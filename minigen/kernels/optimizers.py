"""Kernels of the optimizers' rules: beside the formulas of optim.py, one launch for all
parameters."""

from .. import optim
from .kernel import in_place_of, kernel


@kernel("T momentum, T lr, T g, T v", "T step, T velocity",
        "velocity = momentum * v + g; step = lr * velocity")
def momentum_step(momentum, lr, g, v):
    velocity = momentum * v + g
    return lr * velocity, velocity


@kernel("T alpha, T lr, T eps, T g, T s", "T step, T average",
        "average = alpha * s + (T(1) - alpha) * (g * g); step = lr * g / (sqrt(average) + eps)")
def rmsprop_step(alpha, lr, eps, g, s):
    average = alpha * s + (1 - alpha) * (g * g)
    return lr * g / (average ** 0.5 + eps), average


@kernel("T b1, T b2, T lr, T eps, T g, T m, T s", "T step, T average, T square_average",
        "average = b1 * m + (T(1) - b1) * g;"
        "square_average = b2 * s + (T(1) - b2) * (g * g);"
        "step = lr * average / (sqrt(square_average) + eps)")
def adam_step(b1, b2, lr, eps, g, m, s):
    average, square_average = b1 * m + (1 - b1) * g, b2 * s + (1 - b2) * (g * g)
    return lr * average / (square_average ** 0.5 + eps), average, square_average


_sgd = optim.SGD.rule


@in_place_of(optim.SGD, "rule")
def _momentum(self, lr, step, g, *v):
    if v and not self.nesterov:
        momentum_step(self.momentum, lr, g, *v, step, *v)
    else:
        _sgd(self, lr, step, g, *v)


@in_place_of(optim.RMSprop, "rule")
def _rmsprop(self, lr, step, g, s):
    rmsprop_step(self.alpha, lr, self.eps, g, s, step, s)


@in_place_of(optim.Adam, "rule")
def _adam(self, lr, eps, step, g, m, s):
    adam_step(*self.betas, lr, eps, g, m, s, step, m, s)
