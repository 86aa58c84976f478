"""What is recorded and what is constant: no_grad, frozen, detect_anomaly, each for a `with` block.

Frozen and detached are the two ways to hold something constant, and a GAN needs both. *Frozen*
holds a network's parameters; a gradient still passes through it, to what it was given. *Detached*
(Tensor.detach) holds a value; no gradient passes. Read next: arguments.py.
"""

import contextlib
import threading


class _Mode(threading.local):           # of each thread: one may evaluate while another trains
    recording, anomaly = True, False


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
