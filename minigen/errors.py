"""Wrong calls, explained: what came, what was expected, what to do. Nothing here computes anything."""

import numbers

import numpy

from . import backend


class NonFiniteError(FloatingPointError):
    """A value or a gradient is infinite or not a number; the message names what made it."""


def integer(name, least, **values):
    """ValueError unless every value is an integer >= least: integer("Dense", 1, inputs=inputs)."""
    for what, value in values.items():
        if not isinstance(value, numbers.Integral) or value < least:
            raise ValueError(f"{name}: got {what} = {value!r}, expected an integer >= {least}")


def per_axis(name, what, value, dimensions, least):
    """An integer >= least for each axis, or one integer for all of them, as a tuple; or ValueError."""
    values = (value,) * dimensions if isinstance(value, numbers.Integral) else value
    values = tuple(values) if isinstance(values, (tuple, list)) else ()
    if len(values) != dimensions or not all(isinstance(v, numbers.Integral) and v >= least
                                            for v in values):
        raise ValueError(f"{name}: got {what} {value!r}, expected an integer >= {least}, "
                         f"or {dimensions} of them")
    return values


def require_finite(value, name, what):
    if value.dtype.kind == "f" and not backend.array_module(value).isfinite(value).all():
        raise NonFiniteError(f"{name}: its {what}, of shape {value.shape}, is the first that is not finite")


def plain(x, name):
    """What is no Tensor as an array or a Python number (NumPy's 64-bit scalars would turn float32 into float64)."""
    if x is None or isinstance(x, (int, float)) and not isinstance(x, numpy.generic) or backend.is_array(x):
        return x
    if isinstance(x, numpy.generic):
        return x if x.dtype == numpy.float32 else x.item()
    if isinstance(x, (list, tuple)):
        return backend.asarray(x)
    raise TypeError(f"{name}: got {type(x).__name__}, expected a Tensor, an array or a number")


def operation_error(error, name, arrays):
    """The error an array library raised, naming the operation and what it was given."""
    given = [x for x in arrays if backend.is_array(x)]
    if len({backend.array_module(x) for x in given}) > 1:
        return backend.BackendError(
            f"{name}: arrays of two libraries, " + ", ".join(f"{backend.array_module(x).__name__}{x.shape}" for x in given)
            + ". Bring one over: minigen.tensor(x) to the library in use, minigen.to_numpy(x) to the host")
    kind = next((kind for kind in (ValueError, IndexError) if isinstance(error, kind)), TypeError)
    shapes = ", ".join(f"{x.dtype} {x.shape}" for x in given)
    return kind(str(error) if str(error).startswith(name) else f"{name}: {error} (given {shapes})")


def input_error(name, x, wanted, like=None):
    """The error for an input x: of another dtype than the weight `like`, of a wrong shape, or empty."""
    if like is not None and x.ndim and x.size and x.dtype != like.dtype:
        advice = f'give the array as x.astype("{like.dtype}")'
        if x.dtype in ("float32", "float64"):
            advice += f', or call minigen.set_default_dtype("{x.dtype}") before the layer is made'
        return TypeError(f"{name}: got an input of {x.dtype} {tuple(x.shape)}, expected the weight's "
                         f"dtype {like.dtype} and {wanted}; {advice}")
    return ValueError(f"{name}: got an input of shape {tuple(x.shape)}, expected {wanted}, not empty")


def bind(operation, given, options):
    """Positional and keyword arguments of an operation sorted into (inputs, options), as Python itself would."""
    names, count = operation.names, operation.inputs
    if not options and operation.simple and count < len(given) <= operation.positional:
        return given[:count], {**operation.defaults, **dict(zip(names[count:], given[count:]))}
    positional = [] if operation.variadic else names[:len(given)]
    values = {**operation.preset, **dict(zip(positional, given)), **options}
    wrong = [f"{name!r} is unknown or given twice" for name in options if name not in names or name in positional]
    wrong += [f"{name!r} is missing" for name in names if name not in values]
    if wrong or len(given) > operation.positional and not operation.variadic:
        raise TypeError(f"{operation.__name__}{operation.__signature__}: {', '.join(wrong) or f'got {len(given)} arguments'}")
    return given if operation.variadic else [values.pop(name) for name in names[:count]], values


def seed(y, gradient):
    """The gradient a walk starts from, as an array of y's shape: 1 for one element where none is given."""
    if not y.requires_grad:
        raise RuntimeError(f"{y!r} was not computed from anything that requires a gradient: make a leaf with tensor(x, "
                           "requires_grad=True), and compute outside no_grad(), frozen() and detach()")
    data, xp = y._data, backend.array_module(y._data)
    if gradient is None and data.size == 1:
        one = xp.empty_like(data)               # ones() takes nearly twice as long
        one.fill(1)
        return one
    if gradient is None:
        raise ValueError(f"{y!r} is no scalar: give the gradient to start from, of its shape, or reduce it with sum or mean")
    try:
        gradient = xp.asarray(gradient.data if type(gradient) is type(y) else gradient, dtype=data.dtype)
    except (TypeError, ValueError) as error:
        raise TypeError(f"the gradient to start from is no array of numbers: {error}") from error
    if gradient.shape != data.shape:
        raise ValueError(f"the gradient to start from has shape {gradient.shape}, expected that of {y!r}")
    return gradient


def assignment_error():
    """The error for x[index] = value."""
    return TypeError("a Tensor cannot be assigned into, since the tape needs its values: build a new one with functional.where, "
                     "concatenate or stack, or give a leaf a new array: x.data = array")


def freed_error():
    """The error for a second walk along a tape that the first one used up."""
    return RuntimeError("this tape was freed by an earlier backward(): compute the value again, or keep the tape with "
                        "backward(retain_graph=True), or use minigen.grad, which frees nothing")


def unreached_error(x):
    """The error for an input that no output depends on."""
    return RuntimeError(f"grad: no output depends on input {x!r}. Was it made with requires_grad=True, and used after that "
                        "outside no_grad(), frozen() and detach()?")


def stale_error(step):
    """The error for a step of the tape whose input was written to since it was used."""
    x, version = next((x, v) for x, v in zip(step.inputs, step.versions) if v is not None and x.version != v)
    return RuntimeError(f"{step.operation.__name__} used {x!r}, whose data was written to since (version {version} then, "
                        f"{x.version} now), so its gradient would mix old activations with new values. After an update, run the "
                        "forward pass again: a GAN's generator step goes through the current D")


def replacement(x, array):
    """The array that takes the place of x's data; RuntimeError where x was computed, ValueError where the shapes differ."""
    array = numpy.asarray(array) if isinstance(array, numpy.generic) else array
    if x.creator is not None:
        raise RuntimeError(f"{x!r} was computed, and the tape needs its value: write to a leaf, or to a copy: x.numpy()")
    if not backend.is_array(array) or array.shape != x.shape:
        raise ValueError(f"data of {x!r}: got {getattr(array, 'shape', array)}, expected an array of that shape")
    if array.dtype.kind != "f":
        raise TypeError(f"data of {x!r}: got an array of {array.dtype}, expected floats: gradients have the data's dtype")
    return array


def real(value):
    """`value` as an array of the library in use; TypeError or ValueError where it holds no real numbers."""
    try:
        value = backend.asarray(value)
    except ValueError as error:
        raise ValueError(f"tensor: this makes no array of numbers ({error})") from error
    if value.dtype.kind not in "fiub":
        raise TypeError(f"tensor: got dtype {value.dtype}, expected real numbers")
    return value


def settled(value, dtypes):
    """A result in the dtype of the Tensors it came from: a float64 or integer constant does not turn a float32 model into float64."""
    return value.astype(numpy.result_type(*dtypes), copy=False)


def listed(x):
    """A list of what may be given as one thing or as several."""
    return list(x) if isinstance(x, (list, tuple)) else [x]


# ------------------------------------------------------------ functional: arrays, shaping, losses


# ------------------------------------------------- functional: convolution, pooling, normalization
