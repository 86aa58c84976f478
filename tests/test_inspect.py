"""What inspect says about a run is compared with the records of that run, recomputed here."""

import math
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

import minigen as mg
from minigen import inspect
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential


def gan(**options):
    G = Sequential(Dense(2, 8), ReLU(), Dense(8, 3))
    D = Sequential(Dense(3, 8), LeakyReLU(), Dense(8, 1))
    optimizers = mg.optim.SGD(G.parameters(), 0.1), mg.optim.SGD(D.parameters(), 0.1)
    return mg.trainers.GANTrainer(G, D, *optimizers, prior=lambda m: mg.randn(m, 2), **options)


def autoencoder():
    encoder, decoder = Dense(3, 2), Sequential(Dense(2, 3))
    optimizer = mg.optim.SGD([*encoder.parameters(), *decoder.parameters()], 0.1)
    return mg.trainers.AutoencoderTrainer(encoder, decoder, optimizer)


def data(n=40):
    return np.random.default_rng(1).standard_normal((n, 3)).astype("float32")


# ---------------------------------------------------------------------------- an iteration in words

@pytest.mark.parametrize("loss", ["saturating", "non_saturating"])
def test_each_derivative_stands_beside_its_closed_form(loss):
    trainer = gan(generator_loss=loss)
    trainer.step([data(5)])
    pairs = re.findall(r"([+-]0\.\d{6})  .*= ([+-]0\.\d{6})", inspect.algorithm(trainer))
    assert len(pairs) == 3  # phase 1: real and generated; phase 2: generated
    for measured, closed in pairs:
        assert float(measured) == pytest.approx(float(closed), abs=2e-6)


@pytest.mark.parametrize("loss, closed", [("saturating", lambda d: -d),
                                          ("non_saturating", lambda d: d - 1)])
def test_the_closed_form_is_the_formulas(loss, closed):
    trainer = gan(generator_loss=loss)
    trainer.step([data(5)])
    shown = float(re.findall(r"closed form .*= ([+-]0\.\d{6})", inspect.algorithm(trainer))[-1])
    assert shown == pytest.approx(closed(trainer.phase_2.d_fake) / 5, abs=1e-6)


def test_a_wrong_derivative_shows():
    trainer = gan()
    trainer.step([data(5)])
    # what a sign error in the engine would leave in the record
    trainer.phase_1.logit_gradients["fake"] *= -1
    measured, closed = re.search(r"generated  ([+-]0\.\d{6})  .*= ([+-]0\.\d{6})",
                                 inspect.algorithm(trainer)).groups()
    assert abs(float(measured) - float(closed)) > 0.1


def test_every_updated_parameter_with_shape_and_norm_and_the_frozen_ones_counted():
    trainer = gan()
    trainer.step([data(5)])
    phase_1, phase_2 = inspect.algorithm(trainer).split("phase 2")
    for text, record in ((phase_1, trainer.phase_1), (phase_2, trainer.phase_2)):
        rows = re.findall(r"^    (\S+) +(\(.*?\)) +norm +(\S+)$", text, re.M)
        assert [name for name, _, _ in rows] == list(record.gradients)
        for name, shape, norm in rows:
            assert shape == str(record.gradients[name].shape)
            assert float(norm) == pytest.approx(np.linalg.norm(record.gradients[name]), rel=5e-3)
    assert "G is frozen: its 4 parameter arrays" in phase_1
    assert "D is frozen: its 4 parameter arrays" in phase_2
    assert f"{trainer.phase_1.value:.4f}" in phase_1 and f"{trainer.phase_2.value:.4f}" in phase_2
    assert f"{np.linalg.norm(trainer.phase_2.sample_gradient):.3g}" in phase_2


def test_it_fits_a_terminal():
    trainer = gan(k=3)
    trainer.step([data(5)] * 3)
    text = inspect.algorithm(trainer)
    assert max(map(len, text.split("\n"))) <= 100
    assert "the last of k = 3" in text


def test_there_must_be_an_iteration_of_a_gan():
    with pytest.raises(ValueError, match="no iteration was done since"):
        inspect.algorithm(gan())
    with pytest.raises(TypeError, match="AutoencoderTrainer, expected a GANTrainer"):
        inspect.algorithm(autoencoder())


# ------------------------------------------------------------------------------------------- curves

def test_curves_are_the_records_numbers_and_norms():
    trainer, curves, seen = gan(), inspect.Curves(every=3, first=2), []

    def listen(trainer, record):
        seen.append((trainer.phase_1, trainer.phase_2))

    trainer.fit(data(), 10, batch_size=8, callbacks=[curves, listen])
    assert curves.steps == [1, 2, 3, 6, 9]
    recorded = [seen[step - 1] for step in curves.steps]
    assert curves.values["V"] == [one.value for one, _ in recorded]
    assert curves.values["D(x)"] == [one.d_real for one, _ in recorded]
    assert curves.values["D(G(z))"] == [one.d_fake for one, _ in recorded]
    assert list(curves.norms["D"]) == list(curves.norms["G"]) == ["0 Dense", "2 Dense"]
    for network, records in (("D", [one for one, _ in recorded]),
                             ("G", [two for _, two in recorded])):
        expected = [math.hypot(np.linalg.norm(r.gradients["2.weight"]),
                               np.linalg.norm(r.gradients["2.bias"])) for r in records]
        np.testing.assert_allclose(curves.norms[network]["2 Dense"], expected, rtol=1e-5)


def test_curves_of_an_autoencoder():
    trainer, curves = autoencoder(), inspect.Curves(every=2, first=0)
    trainer.fit(data(), 4, batch_size=8, callbacks=[curves])
    assert curves.steps == [2, 4] and set(curves.norms) == {"encoder", "decoder"}
    g = trainer.record.gradients
    expected = math.hypot(np.linalg.norm(g["encoder.weight"]), np.linalg.norm(g["encoder.bias"]))
    assert curves.norms["encoder"]["Dense"][-1] == pytest.approx(expected, rel=1e-5)
    assert curves.values["loss"][-1] == trainer.record.value


def test_nothing_is_fetched_between_the_recorded_steps():
    class Trainer:
        steps, asked = 0, 0

        def progress(self):
            self.asked += 1
            return {}

        def records(self):
            self.asked += 1
            return {}

    trainer, curves = Trainer(), inspect.Curves(every=10, first=0)
    record = mg.trainers.Record(gradients={})
    for trainer.steps in range(1, 31):
        curves(trainer, record)
    assert trainer.asked == 6


def test_the_mean_of_the_last_fifth():
    curves = inspect.Curves()
    curves.steps, curves.values = [1, 2, 3, 80, 90, 100], {"V": [9.0, 9.0, 9.0, 9.0, 1.0, 2.0]}
    assert curves.last("V") == 1.5


def test_curves_without_the_game_are_refused_by_name():
    for call, message in ((lambda c: c.last("V"), "'V' was not recorded"),
                          (inspect.game, "expected those of a GANTrainer"),
                          (inspect.gradient_norms, "the curves are empty")):
        with pytest.raises(ValueError, match=message):
            call(inspect.Curves())
    with pytest.raises(ValueError, match="Curves: got every = 0"):
        inspect.Curves(every=0)


# ------------------------------------------------------------------------------------------ figures

def test_figures_show_the_recorded_numbers():
    trainer, curves = gan(), inspect.Curves(every=1, first=3)
    trainer.fit(data(), 5, batch_size=8, callbacks=[curves])
    value, belief = inspect.game(curves).axes
    assert list(value.lines[0].get_ydata()) == curves.values["V"]
    assert any(np.allclose(line.get_ydata(), -math.log(4)) for line in value.lines)
    assert any(np.allclose(line.get_ydata(), 0.5) for line in belief.lines)
    D, G, phases = inspect.gradient_norms(curves).axes
    assert [text.get_text() for text in D.get_legend().get_texts()] == ["0 Dense", "2 Dense"]
    first = phases.lines[0]  # D's gradients, in phase 1 of each iteration and never in phase 2
    assert list(first.get_xdata()) == [1, 2, 3, 4, 5]
    expected = math.hypot(*(norms[0] for norms in curves.norms["D"].values()))
    assert first.get_ydata()[0] == pytest.approx(expected, rel=1e-5)
    inspect.gradient_norms(curves).savefig("/dev/null", format="png")


def test_a_figure_is_shown_in_a_notebook_without_pyplot():
    trainer, curves = gan(), inspect.Curves(every=1)
    trainer.fit(data(), 2, batch_size=8, callbacks=[curves])
    a = mg.tensor(1.0, requires_grad=True)
    for figure in (inspect.game(curves), inspect.gradient_norms(curves), inspect.draw_graph(a * a)):
        assert figure._repr_png_().startswith(b"\x89PNG")


def test_importing_minigen_leaves_matplotlib_out():
    code = ("import sys, minigen; assert 'matplotlib' not in sys.modules; "
            "assert minigen.inspect.draw_graph and 'matplotlib' in sys.modules; "
            "from minigen import inspect; assert inspect is minigen.inspect")
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="module 'minigen' has no attribute 'insect'"):
        mg.insect


def test_a_trainer_that_was_loaded_has_no_iteration_to_tell(tmp_path):
    trainer = gan()
    trainer.fit(data(), 2, checkpoint=tmp_path / "c.npz")
    mg.checkpoint.load(tmp_path / "c.npz", trainer)
    with pytest.raises(ValueError, match="no iteration was done since"):
        inspect.algorithm(trainer)


def test_a_network_that_is_frozen_has_no_curve():
    encoder, decoder = Dense(3, 2), Dense(2, 3)
    for p in encoder.parameters():
        p.requires_grad = False
    trainer = mg.trainers.AutoencoderTrainer(encoder, decoder,
                                             mg.optim.SGD(decoder.parameters(), 0.1))
    curves = inspect.Curves()
    trainer.fit(data(), 3, callbacks=[curves])
    assert list(curves.norms) == ["decoder"] and len(curves.norms["decoder"]["Dense"]) == 3
    expected = np.linalg.norm([np.linalg.norm(g) for g in trainer.record.gradients.values()])
    assert curves.norms["decoder"]["Dense"][-1] == pytest.approx(expected, rel=1e-5)


def test_curves_and_checkpoints_know_no_phase_by_name():
    """They ask trainer.records(), so that a trainer with other phases is drawn and saved too."""
    package = pathlib.Path(mg.__file__).parent
    outside = [path for path in package.rglob("*.py") if path.parent.name != "trainers"]
    assert len(outside) > 20
    assert [p.name for p in outside if "phase_1" in p.read_text(encoding="utf-8")] == []
