"""The derivative measured: move an input a little either way, and look.

(f(x + ε d) − f(x − ε d)) / 2ε is the derivative along d up to about ε² (truncation) and 10⁻¹⁶/ε (rounding): in float64,
with ε = 10⁻⁶, some ten digits are right. In float32 there would be hardly one.
"""

import contextlib

import numpy

from .. import backend, random

ELEMENTWISE = 200           # an input of more elements is compared along random directions
DIRECTIONS = 8


class GradientMismatch(AssertionError):
    """A gradient is not the derivative; the message names the input, the place in it and both values."""


def numerical_gradient(function, x, eps=1e-6):
    """The derivative of function() with respect to each element of the Tensor x, by central differences: a NumPy array.

    function: takes nothing, returns one number (or an array or Tensor of one); minigen's random numbers start again at
    each call. x: float64, else TypeError; it is moved in place and put back. eps: the step, for |x| > 1 times |x|.
    """
    must_be_float64(x, "the Tensor")
    slopes = numpy.zeros(x.shape)
    with repeatable(function) as function:
        for index in numpy.ndindex(x.shape):
            slopes[index] = _slope(function, x, _along(x.shape, index), eps)
    return slopes


def compare(function, x, gradient, name, eps, atol, rtol):
    """Raise GradientMismatch where |gradient − slope of function()| > atol + rtol |slope|.

    Returns the worst relative error, |difference| / (|slope| + atol/rtol), so that what passes is at most rtol.
    """
    gradient = backend.to_numpy(gradient)

    def excess(ours, measured):                 # the difference as a multiple of what is allowed
        return abs(ours - measured) / numpy.maximum(atol + rtol * abs(measured), 1e-300)

    def excess_along(direction):
        return excess((gradient * direction).sum(), _slope(function, x, direction, eps))

    if x.size <= ELEMENTWISE:
        found = excess(gradient, numerical_gradient(function, x, eps))
        worst = found.max(initial=0.0)
        if not worst <= 1:
            _mismatch(function, x, gradient, name, numpy.unravel_index(found.argmax(), x.shape), eps, atol, rtol)
        return rtol * float(worst)
    worst, rng = 0.0, numpy.random.default_rng(0)
    for _ in range(DIRECTIONS):
        direction = _random_direction(x.shape, rng)
        found = excess_along(direction)
        if not found <= 1:
            _mismatch(function, x, gradient, name, _worst_element(excess_along, direction), eps, atol, rtol)
        worst = max(worst, float(found))
    return rtol * worst


def _worst_element(excess_along, direction):
    """Where a direction is wrong: halve it, go to the half that is more wrong, until one element is left."""
    flat = direction.reshape(-1)
    elements = numpy.arange(flat.size)
    while len(elements) > 1:
        parts = [(half, numpy.where(numpy.isin(numpy.arange(flat.size), half), flat, 0.0))
                 for half in numpy.array_split(elements, 2)]
        elements = max(parts, key=lambda part: excess_along(part[1].reshape(direction.shape)))[0]
    return numpy.unravel_index(elements[0], direction.shape)


def _mismatch(function, x, gradient, name, index, eps, atol, rtol):
    """Raise GradientMismatch for one element: no derivative there, if that is what it is, else a wrong gradient."""
    direction, index = _along(x.shape, index), tuple(map(int, index))
    ours, measured = float(gradient[index]), _slope(function, x, direction, eps)
    allowed, gaps = atol + rtol * abs(measured), []
    for step in (eps, eps / 10):
        behind, here, ahead = (_shifted(function, x, direction, distance) for distance in (-step, 0.0, step))
        gaps.append(abs((ahead - here) - (here - behind)) / step)
    # The slopes ahead and behind differ by ε · curvature: at a tenth of the step a tenth. At a corner they just differ.
    if gaps[0] > allowed and not 0.05 < gaps[1] / gaps[0] < 0.2:
        raise GradientMismatch(
            f"{name}, index {index}: not differentiable here: the slopes ahead and behind differ by {gaps[0]:g} at "
            f"step {eps:g} and by {gaps[1]:g} at {eps / 10:g}, so this is a corner or a jump (or rounding, of large "
            f"outputs). Choose inputs away from it. Gradient {ours:g}, central difference {measured:g}")
    raise GradientMismatch(
        f"{name}, index {index}: the gradient is {ours:.10g}, central differences of step {eps:g} say {measured:.10g}; "
        f"they differ by {abs(ours - measured):.3g}, allowed is {allowed:.3g}")


# --------------------------------------------------------------------------------------- moving along a direction

def _shifted(function, x, direction, distance):
    """function() while x is moved by distance · direction, in place; x is put back exactly."""
    data, before = x.data, x.data.copy()
    try:
        data += backend.array_module(data).asarray(distance * direction)
        return _number(function())
    finally:
        data[...] = before


def _slope(function, x, direction, eps):
    """The derivative of function() along `direction`, by central differences."""
    step = eps * max(1.0, float(abs(backend.to_numpy(x))[direction != 0].max(initial=0.0)))
    return (_shifted(function, x, direction, step) - _shifted(function, x, direction, -step)) / (2 * step)


def _along(shape, index):
    direction = numpy.zeros(shape)
    direction[index] = 1.0
    return direction


def _random_direction(shape, rng):
    """Of length 1, with no entry near 0: an error in any element must show."""
    direction = rng.uniform(0.5, 1.5, shape) * rng.choice([-1.0, 1.0], shape)
    return direction / numpy.sqrt((direction ** 2).sum())


# ------------------------------------------------------------------------------- what makes a function measurable

def must_be_float64(x, what):
    if x.dtype != numpy.float64:
        raise TypeError(f"gradcheck: {what} is {x.dtype}; central differences need the digits of float64: give "
                        'x.astype("float64"), and networks made after minigen.set_default_dtype("float64")')


@contextlib.contextmanager
def repeatable(function):
    """`function`, with minigen's random numbers starting at the same place at every call; put back there at the end.

    Not after each call: a gradient rule that draws again must find other numbers, as it would in training."""
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
        raise ValueError(f"numerical_gradient: the function returned an array of shape {x.shape}, expected one number")
    return float(x.item() if hasattr(x, "item") else x)
