"""Wrong calls, explained: what came, what was expected, what to do. Nothing here computes anything."""

import numpy

from . import backend


class NonFiniteError(FloatingPointError):
    """A value or a gradient is infinite or not a number; the message names what made it."""


def finite(value, name, what):
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


def explained(error, name, arrays):
    """The error an array library raised, naming the operation and what it was given."""
    given = [x for x in arrays if backend.is_array(x)]
    if len({backend.array_module(x) for x in given}) > 1:
        return backend.BackendError(
            f"{name}: arrays of two libraries, " + ", ".join(f"{backend.array_module(x).__name__}{x.shape}" for x in given)
            + ". Bring one over: minigen.tensor(x) to the library in use, minigen.to_numpy(x) to the host")
    kind = next(kind for kind in (IndexError, ValueError, TypeError) if isinstance(error, kind))
    shapes = ", ".join(f"{x.dtype} {x.shape}" for x in given)
    return kind(str(error) if str(error).startswith(name) else f"{name}: {error} (given {shapes})")


def meets(name, x, ok, wanted, like=None):
    """ValueError unless `ok`, what x's shape must satisfy, holds and x is not empty; TypeError for another dtype than `like`'s."""
    if not ok or x.size == 0:
        raise ValueError(f"{name}: got an input of shape {tuple(x.shape)}, expected {wanted}, not empty")
    if like is not None and x.dtype != like.dtype:
        raise TypeError(f"{name}: got an input of {x.dtype}, expected {like.dtype} as the weight's; minigen.tensor(x) converts")
