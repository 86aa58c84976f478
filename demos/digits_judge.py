"""The judge of what the demos draw: the classifier that supervised.py trains says which digit an image shows, and how sure it is.

It has seen digits only: it says which digit, not whether there is one, and calls plain noise an 8 without hesitation. So print
what it says of as many real test images beside it, and look at the pictures too.
"""

from typing import NamedTuple

import common
import numpy as np

from minigen import functional as F
from minigen.layers import BatchNorm, Conv2d, Dense, Flatten, ReLU, Sequential

STATE = common.HERE / "judge.npz"


def classifier():
    """A small convolutional network for images (m, 1, 28, 28): logits of the ten digits (m, 10)."""
    return Sequential(
        Conv2d(1, 16, 5, stride=2, padding=2, bias=False), BatchNorm(16), ReLU(),           # (m, 16, 14, 14)
        Conv2d(16, 32, 5, stride=2, padding=2, bias=False), BatchNorm(32), ReLU(),          # (m, 32, 7, 7)
        Conv2d(32, 64, 3, stride=2, padding=1, bias=False), BatchNorm(64), ReLU(),          # (m, 64, 4, 4)
        Flatten(), Dense(64 * 4 * 4, 10))


def trained():
    """The classifier as supervised.py trained it on the embedded sample (judge.npz), in evaluation mode."""
    return common.load_network(classifier(), STATE)


def probabilities(network, images):
    """The classifier's probabilities (n, 10) for images (n, 1, 28, 28) in [0, 1], as a NumPy array."""
    return common.applied(lambda x: F.softmax(network(x), 1), images)


class Report(NamedTuple):
    """share: of the images that the judge takes for one digit with probability >= 0.9. classes: how many of the ten digits
    have >= 1% of these. entropy: of the ten digits' shares of these, in nats (all equal: log 10 = 2.303). shares: themselves."""
    share: float
    classes: int
    entropy: float
    shares: np.ndarray


def report(images, network=None):
    """Report of images (n, 1, 28, 28) in [0, 1]: are they digits, and all ten of them? Real digits do not reach 1 either.
    network: the judge; read from its file if left out."""
    p = probabilities(network or trained(), images)
    sure = p[p.max(1) >= 0.9].argmax(1)
    shares = np.bincount(sure, minlength=10) / max(len(sure), 1)
    entropy = -sum(s * np.log(s) for s in shares if s > 0)
    return Report(len(sure) / len(p), int((shares >= 0.01).sum()), float(entropy), shares)
