"""Are the gradients right? What the rules say, against the derivative measured by moving each input a little.

What is differentiated is Σ c · y with random numbers c, never ones: the outputs of a softmax sum to 1 whatever its
input, so the gradient of their plain sum is 0, and a rule that always answers 0 would pass. Read next: differences.py,
how a derivative is measured, and cases.py, what `python -m minigen.gradcheck` checks every operation and layer on.
"""

import numpy

from .. import backend
from ..autograd import Tensor, grad, listed, tensor
from .differences import GradientMismatch, compare, must_be_float64, numerical_gradient, repeatable

__all__ = ["GradientMismatch", "check_parameters", "gradcheck", "numerical_gradient"]


def gradcheck(function, inputs, eps=1e-6, atol=1e-5, rtol=1e-3, order=1):
    """Compare the gradients of `function` with central differences; return the worst relative error of each order.

    function: takes the inputs, returns a Tensor or a list of them; minigen's random numbers start again at each call.
    inputs: a list, or a single one. Checked are Tensors that require a gradient, and arrays of floats; arrays of
    integers and all else are constants. Tensors are moved in place and put back, so a layer's parameters are checked by
    naming them: gradcheck(lambda x, *_: layer(x), [x, *layer.parameters()]).  eps: the step, for |x| > 1 times |x|.
    order: 2 also checks the gradients of the gradients, where a random cotangent of each output is one more input.

    GradientMismatch: |gradient − measured| > atol + rtol |measured| somewhere; a gradient of another shape or dtype, or
    in the memory of another array; an input that is written to; a corner. TypeError: anything but float64.
    """
    tensors = [_prepared(x, i) for i, x in enumerate(listed(inputs))]
    if not any(map(_is_checked, tensors)):
        raise ValueError("gradcheck: nothing to check, no input is an array of floats or a Tensor with requires_grad")
    rng, errors = numpy.random.default_rng(0), []
    with repeatable(function) as function:
        for level in range(1, order + 1):
            if level > 1:
                function, tensors = _gradients_of(function, tensors, rng)
            title = f"gradcheck of order {level}" if level > 1 else "gradcheck"
            errors.append(_check(function, tensors, title, rng, eps, atol, rtol))
    return errors


def check_parameters(function, network, gradients, eps=1e-6, atol=1e-5, rtol=1e-3):
    """Compare named gradients with the derivatives of function() with respect to every parameter of a network.

    For a whole training step: function() is the value that the step reports, computed anew, and `gradients` maps the
    names of network.named_parameters() to arrays, as record.gradients does. Returns the worst relative error; errors as
    gradcheck's, and GradientMismatch where the names differ.
    """
    parameters, worst = dict(network.named_parameters()), 0.0
    if set(parameters) != set(gradients):
        raise GradientMismatch(f"check_parameters: without a gradient: {sorted(set(parameters) - set(gradients))}, "
                               f"without a parameter: {sorted(set(gradients) - set(parameters))}")
    with repeatable(function) as function:
        for name, x in parameters.items():
            must_be_float64(x, f"parameter {name!r}")
            _check_form(gradients[name], x, f"check_parameters, {name!r}")
            worst = max(worst, compare(function, x, gradients[name], f"check_parameters, {name!r}", eps, atol, rtol))
    return worst


# ------------------------------------------------------------------------------------- one order of derivatives

def _check(function, tensors, title, rng, eps, atol, rtol):
    """Compare the gradients of Σ c · outputs with respect to each checked input; the worst relative error."""
    names = [f"{title}, input {i}" + (f" {x.name!r}" if isinstance(x, Tensor) and x.name else "")
             for i, x in enumerate(tensors)]
    before = [_array(x).copy() if backend.is_array(_array(x)) else None for x in tensors]
    outputs = _outputs(function, tensors)
    _check_unwritten(tensors, before, names)
    cotangents = [_cotangent(y, rng) for y in outputs]
    found = _gradients(outputs, cotangents, tensors)
    _check_unwritten(tensors, before, names)
    _check_memory(found, cotangents, tensors, names)

    starts = [y.data.copy() for y in outputs]          # a copy, since an output may be a view of an input

    def moved():            # Σ c · (y − y at the start): an output that an input leaves alone adds no rounding
        return sum(float(((y.data - start) * c).sum())
                   for y, start, c in zip(_outputs(function, tensors), starts, cotangents))

    if not all(bool(backend.array_module(y.data).isfinite(y.data).all()) for y in outputs):
        raise GradientMismatch(f"{title}: the function's value is not finite on these inputs, so there is nothing to compare")
    if not abs(moved()) <= atol * eps:
        raise GradientMismatch(f"{title}: two calls with the same inputs differ by {moved():g}. A function to check "
                               "draws from minigen.random.generator() alone and keeps nothing between calls")
    worst = 0.0
    for x, gradient, name in zip(tensors, found, names):
        if gradient is not None:
            _check_form(gradient, x, name)
            worst = max(worst, compare(moved, x, gradient, name, eps, atol, rtol))
    return worst


def _gradients(outputs, cotangents, tensors, create_graph=False):
    """For each Tensor that is checked its gradient, zeros where no path leads to it from an output; else None."""
    live = [(y, c) for y, c in zip(outputs, cotangents) if y.requires_grad]
    checked = list({id(x): x for x in tensors if _is_checked(x)}.values())
    answers = grad([y for y, _ in live], checked, [c for _, c in live], create_graph, allow_unused=True)
    found = {id(x): Tensor(backend.array_module(x.data).zeros_like(x.data)) if g is None else g
             for x, g in zip(checked, answers)}
    found = [found.pop(id(x), None) for x in tensors]               # an input given twice is checked once
    return found if create_graph else [g if g is None else g.data for g in found]


def _gradients_of(function, tensors, rng):
    """The function (*inputs, *cotangents) -> gradients, and its inputs: what the next order checks."""
    outputs = _outputs(function, tensors)
    cotangents = [tensor(_cotangent(y, rng), requires_grad=True, name=f"cotangent {i}")
                  for i, y in enumerate(outputs)]

    def gradients(*given):
        inputs, seeds = given[:len(tensors)], given[len(tensors):]
        return [g for g in _gradients(_outputs(function, inputs), seeds, inputs, create_graph=True) if g is not None]
    return gradients, tensors + cotangents


# ------------------------------------------------------------------------------------- inputs, outputs, arrays

def _prepared(x, position):
    """Arrays of floats as Tensors to check, other arrays moved to the library in use, all else as it is."""
    if isinstance(x, Tensor) or backend.is_array(x) and x.dtype.kind == "f":
        must_be_float64(x, f"input {position}")
        return x if isinstance(x, Tensor) else tensor(x, requires_grad=True)
    return backend.asarray(x) if backend.is_array(x) else x


def _is_checked(x):
    return isinstance(x, Tensor) and x.requires_grad


def _array(x):
    return x.data if isinstance(x, Tensor) else x


def _outputs(function, inputs):
    outputs = listed(function(*inputs))
    for y in outputs:
        if not isinstance(y, Tensor):
            raise TypeError(f"gradcheck: the function returned a {type(y).__name__}, expected Tensors")
        must_be_float64(y, "an output")
    return outputs


def _cotangent(y, rng):
    return backend.array_module(y.data).asarray(rng.standard_normal(y.shape))


# -------------------------------------------------------------------------- what else can be wrong with a gradient

def _check_form(gradient, x, name):
    if gradient.shape != x.shape or gradient.dtype != x.dtype:
        raise GradientMismatch(f"{name}: the gradient is {gradient.dtype} {gradient.shape}, "
                               f"expected {x.dtype} {x.shape}")


def _check_memory(found, cotangents, tensors, names):
    """No gradient lies in the memory of a cotangent, an input or another gradient: adding to one would change both."""
    taken = [("the cotangent", c) for c in cotangents]
    taken += [("an input", _array(x)) for x in tensors if backend.is_array(_array(x))]
    for gradient, name in zip(found, names):
        if gradient is not None:
            for what, other in taken:
                if backend.array_module(gradient).may_share_memory(gradient, other):
                    raise GradientMismatch(f"{name}: the gradient shares its memory with {what}")
            taken.append(("another gradient", gradient))


def _check_unwritten(tensors, before, names):
    """No input may have been written to; one that was is put back."""
    for x, old, name in zip(tensors, before, names):
        if old is not None and not bool((_array(x) == old).all()):
            _array(x)[...] = old
            raise GradientMismatch(f"{name}: the function writes to it; compute a new array instead")
