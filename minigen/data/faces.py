"""Drawn faces: people with known attributes (glasses, woman or man, smile, hair …), of any number and any size.

They stand in for a photographic data set where none may be downloaded. Each attribute comes from one uniform number
per face, and those depend on the seed alone: the same seed is the same people at every size, fixing one attribute
leaves the others as they were, and `faces(20)` begins with `faces(10)`. `from_folder` reads your own pictures.
Read first: shapes.py, the distances that everything here is painted with.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np

from .shapes import (Canvas, above_parabola, box, capsule, check_integers, either, ellipse, hsv, intersection, rgb,
                     ring, union)

# ---------------------------------------------------------------------------------------------- attributes

HAIR = {"black": (0.10, 0.08, 0.08), "brown": (0.36, 0.20, 0.10), "blond": (0.88, 0.70, 0.32),
        "red": (0.70, 0.28, 0.10), "grey": (0.62, 0.60, 0.60)}
FRAME = {"black": (0.07, 0.07, 0.10), "red": (0.55, 0.08, 0.10), "blue": (0.10, 0.16, 0.50)}
IRIS = {"brown": (0.22, 0.12, 0.07), "blue": (0.15, 0.38, 0.62), "green": (0.20, 0.42, 0.22)}
SKIN = ((0.99, 0.86, 0.75), (0.90, 0.69, 0.52), (0.66, 0.44, 0.29), (0.45, 0.29, 0.19))     # at 0, ⅓, ⅔, 1

# Probability of True; probabilities of names; or the ends of a uniform range.
FULL = {
    "glasses": 0.5, "female": 0.5, "smile": 0.5, "beard": 0.4,      # beard: of the men
    "hair": {"black": 0.3, "brown": 0.3, "blond": 0.2, "red": 0.12, "grey": 0.08},
    "skin": (0.0, 1.0), "turn": (-1.0, 1.0),                        # light to dark; to the left .. to the right
    "background_hue": (0.0, 1.0), "background_value": (0.55, 0.95), "shirt_hue": (0.0, 1.0),
    "square_lenses": 0.4, "frame": {"black": 0.6, "red": 0.2, "blue": 0.2},
    "iris": {"brown": 0.6, "blue": 0.25, "green": 0.15},
    "face_width": (0.50, 0.56), "face_height": (0.62, 0.68), "eye_gap": (0.235, 0.265),
    "hair_brightness": (0.85, 1.15), "hair_length": (0.62, 1.0),
}
STYLES = {"full": FULL, "plain": FULL | {
    "turn": (-0.6, 0.6), "square_lenses": 0.0, "frame": {"black": 1.0}, "iris": {"brown": 1.0},
    "face_width": (0.53, 0.53), "face_height": (0.65, 0.65), "eye_gap": (0.25, 0.25),
    "hair_brightness": (1.0, 1.0), "hair_length": (0.85, 0.85),
}}


def faces(n, size=32, seed=0, style="plain", **fixed):
    """Draw `n` faces of size × size pixels.

    Returns images float32 (n, 3, size, size) in [−1, 1] and a dict of the attributes, each an array (n,): bool
    (glasses, female, smile, beard, square_lenses), names (hair, frame, iris) or float32 (the rest, in the ranges of
    FULL above). Style "plain" varies what a small GAN can learn; "full" varies everything.

    An attribute given as a keyword, one value or n of them, is fixed: faces(9, glasses=True), faces(9,
    turn=numpy.linspace(-1, 1, 9)), or faces(n, 64, **attributes) for the same people again. All others stay as they
    were, with one tie: beards are drawn for men only, so fixing `female` alone takes women's beards away, and fixing
    `beard` alone makes men of those who wear one.

    Raises TypeError or ValueError for a bad n, size, seed or style, an unknown attribute or a value it cannot take.
    """
    check_integers("faces", 1, n=n, size=size)
    check_integers("faces", 0, seed=seed)
    attributes = _draw_attributes(n, seed, style, fixed)
    images = np.empty((n, 3, size, size), "float32")
    for start in range(0, n, 128):                                  # few enough to stay in the processor's cache
        rows = slice(start, start + 128)
        face = _arrange({name: values[rows] for name, values in attributes.items()})
        for step, top, bottom in STEPS:
            step(Canvas(images[rows], top, bottom), face)
        images[rows] = 2 * np.clip(images[rows], 0, 1) - 1
    return images, attributes


def _draw_attributes(n, seed, style, fixed):
    if style not in STYLES:
        raise ValueError(f"faces: style is {style!r}, expected one of {', '.join(map(repr, STYLES))}")
    unknown = sorted(set(fixed) - set(FULL))
    if unknown:
        raise TypeError(f"faces: no attribute {', '.join(map(repr, unknown))}; the attributes are {', '.join(FULL)}")
    uniform = np.random.default_rng(seed).random((n, len(FULL)))
    attributes = {name: _fix(name, fixed[name], n) if name in fixed else _choose(rule, u)
                  for (name, rule), u in zip(STYLES[style].items(), uniform.T)}
    if "beard" not in fixed:
        attributes["beard"] &= ~attributes["female"]
    elif "female" not in fixed:
        attributes["female"] &= ~attributes["beard"]
    return attributes


def _choose(rule, u):
    """Turn uniform numbers u (n,) into the values of one attribute, by the inverse of its distribution."""
    if isinstance(rule, float):
        return u < rule
    if isinstance(rule, dict):
        index = np.searchsorted(np.cumsum(list(rule.values()))[:-1], u, side="right")
        return np.array(list(rule))[index]
    low, high = rule
    return (low + (high - low) * u).astype("float32")


def _fix(name, value, n):
    """The values (n,) of an attribute that the caller gave; in either style, whatever the full set can hold."""
    rule, values = FULL[name], np.asarray(value)
    if isinstance(rule, float):
        expected, good = "True or False", values.dtype == bool
    elif isinstance(rule, dict):
        expected, good = f"one of {', '.join(map(repr, rule))}", np.isin(values, list(rule)).all()
    else:
        low, high = rule
        expected = f"a number in [{low}, {high}]"
        good = values.dtype.kind in "iuf" and np.all((values >= low - 1e-6) & (values <= high + 1e-6))
        values = values.astype("float32") if good else values
    if not good:
        raise ValueError(f"faces: {name} is {value!r}, expected {expected}")
    if values.shape not in ((), (n,)):
        raise ValueError(f"faces: {name} has shape {values.shape}, expected one value or ({n},)")
    return np.broadcast_to(values, (n,)).copy()


# ------------------------------------------------------------------------------------------------ painting

def _arrange(attributes):
    """Where everything sits and which colour it has: the attributes as arrays (m, 1, 1), and what follows from them.

    The head turns by parallax. On a round head of half-width W, a feature at azimuth φ moves from W sin φ to
    W sin(φ + θ) when the head turns by θ, and its width shrinks or grows by cos(φ + θ) / cos φ. What stands out
    from the face (nose, chin) moves further, what lies behind it (back hair, ears) moves the other way.
    """
    f = SimpleNamespace(**{name: values.astype("float32").reshape(-1, 1, 1)
                           for name, values in attributes.items() if values.dtype.kind in "bf"})
    theta = 0.27 * f.turn
    f.sin, f.cos = np.sin(theta), np.cos(theta)
    f.x, f.y = 0.12 * f.sin, 0.06                                   # centre of the head
    f.mouth_x = f.x + 0.8 * f.face_width * f.sin
    f.eyes = []
    for side in (-1, 1):                                            # each: side, x of its centre, relative width
        phi = np.arcsin(side * f.eye_gap / f.face_width)
        f.eyes.append((side, f.x + f.face_width * np.sin(phi + theta), np.cos(phi + theta) / np.cos(phi)))
    f.skin_colour = rgb(np.stack([np.interp(f.skin[:, 0, 0], (0, 1/3, 2/3, 1), tone) for tone in zip(*SKIN)], 1))
    f.hair_colour = rgb([HAIR[name] for name in attributes["hair"]]) * f.hair_brightness[:, None]
    f.frame_colour = rgb([FRAME[name] for name in attributes["frame"]])
    f.iris_colour = rgb([IRIS[name] for name in attributes["iris"]])
    return f


def background(canvas, f):
    light = 1.05 - 0.06 * (canvas.y + 1)                            # a little brighter above
    canvas.pictures[:] = hsv(f.background_hue, 0.35, f.background_value[..., None]) * light[:, None]


def back_hair(canvas, f):
    d = box(canvas.x + 0.25 * f.sin, canvas.y - (f.hair_length - 0.72) / 2,
            f.face_width + 0.15, (f.hair_length + 0.72) / 2, corner=0.5)
    canvas.paint(d, f.hair_colour * 0.85, f.female)


def shirt(canvas, f):
    canvas.paint(ellipse(canvas.x, canvas.y - 1.22, 0.82, 0.46), hsv(f.shirt_hue, 0.6, 0.7))


def neck(canvas, f):
    canvas.paint(box(canvas.x - f.x / 2, canvas.y - 0.72, 0.19, 0.22, corner=0.08), f.skin_colour * 0.84)


def ears(canvas, f):
    x, y = canvas.x - f.x + 0.10 * f.sin, canvas.y - 0.06        # |x|: two ears
    canvas.paint(ellipse(abs(x) - f.face_width, y, 0.09, 0.13), f.skin_colour * 0.9, 1 - f.female)


def _head_shape(canvas, f):
    skull = ellipse(canvas.x - f.x, canvas.y - f.y, f.face_width, f.face_height)
    jaw = ellipse(canvas.x - f.x, canvas.y - f.y - 0.2, 0.9 * f.face_width, 0.7 * f.face_height)
    return union(skull, jaw + 9 * f.female)                         # only men have the wide jaw


def head(canvas, f):
    canvas.paint(_head_shape(canvas, f), f.skin_colour)


def beard(canvas, f):
    below = -above_parabola(canvas.x - f.mouth_x, canvas.y - 0.31, -1.1)
    canvas.paint(intersection(_head_shape(canvas, f), below), f.hair_colour * 0.9, 0.92 * f.beard)


def mouth(canvas, f):
    width = 0.19 * f.cos
    x = (canvas.x - f.mouth_x) / width
    curve = 0.43 + either(f.smile, 0.15, 0.015) * (0.5 - np.minimum(x * x, 1))      # y of the lower or the only lip
    beside = (abs(x) - 1) * width
    lip = rgb(0.80, 0.15, 0.22) * 0.75 + f.skin_colour * rgb(1, 0.5, 0.5) * 0.25
    colour = either(f.female[..., None], lip, f.skin_colour * rgb(0.72, 0.50, 0.48))
    teeth = intersection(beside, intersection(0.355 - canvas.y, canvas.y - curve))
    canvas.paint(teeth, rgb(0.97, 0.96, 0.93), f.smile)
    canvas.paint(intersection(beside, abs(canvas.y - curve) - either(f.female, 0.038, 0.032)), colour)
    canvas.paint(capsule(canvas.x - f.mouth_x, canvas.y, -width, 0.36, width, 0.36, 0.02), colour, f.smile)


def nose(canvas, f):
    tip = f.x + 1.15 * f.face_width * f.sin
    ridge = capsule(canvas.x, canvas.y, f.x + 0.9 * f.face_width * f.sin, 0.08, tip, 0.22, 0.028)
    canvas.paint(ridge, f.skin_colour * 0.62, 0.55)
    canvas.paint(ellipse(canvas.x - tip, canvas.y - 0.22, 0.07, 0.042), f.skin_colour * 0.68, 0.7)


def eyes(canvas, f):
    for side, eye_x, width in f.eyes:
        x, y, out = canvas.x - eye_x, canvas.y, side * width        # `out` points away from the nose
        white = ellipse(x, y, 0.125 * width, 0.085)
        iris = ellipse(x - 0.15 * f.sin, y, 0.065, 0.068)
        lid = intersection(ring(white, either(f.female, 0.030, 0.014)), y + 0.02)
        lash = capsule(x, y, 0.115 * out, -0.03, 0.185 * out, -0.10, 0.022)
        brow = capsule(x, y, -0.09 * out, -0.215, 0.13 * out, -0.20, either(f.female, 0.018, 0.040))
        canvas.paint(white, rgb(0.98, 0.98, 0.98))
        canvas.paint(intersection(iris, white), f.iris_colour)
        canvas.paint(lid, rgb(0.10, 0.07, 0.07))
        canvas.paint(lash, rgb(0.10, 0.07, 0.07), f.female)
        canvas.paint(brow, f.hair_colour * 0.6, 0.9)


def front_hair(canvas, f):
    cap = ellipse(canvas.x - f.x, canvas.y + 0.03, f.face_width + either(f.female, 0.085, 0.055),
                  f.face_height + either(f.female, 0.06, 0.04))
    parting = above_parabola(canvas.x - f.x - 0.5 * f.face_width * f.sin, canvas.y + either(f.female, 0.40, 0.36),
                             either(f.female, 1.9, 0.75))
    canvas.paint(intersection(cap, parting), f.hair_colour)


def glasses(canvas, f):
    r, inner = 0.195, []                                            # radius of a lens; x of the two inner edges
    for side, eye_x, width in f.eyes:
        x, y, out = canvas.x - eye_x, canvas.y - 0.01, side * r * width
        lens = either(f.square_lenses, box(x, y, r * width, 0.82 * r, corner=0.05), ellipse(x, y, r * width, r))
        temple = capsule(x, canvas.y, out, -0.03, f.x + side * f.face_width - eye_x, -0.05, 0.026)
        canvas.paint(lens, rgb(0.85, 0.95, 1.0), 0.30 * f.glasses)
        canvas.paint(union(ring(lens, 0.036), temple), f.frame_colour, f.glasses)
        inner.append(eye_x - out)
    canvas.paint(capsule(canvas.x, canvas.y, inner[0], -0.03, inner[1], -0.03, 0.03), f.frame_colour, f.glasses)


STEPS = (                                   # painted in this order, each between these rows (y of top and bottom)
    (background, -1.00, 1.00),
    (back_hair, -0.72, 1.00),
    (shirt, 0.76, 1.00),
    (neck, 0.50, 0.94),
    (ears, -0.07, 0.19),
    (head, -0.62, 0.74),
    (beard, -0.20, 0.74),
    (mouth, 0.31, 0.55),
    (nose, 0.05, 0.27),
    (eyes, -0.26, 0.09),
    (front_hair, -0.77, 0.40),
    (glasses, -0.23, 0.25),
)


# --------------------------------------------------------------------------------------- your own pictures

SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")


def from_folder(path, size=32):
    """Every picture in the folder `path`, in the order of the file names, as float32 (n, 3, size, size) in [−1, 1].

    Each is cut to the largest square in its middle and scaled to size × size. Grey pictures become RGB, transparent
    ones lie on white, of animations the first picture is taken; other files and folders inside are passed over.
    Raises FileNotFoundError where there are no pictures, ValueError for one that cannot be read.
    """
    from matplotlib.image import imread     # here, because it takes longer to load than all of minigen
    check_integers("from_folder", 1, size=size)
    files = sorted(file for file in Path(path).glob("*") if file.suffix.lower() in SUFFIXES and file.is_file())
    if not files:
        raise FileNotFoundError(f"from_folder: found no pictures in {str(path)!r}; expected a folder with files named "
                                f"*{', *'.join(SUFFIXES)}")
    images = np.empty((len(files), 3, size, size), "float32")
    for i, file in enumerate(files):
        try:
            pixels = imread(file)
        except Exception as error:          # what a damaged file raises depends on its format
            raise ValueError(f"from_folder: cannot read {str(file)!r} ({error}); repair it or take it away") from error
        images[i] = _scale(_square(pixels), size)
    return 2 * images - 1


def _square(pixels):
    """The middle square of a picture (h, w[, channels]), integers or 0..1, as float32 (1 or 3, side, side) in 0..1."""
    largest = 1.0 if pixels.dtype.kind == "f" else float(np.iinfo(pixels.dtype).max)
    side = min(pixels.shape[:2])
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    pixels = np.atleast_3d(pixels)[top:top + side, left:left + side].astype("float32") / largest
    colour, alpha = pixels[..., :3], pixels[..., 3:]
    if alpha.size:
        colour = alpha * colour + (1 - alpha)
    return colour.transpose(2, 0, 1)


def _scale(picture, size):
    """Resample (·, side, side) to (·, size, size): linear interpolation, widened to an average where it shrinks."""
    side = picture.shape[-1]
    factor = side / size
    distance = (np.arange(size)[:, None] + 0.5) * factor - (np.arange(side) + 0.5)     # of the centres, in old pixels
    weights = np.maximum(0, 1 - abs(distance) / max(factor, 1)).astype("float32")
    weights /= weights.sum(axis=1, keepdims=True)
    return weights @ picture @ weights.T
