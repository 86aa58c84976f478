"""Every random number of minigen, from one generator.

It is NumPy's, and lives on the host also when arrays live on a GPU: so a seed means the same weights, noise, masks and
orders on both backends, and the state can be saved with a checkpoint (CuPy's cannot be). What it costs is the transfer
of a batch of noise per step, a few kilobytes. Read next: autograd.py.
"""

import numpy

from . import backend, errors

_generator = numpy.random.default_rng(0)


def seed(number):
    """Start the stream of random numbers again from `number`, an int >= 0. Without a call, the seed is 0."""
    global _generator
    errors.integer("seed", 0, number=number)
    _generator = numpy.random.default_rng(number)


def generator():
    """The numpy.random.Generator that draws every initial weight, noise vector, mask and order."""
    return _generator


def randn(*shape):
    """Standard normal numbers, randn(2, 3) of shape (2, 3), in the default dtype, as an array of the library in use."""
    if not all(isinstance(n, (int, numpy.integer)) and n >= 0 for n in shape):
        raise ValueError(f"randn: got {shape}, expected the lengths of the axes, as in randn(64, 100)")
    return backend.asarray(_generator.standard_normal(shape, dtype=backend.default_dtype()))


def uniform(low, high, shape):
    """Uniform numbers in [low, high), in the default dtype, as an array of the library in use."""
    unit = _generator.random(shape, dtype=backend.default_dtype())
    return backend.asarray(low + (high - low) * unit)
