"""What the demos share: the table of claims, pictures, networks in batches, and the two judges."""

import json
import os
import re
import sys
from fractions import Fraction
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import strict_cupy

matplotlib.use("Agg")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "demos"))

from shared import digits_judge, faces_judge, networks, pictures  # noqa: E402
from shared.claims import Claims  # noqa: E402

import minigen as mg  # noqa: E402
from minigen import functional as F  # noqa: E402
from minigen.layers import BatchNorm, Dense, ReLU, Sequential  # noqa: E402

pytestmark = pytest.mark.host_arrays


# -------------------------------------------------------------------------- the table of claims

def row_of(method, *arguments, **how):
    claims = Claims()
    getattr(claims, method)("so it is", *arguments, **how)
    (row,) = claims.rows
    return row


@pytest.mark.parametrize("method, held, not_held, mark, text", [
    ("at_least", 0.6, 0.5999, (0.6,), ">= 0.6"),
    ("at_most", 1e-12, 1.001e-12, (1e-12,), "<= 1e-12"),
    ("above", 0.5001, 0.5, (0.5,), "> 0.5"),
    ("below", 0.4999, 0.5, (Fraction(1, 2),), "< 1/2"),
    ("at_least", 2 / 3, 0.6666, (Fraction(2, 3),), ">= 2/3"),
    ("at_most", 241.7, 241.70001, (241.7,), "<= 241.7"),
    ("between", 0.56, 0.5599, (0.56, 0.84), "0.56 to 0.84"),
    ("between", 0.84, 0.8401, (0.56, 0.84), "0.56 to 0.84"),
    ("between", -1e-4, -1.1e-4, (-1e-4, 0.05), "-1e-4 to 0.05"),
    ("equal", 10, 9, (10,), "10"),
    ("every", 5, 4, (5,), "5 of 5"),
    ("more", 3, 2, (2,), "more"),
    ("fewer", 1, 2, (2,), "fewer"),
])
def test_a_mark_is_compared_as_it_is_printed(method, held, not_held, mark, text):
    for value, verdict in ((held, "held"), (not_held, "not held"), (np.nan, "not held")):
        row = row_of(method, value, *mark)
        assert (row["verdict"], row["threshold"]) == (verdict, text), value


@pytest.mark.parametrize("how, held, not_held, text", [
    (dict(within=0.125), (0.375, 0.625), (0.374, 0.626), "0.5 ± 0.125"),
    (dict(percent=25), (0.375, 0.625), (0.374, 0.626), "0.5 ± 25%"),
    (dict(within=0.125, digits=2), (0.5,), (0.7,), "0.50 ± 0.125"),
])
def test_near_counts_both_sides(how, held, not_held, text):
    for value in (*held, *not_held):
        row = row_of("near", value, 0.5, **how)
        assert (row["verdict"] == "held") == (value in held) and row["threshold"] == text, value


@pytest.mark.parametrize("method, held, not_held, text", [
    ("interval_above", (0.01, 1), (0, 1), "interval above 0"),
    ("interval_below", (-1, -0.01), (-1, 0), "interval below 0"),
    ("interval_holds", (-1, 0), (0.01, 1), "interval holds 0"),
    ("interval_holds", (0, 1), (-1, -0.01), "interval holds 0"),
])
def test_an_interval_is_compared_as_a_whole(method, held, not_held, text):
    for interval, verdict in ((held, "held"), (not_held, "not held")):
        row = row_of(method, 0.5, interval, 0)
        assert (row["verdict"], row["threshold"]) == (verdict, text)
        assert row["interval"] == list(map(float, interval)) and row["measured"] == 0.5


def test_of_several_values_all_must_meet_the_mark():
    for values, verdict in (([0.1, 0.2], "held"), ([0.1, 0.3], "not held")):
        assert row_of("below", values, 0.25, shown="two")["verdict"] == verdict
        assert row_of("near", np.array(values), 0.15, within=0.07)["verdict"] == verdict
        assert row_of("holds", "x", "both", np.array(values) < 0.25)["verdict"] == verdict


def test_a_mark_that_does_not_count_in_this_run_is_not_shown():
    for method, mark in (("at_least", (0.9,)), ("near", (0.9, 0.1)), ("holds", ("as well", False)),
                         ("between", (0.9, 1.0)), ("equal", (1,)), ("every", (1,))):
        row = row_of(method, 0.5, *mark, when=False)
        assert (row["verdict"], row["threshold"]) == ("reported", None), method


def test_units_decimals_and_what_is_shown_instead_of_the_value():
    row = row_of("at_least", 98, 99, unit="%", shown="98 of 100 networks", interval=(0.93, 0.99))
    assert row == {"claim": "so it is", "measured": "98 of 100 networks", "interval": [0.93, 0.99],
                   "threshold": ">= 99%", "verdict": "not held"}
    assert row_of("between", 50, 34, 64, unit="%")["threshold"] == "34% to 64%"
    assert row_of("below", 0.01, 0.04528172, digits=4)["threshold"] == "< 0.0453"
    assert row_of("every", 3, 4, shown="3 measures")["measured"] == "3 measures"
    assert row_of("every", 3, 4)["measured"] == "3 of 4"
    assert row_of("report", 0.5, (0.4, 0.6))["interval"] == [0.4, 0.6]


def test_a_word_that_no_method_knows_is_an_error():
    with pytest.raises(TypeError):
        row_of("at_least", 1, 1, intervall=(0, 1))


def test_the_table_of_claims_fits_80_columns():
    claims = Claims()
    claims.at_least("a claim with so many words that it goes on and on over more than a single "
                    "line of the table", 0.93456, 0.9, interval=(0.91, 0.95))
    claims.equal("another", 12, 10)
    claims.report("a third", "7 of 8")
    text = str(claims)
    assert max(map(len, text.splitlines())) <= 80
    assert "0.935 [0.910, 0.950]" in text and re.search(r">= 0\.9 +held", text)
    assert re.search(r"another +12 +10 +not held", text)
    assert re.search(r"a third +7 of 8 +none +reported", text)
    assert [row["verdict"] for row in claims.rows] == ["held", "not held", "reported"]
    json.dumps(claims.rows)


# ------------------------------------------------------------------------------------- pictures

def test_image_grid():
    images = np.ones((3, 1, 2, 2), "float32") * np.array([0, 0.25, 0.5]).reshape(3, 1, 1, 1)
    grid = pictures.image_grid(images, 2, pad=1)
    assert grid.shape == (7, 7)                         # the fourth place stays white:
    np.testing.assert_array_equal(grid[[1, 1, 4, 4], [1, 4, 1, 4]], [0, 0.25, 0.5, 1])
    assert pictures.image_grid(np.zeros((2, 3, 4, 5)), 2).shape == (8, 16, 3)


def test_a_picture_is_whole_or_left_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "figure.png"
    path.write_bytes(b"the old one")

    def full(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="disk full"):
        pictures.save(pictures.plt.figure(), path)
    pictures.plt.close()
    assert path.read_bytes() == b"the old one" and list(tmp_path.iterdir()) == [path]


# ------------------------------------------------------------------------------------- networks

def test_in_batches_is_the_network_on_all_rows():
    network, x = Dense(3, 2), mg.randn(7, 3)
    whole = network(x).numpy()
    for given in (x, mg.to_numpy(x), mg.to_numpy(x).astype("float64")):
        np.testing.assert_allclose(networks.in_batches(network, given, batch=3), whole, rtol=1e-6)


def test_in_batches_takes_arrays_that_lie_on_the_device():
    with strict_cupy.installed(), mg.use("cupy"):
        x = mg.randn(5, 2)
        outputs = networks.in_batches(F.exp, x, batch=2)
        host = mg.to_numpy(x)
        np.testing.assert_array_equal(networks.in_batches(F.exp, host, batch=2), outputs)
    assert type(outputs) is np.ndarray
    np.testing.assert_allclose(outputs, np.exp(host), rtol=1e-6)


def test_the_encoder_and_the_parameters_of_several_networks():
    encoder, decoder = networks.GaussianEncoder(Sequential(Dense(5, 4), ReLU()), 4, 2), Dense(2, 5)
    mu, log_var = encoder(mg.randn(3, 5))
    assert mu.shape == log_var.shape == (3, 2)
    names = [name for name, _ in encoder.named_parameters()]
    assert names == [f"{part}.{kind}" for part in ("hidden.0", "mu", "log_var")
                     for kind in ("weight", "bias")]
    together = networks.parameters_of(encoder, decoder)
    assert list(map(id, together)) == list(map(id, encoder.parameters() + decoder.parameters()))


def test_the_rate_of_adam_falls_in_the_second_half():
    p = mg.tensor(np.zeros(1, "float32"), requires_grad=True)
    optimizer = networks.decaying_adam([p], 0.5, 8, momentum=0.25, final=0.1)
    assert optimizer.betas == (0.25, 0.999)
    rates = [optimizer.lr(step) for step in (0, 4, 6, 8, 9)]
    assert rates == pytest.approx([0.5, 0.5, 0.3, 0.1, 0.1])
    later = networks.decaying_adam([p], 0.5, 8, hold=0.75)
    assert [later.lr(step) for step in (6, 7, 8)] == pytest.approx([0.5, 0.25, 0])


def test_the_average_of_a_network_forgets_its_first_weights_and_leaves_the_network_alone():
    network = BatchNorm(1)
    average = networks.Average(network, keep=0.5)
    network.weight.data[:], network.running_mean[:] = 3, 1
    average.update()                                            # from 1 and 0; keep is (1 + 1)/11
    assert average.state["weight"].item() == pytest.approx(1 + 9 / 11 * 2)
    assert average.state["running_mean"].item() == pytest.approx(9 / 11)
    for value in [7] * 60 + [9]:
        network.weight.data[:] = value
        average.update()
    assert average.state["weight"].item() == pytest.approx(8)   # in the end keep is 0.5, no more
    assert network.weight.item() == 9 and network.running_mean.item() == 1


# --------------------------------------------------------------------------------------- judges

def test_the_judge_reads_digits():
    images, labels = mg.data.mnist_sample("test")
    p = digits_judge.probabilities(digits_judge.trained(), images)
    assert (p.argmax(1) == labels).mean() >= 0.975
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-5)
    assert digits_judge.STATE.stat().st_size < 300_000


def test_the_judge_s_report_tells_one_digit_from_ten():
    images, labels = mg.data.mnist_sample("test")
    real = digits_judge.report(images)
    assert real.share > 0.9 and real.classes == 10
    assert real.entropy == pytest.approx(np.log(10), abs=0.02)
    ones = digits_judge.report(images[labels == 1])
    assert ones.classes == 1 and ones.entropy < 0.05 and ones.shares[1] > 0.99


def test_the_judge_of_faces_tells_one_from_several_and_learned_it_by_its_script(tmp_path):
    faces, known = mg.data.faces(300, faces_judge.SIZE, seed=1)
    several = faces_judge.several_faces(np.random.default_rng(1), faces, known)

    def mistakes(judge):
        one, none = (faces_judge.says(judge, x)[:, faces_judge.ONE_FACE] > 0.5
                     for x in (faces, several))
        return 1 - one.mean(), none.mean()

    assert max(mistakes(faces_judge.trained())) < 0.06
    mg.seed(0)
    rng = np.random.default_rng(0)
    short = faces_judge.train(rng, n=600, epochs=4)         # a twentieth of the script's training
    assert sum(mistakes(short)) < 0.7                       # guessing: 1
    networks.save_network(short, tmp_path / "judge.npz")
    again = networks.load_network(faces_judge.classifier(), tmp_path / "judge.npz")
    np.testing.assert_allclose(faces_judge.says(again, faces), faces_judge.says(short, faces),
                               atol=0.02)
