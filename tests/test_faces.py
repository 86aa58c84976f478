"""Labels of drawn faces against their pixels and against their stated distributions."""

import colorsys

import numpy as np
import pytest
from scipy import stats
from sklearn.linear_model import RidgeClassifier

from minigen.data import face_parts
from minigen.data.face_parts import HAIR, SKIN
from minigen.data.faces import FULL, STYLES, faces

pytestmark = pytest.mark.host_arrays

NUMBERS = [name for name, rule in FULL.items() if isinstance(rule, tuple)]


# ---------------------------------------------------------------------------------- what comes back

@pytest.mark.parametrize("style, size", [("plain", 32), ("full", 32), ("full", 64), ("plain", 5)])
def test_shapes_dtypes_and_ranges(style, size):
    images, attributes = faces(6, size, style=style)
    assert images.shape == (6, 3, size, size) and images.dtype == np.float32
    assert images.min() >= -1 and images.max() <= 1 and images.max() - images.min() > 1
    assert list(attributes) == list(FULL)
    for name, values in attributes.items():
        kind = {float: "b", dict: "U", tuple: "f"}[type(FULL[name])]
        assert values.shape == (6,) and values.dtype.kind == kind, name
    assert all(attributes[name].dtype == np.float32 for name in NUMBERS)


def test_the_seed_decides_everything():
    (a, people), (b, again), (c, others) = faces(8, seed=3), faces(8, seed=3), faces(8, seed=4)
    assert (a == b).all() and all((people[name] == again[name]).all() for name in people)
    assert (a != c).any((1, 2, 3)).all() and (people["skin"] != others["skin"]).all()


def test_more_faces_begin_with_the_same_ones():
    few, (many, people) = faces(5, seed=1)[0], faces(140, seed=1)  # 140 is painted in two parts
    assert (many[:5] == few).all()
    rest = faces(40, **{name: values[100:] for name, values in people.items()})[0]
    assert (many[100:] == rest).all()


def test_the_same_people_at_every_size():
    (small, a), (large, b) = faces(20, 32, style="full"), faces(20, 64, style="full")
    assert all((a[name] == b[name]).all() for name in a)
    halved = large.reshape(20, 3, 32, 2, 32, 2).mean((3, 5))
    assert abs(halved - small).mean() < 0.02 and abs(small - small[::-1]).mean() > 0.2


def test_the_step_list_cuts_nothing_off(monkeypatch):
    """Every step is limited to some rows; painting all rows must give exactly the same picture."""
    sizes = (10, 17, 32, 51)
    before = [faces(150, size, seed=7, style="full")[0] for size in sizes]
    monkeypatch.setattr(face_parts, "STEPS",
                        tuple((step, -1, 1) for step, _, _ in face_parts.STEPS))
    for size, images in zip(sizes, before):
        assert (faces(150, size, seed=7, style="full")[0] == images).all()


# ------------------------------------------------------------------------------------ distributions

def assert_share(hits, n, probability):
    """`hits` of n lie in the interval that the binomial distribution leaves once in a million."""
    low, high = stats.binom.interval(1 - 1e-6, n, probability)
    assert low <= hits <= high, f"{hits} of {n}, expected {low:.0f} to {high:.0f}"


def test_the_shares_of_the_plain_set():
    _, people = faces(8000, size=1, seed=7)
    men = ~people["female"]
    for name in ("glasses", "female", "smile"):
        assert_share(people[name].sum(), 8000, 0.5)
    assert_share(people["beard"][men].sum(), men.sum(), 0.4)
    hair = {"black": 0.3, "brown": 0.3, "blond": 0.2, "red": 0.12, "grey": 0.08}
    for name, share in hair.items():
        assert_share((people["hair"] == name).sum(), 8000, share)


@pytest.mark.parametrize("style, rules", STYLES.items())
def test_attributes_follow_their_stated_distribution(style, rules):
    n = 8000
    _, people = faces(n, size=1, seed=5, style=style)
    for name, rule in rules.items():
        values = people[name]
        if name == "beard":
            men = ~people["female"]
            assert_share(values[men].sum(), men.sum(), rule)
            assert not values[~men].any()
        elif isinstance(rule, float):
            assert_share(values.sum(), n, rule)
        elif isinstance(rule, dict):
            assert set(values) <= set(rule)
            for choice, probability in rule.items():
                assert_share((values == choice).sum(), n, probability)
        elif rule[0] == rule[1]:
            assert (values == np.float32(rule[0])).all()
        else:
            low, high = rule
            assert stats.kstest(values, stats.uniform(low, high - low).cdf).pvalue > 1e-6, name


def test_glasses_sex_and_smile_are_independent():
    _, people = faces(8000, size=1, seed=6)
    for corner in np.ndindex(2, 2, 2):
        match = [people[name] == bool(value)
                 for name, value in zip(("glasses", "female", "smile"), corner)]
        assert_share(np.logical_and.reduce(match).sum(), 8000, 1 / 8)


# --------------------------------------------------------------------------------- fixed attributes

@pytest.mark.parametrize("fixed", [
    {"glasses": True}, {"female": False, "smile": True}, {"female": True, "beard": True},
    {"square_lenses": True}, {"hair": "red"}, {"iris": ["brown", "blue", "green", "blue"]},
    {"skin": 0.0}, {"turn": np.linspace(-1, 1, 4)}])
def test_fixed_attributes_are_honoured_and_the_others_stay(fixed):
    _, free = faces(4)
    _, people = faces(4, **fixed)
    for name, values in people.items():
        if name in fixed:
            assert values.shape == (4,) and values.dtype.kind == free[name].dtype.kind
            assert (values == np.asarray(fixed[name], values.dtype)).all()
        elif name != "beard" or "female" not in fixed:
            assert (values == free[name]).all(), name


def test_beards_and_women_are_tied_unless_both_are_fixed():
    assert not faces(50, female=True)[1]["beard"].any()
    wearers = np.arange(50) % 2 == 0
    people = faces(50, beard=wearers)[1]
    assert not people["female"][wearers].any() and people["female"][~wearers].any()


def test_returned_attributes_draw_the_same_people_again():
    images, people = faces(9, seed=2, style="full")
    again, same = faces(9, seed=99, **people)
    assert (again == images).all() and all((same[name] == people[name]).all() for name in people)


# ---------------------------------------------------- one attribute changes one part of the picture

EVERYBODY, WOMEN, MEN, WEARERS = {}, {"female": True}, {"female": False}, {"glasses": True}
# attribute, from, to, of whom, the only part that may change: top, bottom, left, right
LOCAL = [
    ("glasses", False, True, EVERYBODY, (-0.23, 0.25, -0.7, 0.7)),
    ("square_lenses", False, True, WEARERS, (-0.23, 0.25, -0.7, 0.7)),
    ("frame", "black", "red", WEARERS, (-0.23, 0.25, -0.7, 0.7)),
    ("iris", "brown", "blue", EVERYBODY, (-0.07, 0.07, -0.5, 0.5)),
    ("smile", False, True, EVERYBODY, (0.31, 0.55, -0.4, 0.4)),
    ("beard", False, True, MEN, (-0.2, 0.75, -0.65, 0.65)),
    ("shirt_hue", 0.1, 0.6, EVERYBODY, (0.76, 1, -1, 1)),
    ("hair_length", 0.62, 1.0, WOMEN, (-0.73, 1, -0.8, 0.8)),
]


@pytest.mark.parametrize("name, before, after, whom, region", LOCAL, ids=[row[0] for row in LOCAL])
def test_an_attribute_changes_its_part_and_no_other_pixel(name, before, after, whom, region):
    size = 48
    old, new = (faces(40, size, seed=8, style="full", **whom, **{name: value})[0]
                for value in (before, after))
    changed = (old != new).any(1)
    centres = (2 * np.arange(size) + 1) / size - 1
    top, bottom, left, right = region
    soft = 1 / size + 1e-6  # half a pixel: the soft edge
    rows = (centres > top - soft) & (centres < bottom + soft)
    columns = (centres > left - soft) & (centres < right + soft)
    assert not changed[:, ~rows].any() and not changed[:, :, ~columns].any()
    assert (changed.sum((1, 2)) >= 4).all()  # and it does change, in everybody


@pytest.mark.parametrize("fixed, name, before, after", [
    ({"glasses": False}, "frame", "black", "red"),
    ({"glasses": False}, "square_lenses", False, True),
    (MEN, "hair_length", 0.62, 1.0)])
def test_what_is_not_there_changes_nothing(fixed, name, before, after):
    old, new = (faces(20, 24, **fixed, **{name: value})[0] for value in (before, after))
    assert (old == new).all()


def test_the_background_changes_no_face():
    old, new = (faces(30, 32, background_hue=hue)[0] for hue in (0.0, 0.5))
    changed = (abs(old - new) > 1e-6).any(1)  # full cover is exact but for rounding
    assert changed[:, 0].all() and not changed[:, 8:22, 11:21].any()


@pytest.mark.parametrize("female", [True, False])
def test_turning_the_other_way_is_the_mirror_image(female):
    people = faces(10, 48, seed=9, style="full", female=female)[1]
    there = faces(10, 48, **people)[0]
    back = faces(10, 48, **people | {"turn": -people["turn"]})[0]
    assert abs(there[..., ::-1] - back).max() < 1e-3 and abs(there - back).max() > 0.5


def test_a_positive_turn_moves_the_features_to_the_right():
    """Measured on the eyes: the difference between two eye colours is centred on the eyes."""
    x = np.linspace(-1, 1, 64)
    centres = []
    for turn in (-1.0, 0.0, 1.0):
        blue, brown = (faces(6, 64, turn=turn, glasses=False, iris=iris)[0]
                       for iris in ("blue", "brown"))
        difference = abs(blue - brown).sum((1, 2))
        centres.append((difference * x).sum(1) / difference.sum(1))
    assert centres[1] == pytest.approx(np.zeros(6), abs=0.01)
    assert (centres[0] < -0.1).all() and (centres[2] > 0.1).all()


# -------------------------------------------------------------------------------- labels and pixels

def test_colours_are_those_of_the_labels():
    images, people = faces(40, 64, style="full", glasses=False, turn=0.0)
    pixels = (images + 1) / 2
    hair_row, forehead_row, shirt_row, middle = 12, 22, 63, 32          # of 64
    tones = np.array(SKIN)
    for i in range(40):
        hair = np.array(HAIR[people["hair"][i]]) * people["hair_brightness"][i]
        assert pixels[i, :, hair_row, middle] == pytest.approx(np.minimum(hair, 1), abs=1e-3)
        place = people["skin"][i] * 3
        low, high = tones[int(place)], tones[int(place) + 1]
        tone = low + (place - int(place)) * (high - low)
        assert pixels[i, :, forehead_row, middle] == pytest.approx(tone, abs=1e-3)
        shirt = colorsys.hsv_to_rgb(people["shirt_hue"][i], 0.6, 0.7)
        assert pixels[i, :, shirt_row, middle] == pytest.approx(shirt, abs=1e-3)
        hue, value = people["background_hue"][i], people["background_value"][i]
        wall = np.minimum(1.05 * np.array(colorsys.hsv_to_rgb(hue, 0.35, value)), 1)
        assert pixels[i, :, 0, 0] == pytest.approx(wall, abs=5e-3)


def test_men_have_ears_where_women_have_hair():
    ear = np.s_[0, :, 33, 50]  # of 64 × 64: beside the head, at eye level
    man, woman = (faces(1, 64, turn=0.0, skin=0.0, hair="red", female=female)[0]
                  for female in (False, True))
    assert (man[ear] + 1) / 2 == pytest.approx(0.9 * np.array(SKIN[0]), abs=1e-3)
    assert (woman[ear] + 1) / 2 == pytest.approx(HAIR["red"], abs=1e-3)


@pytest.mark.parametrize("name, accuracy", [("glasses", 0.99), ("female", 0.99), ("smile", 0.95)])
def test_a_linear_classifier_reads_the_labels_off_the_pixels(name, accuracy):
    images, people = faces(3500, 16, seed=10)
    x = images.reshape(len(images), -1)
    judge = RidgeClassifier(alpha=10.0).fit(x[:2500], people[name][:2500])
    assert judge.score(x[2500:], people[name][2500:]) >= accuracy


# ------------------------------------------------------------------------------------------- errors

@pytest.mark.parametrize("arguments, error, message", [
    ({"n": 0}, ValueError, "got n = 0, expected an integer >= 1"),
    ({"n": 2.0}, ValueError, "got n = 2.0, expected an integer >= 1"),
    ({"n": 2, "size": True}, ValueError, "got size = True, expected an integer >= 1"),
    ({"n": 2, "seed": -1}, ValueError, "got seed = -1, expected an integer >= 0"),
    ({"n": 2, "style": "photo"}, ValueError, "style is 'photo', expected one of 'full', 'plain'"),
    ({"n": 2, "hat": True}, TypeError,
     "no attribute 'hat'; the attributes are glasses, female, smile"),
    ({"n": 2, "glasses": 1}, ValueError, "glasses is 1, expected True or False"),
    ({"n": 2, "glasses": "yes"}, ValueError, "glasses is 'yes', expected True or False"),
    ({"n": 2, "hair": "green"}, ValueError,
     "hair is 'green', expected one of 'black', 'brown', 'blond', 'red'"),
    ({"n": 2, "hair": 3}, ValueError, "hair is 3, expected one of 'black'"),
    ({"n": 2, "turn": 1.5}, ValueError, r"turn is 1.5, expected a number in \[-1.0, 1.0\]"),
    ({"n": 2, "turn": float("nan")}, ValueError, "turn is nan"),
    ({"n": 2, "skin": "dark"}, ValueError, r"skin is 'dark', expected a number in \[0.0, 1.0\]"),
    ({"n": 2, "smile": [True] * 3}, ValueError,
     r"smile has shape \(3,\), expected one value or \(2,\)"),
])
def test_wrong_calls_say_what_was_expected(arguments, error, message):
    with pytest.raises(error, match=f"faces: {message}"):
        faces(**arguments)
