"""Checkpoints: a run that was interrupted and resumed is bit for bit the run that was not. And a
file that does not fit changes nothing."""

import json
import os
import stat

import numpy as np
import pytest

import minigen as mg
from minigen import layers as L
from minigen.checkpoint import CheckpointError, load, save
from minigen.data import Batches
from minigen.optim import SGD, Adam, RMSprop, linear_decay
from minigen.random import generator
from minigen.trainers import AutoencoderTrainer, GANTrainer, VAETrainer

# in batches of 4: five an epoch, two left over
DATA = np.random.default_rng(0).random((22, 6)).astype("float32")


class Encoder(L.Layer):
    def __init__(self):
        self.trunk = L.Sequential(L.Dense(6, 5), L.Dropout(0.2))
        self.mu, self.log_var = L.Dense(5, 2), L.Dense(5, 2)

    def forward(self, x):
        h = self.trunk(x)
        return self.mu(h), self.log_var(h)


def gan(width=5):
    """Adam with a schedule, dropout in D, batch normalisation in both."""
    G = L.Sequential(L.Dense(3, width), L.BatchNorm(width), L.ReLU(), L.Dense(width, 6))
    D = L.Sequential(L.Dense(6, width), L.BatchNorm(width), L.LeakyReLU(), L.Dropout(0.3),
                     L.Dense(width, 1))
    return GANTrainer(G, D, Adam(G.parameters(), linear_decay(0.01, 0, 20), betas=(0.5, 0.999)),
                      RMSprop(D.parameters(), 0.01), k=2,
                      prior=lambda m: mg.randn(m, 3))


def vae():
    encoder, decoder = Encoder(), L.Dense(2, 6)
    return VAETrainer(encoder, decoder, Adam(encoder.parameters() + decoder.parameters(), 0.01))


def autoencoder():
    encoder = L.Sequential(L.Dense(6, 2), L.BatchNorm(2))
    decoder = L.Sequential(L.Dropout(0.1), L.Dense(2, 6))
    return AutoencoderTrainer(encoder, decoder,
                              SGD(encoder.parameters() + decoder.parameters(), 0.1, momentum=0.9))


class Distribution:
    def sample(self, m):
        return generator().random((m, 6), dtype="float32")


TRAINERS = {"gan": gan, "vae": vae, "autoencoder": autoencoder}
every_trainer = pytest.mark.parametrize("make", TRAINERS.values(), ids=TRAINERS)


def everything(trainer):
    """All that a run consists of: weights, statistics, optimizer state, random state, place in the
    data, steps."""
    state = {f"{part}/{name}": np.array(value) for part, owner in trainer.parts().items()
             for name, value in owner.state_dict().items()}
    source = getattr(trainer, "source", None)
    return {**state, "random": str(generator().bit_generator.state), "steps": trainer.steps,
            "data": source.state() if isinstance(source, Batches) else None}


def assert_same(a, b):
    assert list(a) == list(b)
    for name in a:
        np.testing.assert_array_equal(a[name], b[name], err_msg=name)


# ------------------------------------------------------------------------------ resume, bit for bit

@every_trainer
@pytest.mark.parametrize("source", [lambda: DATA, lambda: Batches(DATA, size=4), Distribution],
                         ids=["array", "Batches", "distribution"])
def test_a_resumed_run_is_bit_for_bit_the_uninterrupted_one(make, source, tmp_path):
    """Interrupted in the middle of an epoch; resumed by new objects that start from another seed"""
    mg.seed(0)
    whole = make()
    whole.fit(source(), 11, batch_size=4)
    mg.seed(0)
    make().fit(source(), 4, batch_size=4, checkpoint=tmp_path / "c.npz")
    mg.seed(99)
    resumed = make()
    mg.randn(7)
    record = resumed.fit(source(), 11, batch_size=4, checkpoint=tmp_path / "c.npz", resume=True)
    assert record is not None and resumed.steps == 11
    assert_same(everything(resumed), everything(whole))


@every_trainer
def test_steps_by_hand_go_on_after_load_as_after_save(make, tmp_path):
    a, b = make(), make()
    steps = (lambda t: t.step([DATA[:8], DATA[8:]])) if make is gan else (lambda t: t.step(DATA))
    for _ in range(3):
        steps(a)
    save(tmp_path / "c.npz", a)
    first = [steps(a).value, steps(a).value, mg.randn(3).tolist()]
    load(tmp_path / "c.npz", b)
    assert b.steps == 3
    assert [steps(b).value, steps(b).value, mg.randn(3).tolist()] == first


def test_an_interrupted_run_goes_on_from_what_ctrl_c_saved(tmp_path):
    mg.seed(0)
    whole = gan()
    whole.fit(DATA, 9, batch_size=4)
    mg.seed(0)
    gan().fit(DATA, 9, batch_size=4, checkpoint=tmp_path / "c.npz",
              callbacks=[lambda t, record: t.steps == 5 and os.kill(os.getpid(), 2)])
    mg.seed(1)
    resumed = gan()
    resumed.fit(DATA, 9, batch_size=4, checkpoint=tmp_path / "c.npz", resume=True)
    assert_same(everything(resumed), everything(whole))


def test_resume_starts_anew_where_there_is_no_file_and_stops_at_once_where_the_run_is_done(
        tmp_path, capsys):
    trainer, calls = gan(), []
    trainer.fit(DATA, 3, checkpoint=tmp_path / "c.npz", resume=True)
    assert trainer.steps == 3
    other = gan()
    assert other.fit(DATA, 3, checkpoint=tmp_path / "c.npz", resume=True,
                     callbacks=[lambda *_: calls.append(1)]) is None
    assert "nothing left to do: " in capsys.readouterr().err
    assert other.steps == 3 and calls == []
    other.fit(DATA, 5, checkpoint=tmp_path / "c.npz", resume=True)
    assert other.steps == 5  # counted from the beginning of the run


@pytest.mark.parametrize("steps, expected", [(2, [2]), (6, [3, 6]), (7, [3, 6, 7])])
def test_the_checkpoint_is_written_every_so_many_steps_and_once_at_the_end(
        steps, expected, tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(mg.checkpoint, "save", lambda path, trainer:
                        written.append(trainer.steps) or save(path, trainer))
    autoencoder().fit(DATA, steps, checkpoint=tmp_path / "c.npz", every=3)
    assert written == expected and read(tmp_path / "c.npz")[1]["steps"] == steps


def test_load_restores_in_place_and_raises_the_versions(tmp_path):
    trainer = gan()
    D = trainer.discriminator
    arrays = [*(p.data for p in D.parameters()), D[1].running_mean]
    save(tmp_path / "c.npz", trainer)
    versions = [p.version for p in trainer.discriminator.parameters()]
    trainer.step([DATA, DATA])
    load(tmp_path / "c.npz", trainer)
    now = [*(p.data for p in D.parameters()), D[1].running_mean]
    assert all(a is b for a, b in zip(arrays, now))
    assert all(p.version > v for p, v in zip(D.parameters(), versions))


class Scale:
    """The least that can be a network: no Layer, no state_dict."""

    def __init__(self):
        self.scale = mg.tensor(np.full((1, 1), mg.randn(1)[0]), requires_grad=True)

    def __call__(self, x):
        return mg.functional.matmul(x, self.scale)

    def parameters(self):
        return [self.scale]

    def named_parameters(self):
        return [("scale", self.scale)]


def test_a_network_with_named_parameters_alone_is_saved_too(tmp_path):
    def dirac():
        G, D = Scale(), Scale()
        return GANTrainer(G, D, SGD(G.parameters(), 0.1), SGD(D.parameters(), 0.1),
                          prior=lambda m: np.ones((m, 1)))

    a, b = dirac(), dirac()
    a.step([np.zeros((2, 1))])
    save(tmp_path / "c.npz", a)
    version = b.generator.scale.version
    load(tmp_path / "c.npz", b)
    assert b.generator.scale.version > version
    assert a.generator.scale.item() == b.generator.scale.item()
    assert a.discriminator.scale.item() == b.discriminator.scale.item()


# ----------------------------------------------------------------------------------------- the file

def read(path):
    """The arrays of a checkpoint and what it says about itself, without minigen and pickle."""
    with np.load(path, allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}
    return arrays, json.loads(str(arrays.pop("checkpoint")))


def write(path, arrays, about):
    np.savez(path, checkpoint=json.dumps(about), **arrays)


@pytest.mark.parametrize("name", ["c.npz", "c", "my.checkpoint", "a b.npz"])
def test_exactly_the_given_path_is_written_and_nothing_beside_it(name, tmp_path):
    save(tmp_path / name, gan())
    save(str(tmp_path / name), gan())
    assert [p.name for p in tmp_path.iterdir()] == [name]
    (tmp_path / "plain").write_text("")
    modes = [stat.S_IMODE(os.stat(tmp_path / file).st_mode) for file in (name, "plain")]
    assert modes[0] == modes[1]


def test_the_file_holds_arrays_and_json_and_no_pickle(tmp_path):
    trainer = gan()
    save(tmp_path / "c.npz", trainer)
    arrays, about = read(tmp_path / "c.npz")
    assert about["trainer"] == "GANTrainer" and about["format"] == "minigen checkpoint 2"
    np.testing.assert_array_equal(arrays["discriminator/1.running_var"],
                                  trainer.discriminator[1].running_var)
    assert {name.split("/")[0] for name in arrays} == {
        "generator", "discriminator", "generator_optimizer", "discriminator_optimizer"}
    assert all(a.dtype.kind in "fi" for a in arrays.values())


@pytest.mark.parametrize("failing", ["numpy.savez", "os.replace"])
def test_a_failing_write_leaves_the_old_file_and_no_leftovers(failing, tmp_path, monkeypatch):
    path, trainer = tmp_path / "c.npz", gan()
    save(path, trainer)
    before = path.read_bytes()
    trainer.step([DATA, DATA])

    def full(*arguments, **options):
        getattr(arguments[0], "write", len)(b"half a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(failing, full)
    with pytest.raises(OSError, match="No space left"):
        save(path, trainer)
    assert path.read_bytes() == before and [p.name for p in tmp_path.iterdir()] == ["c.npz"]


# ------------------------------------------------------------- files that do not fit change nothing

def resaved(change):
    """A spoiler: the file read, changed by change(arrays, about), and written again."""
    def spoil(path):
        arrays, about = read(path)
        change(arrays, about)
        write(path, arrays, about)
    return spoil


NPY = b"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }".ljust(
    127) + b"\n" + bytes(8)


def other_architecture(path):
    save(path, gan(width=7))


WRONG_FILES = {
    "truncated": (lambda p: p.write_bytes(p.read_bytes()[:-200]), "is damaged"),
    "half": (lambda p: p.write_bytes(p.read_bytes()[:1000]), "is damaged"),
    "empty": (lambda p: p.write_bytes(b""), "is damaged"),
    "text": (lambda p: p.write_text("weights: 1 2 3\n"), "is not a minigen checkpoint"),
    "foreign npz": (lambda p: np.savez(p, weight=np.zeros(3)), "is not a minigen checkpoint"),
    "npy": (lambda p: p.write_bytes(NPY), "is not a minigen checkpoint"),
    "json of another kind": (lambda p: np.savez(p, checkpoint="[1, 2]"),
                             "is not a minigen checkpoint"),
    "pickled objects": (lambda p: np.savez(p,
                                           checkpoint=np.array([{"steps": 3}, None], dtype=object)),
                        "is not a minigen checkpoint"),
    "other trainer": (lambda p: save(p, vae()),
                      "of a VAETrainer, expected 'minigen checkpoint 2' of a GANTrainer"),
    "other format": (resaved(lambda a, about: about.update(format="minigen checkpoint 3")),
                     "holds 'minigen checkpoint 3'"),
    "other architecture": (other_architecture,
                           r"wrong shape: generator/0.weight is \(7, 3\), expected \(5, 3\)"),
    "missing": (resaved(lambda a, about: a.pop("generator/1.bias")), "missing: generator/1.bias"),
    "missing state": (resaved(lambda a, about: a.pop("generator_optimizer/average")),
                      "missing: generator_optimizer/average"),
    "surplus": (resaved(lambda a, about: a.update({"generator/9.weight": np.zeros(2)})),
                "surplus: generator/9.weight"),
    "dtype": (resaved(lambda a, about: a.update({"generator/1.bias": np.zeros(5)})),
              "wrong dtype: generator/1.bias is float64, expected float32"),
    "random state": (resaved(lambda a, about: about.update(random={"bit_generator": "MT19937"})),
                     "is damaged"),
    "steps": (resaved(lambda a, about: about.update(steps="many")), "is damaged"),
    "place": (resaved(lambda a, about: about["data"].update(position=3)),
              "in the middle of other data.*position 3"),
    "other data": (resaved(lambda a, about: about["data"].update(length=99)),
                   "in the middle of other data.*99 examples"),
}


@pytest.mark.parametrize("spoil, message", WRONG_FILES.values(), ids=WRONG_FILES)
def test_a_file_that_does_not_fit_is_refused_and_nothing_changes(spoil, message, tmp_path):
    path, trainer = tmp_path / "c.npz", gan()
    trainer.fit(DATA, 3, batch_size=4, checkpoint=path)
    spoil(path)
    trainer.fit(DATA, 2, batch_size=4)
    before = everything(trainer)
    with pytest.raises(CheckpointError, match=message) as error:
        load(path, trainer)
    assert str(path) in str(error.value) and "nothing was loaded" in str(error.value)
    assert_same(everything(trainer), before)


class Trap:
    """A pickle that opens a file when it is loaded, as a hostile one would do worse."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


def test_no_pickle_is_ever_opened(tmp_path):
    trainer = gan()
    save(tmp_path / "c.npz", trainer)
    arrays, about = read(tmp_path / "c.npz")
    trap = np.array([Trap(tmp_path / "sprung")], dtype=object)
    write(tmp_path / "c.npz", {**arrays, "trap": trap}, about)
    with pytest.raises(CheckpointError, match="allow_pickle=False"):
        load(tmp_path / "c.npz", trainer)
    assert not (tmp_path / "sprung").exists()


def test_all_that_does_not_fit_is_listed(tmp_path):
    other_architecture(tmp_path / "c.npz")
    with pytest.raises(CheckpointError) as error:
        load(tmp_path / "c.npz", gan())
    for name in ("generator/0.weight", "generator/1.running_var", "discriminator/4.weight",
                 "generator_optimizer/average",
                 "discriminator_optimizer/square_average"):
        assert name in str(error.value)


def test_damage_anywhere_is_noticed_or_harmless(tmp_path):
    """One byte turned over, at 150 places: the file is refused and nothing changes, or every array
    is as it was."""
    path, trainer = tmp_path / "c.npz", autoencoder()
    trainer.step(DATA)
    save(path, trainer)
    good, right = path.read_bytes(), everything(trainer)
    trainer.step(DATA)
    before, refused = everything(trainer), 0
    save(tmp_path / "later.npz", trainer)
    for place in np.random.default_rng(0).integers(len(good), size=150).tolist():
        path.write_bytes(good[:place] + bytes([good[place] ^ 0xFF]) + good[place + 1:])
        try:
            load(path, trainer)
        except CheckpointError:
            refused += 1
            assert_same(everything(trainer), before)
        else:
            assert_same(everything(trainer), right)
            load(tmp_path / "later.npz", trainer)
    assert refused > 50


def test_a_missing_file_is_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere.npz"):
        load(tmp_path / "nowhere.npz", gan())


def test_fit_refuses_to_resume_from_a_file_that_does_not_fit_before_the_first_step(tmp_path):
    other_architecture(tmp_path / "c.npz")
    trainer = gan()
    before, kept = everything(trainer), (tmp_path / "c.npz").read_bytes()
    with pytest.raises(CheckpointError, match="another architecture"):
        trainer.fit(DATA, 3, checkpoint=tmp_path / "c.npz", resume=True)
    assert_same({**everything(trainer), "data": None}, before)
    assert (tmp_path / "c.npz").read_bytes() == kept


def test_an_optimizers_state_is_not_given_to_other_parameters(tmp_path):
    """An optimizer over the same parameters in another order: its state has the same sizes."""
    def trainer(order):
        encoder, decoder = L.Dense(3, 3), L.Dense(3, 3)
        parts = encoder.parameters(), decoder.parameters()
        optimizer = Adam([*parts[order], *parts[1 - order]], 0.1)
        return AutoencoderTrainer(encoder, decoder, optimizer)

    save(tmp_path / "c.npz", trainer(0))
    message = "an optimizer with its parameters in another order; nothing was loaded"
    with pytest.raises(CheckpointError, match=message):
        load(tmp_path / "c.npz", trainer(1))


def test_what_was_recorded_with_other_weights_is_forgotten(tmp_path):
    trainer = gan()
    save(tmp_path / "c.npz", trainer)
    trainer.step([DATA, DATA])
    load(tmp_path / "c.npz", trainer)
    assert trainer.phase_1 is None and trainer.phase_2 is None


# -------------------------------------------------------- what a run consists of, besides weights

@every_trainer
def test_the_numbers_of_the_last_record_are_there_after_resuming(make, tmp_path):
    """A run that is over can be asked how it ended; the arrays of its records are not saved."""
    trainer, resumed = make(), make()
    trainer.fit(DATA, 3, checkpoint=tmp_path / "c.npz")
    assert resumed.fit(DATA, 3, checkpoint=tmp_path / "c.npz", resume=True) is None
    assert resumed.progress() == trainer.progress()
    for (_, after), (_, before) in zip(resumed.records().values(), trainer.records().values()):
        assert after.numbers() == before.numbers() and len(after.numbers()) > 0
        with pytest.raises(AttributeError, match="this record has no 'gradients'; it has .*value"):
            after.gradients


def test_a_rate_that_was_changed_by_hand_is_resumed(tmp_path):
    def decay(trainer, record):
        trainer.optimizer.lr *= 0.9

    def run(steps, seed, **options):
        mg.seed(seed)
        trainer = autoencoder()
        trainer.fit(DATA, steps, batch_size=4, callbacks=[decay], **options)
        return trainer

    whole = run(11, 0)
    run(4, 0, checkpoint=tmp_path / "c.npz")
    resumed = run(11, 5, checkpoint=tmp_path / "c.npz", resume=True)
    assert resumed.optimizer.lr == whole.optimizer.lr == pytest.approx(0.1 * 0.9 ** 11)
    assert_same(everything(resumed), everything(whole))


def test_a_schedule_stays_what_the_trainer_was_made_with(tmp_path):
    trainer = gan()
    schedule = trainer.generator_optimizer.lr
    trainer.discriminator_optimizer.lr = 0.25
    save(tmp_path / "c.npz", trainer)
    trainer.discriminator_optimizer.lr = 0.5
    load(tmp_path / "c.npz", trainer)
    assert trainer.generator_optimizer.lr is schedule
    assert trainer.discriminator_optimizer.lr == 0.25
    trainer.discriminator_optimizer.lr = schedule
    load(tmp_path / "c.npz", trainer)
    assert trainer.discriminator_optimizer.lr is schedule


def test_a_file_from_before_rates_and_numbers_were_saved_still_loads(tmp_path):
    trainer = autoencoder()
    trainer.fit(DATA, 3, checkpoint=tmp_path / "c.npz")
    resaved(lambda arrays, about: (about.pop("rates"), about.pop("records")))(tmp_path / "c.npz")
    trainer.step(DATA)
    load(tmp_path / "c.npz", trainer)
    assert trainer.steps == 3 and trainer.record is None and trainer.optimizer.lr == 0.1


def test_a_network_of_which_a_part_is_frozen_is_resumed(tmp_path):
    def trainer():
        encoder, decoder = L.Dense(6, 2), L.Dense(2, 6)
        decoder.bias.requires_grad = False
        optimizer = Adam([*encoder.parameters(), decoder.weight], 0.1)
        return AutoencoderTrainer(encoder, decoder, optimizer)

    a, b = trainer(), trainer()
    a.step(DATA)
    save(tmp_path / "c.npz", a)
    load(tmp_path / "c.npz", b)
    assert a.step(DATA).value == b.step(DATA).value
    assert not b.decoder.bias.requires_grad


# ------------------------------------------------------------------ where a file cannot be written

@pytest.mark.parametrize("where", [
    pytest.param("/proc", marks=pytest.mark.skipif(not os.path.isdir("/proc"), reason="Linux")),
    "closed"])
def test_a_directory_that_cannot_be_written_is_noticed_before_the_first_step(where, tmp_path):
    directory = where
    if where == "closed":
        if os.geteuid() == 0:
            pytest.skip("nothing is closed to root")
        directory = tmp_path / "closed"
        directory.mkdir()
        directory.chmod(0o555)
    trainer = autoencoder()
    with pytest.raises(OSError, match="nothing can be written beside checkpoint .*c.npz: "):
        trainer.fit(DATA, 3, checkpoint=f"{directory}/c.npz")
    assert trainer.steps == 0


def test_a_write_protected_checkpoint_is_refused_and_keeps_what_it_is(tmp_path):
    path, trainer = tmp_path / "c.npz", autoencoder()
    save(path, trainer)
    path.chmod(0o444)
    kept = path.read_bytes()
    for write_it in (lambda: save(path, trainer), lambda: trainer.fit(DATA, 3, checkpoint=path)):
        with pytest.raises(PermissionError, match="c.npz is write-protected"):
            write_it()
    assert path.read_bytes() == kept and stat.S_IMODE(path.stat().st_mode) == 0o444
    assert trainer.steps == 0 and [p.name for p in tmp_path.iterdir()] == ["c.npz"]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_a_link_and_its_file_is_written(there, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    target, link, trainer = tmp_path / "elsewhere" / "c.npz", tmp_path / "link.npz", autoencoder()
    if there:
        save(target, trainer)
    link.symlink_to(target)
    trainer.fit(DATA, 3, checkpoint=link)
    assert link.is_symlink() and not target.is_symlink()
    other = autoencoder()
    load(target, other)
    assert other.steps == 3 and [p.name for p in target.parent.iterdir()] == ["c.npz"]


def test_a_pipe_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="pipe is a device or a pipe, expected the path of a file"):
        save(tmp_path / "pipe", autoencoder())
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
