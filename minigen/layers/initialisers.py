"""Where weights start. An initialiser takes a shape and returns an array; the one stream of random numbers draws it.

fan_in = shape[1] · kernel elements and fan_out = shape[0] · kernel elements: the number of inputs that meet in one output,
and of outputs that one input reaches, for weights (out, in, *kernel). Read next: layer.py.
"""

import math

import numpy

from .. import random
from ..backend import asarray, default_dtype


def _fans(shape):
    kernel = math.prod(shape[2:])
    return shape[1] * kernel, shape[0] * kernel


def uniform(bound):
    """U(−bound, bound)."""
    return lambda shape: random.uniform(-bound, bound, shape)


def normal(std, mean=0.0):
    """N(mean, std²); DCGAN's weights are normal(0.02) (Radford et al. 2016, section 4)."""
    return lambda shape: random.randn(*shape) * std + mean


def pytorch(shape):
    """U(±1/√fan_in), what PyTorch gives dense and convolution layers; the default here too."""
    bound = 1 / math.sqrt(_fans(shape)[0])
    return random.uniform(-bound, bound, shape)


def glorot(shape):
    """U(±√(6 / (fan_in + fan_out))): keeps the variance of values and of gradients, for tanh (Glorot & Bengio 2010, eq. 16)."""
    bound = math.sqrt(6 / sum(_fans(shape)))
    return random.uniform(-bound, bound, shape)


def he(shape):
    """N(0, 2 / fan_in): keeps the variance of values through ReLU (He et al. 2015, eq. 10)."""
    return random.randn(*shape) * math.sqrt(2 / _fans(shape)[0])


def orthogonal(shape):
    """Orthonormal rows, or columns where there are fewer: keeps every length (Saxe et al. 2014)."""
    rows, columns = shape[0], math.prod(shape[1:])
    tall = random.generator().standard_normal((max(rows, columns), min(rows, columns)))
    q, r = numpy.linalg.qr(tall)
    q = q * numpy.sign(numpy.diag(r))               # without this the signs would be LAPACK's choice, not random
    return asarray((q if rows >= columns else q.T).reshape(shape).astype(default_dtype()))
