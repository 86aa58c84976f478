"""The ring of 8 Gaussians: which of its modes a generator found, and the panel that shows it."""

from minigen.data import ring
from minigen.metrics import mode_coverage
from shared.pictures import COLOURS, plt

RING = ring(8, radius=2.0, std=0.05)
POINTS = 2500                           # as VEEGAN's protocol counts


def found(points):
    """What of the ring is among points (POINTS, 2): name of the measure -> figure."""
    c = mode_coverage(points, RING.means, RING.std)
    return {"modes with a fair share of the samples, of 8": c.fair_modes,
            "share of samples within 3 std of a mode": c.high_quality}


def draw(axes, points):
    """The points, and a circle of 3 std around every mode."""
    axes.scatter(*points.T, s=2, color=COLOURS["generated"], alpha=0.4)
    for mean in RING.means:
        axes.add_patch(plt.Circle(mean, 3 * RING.std, fill=False, color=COLOURS["real"]))
    axes.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal", xticks=(-2, 0, 2), yticks=(-2, 0, 2))
