"""How a gradient is checked: against central differences, for random grad_outputs.

The rules differentiate Σ c · y, where c are the grad_outputs. They are random, never ones: the
outputs of a softmax sum to 1 whatever its input, so the gradient of their plain sum is 0, and a
rule that always answers 0 would pass. Read next: differences.py.
"""

import numpy

from .. import backend
from ..autograd import Tensor, as_list, grad, tensor
from .differences import (DIRECTIONS, ELEMENTWISE, Limits, must_be_float64, numerical_gradient,
                          random_direction, repeatable, slope)
from .faults import (GradientMismatch, check_form, check_memory, check_value, mismatch, unwritten,
                     worst_element)


def _check(function, inputs, title, rng, limits):
    """Compare gradients of Σ c · function(*inputs) with its slopes: the worst relative error."""
    checked = _checked(inputs, title)
    with unwritten(inputs, title):
        outputs = _outputs(function, inputs)                            # y
    grad_outputs = [_random_like(y, rng) for y in outputs]              # c
    with unwritten(inputs, title):
        gradients = _grad(outputs, checked.values(), grad_outputs)      # ∂(Σ c · y)/∂x by the rules
    check_memory(checked, gradients, grad_outputs, inputs)
    starts = [y.data.copy() for y in outputs]       # copies: an output may be a view of an input

    def total():
        """Σ c · (y − y at the start): outputs that stay as they were add no rounding."""
        return sum(float(((y.data - start) * c).sum())
                   for y, start, c in zip(_outputs(function, inputs), starts, grad_outputs))

    check_value(outputs, total, title, limits)
    return max(compare(total, x, g.data, name, limits)
               for (name, x), g in zip(checked.items(), gradients))


def compare(function, x, gradient, name, limits):
    """GradientMismatch where |gradient − slope of function()| > atol + rtol |slope|.

    Every element of x is compared or, where there are many, random directions. Returns the worst
    relative error |gradient − slope| / (|slope| + atol/rtol): what passes is at most rtol."""
    check_form(gradient, x, name)
    gradient = backend.to_numpy(gradient)
    if x.size <= ELEMENTWISE:
        excess = limits.excess(gradient, numerical_gradient(function, x, limits.eps))
        worst = float(excess.max(initial=0.0))
        if not worst <= 1:
            index = numpy.unravel_index(excess.argmax(), x.shape)
            raise mismatch(function, x, gradient, name, index, limits)
        return limits.rtol * worst

    def excess_along(direction):
        measured = slope(function, x, direction, limits.eps)
        return float(limits.excess((gradient * direction).sum(), measured))

    worst, rng = 0.0, numpy.random.default_rng(0)
    for _ in range(DIRECTIONS):
        direction = random_direction(x.shape, rng)
        excess = excess_along(direction)
        if not excess <= 1:
            index = worst_element(excess_along, direction)
            raise mismatch(function, x, gradient, name, index, limits)
        worst = max(worst, excess)
    return limits.rtol * worst


# ------------------------------------------------------------------------------ what a person calls

def gradcheck(function, inputs, eps=1e-6, atol=1e-5, rtol=1e-3, order=1):
    """Compare the gradients of `function` with central differences, order by order.

    function: takes the inputs, returns a Tensor or a list of them; minigen's random numbers start
    again at each call. inputs: one, or a list. Checked are Tensors that require a gradient, and
    arrays of floats; arrays of integers and all else are constants. Tensors are moved in place and
    put back, so a layer's parameters are checked by naming them:

        gradcheck(lambda x, *_: layer(x), [x, *layer.parameters()])

    eps: the step, for |x| > 1 times |x|. order: 2 also checks the gradients of the gradients, where
    the grad_outputs are inputs too. Returns the worst relative error of each order.

    GradientMismatch: |gradient − measured| > atol + rtol |measured| somewhere; a gradient of
    another shape or dtype, or in the memory of another array; a written input; a corner.
    TypeError: anything but float64. ValueError: nothing to check.
    """
    limits = Limits(eps, atol, rtol)
    inputs = [_prepared(x, i) for i, x in enumerate(as_list(inputs))]
    if not _checked(inputs):
        raise ValueError("gradcheck: nothing to check, since no input is an array of floats or a "
                         "Tensor with requires_grad")
    rng, errors = numpy.random.default_rng(0), []
    with repeatable(function) as function:
        for level in range(1, order + 1):
            if level > 1:
                function, inputs = _gradient_of(function, inputs, rng)
            title = f"gradcheck of order {level}" if level > 1 else "gradcheck"
            errors.append(_check(function, inputs, title, rng, limits))
    return errors


def check_parameters(function, network, gradients, eps=1e-6, atol=1e-5, rtol=1e-3):
    """Compare named gradients with the derivatives of function() by every parameter of a network.

    For a whole training step: function() is the value that the step reports, computed anew, and
    `gradients` maps the names of network.named_parameters() to arrays, as record.gradients does.
    Returns the worst relative error; errors as gradcheck's, and GradientMismatch where the names
    differ."""
    parameters, limits, worst = dict(network.named_parameters()), Limits(eps, atol, rtol), 0.0
    if set(parameters) != set(gradients):
        raise GradientMismatch(
            "check_parameters: "
            f"without a gradient: {sorted(set(parameters) - set(gradients))}, "
            f"without a parameter: {sorted(set(gradients) - set(parameters))}")
    with repeatable(function) as function:
        for name, x in parameters.items():
            must_be_float64(x, f"parameter {name!r}")
            title = f"check_parameters, {name!r}"
            worst = max(worst, compare(function, x, gradients[name], title, limits))
    return worst


# ------------------------------------------------------------------------------ gradients

def _grad(outputs, inputs, grad_outputs, create_graph=False):
    """minigen.grad, with zeros for an input that no output depends on."""
    live = [(y, c) for y, c in zip(outputs, grad_outputs) if y.requires_grad]
    outputs, grad_outputs = [y for y, _ in live], [c for _, c in live]
    inputs = list(inputs)
    found = grad(outputs, inputs, grad_outputs, create_graph, allow_unused=True)
    return [Tensor(backend.array_module(x.data).zeros_like(x.data)) if g is None else g
            for x, g in zip(inputs, found)]


def _gradient_of(function, inputs, rng):
    """The function (*inputs, *grad_outputs) -> gradients, and its inputs, for the next order."""
    outputs, count = _outputs(function, inputs), len(inputs)
    grad_outputs = [tensor(_random_like(y, rng), requires_grad=True, name=f"grad_outputs {i}")
                    for i, y in enumerate(outputs)]

    def gradient(*given):
        inputs, grad_outputs = given[:count], given[count:]
        outputs = _outputs(function, inputs)
        return _grad(outputs, _checked(inputs).values(), grad_outputs, create_graph=True)

    return gradient, inputs + grad_outputs


# ------------------------------------------------------------------------------ inputs and outputs

def _prepared(x, position):
    """An array of floats as a Tensor to check, another array in the library in use; else x."""
    if isinstance(x, Tensor) or backend.is_array(x) and x.dtype.kind == "f":
        must_be_float64(x, f"input {position}")
        return x if isinstance(x, Tensor) else tensor(x, requires_grad=True)
    return backend.asarray(x) if backend.is_array(x) else x


def _checked(inputs, title=""):
    """name -> Tensor of the inputs to check; one that was given twice is checked once."""
    first = {}
    for i, x in enumerate(inputs):
        if isinstance(x, Tensor) and x.requires_grad:
            first.setdefault(x, f"{title}, input {i}" + (f" {x.name!r}" if x.name else ""))
    return {name: x for x, name in first.items()}


def _outputs(function, inputs):
    outputs = as_list(function(*inputs))
    for y in outputs:
        if not isinstance(y, Tensor):
            raise TypeError(f"gradcheck: the function returned a {type(y).__name__}, "
                            "expected Tensors")
        must_be_float64(y, "an output")
    return outputs


def _random_like(y, rng):
    return backend.array_module(y.data).asarray(rng.standard_normal(y.shape))
