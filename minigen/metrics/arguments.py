"""What every metric requires of its input, with one error message for each thing that can be wrong.

`name` is always "function: argument", so that an error says where it was raised and which argument
to look at. Metrics take NumPy arrays on the host; a Tensor or an array on the GPU is refused with
the call that moves it, because a silent copy from the GPU in the middle of a training loop is a
mistake that nobody would notice. Read next: intervals.py.
"""

import numpy as np

from .. import errors


def floats(x, name, ndim=None):
    """`x` as an array of float32 or float64 (other real numbers become float64).

    TypeError for anything but real numbers; ValueError for a wrong number of axes, an empty
    array, NaN or infinity.
    """
    x = _array(x, name)
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{name} has dtype {x.dtype}, expected real numbers")
    if x.dtype not in (np.float32, np.float64):
        x = x.astype(np.float64)
    _check_axes(x, name, ndim)
    _check_finite(x, name)
    return x


def matrix(x, name, columns=None):
    """`x` as an array of floats (n, d), one example to a row; d must be `columns` if given."""
    x = floats(x, name, ndim=2)
    if columns is not None and x.shape[1] != columns:
        raise ValueError(f"{name} has shape {x.shape}, expected {columns} columns")
    return x


def labels(y, name, length=None, ndim=1):
    """`y` as an array of integers or booleans with `ndim` axes, and of `length` if given."""
    y = _array(y, name)
    if y.dtype.kind not in "iub":
        raise TypeError(f"{name} has dtype {y.dtype}, expected integers or booleans, "
                        "not probabilities or names")
    _check_axes(y, name, ndim)
    if length is not None and len(y) != length:
        raise ValueError(f"{name} has {len(y)} entries for {length} examples")
    return y


def count(k, name, largest=None, smallest=1):
    """`k` as a Python int from `smallest` to `largest`; ValueError for anything else."""
    function, argument = name.split(": ")
    errors.integer(function, smallest, **{argument: k})
    if largest is not None and k > largest:
        raise ValueError(f"{function}: got {argument} = {k}, expected at most {largest}")
    return int(k)


def positive(value, name):
    """`value` as a Python float above 0 and finite."""
    value = float(floats(value, name, ndim=0))
    if value <= 0:
        raise ValueError(f"{name} is {value}, expected a number above 0")
    return value


def same_shape(function, **arrays):
    """ValueError unless the two arrays have one shape: nothing is broadcast."""
    (a, x), (b, y) = arrays.items()
    if x.shape != y.shape:
        raise ValueError(f"{function}: {a} has shape {x.shape} and {b} {y.shape}, "
                         "expected the same")


def _array(x, name):
    if not isinstance(x, (np.ndarray, np.generic, list, tuple, bool, int, float)):
        raise TypeError(f"{name} is a {type(x).__name__}, expected a NumPy array; "
                        "minigen.to_numpy(x) makes one")
    try:
        return np.asarray(x)
    except ValueError as error:
        raise ValueError(f"{name} is a list of unequal lengths, expected an array") from error


def _check_axes(x, name, ndim):
    if ndim is not None and x.ndim != ndim:
        hint = "; x.reshape(len(x), -1) makes rows of images" if ndim == 2 and x.ndim > 2 else ""
        raise ValueError(f"{name} has shape {x.shape}, expected {ndim} axes{hint}")
    if x.size == 0:
        raise ValueError(f"{name} is empty, shape {x.shape}")


def _check_finite(x, name):
    finite = np.isfinite(x)
    if not finite.all():
        raise ValueError(f"{name} has {x.size - finite.sum()} values of {x.size} that are NaN or "
                         "infinite; find the step that made them before measuring")
