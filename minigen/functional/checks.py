"""What operations accept, and what a wrong call is told, one function per message.

Functions named ..._error return the error for the caller to raise; require_... raise it themselves.
Not the subject: skim it at a first reading. Read next: linear.py.
"""

import numbers

from .. import backend
from ..errors import input_error, require_one_library, type_name


# ------------------------------------------------------------------------ arrays, shaping, losses

def _described(x):
    """What came, in a few words: an array's dtype and shape, a number itself, else the type."""
    if backend.is_array(x):
        return f"{x.dtype} {tuple(x.shape)}"
    return repr(x) if x is None or isinstance(x, (numbers.Number, str)) else f"a {type_name(x)}"


def array_error(x):
    """Something of which no array can be made."""
    return TypeError(f"got {_described(x)}, expected a Tensor, an array, a number or a list of "
                     "numbers")


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
    """TypeError unless `indices` are integers, IndexError unless they are in 0 .. counts[0] − 1. (A
    GPU would wrap them round without a word; it is waited for, once.)"""
    if indices.dtype.kind not in "iu":
        raise TypeError(f"{name}: got {what} of {indices.dtype}, expected integers")
    if ((indices < 0) | (indices >= counts[0])).any():
        raise IndexError(f"{name}: got {what} from {int(indices.min())} to {int(indices.max())}, "
                         f"expected 0 to {counts[0] - 1}")


def bias_error(name, bias, shape):
    """A bias that has not one number for each output."""
    return ValueError(f"{name}: got a bias of shape {tuple(bias.shape)}, expected {tuple(shape)}")


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


# ------------------------------------------------------------- convolution, pooling, normalization

def require_convolution(name, axes, x, weight, bias, order):
    """TypeError or ValueError unless x (N, in, *S), the weight and the bias fit together. order:
    the weight's axes in words, "(out, in, *kernel)" or, transposed, "(in, out, *kernel)"."""
    inputs = 1 if order.startswith("(out") else 0
    fits = x.ndim == weight.ndim == axes + 2 and x.shape[1] == weight.shape[inputs]
    if not fits or not x.size or x.dtype != weight.dtype:
        places = ", ".join("DHW"[3 - axes:])
        wanted = f"(N, in, {places}) where the weight's {order} is {weight.shape}"
        raise input_error(name, x, wanted, weight)
    outputs = (weight.shape[1 - inputs],)
    if bias is not None and bias.shape != outputs:
        raise ValueError(f"{name}: bias of shape {bias.shape}, expected {outputs}")


def require_kernel_fits(name, shape, padding, kernel):
    if any(s + 2 * p < k for s, p, k in zip(shape[2:], padding, kernel)):
        raise ValueError(f"{name}: input of shape {shape} with padding {padding} is smaller than "
                         f"the kernel {kernel}")


def require_output(name, shape, stride, padding, output_padding, size):
    """ValueError unless a transposed convolution has an output of this size."""
    if any(e >= s for e, s in zip(output_padding, stride)):
        raise ValueError(f"{name}: output_padding {output_padding} must be smaller than stride "
                         f"{stride}")
    if min(size) < 1:
        raise ValueError(f"{name}: input of shape {shape} with padding {padding} leaves an output "
                         f"of size {size}")


def require_windows(name, x, kernel, padding):
    if x.ndim != 4:
        raise ValueError(f"{name}: got shape {tuple(x.shape)}, expected (N, C, H, W)")
    too_wide = any(2 * p > k for p, k in zip(padding, kernel))
    if too_wide or any(s + 2 * p < k for s, p, k in zip(x.shape[2:], padding, kernel)):
        raise ValueError(f"{name}: kernel {kernel} with padding {padding} does not fit an input of "
                         f"shape {x.shape}")


def require_float_dtype(name, x):
    if x.dtype.kind != "f":
        raise input_error(name, x, "(N, C, H, W)")


def require_channels(name, x, least, weight, *per_channel):
    """TypeError or ValueError unless x (N, C, ...) has floats, at least `least` axes, the weight's
    dtype, and as many channels as each of what there is one of per channel."""
    if x.ndim < least or not x.size or x.dtype.kind != "f" or (
            weight is not None and weight.dtype != x.dtype):
        raise input_error(name, x, "(N, C, *S)" if least == 3 else "(N, C) or (N, C, *S)", weight)
    for p in per_channel:
        if p is not None and (not hasattr(p, "shape") or p.dtype.kind != "f"):
            raise TypeError(f"{name}: got {_described(p)} as a parameter or running statistic, "
                            "expected an array of floats")
        if p is not None and tuple(p.shape) != (x.shape[1],):
            raise ValueError(f"{name}: input of shape {x.shape} has {x.shape[1]} channels, but a "
                             f"parameter or running statistic has shape {tuple(p.shape)}, expected "
                             f"({x.shape[1]},)")


def require_several(name, shape, count):
    """`count`, the number of values that a variance is taken of. ValueError: fewer than two."""
    if count < 2:
        raise ValueError(f"{name}: input of shape {shape} has {count} value per channel, "
                         "and a variance needs two or more. If this is what is left at the end of "
                         "an epoch: Batches(..., drop_last=True)")
    return count


def require_momentum(name, momentum):
    """ValueError unless the batch's share of the running statistics is a number in [0, 1]."""
    if not isinstance(momentum, numbers.Real) or not 0 <= momentum <= 1:
        raise ValueError(f"{name}: got momentum {momentum!r}, expected a number from 0 to 1")


def require_statistics(name, running_mean, running_var, switch):
    if running_mean is None or running_var is None:
        raise ValueError(f"{name}: running_mean and running_var are needed when {switch} is False")


def require_library_of(x, *running):
    """BackendError unless running statistics are of the library of x, an array."""
    for array in running:
        if type(array) is not type(x):
            require_one_library("running statistics", "an array", array, x)


def require_ending(name, x, normalized_shape, weight, bias):
    """normalized_shape as a tuple. TypeError or ValueError unless x ends in it, and weight and bias
    have it."""
    shape = normalized_shape
    shape = (shape,) if isinstance(shape, numbers.Integral) else shape
    if not isinstance(shape, (tuple, list)) or not all(isinstance(n, numbers.Integral)
                                                       for n in shape):
        raise TypeError(f"{name}: got normalized_shape {normalized_shape!r}, expected an integer "
                        "or a tuple of integers")
    shape = tuple(shape)
    ends = shape and tuple(x.shape[-len(shape):]) == shape
    if not ends or not x.size or x.dtype.kind != "f" or (
            weight is not None and weight.dtype != x.dtype):
        raise input_error(name, x, f"(*, {', '.join(map(str, shape))})", weight)
    for what, p in (("weight", weight), ("bias", bias)):
        if p is not None and tuple(p.shape) != shape:
            raise ValueError(f"{name}: {what} of shape {p.shape}, expected {shape}")
    return shape
