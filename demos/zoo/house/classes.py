"""Points in the plane with a class each: the ring of 8 Gaussians, every one a class of its own.

What a point is can be computed from the densities, so that nobody has to learn to judge it. In the
ring CLEAR the classes are far from each other; in OVERLAPPING most points could be of several.
"""

import numpy as np

import minigen as mg
from minigen.data import ring
from minigen.metrics import mode_coverage
from minigen.random import generator
from shared.pictures import plt

from .rings import POINTS

COUNT = 8
CLEAR, OVERLAPPING = ring(COUNT, radius=2.0, std=0.15), ring(COUNT, radius=2.0, std=0.9)
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#8DB600", "#444444")


def labelled(n, mixture=CLEAR):
    """(points float32 (n, 2), classes (n,)): random points, and which Gaussian each came from"""
    classes = generator().integers(COUNT, size=n)
    noise = mixture.std * generator().standard_normal((n, 2))
    return (mixture.means[classes] + noise).astype(np.float32), classes


def posterior(points, mixture=CLEAR):
    """p(class | point), exactly: points (n, 2) -> (n, 8)"""
    distances = np.square(points[:, None] - mixture.means).sum(2) / (2 * mixture.std ** 2)
    p = np.exp(distances.min(1, keepdims=True) - distances)
    return p / p.sum(1, keepdims=True)


def one_hot(classes, count=COUNT):
    """classes (n,) -> an array of 0 and 1 (n, count)"""
    return mg.backend.asarray(np.eye(count)[classes], mg.backend.default_dtype())


def asked():
    """The classes (POINTS,) that a trained G is asked for: each as often as the others"""
    return np.arange(POINTS) % COUNT


def found(made):
    """What of CLEAR was made: made = (points (POINTS, 2), the classes that were asked for)."""
    points, classes = made
    c = mode_coverage(points, CLEAR.means, CLEAR.std)
    right = posterior(points).argmax(1) == classes
    return {"share of samples of the class that was asked for": float(right.mean()),
            "share of samples within 3 std of a mode": c.high_quality,
            "modes with a fair share of the samples, of 8": c.fair_modes}


def draw(axes, made):
    """The points in the colour of the class that was asked for; around every mode of CLEAR, a
    circle of 3 std in the colour of its class."""
    points, classes = made
    axes.scatter(*points.T, s=3, c=np.array(COLOURS)[classes], alpha=0.5, linewidths=0)
    for mean, colour in zip(CLEAR.means, COLOURS):
        axes.add_patch(plt.Circle(mean, 3 * CLEAR.std, fill=False, color=colour, linewidth=1.5))
    axes.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal", xticks=(-2, 0, 2), yticks=(-2, 0, 2))
