"""A recording holds what the trainer computed, bit for bit, and recording changes nothing."""

import os
import signal
import sys

import numpy as np
import pytest
import strict_cupy

import minigen as mg
from minigen import inspect
from minigen.functional import elementwise
from minigen.inspect.theatre.stage import _cues_of, _statement_of, kind_of
from minigen.layers import (BatchNorm, Conv2d, ConvTranspose2d, Dense, Dropout, Flatten, Layer,
                            LeakyReLU, ReLU, Reshape, Sequential, Sigmoid)

pytestmark = pytest.mark.host_arrays


class Encoder(Layer):
    def __init__(self):
        self.hidden, self.mu, self.log_var = Dense(6, 5), Dense(5, 2), Dense(5, 2)

    def forward(self, x):
        h = mg.functional.tanh(self.hidden(x))
        return self.mu(h), self.log_var(h)


def gan(**options):
    G = Sequential(Dense(2, 8), ReLU(), Dense(8, 2))
    D = Sequential(Dense(2, 8), LeakyReLU(0.2), Dense(8, 1))
    optimizers = [mg.optim.SGD(network.parameters(), 0.1, momentum=0.5) for network in (G, D)]
    return mg.trainers.GANTrainer(G, D, *optimizers, prior=lambda m: mg.randn(m, 2), **options)


def image_gan():
    G = Sequential(Dense(3, 8, bias=False), Reshape(2, 2, 2), BatchNorm(2), ReLU(),
                   ConvTranspose2d(2, 1, 4, 2, 1), Sigmoid())
    D = Sequential(Conv2d(1, 2, 4, 2, 1, bias=False), BatchNorm(2), LeakyReLU(0.2), Dropout(0.3),
                   Flatten(), Dense(8, 1))
    optimizers = [mg.optim.Adam(network.parameters(), 0.01) for network in (G, D)]
    return mg.trainers.GANTrainer(G, D, *optimizers, prior=lambda m: mg.randn(m, 3))


def vae():
    encoder, decoder = Encoder(), Sequential(Dense(2, 5), ReLU(), Dense(5, 6))
    optimizer = mg.optim.Adam(encoder.parameters() + decoder.parameters(), 0.01)
    return mg.trainers.VAETrainer(encoder, decoder, optimizer, beta=2.0)


def autoencoder():
    encoder, decoder = Dense(6, 3), Sequential(Dense(3, 6), Sigmoid())
    optimizer = mg.optim.RMSprop(encoder.parameters() + decoder.parameters(), 0.01)
    return mg.trainers.AutoencoderTrainer(encoder, decoder, optimizer)


TRAINERS = {"gan": gan, "gan, k = 3": lambda: gan(k=3),
            "gan, joint, non-saturating": lambda: gan(batches="joint",
                                                      generator_loss="non_saturating"),
            "gan of images": image_gan, "vae": vae, "autoencoder": autoencoder}


def batches(name, n=4, m=5):
    shape = {"gan of images": (1, 4, 4)}.get(name, (2,) if name.startswith("gan") else (6,))
    return [x for x in np.random.default_rng(3).random((n, m, *shape), dtype="float32")]


def record(name, iterations=(1, 3), steps=3, callbacks=(), **options):
    mg.seed(0)
    trainer = TRAINERS[name]()
    recorder = inspect.Recorder(iterations, **options)
    trainer.fit(batches(name), steps, callbacks=[*callbacks, recorder])
    return trainer, recorder.recording


def parameters(trainer):
    return {f"{part}.{name}": p.numpy().copy() for part, network in trainer.parts().items()
            if hasattr(network, "named_parameters") for name, p in network.named_parameters()}


# ------------------------------------------------------------------------- nothing is disturbed

@pytest.mark.parametrize("name", TRAINERS)
def test_recording_changes_nothing(name):
    trainer, _ = record(name)
    state = mg.random.generator().bit_generator.state
    mg.seed(0)
    alone = TRAINERS[name]()
    alone.fit(batches(name), 3)
    assert mg.random.generator().bit_generator.state == state
    for key, array in parameters(alone).items():
        np.testing.assert_array_equal(array, parameters(trainer)[key])


def test_nothing_watches_an_iteration_that_is_not_recorded():
    seen = {}
    mg.seed(0)
    trainer = gan(k=1)
    prior = trainer.prior
    trainer.prior = lambda m: (seen.setdefault(trainer.steps + 1, sys.gettrace()), prior(m))[1]
    before = sys.gettrace()
    trainer.fit(batches("gan"), 3, callbacks=[inspect.Recorder([2])])
    assert [seen[i] is before for i in (1, 2, 3)] == [True, False, True]
    assert sys.gettrace() is before


def test_an_error_in_the_step_ends_the_watching():
    before, trainer = sys.gettrace(), gan()
    recorder = inspect.Recorder([1, 2])
    with pytest.raises(ValueError, match="expected a batch"):
        trainer.fit([batches("gan")[0], "no batch"], 2, callbacks=[recorder])
    assert sys.gettrace() is before
    assert recorder.recording.iterations == [1]
    with pytest.raises(ValueError, match="the iterator of batches ended"):      # before its step
        trainer.fit(iter([]), 1, callbacks=[recorder])
    assert sys.gettrace() is before


# ------------------------------------------------------------------------------ what it holds

@pytest.mark.parametrize("name", TRAINERS)
def test_the_gradients_are_those_of_the_trainers_records(name):
    found = {}

    def keep(trainer, _):
        for network, (_, latest) in trainer.records().items():
            network = {"G": "generator", "D": "discriminator"}.get(network, network)
            found[trainer.steps, network] = {
                key.removeprefix(f"{network}."): mg.to_numpy(g).copy()
                for key, g in latest.gradients.items()
                if key.startswith(f"{network}.") or network in ("generator", "discriminator")}

    _, recording = record(name, callbacks=[keep])
    assert recording.iterations == [1, 3]
    for iteration in recording:
        for network in {network for _, network in found}:
            ours, theirs = getattr(iteration, network).gradients, found[iteration.step, network]
            assert ours.keys() == theirs.keys()
            for key in ours:
                np.testing.assert_array_equal(ours[key], theirs[key])


@pytest.mark.parametrize("name", TRAINERS)
def test_each_gradient_is_a_central_difference(name):
    _, recording = record(name)
    rows = [row for it in recording for phase in it.phases for network in phase.networks.values()
            for checks in network.checks.values() for row in checks]
    assert len(rows) > 20
    for _, gradient, difference in rows:
        assert gradient == pytest.approx(difference, rel=2e-4, abs=2e-6)


def test_a_wrong_sign_in_a_rule_is_seen_by_the_central_differences(monkeypatch):
    operation = elementwise.leaky_relu
    wrong = [lambda *given, rule=rule, **options: -rule(*given, **options)
             for rule in operation.rules]
    monkeypatch.setattr(operation, "rules", tuple(wrong))
    with pytest.raises(AssertionError):
        test_each_gradient_is_a_central_difference("gan")


def test_a_frozen_network_keeps_no_gradient_and_does_not_move():
    _, recording = record("gan, k = 3")
    one, _, again, two = recording[3].phases
    assert [phase.name for phase in recording[3].phases] == ["phase 1"] * 3 + ["phase 2"]
    for phase, frozen, free in ((one, "generator", "discriminator"),
                                (again, "generator", "discriminator"),
                                (two, "discriminator", "generator")):
        still, moving = phase.networks[frozen], phase.networks[free]
        assert still.frozen and not still.gradients and not moving.frozen
        assert moving.gradients.keys() == moving.before.keys()
        for key in still.before:
            np.testing.assert_array_equal(still.before[key], still.after[key])
        assert any((moving.before[key] != moving.after[key]).any() for key in moving.before)
    np.testing.assert_array_equal(one.networks["discriminator"].before["0.weight"].shape, (8, 2))
    frozen, on_real, on_fake = one.about["passes"]
    assert (frozen["frozen"], frozen["remembered"]) == (True, False)
    assert [p["input"] for p in (on_real, on_fake)] == ["x", "fake"]
    through = two.about["passes"][1]
    assert (through["frozen"], through["remembered"]) == (True, True)


def test_momentum_and_update_follow_the_rule():
    _, recording = record("gan")
    for network, sign in ((recording[3].discriminator, -1), (recording[3].generator, 1)):
        for key, g in network.gradients.items():
            v = 0.5 * network.state_before["velocity"][key] + sign * g
            np.testing.assert_allclose(network.state_after["velocity"][key], v, rtol=1e-6)
            np.testing.assert_allclose(network.after[key], network.before[key] - 0.1 * v,
                                       rtol=1e-5, atol=1e-7)


def test_every_activation_has_its_gradient():
    trainer, recording = record("gan")
    two = recording[3].phases[1]
    g = two.tensor_gradients["fake"]
    np.testing.assert_array_equal(two.layers["generator z/2"]["gradient"], g)
    np.testing.assert_array_equal(two.layers["generator z/2"]["output"], two.tensors["fake"])
    np.testing.assert_array_equal(g, mg.to_numpy(trainer.phase_2.sample_gradient))
    W = two.networks["generator"].before["2.weight"]
    hidden = two.layers["generator z/1"]
    np.testing.assert_allclose(hidden["gradient"], g @ W, rtol=1e-5, atol=1e-8)
    one = recording[3].phases[0]
    assert "gradient" not in one.layers["generator z/2"] and "fake" not in one.tensor_gradients


def test_both_losses_at_the_same_samples():
    _, recording = record("gan")
    phase = recording[1].phases[1]
    d = 1 / (1 + np.exp(-phase.tensors["fake_logits"]))
    views = phase.views
    np.testing.assert_allclose(views["logit_gradient_saturating"], -d / len(d), rtol=1e-5)
    np.testing.assert_allclose(views["logit_gradient_non_saturating"], (d - 1) / len(d), rtol=1e-5)
    np.testing.assert_array_equal(views["sample_gradient_saturating"],
                                  phase.tensor_gradients["fake"])


def test_the_two_routes_into_mu_add_up():
    _, recording = record("vae")
    phase = recording[3].phases[0]
    for name in ("mu", "log_var"):
        both = phase.views[f"{name}_by_z"] + phase.views[f"{name}_by_kl"]
        np.testing.assert_allclose(both, phase.tensor_gradients[name], rtol=1e-4, atol=1e-7)
    mu, m = phase.tensors["mu"], len(phase.tensors["mu"])
    np.testing.assert_allclose(phase.views["mu_by_kl"], 2.0 * mu / m, rtol=1e-5)   # beta = 2
    np.testing.assert_array_equal(
        phase.tensors["z"],
        mu + np.exp(phase.tensors["log_var"] * np.float32(0.5)) * phase.tensors["noise"])


def test_the_tape_says_what_it_kept():
    _, recording = record("gan")
    one, two = recording[1].phases
    names = [row[0] for row in two.tape]
    assert names.count("linear") == 4 and "relu" in names and names[-1] == "mean"
    first = two.tape[0]             # linear: z (5, 2) and its result (5, 8); weights do not count
    assert first == ["linear", [5, 8], 4 * (5 * 2 + 5 * 8)]
    assert not any(row[0] == "relu" for row in one.tape)        # G was frozen: no tape


@pytest.mark.parametrize("name", TRAINERS)
def test_every_cue_has_its_line(name):
    _, recording = record(name)
    for phase in recording[1].phases:
        for cue in _cues_of(recording.about, phase.name, kind_of(recording)):
            assert _statement_of(cue, phase) is not None, cue.key


LINES = {"gan": {"D1": "x, *y = batch_and_labels(", "D2": "z, *c = self._sample_noise(",
                 "D3": "fake = G(z, *c)", "D4": "real_logits, fake_logits = ",
                 "D5": "value = F.mean(", "D6": "*gradients, ",
                 "D7": "self.discriminator_optimizer.step(", "G1": "z, *c = self._sample_noise(",
                 "G2": "fake = G(z, *c)", "G3": "fake_logits = self._logits(",
                 "G4": "value = F.mean(F.logsigmoid(-fake_logits))", "G5": "*gradients, ",
                 "G6": "self.generator_optimizer.step("},
         "vae": {"V1": "x = batch(", "V2": "mu, log_var = encoded", "V3": "noise = randn(",
                 "V4": "z = mu + exp(log_var * 0.5) * noise", "V5": "decoded = self.decoder(z)",
                 "V6": "value = -(reconstruction", "V7": "gradients = gradients_of(",
                 "V8": "self.optimizer.step("},
         "autoencoder": {"A1": "x = batch(", "A2": "z = self.encoder(x)",
                         "A3": "x_hat = self.decoder(z)", "A4": "value = self.loss(",
                         "A5": "gradients = gradients_of(", "A6": "self.optimizer.step("}}


@pytest.mark.parametrize("name", LINES)
def test_a_cue_is_at_the_very_line_of_the_trainer(name):
    _, recording = record(name)
    found = {}
    for phase in recording[1].phases:
        for cue in _cues_of(recording.about, phase.name, kind_of(recording)):
            statement = phase.statements[_statement_of(cue, phase)]
            source = recording.about["source"][statement["function"]]
            found[cue.key] = source["lines"][statement["first"] - source["first"]].strip()
            assert source["file"].startswith("minigen/trainers/")
    assert found.keys() == LINES[name].keys()
    for key, start in LINES[name].items():
        assert found[key].startswith(start), (key, found[key])


def test_the_plane_is_seen_where_the_samples_are_points():
    p = mg.data.ring(std=0.3)
    trainer, recorder = gan(), inspect.Recorder([2], density=p.density)
    trainer.fit(p, 2, batch_size=16, callbacks=[recorder])
    one, two = recorder.recording[2].phases
    assert one.views["D_before"].shape == one.views["D_optimal"].shape == (32, 32)
    assert 0 < one.views["jsd"] <= np.log(2)
    np.testing.assert_array_equal(two.views["fake_before"], two.tensors["fake"])
    assert (two.views["fake_after"] != two.views["fake_before"]).any()
    # D* is 1 where the data are and the samples are not
    assert one.views["D_optimal"].max() > 0.9


def test_the_summary_has_every_iteration():
    trainer, recording = record("gan", steps=3)
    assert recording.summary["steps"].tolist() == [1, 2, 3]
    assert recording.summary["values/V"][-1] == trainer.phase_1.value
    assert set(recording.summary) >= {"values/D(x)", "values/D(G(z))", "norms/D/0 Dense",
                                      "norms/G/2 Dense"}


def test_iterations_are_the_fibonacci_numbers_if_none_are_named():
    _, recording = record("autoencoder", iterations=None, steps=9)
    assert recording.iterations == [1, 2, 3, 5, 8]


def test_a_conditional_gan_is_recorded_too():
    class Conditional(Layer):
        def __init__(self, outputs):
            self.inner = Dense(3, outputs)

        def forward(self, x, y):
            return self.inner(mg.functional.concatenate(
                [x, mg.backend.asarray(y, "float32")[:, None]], axis=1))

    G, D = Conditional(2), Conditional(1)
    trainer = mg.trainers.GANTrainer(
        G, D, *[mg.optim.SGD(n.parameters(), 0.1) for n in (G, D)],
        prior=lambda m: (mg.randn(m, 2), np.arange(m) % 2))
    recorder = inspect.Recorder([1])
    trainer.fit([(batches("gan")[0], np.arange(5) % 2)], 1, callbacks=[recorder])
    one, _ = recorder.recording[1].phases
    np.testing.assert_array_equal(one.tensors["y"], np.arange(5) % 2)
    for rows in recorder.recording[1].discriminator.checks.values():
        np.testing.assert_allclose(rows[:, 1], rows[:, 2], rtol=1e-4, atol=1e-6)


def test_a_trainer_that_extends_a_phase_is_recorded_once():
    class Louder(mg.trainers.GANTrainer):
        def update_generator(self, m, noise=None):
            return super().update_generator(m, noise)

    plain = gan()
    trainer = Louder(*plain.parts().values(), prior=plain.prior)
    recorder = inspect.Recorder([2])
    trainer.fit(batches("gan"), 2, callbacks=[recorder])
    assert [phase.name for phase in recorder.recording[2].phases] == ["phase 1", "phase 2"]
    assert recorder.recording[2].generator.gradients.keys() == {"0.weight", "0.bias", "2.weight",
                                                                "2.bias"}


@pytest.mark.parametrize("name", TRAINERS)
def test_it_works_on_arrays_of_another_library(name):
    mg.set_default_dtype("float64")         # kernels round otherwise, and Adam makes much of it
    on_numpy = record(name)[1]
    with strict_cupy.installed():
        on_stand_in = record(name)[1]
    assert on_stand_in.arrays.keys() == on_numpy.arrays.keys()
    for key, array in on_stand_in.arrays.items():
        assert type(array) is np.ndarray
        np.testing.assert_allclose(array, on_numpy.arrays[key], rtol=1e-6, atol=1e-9)


# ------------------------------------------------------------------------------ kept in a file

def test_a_file_brings_everything_back(tmp_path):
    _, recording = record("gan")
    recording.save(tmp_path / "run.npz")
    loaded = inspect.load(tmp_path / "run.npz")
    assert loaded.arrays.keys() == recording.arrays.keys() and loaded.iterations == [1, 3]
    for key, array in recording.arrays.items():
        assert loaded.arrays[key].dtype == array.dtype
        np.testing.assert_array_equal(loaded.arrays[key], array)
    assert loaded[3].generator.gradients["0.weight"].shape == (8, 2)
    assert loaded[1].phases[0].statements == recording[1].phases[0].statements
    assert repr(loaded) == repr(recording)


def test_files_that_are_no_recordings_are_refused(tmp_path):
    path, whole = tmp_path / "run.npz", tmp_path / "whole.npz"
    record("autoencoder")[1].save(whole)
    with pytest.raises(FileNotFoundError):
        inspect.load(path)
    path.write_bytes(whole.read_bytes()[:-400])
    with pytest.raises(inspect.RecordingError, match="cut short"):
        inspect.load(path)
    np.savez(path, x=np.zeros(3))
    with pytest.raises(inspect.RecordingError, match="is not a minigen recording"):
        inspect.load(path)
    np.savez(path, recording='{"kind": "minigen recording", "format": 99}')
    with pytest.raises(inspect.RecordingError, match="format 99.*update minigen"):
        inspect.load(path)


def test_a_path_that_cannot_be_written_leaves_nothing(tmp_path):
    recording = record("autoencoder")[1]
    with pytest.raises(OSError, match="the recording .* cannot be written"):
        recording.save(tmp_path / "missing" / "run.npz")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match="the recording .* cannot be written"):
        recording.save(tmp_path / "folder")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_ctrl_c_keeps_the_iterations_before():
    trainer, recorder = gan(), inspect.Recorder(range(1, 100))

    def interrupt(trainer, record):
        if trainer.steps == 3:
            os.kill(os.getpid(), signal.SIGINT)

    trainer.fit(batches("gan"), 90, callbacks=[interrupt, recorder])
    assert recorder.recording.iterations == [1, 2, 3]


# --------------------------------------------------------------------------------- wrong calls

@pytest.mark.parametrize("iterations, error, text", [
    ([0], ValueError, "iteration"), ([-3], ValueError, "iteration"), ([1.5], ValueError, "integer"),
    (5, TypeError, "a list of integers"), ("all", TypeError, "a list of integers")])
def test_iterations_are_integers_from_one_on(iterations, error, text):
    with pytest.raises(error, match=text):
        inspect.Recorder(iterations)


def test_an_iteration_that_was_not_recorded():
    _, recording = record("gan")
    with pytest.raises(KeyError, match="iteration 2 was not recorded in full; what was: 1, 3"):
        recording[2]
    with pytest.raises(AttributeError, match="no 'encoder'; it updated discriminator, generator"):
        recording[1].encoder


def enter(recorder, trainer):
    with recorder.around(trainer):
        pass


def test_a_trainer_that_it_does_not_know():
    class Trainer:
        steps = 0

    with pytest.raises(TypeError, match="got a Trainer, expected one of GANTrainer"):
        enter(inspect.Recorder([1]), Trainer())
    with pytest.raises(ValueError, match="nothing was recorded yet"):
        inspect.Recorder([1]).recording
    recorder = inspect.Recorder([1])
    enter(recorder, gan())
    with pytest.raises(ValueError, match="a run of another trainer"):
        enter(recorder, gan())


def test_a_figure_without_a_browser(tmp_path):
    for name in ("gan", "vae"):
        _, recording = record(name)
        recording.plot(3).savefig(tmp_path / "figure.png", dpi=30)
        assert (tmp_path / "figure.png").stat().st_size > 3000


def test_a_compiled_step_cannot_be_watched():
    trainer = gan()
    with pytest.raises(ValueError, match="a Recorder watches the lines.*compiled=False"):
        trainer.fit(batches("gan"), 2, callbacks=[inspect.Recorder([1])], compiled=True)
    assert trainer.steps == 0
