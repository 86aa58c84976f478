"""The derivative measured: move an input a little either way, and look.

(f(x + ε d) − f(x − ε d)) / 2ε is the derivative along d up to about ε² (truncation) and 10⁻¹⁶/ε
(rounding): in float64, with ε = 10⁻⁶, some ten digits are right. In float32 hardly one would be.
Read next: faults.py.
"""

import contextlib
from typing import NamedTuple

import numpy

from .. import backend, random

ELEMENTWISE = 200           # an input of more elements is compared along random directions
DIRECTIONS = 8


def numerical_gradient(function, x, eps=1e-6):
    """The derivative of function() by each element of the Tensor x: a NumPy array of x's shape.

    function: takes nothing, returns one number (or an array or Tensor of one); minigen's random
    numbers start again at each call. x: moved in place and put back. eps: the step, for |x| > 1
    times |x|. TypeError: x is not float64. ValueError: function() is not one number."""
    must_be_float64(x, "the Tensor")
    slopes = numpy.zeros(x.shape)
    with repeatable(function) as function:
        for index in numpy.ndindex(x.shape):
            slopes[index] = slope(function, x, one_element(x.shape, index), eps)
    return slopes


def slope(function, x, direction, eps):
    """The derivative of function() along `direction`, by central differences."""
    step = eps * max(1.0, float(abs(backend.to_numpy(x))[direction != 0].max(initial=0.0)))
    ahead, behind = (shifted(function, x, direction, distance) for distance in (step, -step))
    return (ahead - behind) / (2 * step)


def shifted(function, x, direction, distance):
    """function() while x is moved by distance · direction, in place; x is put back exactly."""
    data, before = x.data, x.data.copy()
    try:
        data += backend.array_module(data).asarray(distance * direction)
        return _number(function())
    finally:
        data[...] = before


def one_element(shape, index):
    """The direction that moves one element."""
    direction = numpy.zeros(shape)
    direction[index] = 1.0
    return direction


def random_direction(shape, rng):
    """A direction of length 1 with no entry near 0: an error in any element must show."""
    direction = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
    return direction / numpy.sqrt((direction ** 2).sum())


class Limits(NamedTuple):
    """The step of the differences, and how far a gradient may be off: atol + rtol |slope|."""

    eps: float
    atol: float
    rtol: float

    def allowed(self, measured):
        return self.atol + self.rtol * abs(measured)

    def excess(self, gradient, measured):
        """The error as a multiple of what is allowed: right is up to 1."""
        return abs(gradient - measured) / numpy.maximum(self.allowed(measured), 1e-300)


# ----------------------------------------------------------------- what makes a function measurable

def must_be_float64(x, what):
    if x.dtype != numpy.float64:
        raise TypeError(f"gradcheck: {what} is {x.dtype}; central differences need the digits of "
                        'float64: give x.astype("float64"), and networks made after '
                        'minigen.set_default_dtype("float64")')


@contextlib.contextmanager
def repeatable(function):
    """`function`, with the same random numbers at each call; at the end the state is put back.

    The state is set before each call and not put back after it: a gradient rule that draws again
    must find other numbers, as it would in training."""
    state = random.generator().bit_generator.state

    def repeated(*inputs):
        random.generator().bit_generator.state = state
        return function(*inputs)
    try:
        yield repeated
    finally:
        random.generator().bit_generator.state = state


def _number(x):
    if getattr(x, "size", 1) != 1:
        raise ValueError(f"numerical_gradient: the function returned an array of shape {x.shape}, "
                         "expected one number")
    return float(x.item() if hasattr(x, "item") else x)
