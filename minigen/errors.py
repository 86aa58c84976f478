"""What a wrong call is told: what came, what was expected, what to do. One function per message.

Functions named ..._error return the error for the caller to raise; require_... raise it themselves.
Not the subject: skip this file at a first reading.
"""

import numbers

import numpy

from . import backend


class NonFiniteError(FloatingPointError):
    """A value or a gradient is infinite or not a number; the message names what made it."""


# ------------------------------------------------------------------------------ what all floors use

def integer(name, least, **values):
    """ValueError unless every value is an integer >= least: integer("Dense", 1, inputs=inputs)."""
    for what, value in values.items():
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < least:
            raise ValueError(f"{name}: got {what} = {value!r}, expected an integer >= {least}")


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
    """NonFiniteError where an array of floats holds NaN or infinity."""
    if value.dtype.kind == "f" and not backend.array_module(value).isfinite(value).all():
        raise NonFiniteError(f"{name}: its {what}, of shape {value.shape}, is the first that is "
                             "not finite")


def input_error(name, x, wanted, like=None):
    """An input of the wrong shape, an empty one, or one of another dtype than the weight `like`."""
    shape = tuple(x.shape)
    if like is not None and x.ndim and x.size and x.dtype != like.dtype:
        return TypeError(f"{name}: got an input of {x.dtype} {shape}, expected the weight's dtype "
                         f"{like.dtype} and {wanted}; minigen.tensor(x) converts")
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
    came = f"{type(x).__module__}.{type(x).__qualname__}".removeprefix("builtins.")
    way = "; x.numpy() makes a NumPy array of it" if hasattr(x, "numpy") else ""
    return TypeError(f"{name}: got a {came}, expected a minigen Tensor, an array or a number{way}")


def no_rules_error(name):
    """An operation that is called before its rules were given."""
    return TypeError(f"{name} has no gradients yet: after its function, write "
                     f"{name}.gradients(rule, ...), one rule per input")


def rule_error(x, gx, step):
    """A rule that returned something else than an array of its input's shape, or of a shape to
    which that input was stretched."""
    numbers_of_x = [str(i) for i, want in enumerate(step.wants) if want is x]
    came = f"shape {tuple(gx.shape)}" if hasattr(gx, "shape") else f"{gx!r}"
    return TypeError(f"{step.operation.__name__}: the rule of input {' and '.join(numbers_of_x)} "
                     f"returned {came}, expected an array of the input's shape, {x.shape}")


def require_one_each(step, found):
    """TypeError unless a rule for all inputs together returned one gradient for each input."""
    is_list = isinstance(found, (list, tuple))
    if not is_list or len(found) != len(step.wants):
        came = f"{len(found)} gradients" if is_list else f"{found!r}"
        raise TypeError(f"{step.operation.__name__}: its rule returned {came}, expected a list of "
                        f"{len(step.wants)}, one gradient for each input")


def require_floats(data, what, way):
    """TypeError unless `data` is an array of floats."""
    if not backend.is_array(data) or data.dtype.kind != "f":
        came = f"an array of {data.dtype}" if backend.is_array(data) else f"a {type(data).__name__}"
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


def require_real(value):
    """`value` as an array of the library in use. TypeError, ValueError: it holds no real
    numbers."""
    try:
        value = backend.asarray(value)
    except ValueError as error:
        raise ValueError(f"tensor: this does not make an array of numbers ({error})") from error
    if value.dtype.kind not in "fiub":
        raise TypeError(f"tensor: got dtype {value.dtype}, expected real numbers")
    return value


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
    wrong = [type(x).__name__ for x in (*outputs, *inputs) if type(x) is not kind]
    if wrong:
        raise TypeError(f"grad: got {', '.join(wrong)} among outputs and inputs, expected Tensors")
    if len(grad_outputs) != len(outputs):
        raise TypeError(f"grad: got {len(grad_outputs)} grad_outputs for {len(outputs)} outputs, "
                        "expected as many grad_outputs as outputs")


def require_start(y, grad_output):
    """RuntimeError, ValueError or TypeError unless a walk can start at y, from `grad_output` or
    1."""
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


# ------------------------------------------------------------ functional: arrays, shaping, losses

def _described(x):
    """What came, in a few words: an array's dtype and shape, a number itself, else the type."""
    if hasattr(x, "dtype") and hasattr(x, "shape"):
        return f"{x.dtype} {tuple(x.shape)}"
    return repr(x) if x is None or isinstance(x, (numbers.Number, str)) else type(x).__name__


def array_error(x):
    """Something of which no array can be made."""
    return TypeError(f"got {_described(x)}, expected a Tensor, an array, a number or a list of "
                     "numbers")


def require_dropout_rate(p):
    if not isinstance(p, numbers.Real) or not 0 <= p < 1:
        raise ValueError(f"dropout: got p = {_described(p)}, expected 0 <= p < 1")


def require_list_of_arrays(name, arrays):
    if not isinstance(arrays, (list, tuple)) or not arrays:
        came = "an empty list" if isinstance(arrays, (list, tuple)) else _described(arrays)
        raise ValueError(f"{name}: got {came}, expected a list of one or more arrays")


def require_an_axis(name, axis):
    if not isinstance(axis, numbers.Integral):
        raise ValueError(f"{name}: got axis {_described(axis)}, expected an integer; to "
                         "flatten the arrays first, reshape each to (-1,)")


def require_stackable(name, arrays, axis):
    shapes = [tuple(x.shape) for x in arrays]
    if len(set(shapes)) != 1:
        raise ValueError(f"{name}: got shapes {', '.join(map(str, shapes))}, expected arrays "
                         "of one shape")
    most = arrays[0].ndim
    if not isinstance(axis, numbers.Integral) or not -most - 1 <= axis <= most:
        raise ValueError(f"{name}: got axis {_described(axis)} for arrays of shape {shapes[0]}, "
                         f"expected an integer from {-most - 1} to {most}")


def require_border(pad, shape):
    is_list = isinstance(pad, (tuple, list)) and len(pad) % 2 == 0 and len(pad) <= 2 * len(shape)
    if not is_list or not all(isinstance(n, numbers.Integral) and n >= 0 for n in pad):
        raise ValueError(f"pad: got {pad!r} for an input of shape {tuple(shape)}, expected "
                         "integers >= 0 in pairs, (before, after), the last axis first")


def require_nearest(mode, shape):
    if mode != "nearest":
        raise ValueError(f'interpolate: got mode {mode!r}, expected "nearest", the only one here')
    if len(shape) < 3:
        raise ValueError(f"interpolate: got an input of shape {tuple(shape)}, expected (N, C, "
                         "length), (N, C, H, W) or (N, C, D, H, W)")


def scale_factor_error(scale_factor, axes):
    """A factor of interpolate that is not whole, or as many as there are no axes."""
    return ValueError(f"interpolate: got scale_factor {scale_factor!r}, expected a whole number "
                      f">= 1, or {axes} of them")


def require_indices(name, what, indices, counts):
    """TypeError unless `indices` are integers, IndexError unless they are in 0 .. counts[0] − 1 (a
    GPU would wrap them round without a word)."""
    if indices.dtype.kind not in "iu":
        raise TypeError(f"{name}: got {what} of {indices.dtype}, expected integers")
    if indices.size and not (0 <= int(indices.min()) and int(indices.max()) < counts[0]):
        raise IndexError(f"{name}: got {what} from {int(indices.min())} to {int(indices.max())}, "
                         f"expected 0 to {counts[0] - 1}")


def require_bias(name, bias, shape):
    if bias.shape != shape:
        raise ValueError(f"{name}: got a bias of shape {tuple(bias.shape)}, expected "
                         f"{tuple(shape)}")


def require_matrices(name, a, b):
    if not a.ndim or not b.ndim or a.shape[-1] != b.shape[max(b.ndim - 2, 0)]:
        raise ValueError(f"{name}: got shapes {tuple(a.shape)} and {tuple(b.shape)}, expected "
                         "(*, m, k) and (*, k, n)")


def require_reduction(name, reduction, shape):
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f'{name}: got reduction {reduction!r}, expected "mean", "sum" or "none"')
    if reduction == "mean" and 0 in shape:
        raise ValueError(f"{name}: input of shape {tuple(shape)} has no elements, and so no mean")


def require_same_shape(name, shape, target_shape):
    if shape != target_shape:
        raise ValueError(f"{name}: input of shape {shape} against target of shape {target_shape}; "
                         "they must be equal: reshape one")


def require_probabilities(name, **values):
    """ValueError for a number outside [0, 1]; NaN passes, as through all arithmetic."""
    for what, p in values.items():
        outside = (p < 0) | (p > 1)
        if outside.any():
            raise ValueError(f"{name}: got {what} {p[outside][0]}, expected probabilities "
                             "in [0, 1]; for logits there is binary_cross_entropy_with_logits")


def require_labels(name, x, labels):
    """Errors unless `labels` has an integer for each row of x (m, classes), in x's library."""
    if not backend.is_array(labels):
        raise TypeError(f"{name}: got labels as a {type(labels).__name__}, expected an array or "
                        "list of integers")
    libraries = [backend.array_module(labels), backend.array_module(x)]
    if libraries[0] is not libraries[1]:
        raise backend.BackendError(f"{name}: labels of {libraries[0].__name__} beside an input of "
                                   f"{libraries[1].__name__}; minigen.backend.asarray(labels) "
                                   "brings them over")
    if x.ndim != 2 or labels.shape != x.shape[:1]:
        raise ValueError(f"{name}: input of shape {tuple(x.shape)} and target of shape "
                         f"{tuple(labels.shape)}, expected (m, classes) and (m,)")
    require_indices(name, "labels", labels, x.shape[1:])



# ------------------------------------------------- functional: convolution, pooling, normalization
