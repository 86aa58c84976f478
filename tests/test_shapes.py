"""Signed distances against brute force, coverage against areas, colours against colorsys, and the
drawn set."""

import colorsys

import numpy as np
import pytest
from matplotlib.path import Path
from scipy.spatial import KDTree

from minigen.data.shapes import (NAMES, POSITIONS, RADII, Canvas, above_parabola, box, capsule,
                                 coverage, either, ellipse, hsv, intersection, pixel_centres, rgb,
                                 ring, shapes, union)

pytestmark = pytest.mark.host_arrays

T = np.linspace(0, 2 * np.pi, 4001)
CIRCLE = np.stack([np.cos(T), np.sin(T)], 1)


def rounded(half_width, half_height, corner):
    """Outline of a box: the circle's four quarters, moved apart."""
    inner = np.array([half_width - corner, half_height - corner])
    return corner * CIRCLE + np.sign(np.round(CIRCLE, 12)) * inner


def stadium(a, b, radius):
    """Outline of a capsule: the circle's two halves, each at its end of the segment."""
    a, b = np.array(a), np.array(b)
    return radius * CIRCLE + np.where((CIRCLE @ (b - a) >= 0)[:, None], b, a)


def signed_distance(outline, points):
    """By brute force: the nearest of many points on the outline, and whether the polygon contains
    the point."""
    closed = np.concatenate([outline, outline[:1]])
    start, end = closed[:-1], closed[1:]
    straight = np.linalg.norm(end - start, axis=1) > 0.01
    along = np.linspace(0, 1, 400)[:, None, None]
    filled = ((1 - along) * start[straight] + along * end[straight]).reshape(-1, 2)
    dense = np.concatenate([outline, filled])
    return KDTree(dense).query(points)[0] * np.where(Path(closed).contains_points(points), -1, 1)


POINTS = np.random.default_rng(0).uniform(-1, 1, (3000, 2))
EXACT = {
    "circle": (lambda x, y: ellipse(x, y, 0.6, 0.6), 0.6 * CIRCLE),
    "box": (lambda x, y: box(x, y, 0.5, 0.3), rounded(0.5, 0.3, 0)),
    "rounded box": (lambda x, y: box(x, y, 0.5, 0.7, corner=0.2), rounded(0.5, 0.7, 0.2)),
    "capsule":
    (lambda x, y: capsule(x, y, -0.5, 0.3, 0.4, -0.2, 0.25), stadium((-0.5, 0.3), (0.4, -0.2),
                                                                     0.25)),
}
PARABOLA = np.stack([np.linspace(-2, 2, 8001), 0.9 * np.linspace(-2, 2, 8001) ** 2], 1)
FIRST_ORDER = {
    "wide ellipse": (lambda x, y: ellipse(x, y, 0.8, 0.4), CIRCLE * [0.8, 0.4]),
    "high ellipse": (lambda x, y: ellipse(x, y, 0.5, 0.7), CIRCLE * [0.5, 0.7]),
    "parabola":
    (lambda x, y: above_parabola(x, y, 0.9), np.concatenate([PARABOLA, [[2, -9], [-2, -9]]])),
}


@pytest.mark.parametrize("name", EXACT)
def test_distance_is_exact(name):
    distance, outline = EXACT[name]
    assert distance(*POINTS.T) == pytest.approx(signed_distance(outline, POINTS), abs=2e-3)


@pytest.mark.parametrize("name", FIRST_ORDER)
def test_distance_is_right_in_sign_everywhere_and_to_first_order_near_the_edge(name):
    distance, outline = FIRST_ORDER[name]
    found, truth = distance(*POINTS.T), signed_distance(outline, POINTS)
    # nearer than that, the polygon itself is in doubt
    clear = abs(truth) > 2e-3
    assert (np.sign(found) == np.sign(truth))[clear].all()
    near = abs(truth) < 0.1
    assert near.sum() > 200 and (abs(found - truth) <= 2e-3 + 2.5 * truth ** 2)[near].all()


def test_the_centre_of_an_ellipse_is_inside_by_about_its_radius():
    assert float(ellipse(np.float32(0), np.float32(0), 0.3,
                         0.2)) == pytest.approx(-(0.3 * 0.2) ** 0.5, rel=1e-3)


def test_ring_union_and_intersection():
    x, y = POINTS.T
    r = np.hypot(x, y)
    assert ((ring(ellipse(x, y, 0.6, 0.6), 0.1) < 0) == (abs(r - 0.6) < 0.1)).all()
    left, upper = x, y
    assert ((union(left, upper) < 0) == ((x < 0) | (y < 0))).all()
    assert ((intersection(left, upper) < 0) == ((x < 0) & (y < 0))).all()


@pytest.mark.parametrize("distance", [shape for shape, _ in (EXACT | FIRST_ORDER).values()])
def test_float32_stays_float32(distance):
    x, y = pixel_centres(8)
    d = distance(x, y)
    assert d.dtype == ring(d, 0.1).dtype == coverage(d, 8).dtype == np.float32
    assert either((x > 0).astype("float32"), 0.5, 0.25).dtype == np.float32


@pytest.mark.parametrize("size", [32, 64, 128])
def test_summed_coverage_is_the_area(size):
    """Anti-aliasing: wherever the shape lies between the pixels, it covers its area (radii from 5
    pixels up)."""
    generator = np.random.default_rng(size)
    a, b = generator.uniform(10 / size, 0.45, (2, 50, 1, 1)).astype("float32")
    cx, cy = generator.uniform(-0.4, 0.4, (2, 50, 1, 1)).astype("float32")
    x, y = pixel_centres(size)
    area = coverage(ellipse(x - cx, y - cy, a, b), size).sum((1, 2)) * (2 / size) ** 2
    assert area == pytest.approx((np.pi * a * b).ravel(), rel=0.01)
    stroke = coverage(capsule(x, y, cx, cy, cx / 2 + 0.2, cy / 2 - 0.3, 0.15), size).sum(
        (1, 2)) * (2 / size) ** 2
    length = np.hypot(cx / 2 - 0.2, cy / 2 + 0.3).ravel()
    assert stroke == pytest.approx(2 * 0.15 * length + np.pi * 0.15 ** 2, rel=0.02)


def test_coverage_of_an_edge_is_the_part_of_the_pixel():
    # pixels half a unit wide: −1 … −½ … 0 … ½ … 1
    x, _ = pixel_centres(4)
    # x < 0.1 covers a fifth of the third
    assert coverage(x - 0.1, 4)[0, 0] == pytest.approx([1, 1, 0.2, 0])


def test_hsv_is_the_standard_librarys():
    hue, value = np.random.default_rng(0).random((2, 200)).astype("float32")
    colours = hsv(hue.reshape(-1, 1, 1), 0.35, value.reshape(-1, 1, 1, 1))[:, :, 0, 0]
    assert colours == pytest.approx(
        np.array([colorsys.hsv_to_rgb(h, 0.35, v) for h, v in zip(hue, value)]), abs=1e-5)


def test_painting_mixes_by_opacity_inside_and_leaves_the_outside_alone():
    pictures = np.full((2, 3, 8, 8), 0.5, "float32")
    canvas = Canvas(pictures)
    opacity = np.array([1.0, 0.25], "float32").reshape(2, 1, 1)
    canvas.paint(canvas.x + 0 * canvas.y, rgb(1.0, 0.5, 0.0), opacity)      # the left half
    assert pictures[0, :, 3, 1] == pytest.approx([1, 0.5, 0])
    assert pictures[1, :, 3, 1] == pytest.approx([0.625, 0.5, 0.375])
    assert (pictures[..., 4:] == 0.5).all()


def test_a_canvas_of_some_rows_is_those_rows_of_the_whole():
    whole, part = np.zeros((2, 1, 3, 20, 20), "float32")
    for canvas in (Canvas(whole), Canvas(part, top=-0.13, bottom=0.33)):
        canvas.paint(ellipse(canvas.x, canvas.y - 0.1, 0.7, 0.23), rgb(1, 1, 1))
    assert (part == whole).all() and part.any()


# ------------------------------------------------------------------------------------ the drawn set

def test_shapes_holds_every_combination_once():
    images, factors, names = shapes()
    assert images.shape == (768, 1, 16, 16) and images.dtype == np.float32
    assert factors.shape == (768, 4) and factors.dtype == np.int64
    assert names == ("shape", "scale", "x", "y") == NAMES
    assert len(np.unique(factors, axis=0)) == 768 == len(np.unique(images, axis=0))
    assert (factors.min(0) == 0).all() and (factors.max(0) == [2, 3, 7, 7]).all()
    assert images.min() == 0 and images.max() == 1


@pytest.mark.parametrize("size", [16, 33])
def test_factors_of_shapes_are_true(size):
    """Measured on the pictures: the centre of gravity is (x, y), and the area follows from the
    scale alone."""
    images, factors, _ = shapes(size)
    mass = images[:, 0] * (2 / size) ** 2
    area = mass.sum((1, 2))
    x, y = pixel_centres(size)
    assert (mass * x).sum((1, 2)) / area == pytest.approx(POSITIONS[factors[:, 2]], abs=0.015)
    assert (mass * y).sum((1, 2)) / area == pytest.approx(POSITIONS[factors[:, 3]], abs=0.015)
    areas = area.reshape(3, 4, 64).mean(2)                  # shape, scale; positions change fastest
    assert areas == pytest.approx(np.tile(np.pi * np.array(RADII) ** 2, (3, 1)),
                                  rel=0.05 if size == 16 else 0.015)


def test_the_three_shapes_differ_by_their_extent():
    """Of equal area, the disc reaches least far from its centre, the square's corners further, the
    cross furthest."""
    images, factors, _ = shapes(64)
    largest = (factors[:, 1:] == [3, 4, 4]).all(1)
    x, y = pixel_centres(64)
    r = np.hypot(x - POSITIONS[4], y - POSITIONS[4])[0]
    reach = [r[image[0] > 0.5].max() for image in images[largest]]
    assert reach == pytest.approx(
        [0.41, 0.41 * np.pi ** 0.5 / 2 * 2 ** 0.5, 0.41 * 1.1890 * (10 / 9) ** 0.5], abs=0.04)


@pytest.mark.parametrize("size", [0, 2.5, "16", True])
def test_a_bad_size_is_named(size):
    with pytest.raises(ValueError, match=r"shapes: got size = .*, expected an integer >= 1"):
        shapes(size)
