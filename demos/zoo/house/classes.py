"""Points in the plane with a class each: the ring of 8 Gaussians, opposite modes of one class.

A class has two modes, so that there is more to learn than where it is. A point is of the class of
the mode that is nearest to it: in the plane that judge is exact, and need not be learned.
"""

import numpy as np

import minigen as mg
from minigen.metrics import mode_coverage
from minigen.metrics.distances import squared_distances
from shared.pictures import plt

from .rings import POINTS, RING

COUNT = 4
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
OF_MODE = np.arange(len(RING.means)) % COUNT


def labelled(n):
    """(points float32 (n, 2), classes (n,)): n random points of the ring, 0..3 for what they are"""
    points = RING.sample(n)
    return points, of(points)


def of(points):
    """The class (n,) of points (n, 2): that of the nearest mode"""
    (_, distances), = squared_distances(points, RING.means)
    return OF_MODE[distances.argmin(1)]


def one_hot(classes, count=COUNT):
    """classes (n,) -> an array of 0 and 1 (n, count)"""
    return mg.backend.asarray(np.eye(count)[classes], mg.backend.default_dtype())


def asked():
    """The classes (POINTS,) that a trained G is asked for: each as often as the others"""
    return np.arange(POINTS) % COUNT


def found(made):
    """What of the ring was made: made = (points (POINTS, 2), the classes that were asked for)."""
    points, classes = made
    c = mode_coverage(points, RING.means, RING.std)
    return {"share of samples of the class that was asked for": float((of(points) == classes).mean()),
            "modes with a fair share of the samples, of 8": c.fair_modes,
            "share of samples within 3 std of a mode": c.high_quality}


def draw(axes, made):
    """The points in the colour of the class that was asked for; around every mode, a circle of
    3 std in the colour of its class."""
    points, classes = made
    axes.scatter(*points.T, s=3, c=np.array(COLOURS)[classes], alpha=0.5, linewidths=0)
    for mean, of_mode in zip(RING.means, OF_MODE):
        axes.add_patch(plt.Circle(mean, 4 * RING.std, fill=False, color=COLOURS[of_mode]))
    axes.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal", xticks=(-2, 0, 2), yticks=(-2, 0, 2))
