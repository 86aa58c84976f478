"""Where weights start. An initialiser takes a shape and returns random numbers of that shape.

A weight has the shape (out, in, *kernel), and in · (kernel elements) inputs meet in each output:
its fan_in. The more of them there are, the smaller the weights must be if an output is to be about
as large as an input. Read next: layer.py.
"""

import math

from .. import random


def _fan_in(shape):
    return math.prod(shape[1:])


def uniform(bound):
    """U(−bound, bound)."""
    return lambda shape: random.uniform(-bound, bound, shape)


def normal(std, mean=0.0):
    """N(mean, std²); DCGAN's weights are normal(0.02) (Radford et al. 2016, section 4)."""
    return lambda shape: random.randn(*shape) * std + mean


def pytorch(shape):
    """U(±1/√fan_in), PyTorch's default for dense and convolution layers, and the default here."""
    bound = 1 / math.sqrt(_fan_in(shape))
    return random.uniform(-bound, bound, shape)


def he(shape):
    """N(0, 2 / fan_in): keeps the variance of values through ReLU (He et al. 2015, eq. 10)."""
    return random.randn(*shape) * math.sqrt(2 / _fan_in(shape))
