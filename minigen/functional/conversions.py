"""What an operation may be given besides arrays of floats: numbers, lists, integers, Tensors that
count as constants. As in NumPy, a number or a list is the array that it makes.

Not the subject: skim it at a first reading. Read next: checks.py.
"""

import numbers

from ..autograd import Tensor
from ..backend import array_module, asarray, is_array
from . import checks


def constant(x):
    """The array of a Tensor, so that what is computed from it (a mask, a sign) is not recorded."""
    return x.data if isinstance(x, Tensor) else x


def as_array(x):
    """`x`, where it is a number or a list as an array. TypeError for anything else."""
    if is_array(x):
        return x
    if isinstance(x, (numbers.Real, list, tuple)):
        return asarray(x)
    raise checks.array_error(x)


def as_floats(x):
    """`x` as an array of floats: integers become float64, as NumPy's exp makes them."""
    if is_array(x) and x.dtype.kind == "f":
        return x
    x = as_array(x)
    return array_module(x).asarray(x, dtype="float64") if x.dtype.kind in "iub" else x


def array_or_tensor(name, x):
    """`x`, where it is a number or a list as an array: for functions that consist of operations.
    TypeError, with the function's name, for anything else."""
    if isinstance(x, Tensor):
        return x
    try:
        return as_array(x)
    except (TypeError, ValueError) as error:
        raise TypeError(f"{name}: {error}") from error


def arrays_or_tensors(name, *given, **optional):
    """The same for each of several; an optional one may be None, and stays so."""
    return [*(array_or_tensor(name, x) for x in given),
            *(None if x is None else array_or_tensor(name, x) for x in optional.values())]
