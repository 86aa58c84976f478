"""What a wrong call is told: what came, what was expected, what to do. One function per message.

Functions named ..._error return the error for the caller to raise; require_... raise it themselves.
Not the subject: skim it at a first reading. Read next: autograd.py.
"""

import numbers
import reprlib

import numpy

from . import backend


class NonFiniteError(FloatingPointError):
    """A value or a gradient is infinite or not a number; the message names what made it."""


# ------------------------------------------------------------------------------ what all floors use

def type_name(x):
    """The type of x with its library: torch.Tensor and minigen's own have one name."""
    return f"{type(x).__module__}.{type(x).__qualname__}".removeprefix("builtins.")


def in_short(x):
    """A value for a message, never an array page after page."""
    shape = tuple(getattr(x, "shape", ()))
    return f"an array of shape {shape}" if shape else reprlib.repr(x)


def integer(name, least, **values):
    """ValueError unless every value is an integer >= least: integer("Dense", 1, inputs=inputs)."""
    for what, value in values.items():
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
            raise ValueError(f"{name}: got {what} = {in_short(value)}, "
                             f"expected an integer >= {least}")


def fraction(name, **values):
    """ValueError unless every value is a number >= 0 and < 1: fraction("Dropout", p=p)."""
    for what, value in values.items():
        if not isinstance(value, numbers.Real) or not 0 <= value < 1:
            raise ValueError(f"{name}: got {what} = {in_short(value)}, expected 0 <= {what} < 1")


def per_axis(name, what, value, dimensions, least):
    """An integer >= least for each axis, or one integer for all of them, as a tuple; or
    ValueError."""
    values = (value,) * dimensions if isinstance(value, numbers.Integral) else value
    values = tuple(values) if isinstance(values, (tuple, list)) else ()
    if len(values) != dimensions or not all(isinstance(v, numbers.Integral) and v >= least
                                            for v in values):
        raise ValueError(f"{name}: got {what} {value!r}, expected an integer >= {least}, "
                         f"or {dimensions} of them")
    return values


def require_finite(value, name, what):
    """NonFiniteError where an array (or a Tensor) of floats holds NaN or infinity."""
    value = getattr(value, "_data", value)
    if value.dtype.kind == "f" and not backend.array_module(value).isfinite(value).all():
        raise NonFiniteError(f"{name}: its {what}, of shape {value.shape}, is the first that is "
                             "not finite")


def input_error(name, x, wanted, like=None):
    """An input of another dtype than the weight `like`, or not of floats, of a wrong shape, or
    empty."""
    shape = tuple(x.shape)
    if like is not None and x.ndim and x.size and x.dtype != like.dtype:
        advice = f'give the array as x.astype("{like.dtype}")'
        if x.dtype in ("float32", "float64"):
            advice += (f', or call minigen.set_default_dtype("{x.dtype}") before the layer is '
                       "made")
        return TypeError(f"{name}: got an input of {x.dtype} {shape}, expected the weight's dtype "
                         f"{like.dtype} and {wanted}; {advice}")
    if x.dtype.kind != "f":
        return TypeError(f"{name}: got an input of {x.dtype} {shape}, expected floats: give the "
                         'array as x.astype("float32")')
    return ValueError(f"{name}: got an input of shape {shape}, expected {wanted}, not empty")


# ------------------------------------------------------------------------------------ the engine

def operation_error(error, name, arrays):
    """The error an array library raised, naming the operation and what it was given."""
    given = [x for x in arrays if backend.is_array(x)]
    if len({backend.array_module(x) for x in given}) > 1:
        sides = ", ".join(f"{backend.array_module(x).__name__}{x.shape}" for x in given)
        return backend.BackendError(
            f"{name}: arrays of two libraries, {sides}. Bring one over: minigen.tensor(x) to the "
            "library in use, minigen.to_numpy(x) to the host")
    kind = next((kind for kind in (ValueError, IndexError) if isinstance(error, kind)), TypeError)
    if str(error).startswith(name):
        return kind(str(error))
    shapes = ", ".join(f"{x.dtype} {x.shape}" for x in given)
    return kind(f"{name}: {error} (given {shapes})" if given else f"{name}: {error}")


def foreign_error(name, x):
    """An input that is neither a Tensor nor an array of the libraries in use, nor a number."""
    way = "; x.numpy() makes a NumPy array of it" if hasattr(x, "numpy") else ""
    return TypeError(f"{name}: got a {type_name(x)}, expected a minigen Tensor, an array or a "
                     f"number{way}")


def value_error(name, value):
    """The function of an operation that returned something else than an array or a number."""
    why = ". Has every input that may be a Tensor a rule?" if hasattr(value, "creator") else ""
    return TypeError(f"{name}: its function returned a {type_name(value)}, expected an array{why}")


def rule_failed_error(error, step):
    """A rule that raised, in the words of its error, with the name of its operation."""
    name = step.operation.__name__
    if str(error).startswith(name):
        return error                            # it is named already
    kinds = (ValueError, IndexError, AttributeError)
    kind = next((kind for kind in kinds if isinstance(error, kind)), TypeError)
    return kind(f"{name}: one of its rules failed: {error}")


def no_rules_error(name):
    """An operation that is called before its rules were given."""
    return TypeError(f"{name} has no gradients yet: after its function, write "
                     f"{name}.gradients(rule, ...), one rule per input")


def rule_error(x, gx, step):
    """A rule that returned something else than an array of its input's shape, or of a shape to
    which that input was stretched."""
    numbers_of_x = [str(i) for i, want in enumerate(step.wants) if want is x]
    came = f"shape {tuple(gx.shape)}" if hasattr(gx, "shape") else in_short(gx)
    return TypeError(f"{step.operation.__name__}: the rule of input {' and '.join(numbers_of_x)} "
                     f"returned {came}, expected an array of the input's shape, {x.shape}")


def require_one_each(step, found):
    """TypeError unless a rule for all inputs together returned one gradient for each input."""
    is_list = isinstance(found, (list, tuple))
    if not is_list or len(found) != len(step.wants):
        came = f"{len(found)} gradients" if is_list else in_short(found)
        raise TypeError(f"{step.operation.__name__}: its rule returned {came}, expected a list of "
                        f"{len(step.wants)}, one gradient for each input")


def require_floats(data, what, way):
    """TypeError unless `data` is an array of floats."""
    if not backend.is_array(data) or data.dtype.kind != "f":
        came = f"an array of {data.dtype}" if backend.is_array(data) else f"a {type_name(data)}"
        raise TypeError(f"{what}: got {came}, expected an array of floats, since gradients have "
                        f"the data's dtype; {way}")


def require_replacement(x, array):
    """RuntimeError, ValueError or TypeError unless `array` can take the place of the leaf x's
    data."""
    if x.creator is not None:
        raise RuntimeError(f"{x!r} was computed, and the tape needs its value: write to a leaf, or "
                           "to a copy: x.numpy()")
    if not backend.is_array(array) or array.shape != x.shape:
        raise ValueError(f"data of {x!r}: got {getattr(array, 'shape', array)}, expected an array "
                         "of that shape")
    require_floats(array, f"data of {x!r}", 'array.astype("float32") converts')
    require_one_library(f"data of {x!r}", "an array", array, x.data)


def require_one_library(name, what, array, other):
    """BackendError where an array comes from another library than the one that it meets."""
    here, there = backend.array_module(array), backend.array_module(other)
    if here is not there:
        raise backend.BackendError(f"{name}: got {what} of {here.__name__}, expected one of "
                                   f"{there.__name__}: minigen.backend.asarray(x) brings it over")


def require_real(value):
    """`value` as an array of the library in use. TypeError, ValueError: it holds no real
    numbers."""
    parts = value if isinstance(value, (list, tuple)) else [value]
    try:
        if not any(map(backend.is_array, parts)):
            value = numpy.asarray(value)            # CuPy has no array of text, to say what it is
        array = value if backend.is_array(value) else backend.asarray(value)
    except ValueError as error:
        raise ValueError(f"tensor: this does not make an array of numbers ({error})") from error
    if array.dtype.kind not in "fiub":
        raise TypeError(f"tensor: got dtype {array.dtype}, expected real numbers")
    return backend.asarray(array)


def ufunc_error(name, in_place=False):
    """numpy.exp(tensor), or array += tensor."""
    if in_place:
        return TypeError(f"{name}: an array cannot take a Tensor in place: write "
                         "array = array + tensor")
    return TypeError(f"{name} of NumPy or CuPy does not take a Tensor: write minigen.functional."
                     f"{name}(x) if there is one, or x.numpy() for an array")


def conversion_error():
    """numpy.asarray(tensor), and functions of NumPy that call it."""
    return TypeError("a Tensor does not turn into an array by itself: write x.numpy(), or use the "
                     "function of this name in minigen.functional")


def assignment_error():
    """x[index] = value."""
    return TypeError("a Tensor cannot be assigned into, since the tape needs its values: build a "
                     "new one with functional.where, concatenate or stack, or give a leaf a new "
                     "array: x.data = array")


def require_tensors(outputs, inputs, grad_outputs, kind):
    """TypeError unless outputs and inputs are Tensors, and there is one grad_output per output."""
    wrong = {*map(type, outputs), *map(type, inputs)} - {kind}
    if wrong:
        names = ", ".join(sorted(given.__name__ for given in wrong))
        raise TypeError(f"grad: got {names} among outputs and inputs, expected Tensors")
    if len(grad_outputs) != len(outputs):
        raise TypeError(f"grad: got {len(grad_outputs)} grad_outputs for {len(outputs)} outputs, "
                        "expected as many grad_outputs as outputs")


def require_start(y, grad_output):
    """RuntimeError unless y requires a gradient; ValueError unless it is a scalar or grad_output is
    given."""
    if not y.requires_grad:
        raise RuntimeError(
            f"{y!r} was not computed from anything that requires a gradient: make a leaf with "
            "tensor(x, requires_grad=True), and compute outside no_grad(), frozen() and detach(). "
            "If it was computed from a gradient, ask for that with grad(..., create_graph=True)")
    if grad_output is None and y.size != 1:
        raise ValueError(f"{y!r} is not a scalar: pass grad_outputs, a gradient of the same shape "
                         "to start from, or reduce it with sum or mean")


def start_error(y, grad_output, error=None):
    """A gradient to start from that is not an array of numbers, or has another shape than y."""
    if error is not None:
        return TypeError(f"the gradient to start from is not an array of numbers: {error}")
    return ValueError(f"the gradient to start from has shape {grad_output.shape}, expected that of "
                      f"{y!r}")


def freed_error():
    """A second walk along a tape that the first one used up."""
    return RuntimeError("this tape was freed by an earlier backward(): compute the value again, or "
                        "keep the tape with backward(retain_graph=True), or use minigen.grad, "
                        "which frees nothing")


def unreached_error(x):
    """An input that no output depends on."""
    return RuntimeError(
        f"grad: no output depends on input {x!r}. Was it made with requires_grad=True, and used "
        "after that outside no_grad(), frozen() and detach()? Is the output a gradient that was "
        "asked for without create_graph=True? With allow_unused=True the answer is None")


def stale_error(step):
    """A step of the tape whose input was written to since it was used."""
    x, version = next((x, v) for x, v in zip(step.inputs, step.versions)
                      if v is not None and x.version != v)
    return RuntimeError(
        f"{step.operation.__name__} used {x!r}, whose data was written to since (version {version} "
        f"then, {x.version} now), so its gradient would mix old activations with new values. After "
        "an update, run the forward pass again: a GAN's generator step goes through the current D")
