"""What else can be wrong with a gradient, and where exactly a wrong one is wrong.

A gradient that is right here may still lie in the memory of another array, which a later `+=` would
change; a function may write to its inputs; an input may stand at a corner, where there is no
derivative. Read next: cases.py.
"""

import contextlib

import numpy

from .. import backend
from .differences import one_element, shifted, slope


class GradientMismatch(AssertionError):
    """A gradient is not the derivative; the message names the input, the index and both values."""


# -------------------------------------------------------------------------- which element is wrong

def worst_element(excess_along, direction):
    """The index at which a direction is wrong, by bisection: halve the elements that move, go on
    with the half that is more wrong, until one is left."""
    flat = direction.reshape(-1)

    def excess(elements):
        kept = numpy.zeros_like(flat)
        kept[elements] = flat[elements]
        return excess_along(kept.reshape(direction.shape))

    elements = numpy.arange(flat.size)
    while len(elements) > 1:
        elements = max(numpy.array_split(elements, 2), key=excess)
    return numpy.unravel_index(elements[0], direction.shape)


def mismatch(function, x, gradient, name, index, limits):
    """The error for one element: there is no derivative there, or else the gradient is wrong."""
    direction, index = one_element(x.shape, index), tuple(map(int, index))
    ours, measured = float(gradient[index]), slope(function, x, direction, limits.eps)
    gap, closer = (_kink(function, x, direction, step) for step in (limits.eps, limits.eps / 10))
    if gap > limits.allowed(measured) and not 0.05 < closer / gap < 0.2:
        return GradientMismatch(
            f"{name}, index {index}: not differentiable here: the slopes ahead and behind differ "
            f"by {gap:g} at step {limits.eps:g} and by {closer:g} at {limits.eps / 10:g}, so this "
            "is a corner or a jump (or rounding, of large outputs). Choose inputs away from it. "
            f"Gradient {ours:g}, central difference {measured:g}")
    return GradientMismatch(
        f"{name}, index {index}: the gradient is {ours:.10g}, central differences of step "
        f"{limits.eps:g} say {measured:.10g}; they differ by {abs(ours - measured):.3g}, "
        f"allowed is {limits.allowed(measured):.3g}")


def _kink(function, x, direction, step):
    """|slope ahead − slope behind|: step · curvature, so a tenth of the step gives a tenth of it.
    At a corner both steps give the same."""
    behind, here, ahead = (shifted(function, x, direction, d) for d in (-step, 0.0, step))
    return abs((ahead - here) - (here - behind)) / step


# ------------------------------------------------------------------------------- arrays and values

def check_form(gradient, x, name):
    """A gradient has the shape and the dtype of its input."""
    if gradient.shape != x.shape or gradient.dtype != x.dtype:
        raise GradientMismatch(f"{name}: the gradient is {gradient.dtype} {gradient.shape}, "
                               f"expected {x.dtype} {x.shape}")


def check_memory(checked, gradients, grad_outputs, inputs):
    """No gradient lies in the memory of another array: adding to one would change both."""
    taken = [("grad_outputs", c) for c in grad_outputs]
    taken += [("an input", x) for x in map(_array, inputs) if backend.is_array(x)]
    for name, gradient in zip(checked, gradients):
        for what, other in taken:
            if backend.array_module(gradient.data).may_share_memory(gradient.data, other):
                raise GradientMismatch(f"{name}: the gradient shares its memory with {what}")
        taken.append(("another gradient", gradient.data))


@contextlib.contextmanager
def unwritten(inputs, title):
    """No input is written to inside; one that was is put back."""
    before = [x.copy() if backend.is_array(x) else None for x in map(_array, inputs)]
    yield
    for i, (x, old) in enumerate(zip(inputs, before)):
        if old is not None and not bool((_array(x) == old).all()):
            _array(x)[...] = old
            name = f" {x.name!r}" if getattr(x, "name", None) else ""
            raise GradientMismatch(f"{title}, input {i}{name}: the function writes to it; "
                                   "compute a new array instead")


def check_value(outputs, total, title, limits):
    """The outputs are finite, and a second call with the same inputs gives the same."""
    if not all(bool(backend.array_module(y.data).isfinite(y.data).all()) for y in outputs):
        raise GradientMismatch(f"{title}: the function's value is not finite on these inputs, so "
                               "there is nothing to compare")
    if not abs(total()) <= limits.atol * limits.eps:
        raise GradientMismatch(f"{title}: two calls with the same inputs differ by {total():g}. A "
                               "function to check draws from minigen.random.generator() alone and "
                               "keeps nothing between calls")


def _array(x):
    return getattr(x, "_data", x)
