"""Drawing with signed distances, and the smallest data set drawn that way: 768 simple shapes.

A shape is a function d(x, y): negative inside, positive outside, zero on its edge, and near the
edge the distance to it. That one number per pixel draws the shape with a smooth edge: a pixel of
width p whose centre is at distance d from the edge has about ½ − d/p of its area inside. Pictures
span −1..1 in x (to the right) and in y (downwards).

Read next: face_parts.py, which paints people with the same handful of shapes.
"""

import numpy as np

from .. import errors

# -------------------------------------------------------------------------------- signed distances
# x and y are arrays that broadcast, relative to the shape's centre where it has one; float32 stays
# float32. "Exact": the distance itself. "To first order": its error is quadratic in the distance.

union, intersection = np.minimum, np.maximum        # of two distances: in either shape, in both


def ellipse(x, y, rx, ry):
    """Ellipse of radii rx, ry: exact for a circle, else exact in sign and to first order.

    With f = |(x/rx, y/ry)|, the edge is f = 1, and f (f − 1) / |(x/rx², y/ry²)| is (f − 1) / |∇f|,
    one Newton step towards it. The 1e-12 keeps the centre itself from being 0/0.
    """
    u, v = (x / rx) ** 2, (y / ry) ** 2
    f = np.sqrt(u + (v + 1e-12))
    return f * (f - 1) / np.sqrt(u / rx ** 2 + (v / ry ** 2 + 1e-12 / (rx * ry)))


def box(x, y, half_width, half_height, corner=0.0):
    """Rectangle of the given half sides, its corners rounded with radius `corner`: exact."""
    u, v = abs(x) - (half_width - corner), abs(y) - (half_height - corner)
    outside = np.sqrt(np.maximum(u, 0) ** 2 + np.maximum(v, 0) ** 2)
    return outside + np.minimum(np.maximum(u, v), 0) - corner


def capsule(x, y, ax, ay, bx, by, radius):
    """All points within `radius` of the segment from (ax, ay) to (bx, by): exact."""
    x, y, bx, by = x - ax, y - ay, bx - ax, by - ay
    squared = bx * bx + by * by
    along = np.clip(x * (bx / squared) + y * (by / squared), 0, 1)      # the nearest point, 0..1
    return np.sqrt((x - along * bx) ** 2 + (y - along * by) ** 2) - radius


def above_parabola(x, y, k):
    """The region y < k x² (the upper side, since y points down): exact in sign, to first order."""
    return (y - k * x * x) / np.sqrt(1 + (2 * k * x) ** 2)


def ring(distance, half_width):
    """The outline of a shape: all points within `half_width` of its edge."""
    return abs(distance) - half_width


# ---------------------------------------------------------------------------------------- painting

def pixel_centres(size):
    """The pixel centres of a size × size picture: x (1, 1, size) and y (1, size, 1), float32."""
    centres = ((2 * np.arange(size) + 1) / size - 1).astype("float32")
    return centres.reshape(1, 1, size), centres.reshape(1, size, 1)


def coverage(distance, size):
    """How much of each pixel is inside the shape, 0..1, from the distance of the pixel's centre."""
    return np.clip(0.5 - distance * (size / 2), 0, 1)


class Canvas:
    """The rows from y = top to y = bottom of colour pictures (m, 3, size, size), to be painted on.

    Most shapes are small: painting only the rows they touch halves the time that a face takes.
    """

    def __init__(self, pictures, top=-1.0, bottom=1.0):
        self.size = pictures.shape[-1]
        first, last = (int((edge + 1) * self.size / 2) for edge in (top, bottom))
        margin = 1                      # an ellipse's distance is approximate
        rows = slice(max(first - margin, 0), last + 1 + margin)
        self.pictures = pictures[:, :, rows]
        self.x, self.y = pixel_centres(self.size)
        self.y = self.y[:, rows]

    def paint(self, distance, colour, opacity=1.0):
        """Lay `colour` (m, 3, 1, 1) over the inside of a shape with `distance` (m, rows, size)."""
        cover = coverage(distance, self.size) * opacity
        self.pictures += cover[:, None] * (colour - self.pictures)


def rgb(*colour):
    """Colours in 0..1: (1, 3, 1, 1) from three numbers, or (m, 3, 1, 1) from an array (m, 3)."""
    return np.asarray(colour, "float32").reshape(-1, 3, 1, 1)


def hsv(hue, saturation, value):
    """Colours (m, 3, 1, 1) from a hue (m, 1, 1): v − v s max(0, min(k, 4 − k, 1))."""
    k = (np.array([5, 3, 1], "float32") + 6 * hue[:, :, 0]) % 6         # red, green, blue
    return value - value * saturation * np.clip(np.minimum(k, 4 - k), 0, 1)[:, :, None, None]


def either(mask, yes, no):
    """`yes` where mask is 1, `no` where it is 0. A float32 mask gives float32, unlike np.where."""
    return no + mask * (yes - no)


# ------------------------------------------------------------------------------------ the data set

NAMES = ("shape", "scale", "x", "y")
RADII = (0.20, 0.27, 0.34, 0.41)                    # of the disc; the others have its area
POSITIONS = np.linspace(-0.5, 0.5, 8)


def shapes(size=16):
    """Every combination of 3 shapes (disc, square, cross), 4 scales, 8 places in x and 8 in y,
    white on black.

    Returns images float32 (768, 1, size, size) in [0, 1]; factors int64 (768, 4), the indices of
    each picture's shape, scale, x and y; and their names. A small version of dSprites (Matthey et
    al. 2017): the factors are known and independent, so one can ask which of them a latent
    dimension follows (Higgins et al. 2017). Scale means area: the three shapes of one scale cover
    the same. ValueError unless size is an integer >= 1.
    """
    errors.integer("shapes", 1, size=size)
    factors = np.indices((3, len(RADII), len(POSITIONS), len(POSITIONS))).reshape(4, -1).T
    images = np.empty((len(factors), 1, size, size), "float32")
    x, y = pixel_centres(size)
    for shape, draw in enumerate((_disc, _square, _cross)):
        rows = factors[:, 0] == shape
        scale, column, line = factors[rows, 1:].T
        radius, cx, cy = (np.take(values, index).astype("float32").reshape(-1, 1, 1)
                          for values, index in ((RADII, scale), (POSITIONS, column),
                                                (POSITIONS, line)))
        images[rows, 0] = coverage(draw(x - cx, y - cy, radius), size)
    return images, factors, NAMES


def _disc(x, y, radius):
    return np.sqrt(x * x + y * y) - radius          # area π r²


def _square(x, y, radius):
    half = 0.5 * np.pi ** 0.5 * radius              # (2 half)² = π r²
    return box(x, y, half, half)


def _cross(x, y, radius):
    arm = (9 * np.pi / 20) ** 0.5 * radius          # two bars, 2 arm × ⅔ arm: 20/9 arm² = π r²
    return union(box(x, y, arm, arm / 3), box(x, y, arm / 3, arm))
