"""What is recorded and what is constant: no_grad, frozen, detect_anomaly, each for a `with` block.
Below them, what a compiled step has to be told.

Frozen and detached are the two ways to hold something constant, and a GAN needs both. *Frozen*
holds a network's parameters; a gradient still passes through it, to what it was given. *Detached*
(Tensor.detach) holds a value; no gradient passes. Read next: arguments.py.
"""

import contextlib
import threading


class _Mode(threading.local):           # of each thread: one may evaluate while another trains
    recording, anomaly = True, False
    program = None                      # the Program that writes a step down, see replay/
    sharing = None                      # the ParallelTraining that shares a step, see processes/


mode = _Mode()


@contextlib.contextmanager
def during(owners, attribute, value):
    """Each owner's attribute has this value inside the block, and its earlier one after it."""
    before = [getattr(owner, attribute) for owner in owners]
    try:
        for owner in owners:
            setattr(owner, attribute, value)
        yield
    finally:
        for owner, earlier in zip(owners, before):
            setattr(owner, attribute, earlier)


def no_grad():
    """`with no_grad():` nothing is recorded, and results are constants."""
    return during([mode], "recording", False)


def frozen(*networks):
    """`with frozen(D):` the parameters of D are constants inside; gradients still flow *through* D
    to its input.

    A network is anything with parameters(). A frozen batch normalisation uses its batch's
    statistics, as in training, and leaves its running statistics alone."""
    parameters = [p for network in networks for p in network.parameters()]
    return during(parameters, "requires_grad", False)


def detect_anomaly():
    """`with detect_anomaly():` the first operation or rule whose result is not finite raises
    NonFiniteError. It looks at every array, which synchronises a GPU: for debugging only."""
    return during([mode], "anomaly", True)


# -------------------------------------------------- for compiled steps: skip it at a first reading

def at_every_step(function, array, *arguments):
    """function(array, *arguments), which changes nothing but the array: not array arithmetic, or
    best left in one piece. A compiled step calls it at every replay."""
    if mode.program is None:
        function(array, *arguments)
    else:
        mode.program.write(function, (array, *arguments))


def checked(function, *arguments):
    """function(*arguments), a check of values: it changes nothing, and may raise. A compiled step
    calls it at every replay."""
    if mode.program is None:
        function(*arguments)
    else:
        mode.program.checked(function, arguments)


def anew(function, dtype):
    """function(), a method that returns a tuple of numbers that are not the same at every step,
    such as a learning rate.

    A compiled step calls it at every replay; there each number is a 0-d array of this dtype."""
    return function() if mode.program is None else mode.program.numbers(function, dtype)
