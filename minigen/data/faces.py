"""Drawn faces: people of known attributes (glasses, woman or man, smile, hair …), of any number and
any size. They stand in for a set of photographs where none may be downloaded.

Each attribute comes from one uniform number per face, and these numbers depend on the seed alone:
the same seed gives the same people at every size, fixing one attribute leaves the others as they
were, and `faces(20)` begins with `faces(10)`. Read first: face_parts.py, which does the painting.
"""

import numpy as np

from .. import errors
from .face_parts import FRAME, HAIR, IRIS, paint

# Probability of True; a probability for each name; or the ends of a uniform range.
FULL = {
    "glasses": 0.5,
    "female": 0.5,
    "smile": 0.5,
    "beard": 0.4,                                   # of the men
    "hair": dict(zip(HAIR, (0.3, 0.3, 0.2, 0.12, 0.08))),
    "skin": (0.0, 1.0),                             # light to dark
    "turn": (-1.0, 1.0),                            # of the head: to the left .. to the right
    "background_hue": (0.0, 1.0),
    "background_value": (0.55, 0.95),
    "shirt_hue": (0.0, 1.0),
    "square_lenses": 0.4,
    "frame": dict(zip(FRAME, (0.6, 0.2, 0.2))),
    "iris": dict(zip(IRIS, (0.6, 0.25, 0.15))),
    "face_width": (0.50, 0.56),                     # lengths: half the picture's width is 1
    "face_height": (0.62, 0.68),
    "eye_gap": (0.235, 0.265),                      # from the middle of the face to an eye
    "hair_brightness": (0.85, 1.15),
    "hair_length": (0.62, 1.0),                     # y of the lower end, of women's hair
}

# What a small GAN can learn: one kind of glasses and of eyes, and heads of one size.
PLAIN = FULL | {
    "turn": (-0.6, 0.6),
    "square_lenses": 0.0,
    "frame": {"black": 1.0},
    "iris": {"brown": 1.0},
    "face_width": (0.53, 0.53),
    "face_height": (0.65, 0.65),
    "eye_gap": (0.25, 0.25),
    "hair_brightness": (1.0, 1.0),
    "hair_length": (0.85, 0.85),
}
STYLES = {"full": FULL, "plain": PLAIN}

FACES_IN_CACHE = 128                # painted together: few enough to stay in the processor's cache


def faces(n, size=32, seed=0, style="plain", **fixed):
    """Draw `n` faces of size × size pixels.

    Returns images float32 (n, 3, size, size) in [−1, 1] and a dict of the attributes, each an
    array (n,): bool (glasses, female, smile, beard, square_lenses), names (hair, frame, iris) or
    float32 (the rest, in the ranges of FULL above). Style "plain" varies what a small GAN can
    learn; "full" varies everything.

    An attribute given as a keyword, one value or n of them, is fixed: faces(9, glasses=True),
    faces(9, turn=numpy.linspace(-1, 1, 9)), or faces(n, 64, **attributes) for the same people
    again. All others stay as they were, with one exception: beards are drawn for men only, so
    fixing `female` alone removes women's beards, and fixing `beard` alone makes everyone with a
    beard a man.

    ValueError for a bad n, size, seed or style or a value that an attribute cannot take, TypeError
    for an unknown attribute.
    """
    errors.integer("faces", 1, n=n, size=size)
    errors.integer("faces", 0, seed=seed)
    attributes = _draw_attributes(n, seed, style, fixed)
    images = np.empty((n, 3, size, size), "float32")
    for start in range(0, n, FACES_IN_CACHE):
        rows = slice(start, start + FACES_IN_CACHE)
        paint(images[rows], {name: values[rows] for name, values in attributes.items()})
        images[rows] = 2 * np.clip(images[rows], 0, 1) - 1
    return images, attributes


def _draw_attributes(n, seed, style, fixed):
    _check_style(style)
    _check_names(fixed)
    uniform = np.random.default_rng(seed).random((n, len(FULL)))
    attributes = {name: _fixed_values(name, fixed[name], n) if name in fixed else _choose(rule, u)
                  for (name, rule), u in zip(STYLES[style].items(), uniform.T)}
    if "beard" not in fixed:
        attributes["beard"] &= ~attributes["female"]
    elif "female" not in fixed:
        attributes["female"] &= ~attributes["beard"]
    return attributes


def _choose(rule, u):
    """Turn uniform numbers u (n,) into values of an attribute: the inverse of its distribution."""
    if isinstance(rule, float):
        return u < rule
    if isinstance(rule, dict):
        index = np.searchsorted(np.cumsum(list(rule.values()))[:-1], u, side="right")
        return np.array(list(rule))[index]
    low, high = rule
    return (low + (high - low) * u).astype("float32")


def _fixed_values(name, value, n):
    """The values (n,) of an attribute that the caller gave: anything FULL allows, in any style."""
    values, dtype = np.asarray(value), None
    if isinstance(FULL[name], float):
        expected, good = "True or False", values.dtype == bool
    elif isinstance(FULL[name], dict):
        names = list(FULL[name])
        expected, good = f"one of {_quoted(names)}", np.isin(values, names).all()
    else:
        (low, high), dtype, rounding = FULL[name], "float32", 1e-6
        expected = f"a number in [{low}, {high}]"
        good = (values.dtype.kind in "iuf"
                and np.all((values >= low - rounding) & (values <= high + rounding)))
    if not good:
        raise ValueError(f"faces: {name} is {value!r}, expected {expected}")
    if values.shape not in ((), (n,)):
        raise ValueError(f"faces: {name} has shape {values.shape}, expected one value or ({n},)")
    return np.broadcast_to(values.astype(dtype or values.dtype), (n,)).copy()


# ------------------------------------------------------------------------------------------ checks

def _check_style(style):
    if style not in STYLES:
        raise ValueError(f"faces: style is {style!r}, expected one of {_quoted(STYLES)}")


def _check_names(fixed):
    unknown = sorted(set(fixed) - set(FULL))
    if unknown:
        raise TypeError(f"faces: no attribute {_quoted(unknown)}; "
                        f"the attributes are {', '.join(FULL)}")


def _quoted(names):
    return ", ".join(map(repr, names))
