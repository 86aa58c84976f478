"""The judge of generated digits: which digit does an image show, and how sure is the answer?

It is the classifier that supervised.py trains. It has seen digits only: it says which digit, not
whether there is one, and calls plain noise an 8 without hesitation. So print what it says of as
many real test images beside it, and look at the pictures too.
"""

import pathlib
from typing import NamedTuple

import numpy as np

from minigen import functional as F
from minigen.layers import BatchNorm, Conv2d, Dense, Flatten, ReLU, Sequential

from .networks import in_batches, load_network

STATE = pathlib.Path(__file__).parent / "digits_judge.npz"


def classifier():
    """A small convolutional network for images (m, 1, 28, 28): logits of the ten digits (m, 10)."""
    return Sequential(
        Conv2d(1, 16, 5, stride=2, padding=2, bias=False), BatchNorm(16), ReLU(),  # (m, 16, 14, 14)
        Conv2d(16, 32, 5, stride=2, padding=2, bias=False), BatchNorm(32), ReLU(),  # (m, 32, 7, 7)
        Conv2d(32, 64, 3, stride=2, padding=1, bias=False), BatchNorm(64), ReLU(),  # (m, 64, 4, 4)
        Flatten(), Dense(64 * 4 * 4, 10))


def trained():
    """The classifier as supervised.py trained it on the embedded sample, in evaluation mode."""
    return load_network(classifier(), STATE)


def probabilities(network, images):
    """Probabilities (n, 10), a NumPy array, of the digits for images (n, 1, 28, 28) in [0, 1]."""
    return in_batches(lambda x: F.softmax(network(x), 1), images)


class Report(NamedTuple):
    """What the judge says of many images; sure means probability >= 0.9 for one digit."""
    share: float            # of the images that it is sure of
    classes: int            # how many of the ten digits have >= 1% of those
    entropy: float          # of the ten digits' shares of those, nats (all equal: log 10 = 2.303)
    shares: np.ndarray      # these shares (10,)


def report(images, network=None):
    """Report of images (n, 1, 28, 28) in [0, 1]: are they digits, and all ten of them?

    The share of real digits does not reach 1 either. network: the judge; by default trained()."""
    p = probabilities(network or trained(), images)
    sure = p[p.max(1) >= 0.9].argmax(1)
    shares = np.bincount(sure, minlength=10) / max(len(sure), 1)
    entropy = -sum(s * np.log(s) for s in shares if s > 0)
    return Report(len(sure) / len(p), int((shares >= 0.01).sum()), float(entropy), shares)
