"""Every random number of minigen, from one generator.

It is NumPy's, and lives on the host even when arrays live on a GPU: so a seed means the same
weights, noise, masks and orders on both backends, and its state can be saved with a checkpoint
(CuPy's cannot). The cost is the transfer of a batch of noise per step, a few kilobytes. Read next:
errors.py.
"""

import numpy

from . import backend, errors

_generator = numpy.random.default_rng(0)


def seed(number):
    """Start the stream of random numbers again from `number`, an integer >= 0. It starts from 0."""
    global _generator
    errors.integer("seed", 0, number=number)
    _generator = numpy.random.default_rng(number)


def generator():
    """The numpy.random.Generator that draws every initial weight, noise vector, mask and order."""
    return _generator


def randn(*shape):
    """Standard normal numbers, randn(2, 3) of shape (2, 3), in the default dtype, as an array of
    the library in use. ValueError: a length that is not an integer >= 0."""
    for axis, length in enumerate(shape):
        errors.integer("randn", 0, **{f"length {axis}": length})
    return backend.asarray(_generator.standard_normal(shape, dtype=backend.default_dtype()))


def uniform(low, high, shape):
    """Uniform numbers in [low, high) of a shape, in the default dtype, as an array of the library
    in use."""
    unit = _generator.random(shape, dtype=backend.default_dtype())
    return backend.asarray(low + (high - low) * unit)
