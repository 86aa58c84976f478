"""What a recorder works out beside what the trainer named: the gradients inside the networks, what
the tape kept, and central differences of the value. Nothing here changes the trainer, or the stream
of random numbers. Read next: views.py.
"""

import contextlib
import copy

import numpy

from .. import random
from ..backend import to_numpy
from ..memory import owner_of
from ..optim import SGD
from .tape import operations

_EPS = 1e-6                 # of a central difference, in double precision


def tape(value, parameters):
    """Rows [operation, shape of its result, bytes that it keeps], in the order they were made.

    An array is kept by the first operation that holds it; parameters, which are there anyway, do
    not count."""
    rows, seen = [], {id(owner_of(p.data)) for p in parameters}
    for y in operations(value):
        step = y.creator
        kept = {id(owner_of(a)): a.nbytes for a in [*step.arrays, y.data] if hasattr(a, "nbytes")}
        new = sum(size for memory, size in kept.items() if memory not in seen)
        seen |= set(kept)
        rows.append([step.operation.__name__, list(y.shape), int(new)])
    return rows


def optimizer_state(optimizer, names):
    """quantity -> parameter name -> array (a copy on the host), of what the optimizer keeps."""
    found = {}
    for quantity, flat in optimizer.state_dict().items():
        if getattr(flat, "ndim", 0) == 1:
            flat, at, found[quantity] = to_numpy(flat), 0, {}
            for name, p in zip(names, optimizer.parameters):
                found[quantity][name] = flat[at:at + p.size].reshape(p.shape).copy()
                at += p.size
    return found


@contextlib.contextmanager
def same_random_numbers(state=None):
    """What is drawn inside the block is drawn again after it. state: of the generator, to begin the
    block with."""
    before = random.generator().bit_generator.state
    try:
        random.generator().bit_generator.state = state or before
        yield
    finally:
        random.generator().bit_generator.state = before


def phase_again(method, arguments):
    """A function of a trainer: the value of a phase, from the arguments and the random numbers that
    this phase has now, at its beginning."""
    state = random.generator().bit_generator.state

    def again(trainer):
        with same_random_numbers(state):
            return getattr(trainer, method)(**arguments).value

    return again


def central_differences(trainer, value_of, chosen):
    """(value(p + ε) − value(p − ε)) / 2ε of single entries, in double precision: on a copy of the
    trainer, so that the trainer itself is not touched.

    value_of(trainer): the value of this phase, computed again.  chosen: (part, parameter) -> flat
    indices.  Returns the same keys -> a list of differences."""
    twin = _twin(trainer)
    found = {}
    for (part, name), entries in chosen.items():
        p = dict(getattr(twin, part).named_parameters())[name]
        found[part, name] = [_difference(twin, value_of, p, i) for i in entries]
    return found


def _difference(twin, value_of, p, i):
    place, values = numpy.unravel_index(i, p.shape), []
    middle = float(p.data[place])
    for x in (middle + _EPS, middle - _EPS):
        p.data[place] = x
        p.written()
        values.append(value_of(twin))
    p.data[place] = middle
    p.written()
    return (values[0] - values[1]) / (2 * _EPS)


def _twin(trainer):
    """A copy of the trainer in double precision whose optimizers stand still."""
    shared = [getattr(trainer, name, None) for name in ("source", "prior")]
    twin = copy.deepcopy(trainer, {id(x): x for x in shared if x is not None})
    for name, part in trainer.parts().items():
        if hasattr(part, "named_parameters"):
            for p in getattr(twin, name).parameters():
                p.data = p.data.astype("float64")
        else:
            setattr(twin, name, SGD(getattr(twin, name).parameters, lr=0.0))
    return twin


def largest_entries(gradient, count):
    """Flat indices of the `count` entries of the largest gradient, and of one of median size."""
    sizes = abs(to_numpy(gradient)).ravel()
    order = numpy.argsort(sizes)[::-1]
    return list(dict.fromkeys([*map(int, order[:count]), int(order[len(order) // 2])]))
