"""The parts of a drawn face, from the wall behind it to the glasses in front, each a few shapes.

A painter takes a canvas (some rows of m pictures) and `f`, everything known about the m faces. Its
numbers are lengths and places, chosen by eye: half the picture's width is 1, x points to the right,
y points down, and the head is centred near (0, 0). In either(f.female, a, b), a is for women and b
for men. Read first: shapes.py, the distances that everything here is painted with.
"""

from types import SimpleNamespace

import numpy as np

from .shapes import (Canvas, above_parabola, box, capsule, either, ellipse, hsv, intersection, rgb,
                     ring, union)

# ----------------------------------------------------------------------------------------- colours

HAIR = {"black": (0.10, 0.08, 0.08), "brown": (0.36, 0.20, 0.10), "blond": (0.88, 0.70, 0.32),
        "red": (0.70, 0.28, 0.10), "grey": (0.62, 0.60, 0.60)}
FRAME = {"black": (0.07, 0.07, 0.10), "red": (0.55, 0.08, 0.10), "blue": (0.10, 0.16, 0.50)}
IRIS = {"brown": (0.22, 0.12, 0.07), "blue": (0.15, 0.38, 0.62), "green": (0.20, 0.42, 0.22)}
SKIN = ((0.99, 0.86, 0.75), (0.90, 0.69, 0.52), (0.66, 0.44, 0.29), (0.45, 0.29, 0.19))
SKIN_AT = (0, 1/3, 2/3, 1)                      # where on the scale from light to dark

EYE_WHITE = rgb(0.98, 0.98, 0.98)
LASHES = rgb(0.10, 0.07, 0.07)
LENSES = rgb(0.85, 0.95, 1.0)
LIPSTICK = rgb(0.80, 0.15, 0.22)
TEETH = rgb(0.97, 0.96, 0.93)

# Brightness beside the skin or the hair that a part consists of.
SHADE = {"neck": 0.84, "ears": 0.9, "ridge": 0.62, "tip": 0.68,
         "back hair": 0.85, "beard": 0.9, "brows": 0.6}

# ---------------------------------------------------------------------------------- the whole face

LARGEST_TURN = 0.27             # radians (15°), at turn = 1
HEAD_Y = 0.06                   # the centre of the head is a little below the middle
HEAD_SHIFT = 0.12               # how far the whole head moves as it turns, times sin θ
MOUTH_DEPTH, RIDGE_DEPTH, TIP_DEPTH = 0.8, 0.9, 1.15    # how far in front of the head's centre a
FOREHEAD_DEPTH = 0.5                                    # part lies, in half-widths of the face
OUT_OF_SIGHT = 9                # added to a distance: no pixel is inside any more


def paint(images, attributes):
    """Paint people with these attributes, arrays (m,), on images (m, 3, size, size), 0..1."""
    face = _arrange(attributes)
    for painter, top, bottom in STEPS:
        painter(Canvas(images, top, bottom), face)


def _arrange(attributes):
    """Where everything is and which colour it has: attributes as (m, 1, 1), and what follows.

    The head turns by parallax. On a round head of half-width W, a feature at azimuth φ moves from
    W sin φ to W sin(φ + θ) when the head turns by θ, and its width changes by the factor
    cos(φ + θ) / cos φ. What stands out from the face (nose, chin) moves further; what lies behind
    it (back hair, ears) moves the other way.
    """
    f = SimpleNamespace(**{name: values.astype("float32").reshape(-1, 1, 1)
                           for name, values in attributes.items() if values.dtype.kind in "bf"})
    theta = LARGEST_TURN * f.turn
    f.sin, f.cos = np.sin(theta), np.cos(theta)
    f.x, f.y = HEAD_SHIFT * f.sin, HEAD_Y
    f.eyes = []
    for side in (-1, 1):                        # each: side, x of its centre, relative width
        phi = np.arcsin(side * f.eye_gap / f.face_width)
        f.eyes.append((side, f.x + f.face_width * np.sin(phi + theta),
                       np.cos(phi + theta) / np.cos(phi)))
    f.mouth_x = _in_front(f, MOUTH_DEPTH)
    tones = [np.interp(f.skin[:, 0, 0], SKIN_AT, channel) for channel in zip(*SKIN)]
    f.skin_colour = rgb(np.stack(tones, 1))
    f.hair_colour = (rgb([HAIR[name] for name in attributes["hair"]])
                     * f.hair_brightness[:, None])
    f.frame_colour = rgb([FRAME[name] for name in attributes["frame"]])
    f.iris_colour = rgb([IRIS[name] for name in attributes["iris"]])
    return f


def _in_front(f, depth):
    """x of what lies in the middle of the face, `depth` in front of the head's centre."""
    return f.x + depth * f.face_width * f.sin


# ------------------------------------------------------------------------------ behind the features

def background(canvas, f):
    brighter_above = 1.05 - 0.06 * (canvas.y + 1)
    wall = hsv(f.background_hue, 0.35, f.background_value[..., None])
    canvas.pictures[:] = wall * brighter_above[:, None]


def back_hair(canvas, f):
    top = -0.72
    d = box(canvas.x + 0.25 * f.sin, canvas.y - (f.hair_length + top) / 2,
            half_width=f.face_width + 0.15, half_height=(f.hair_length - top) / 2, corner=0.5)
    canvas.paint(d, f.hair_colour * SHADE["back hair"], opacity=f.female)


def shirt(canvas, f):
    shoulders = ellipse(canvas.x, canvas.y - 1.22, rx=0.82, ry=0.46)
    canvas.paint(shoulders, hsv(f.shirt_hue, 0.6, 0.7))


def neck(canvas, f):
    d = box(canvas.x - f.x / 2, canvas.y - 0.72, half_width=0.19, half_height=0.22, corner=0.08)
    canvas.paint(d, f.skin_colour * SHADE["neck"])


def ears(canvas, f):
    x, y = canvas.x - f.x + 0.10 * f.sin, canvas.y - 0.06
    both = ellipse(abs(x) - f.face_width, y, rx=0.09, ry=0.13)
    canvas.paint(both, f.skin_colour * SHADE["ears"], opacity=1 - f.female)


def _head_shape(canvas, f):
    x, y = canvas.x - f.x, canvas.y - f.y
    skull = ellipse(x, y, f.face_width, f.face_height)
    mens_jaw = ellipse(x, y - 0.2, 0.9 * f.face_width, 0.7 * f.face_height)
    return union(skull, mens_jaw + OUT_OF_SIGHT * f.female)


def head(canvas, f):
    canvas.paint(_head_shape(canvas, f), f.skin_colour)


# ------------------------------------------------------------------------------------- the features

def beard(canvas, f):
    below = -above_parabola(canvas.x - f.mouth_x, canvas.y - 0.31, -1.1)
    canvas.paint(intersection(_head_shape(canvas, f), below), f.hair_colour * SHADE["beard"],
                 opacity=0.92 * f.beard)


def mouth(canvas, f):
    half_width = 0.19 * f.cos
    x = (canvas.x - f.mouth_x) / half_width             # −1 and 1 at the corners
    bend = either(f.smile, 0.15, 0.015)
    curve = 0.43 + bend * (0.5 - np.minimum(x * x, 1))  # y of the lower lip, or of the only line
    beside = (abs(x) - 1) * half_width
    line = intersection(beside, abs(canvas.y - curve) - either(f.female, 0.038, 0.032))
    teeth = intersection(beside, intersection(0.355 - canvas.y, canvas.y - curve))
    upper_lip = capsule(canvas.x - f.mouth_x, canvas.y, -half_width, 0.36, half_width, 0.36,
                        radius=0.02)
    womens = LIPSTICK * 0.75 + f.skin_colour * rgb(1, 0.5, 0.5) * 0.25
    mens = f.skin_colour * rgb(0.72, 0.50, 0.48)
    lips = either(f.female[..., None], womens, mens)
    canvas.paint(teeth, TEETH, opacity=f.smile)
    canvas.paint(line, lips)
    canvas.paint(upper_lip, lips, opacity=f.smile)


def nose(canvas, f):
    tip_x = _in_front(f, TIP_DEPTH)
    ridge = capsule(canvas.x, canvas.y, _in_front(f, RIDGE_DEPTH), 0.08, tip_x, 0.22, radius=0.028)
    tip = ellipse(canvas.x - tip_x, canvas.y - 0.22, rx=0.07, ry=0.042)
    canvas.paint(ridge, f.skin_colour * SHADE["ridge"], opacity=0.55)
    canvas.paint(tip, f.skin_colour * SHADE["tip"], opacity=0.7)


def eyes(canvas, f):
    for side, eye_x, width in f.eyes:
        x, y, out = canvas.x - eye_x, canvas.y, side * width        # `out`: away from the nose
        white = ellipse(x, y, rx=0.125 * width, ry=0.085)
        iris = ellipse(x - 0.15 * f.sin, y, rx=0.065, ry=0.068)
        lid = intersection(ring(white, either(f.female, 0.030, 0.014)), y + 0.02)
        lash = capsule(x, y, 0.115 * out, -0.03, 0.185 * out, -0.10, radius=0.022)
        brow = capsule(x, y, -0.09 * out, -0.215, 0.13 * out, -0.20,
                       radius=either(f.female, 0.018, 0.040))
        canvas.paint(white, EYE_WHITE)
        canvas.paint(intersection(iris, white), f.iris_colour)
        canvas.paint(lid, LASHES)
        canvas.paint(lash, LASHES, opacity=f.female)
        canvas.paint(brow, f.hair_colour * SHADE["brows"], opacity=0.9)


def front_hair(canvas, f):
    cap = ellipse(canvas.x - f.x, canvas.y + 0.03,
                  rx=f.face_width + either(f.female, 0.085, 0.055),
                  ry=f.face_height + either(f.female, 0.06, 0.04))
    hairline = above_parabola(canvas.x - f.x - FOREHEAD_DEPTH * f.face_width * f.sin,
                              canvas.y + either(f.female, 0.40, 0.36),
                              either(f.female, 1.9, 0.75))
    canvas.paint(intersection(cap, hairline), f.hair_colour)


def glasses(canvas, f):
    r, inner_edges = 0.195, []                          # radius of a lens; x, for the bridge
    for side, eye_x, width in f.eyes:
        x, y, edge = canvas.x - eye_x, canvas.y - 0.01, side * r * width
        square = box(x, y, r * width, 0.82 * r, corner=0.05)
        lens = either(f.square_lenses, square, ellipse(x, y, r * width, r))
        ear = f.x + side * f.face_width - eye_x
        temple = capsule(x, canvas.y, edge, -0.03, ear, -0.05, radius=0.026)
        canvas.paint(lens, LENSES, opacity=0.30 * f.glasses)
        canvas.paint(union(ring(lens, 0.036), temple), f.frame_colour, opacity=f.glasses)
        inner_edges.append(eye_x - edge)
    left, right = inner_edges
    bridge = capsule(canvas.x, canvas.y, left, -0.03, right, -0.03, radius=0.03)
    canvas.paint(bridge, f.frame_colour, opacity=f.glasses)


STEPS = (                   # painted in this order, each between these rows (y of top and bottom)
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
