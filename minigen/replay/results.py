"""What a compiled step is given and what it returns: arrays, in tuples, lists, dicts, Tensors and
records, taken apart and put together.
"""

import functools

import numpy

from ..autograd import Tensor
from .arrays import Array, CompileError


def taken_apart(x, arrays):
    """What can be compared of the arguments; their arrays are added to the list `arrays`."""
    if isinstance(x, (tuple, list)):
        return type(x), [taken_apart(part, arrays) for part in x]
    if isinstance(x, dict):
        return dict, {key: taken_apart(value, arrays) for key, value in x.items()}
    array = x._data if type(x) is Tensor else x
    if isinstance(array, numpy.ndarray):
        arrays.append(array)
        return type(x), array.shape, array.dtype, getattr(x, "requires_grad", None)
    if x is None or isinstance(x, (bool, int, float, str)):
        return type(x), x
    raise TypeError(f"compiled: got a {type(x).__name__} as an argument, expected arrays (also in "
                    "lists, tuples and dicts), numbers and strings; of an iterator, give a list")


def joined(form, arrays):
    """Arguments of this form, with the next of `arrays` in the place of each array."""
    kind, *rest = form
    if kind is dict:
        return {key: joined(part, arrays) for key, part in rest[0].items()}
    if issubclass(kind, (tuple, list)):
        return kind(joined(part, arrays) for part in rest[0])
    if kind is Tensor:
        return Tensor(next(arrays), requires_grad=rest[2])
    return next(arrays) if kind is numpy.ndarray else rest[0]


def copied(x, read):
    """x with copies of NumPy in place of the recorder's arrays, also in tuples, lists and dicts. A
    record gets read(...) instead, to be called when it is asked."""
    if type(x) is Array:
        return x.array.copy()
    if type(x) is Tensor:
        return Tensor(copied(x._data, read), name=x.name) if type(x._data) is Array else x
    if isinstance(x, (tuple, list)):
        parts = [copied(part, read) for part in x]
        return x._make(parts) if hasattr(x, "_make") else type(x)(parts)
    if isinstance(x, dict):
        return {key: copied(value, read) for key, value in x.items()}
    if isinstance(x, functools.partial):
        return functools.partial(x.func, *copied(x.args, read))
    if hasattr(x, "replayed"):
        return x.replayed(read)
    if hasattr(x, "__dict__") and has_arrays([*vars(x).values()]):
        raise CompileError(f"compiled: the step made a {type(x).__name__} with arrays in it; "
                           "return arrays, Tensors and records, in tuples, lists and dicts")
    return x


def named(name, x):
    """name -> array of everything in a result."""
    if hasattr(x, "replayed"):
        x = x.values()
    if isinstance(x, (tuple, list)):
        x = dict(enumerate(x))
    if isinstance(x, dict):
        parts = [named(f"{name}, {key}", value) for key, value in x.items()]
        return {name: array for part in parts for name, array in part.items()}
    return {name: numpy.asarray(x._data if type(x) is Tensor else x)}


def has_arrays(x):
    """Whether there are arrays of the recorder in x."""
    if type(x) is Tensor or isinstance(x, functools.partial):
        return has_arrays((x._data,) if type(x) is Tensor else x.args)
    if isinstance(x, dict) or hasattr(x, "replayed"):
        return any(map(has_arrays, (x if isinstance(x, dict) else vars(x)).values()))
    return any(map(has_arrays, x)) if isinstance(x, (tuple, list)) else type(x) is Array


# ------------------------------------------------------------------- what a step changes besides

def outputs(changes):
    """(owner, key, value) where the step put a result: the trainer's record, a Tensor's grad."""
    for name, owner, key, value in changes:
        if has_arrays(value):
            if isinstance(owner, list):
                raise CompileError(f"compiled: the step puts a result into the list {name}, which "
                                   "a replay would not: return it instead")
            yield owner, key, value


def counters(changes, counted, before, known):
    """The attributes in which the tape counted one more of "steps" and the replay did not.
    CompileError for any other change that a replay does not make, outputs (`known`) aside."""
    known, found = {(id(owner), key) for owner, key, _ in known}, []
    for name, owner, key, value in changes:
        is_counter = key == "steps" and type(before.get(id(owner))) is int
        if is_counter and id(owner) not in counted and value == before[id(owner)] + 1:
            found.append(owner)
        elif (id(owner), key) not in known and not (is_counter and counted.get(id(owner)) == value):
            raise CompileError(f"compiled: the step changes {name}, which a replay does not: "
                               "return the value instead")
    return found


def require_equal(by_tape, replayed):
    """CompileError, naming the first array that is not the same bit for bit."""
    for name, array in by_tape.items():
        if name not in replayed or replayed[name].tobytes() != array.tobytes():
            raise CompileError(
                f"compiled: {name} of the replayed step is not what the tape computes. Something "
                "is not the same at every call (random numbers of another generator, the time), or "
                "is computed where it cannot be recorded; call the step itself")
