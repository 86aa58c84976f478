"""Small grey pictures of one shape each, from known factors: kind, place, size and style.

The same factors with one of them changed are the exact counterfactual: what a perfect translation
or a perfect edit of that picture would be. The distances are minigen's (data/shapes.py).
"""

import numpy as np

from minigen.data.shapes import box, coverage, ellipse, pixel_centres, ring, union
from minigen.random import generator

SIZE = 16
KINDS = ("disc", "frame", "plus", "cross")


def factors(n, spread=0.2):
    """n random sets of factors, a dict of arrays (n,), drawn by minigen's generator: kind (index of
    KINDS), x and y in ±spread (of the centre; the picture spans −1..1), and radius."""
    rng = generator()
    return {"kind": rng.integers(len(KINDS), size=n),
            "x": rng.uniform(-spread, spread, n), "y": rng.uniform(-spread, spread, n),
            "radius": rng.uniform(0.6 - spread / 2, 0.6 + spread / 2, n)}


def render(kind, x, y, radius, negative=False):
    """Pictures float32 (n, 1, 16, 16) in [0, 1], light on dark; dark on light if negative."""
    images = np.empty((len(kind), 1, SIZE, SIZE), np.float32)
    across, down = pixel_centres(SIZE)
    for index, distance in enumerate((_disc, _frame, _plus, _cross)):
        rows = kind == index
        cx, cy, r = (factor[rows].reshape(-1, 1, 1) for factor in (x, y, radius))
        images[rows, 0] = coverage(distance(across - cx, down - cy, r), SIZE)
    return 1 - images if negative else images


def _disc(x, y, r):
    return ellipse(x, y, r, r)


def _frame(x, y, r):
    return ring(box(x, y, 0.8 * r, 0.8 * r), 0.1)


def _plus(x, y, r):
    return union(box(x, y, r, r / 4), box(x, y, r / 4, r))


def _cross(x, y, r):
    return _plus((x + y) * 0.5 ** 0.5, (x - y) * 0.5 ** 0.5, r)
