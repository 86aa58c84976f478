"""fit: where batches come from, when callbacks and checkpoints happen, how it ends."""

import io
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

import minigen as mg
from minigen import functional as F, layers as L
from minigen.data import Batches, ring
from minigen.optim import SGD
from minigen.trainers import STOP, AutoencoderTrainer, GANTrainer, VAETrainer

DATA = np.random.default_rng(0).random((10, 2)).astype("float32")


def autoencoder(lr=0.1, **options):
    encoder, decoder = L.Dense(2, 1), L.Dense(1, 2)
    return AutoencoderTrainer(encoder, decoder,
                              SGD(encoder.parameters() + decoder.parameters(), lr), **options)


def gan(k=1):
    G, D = L.Dense(3, 2), L.Dense(2, 1)
    return GANTrainer(G, D, SGD(G.parameters(), 0.1), SGD(D.parameters(), 0.1), k=k,
                      prior=lambda m: mg.randn(m, 3))


def seen(trainer, data, steps, **options):
    """The batches that the trainer's steps were given."""
    batches, step = [], trainer.step
    if isinstance(trainer, GANTrainer):
        trainer.step = lambda source: step([batches.append(x) or x for x in source])
    else:
        trainer.step = lambda x: batches.append(x) or step(x)
    trainer.fit(data, steps, **options)
    return batches


# -------------------------------------------------------------------------- where batches come from

def test_an_array_is_cut_into_shuffled_batches_of_one_size():
    batches = seen(autoencoder(), DATA, 4, batch_size=5)
    assert [len(x) for x in batches] == [5] * 4
    for epoch in (np.concatenate(batches[:2]), np.concatenate(batches[2:])):
        assert not np.array_equal(epoch, DATA)
        np.testing.assert_array_equal(np.sort(epoch, 0), np.sort(DATA, 0))


def test_what_is_left_at_the_end_of_an_epoch_is_left_out_but_a_small_array_is_one_batch():
    """A last batch of few examples would have other statistics, and of a single one no variance."""
    assert [len(x) for x in seen(autoencoder(), DATA, 4, batch_size=3)] == [3] * 4
    assert [len(x) for x in seen(autoencoder(), DATA, 2, batch_size=64)] == [10] * 2


def test_batches_are_taken_as_they_are_and_go_on_where_they_stopped():
    batches = Batches(DATA, size=5, shuffle=False)
    first = seen(autoencoder(), batches, 1)
    second = seen(autoencoder(), batches, 2)
    np.testing.assert_array_equal(np.concatenate([*first, *second]),
                                  np.concatenate([DATA, DATA[:5]]))


def test_a_distribution_is_sampled():
    batches = seen(autoencoder(), ring(radius=2.0, std=0.01), 3, batch_size=50)
    assert [x.shape for x in batches] == [(50, 2)] * 3
    assert np.abs(np.hypot(*np.concatenate(batches).T) - 2).max() < 0.1


def test_a_list_of_batches_is_begun_again():
    batches = seen(autoencoder(), [DATA[:3], DATA[3:]], 3)
    np.testing.assert_array_equal(np.concatenate(batches), np.concatenate([DATA, DATA[:3]]))


def test_a_generator_of_batches_will_do_if_it_is_long_enough():
    assert len(seen(autoencoder(), (DATA for _ in range(3)), 3)) == 3


@pytest.mark.parametrize("k", [1, 3])
def test_a_gan_takes_k_batches_for_each_step(k):
    batches = seen(gan(k), [DATA[:2], DATA[2:4], DATA[4:6], DATA[6:8]], 4)
    assert len(batches) == 4 * k
    np.testing.assert_array_equal(batches[k], DATA[2 * (k % 4):2 * (k % 4) + 2])


def test_fit_is_the_steps_by_hand():
    results = []
    for by_hand in (False, True):
        mg.seed(0)
        trainer, batches = gan(2), Batches(DATA, size=4)
        if by_hand:
            for _ in range(3):
                record = trainer.step([next(batches), next(batches)])
        else:
            record = trainer.fit(batches, 3)
        results.append([record.value, *(p.numpy().tolist()
                                        for p in trainer.generator.parameters())])
    assert results[0] == results[1]


def test_fit_returns_the_last_record_and_counts_steps():
    trainer = autoencoder()
    assert trainer.fit(DATA, 3) is trainer.record and trainer.steps == 3
    trainer.fit(DATA, 2)
    assert trainer.steps == 5
    assert trainer.fit(DATA, 0) is None and trainer.steps == 5


# ------------------------------------------------------------------------------ callbacks, progress

def test_callbacks_that_are_no_list_are_refused_before_a_step_and_a_generator_is_one():
    trainer, calls = autoencoder(), []
    message = r"callbacks is a function, expected a list of functions: callbacks=\[\.\.\.\]"
    with pytest.raises(TypeError, match=message):
        trainer.fit(DATA, 2, callbacks=lambda *_: None)
    assert trainer.steps == 0
    listen = [lambda t, _: calls.append(t.steps)]
    trainer.fit(DATA, np.int64(3), callbacks=(call for call in listen))
    assert calls == [1, 2, 3]


def test_callbacks_are_called_after_every_step_in_their_order():
    def first(t, record):
        calls.append(("first", t.steps, record is t.record and t is trainer))

    def second(t, record):
        calls.append(("second", t.steps, True))

    trainer, calls = autoencoder(), []
    trainer.fit(DATA, 3, callbacks=[first, second])
    assert calls == [(which, step, True) for step in (1, 2, 3) for which in ("first", "second")]


@pytest.mark.parametrize("progress", [True, False])
def test_progress_is_silent_in_a_pipe(progress, capfd):
    autoencoder().fit(DATA, 3, progress=progress)
    assert capfd.readouterr() == ("", "")


PICTURE = """
import fcntl, os, pty, struct, sys, termios
import numpy as np
import minigen as mg
from minigen.layers import Dense
from minigen.optim import SGD
G, D = Dense(3, 2), Dense(2, 1)
trainer = mg.trainers.GANTrainer(G, D, SGD(G.parameters(), 0.1), SGD(D.parameters(), 0.1),
                                 prior=lambda m: mg.randn(m, 3))
reader, writer = pty.openpty()      # a terminal of our own, of 24 lines and 120 columns
fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
with os.fdopen(writer, "w") as sys.stderr:
    trainer.fit(np.zeros((8, 2)), 5)
sys.stderr, shown = sys.__stderr__, b""
try:
    while part := os.read(reader, 100_000):     # in parts, and at the end an OSError
        shown += part
except OSError:
    print(shown.decode())
"""


def test_progress_on_a_terminal_shows_the_steps_and_the_trainers_numbers():
    shown = subprocess.run([sys.executable, "-c", PICTURE], capture_output=True, text=True,
                           timeout=60, check=True).stdout
    assert "5/5" in shown and "V=-" in shown and "D(x)=0." in shown and "D(G(z))=0." in shown


# ------------------------------------------------------------------------------------------ the end

def test_ctrl_c_finishes_the_step_saves_and_returns(tmp_path, capsys):
    def interrupt(trainer, record):
        if trainer.steps == 3:
            os.kill(os.getpid(), signal.SIGINT)

    trainer, handler = gan(), signal.getsignal(signal.SIGINT)
    record = trainer.fit(DATA, 100, callbacks=[interrupt], checkpoint=tmp_path / "c.npz")
    assert trainer.steps == 3 and record is trainer.phase_2
    assert signal.getsignal(signal.SIGINT) is handler
    assert "stopped after step 3 of 100" in capsys.readouterr().err
    other = gan()
    mg.checkpoint.load(tmp_path / "c.npz", other)
    assert other.steps == 3
    np.testing.assert_array_equal(other.generator.weight.numpy(), trainer.generator.weight.numpy())


def test_a_second_ctrl_c_interrupts_at_once():
    def interrupt(trainer, record):
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        autoencoder().fit(DATA, 100, callbacks=[interrupt])
    assert signal.getsignal(signal.SIGINT) is handler


def test_fit_runs_in_another_thread():
    trainer, errors = autoencoder(), []
    thread = threading.Thread(target=lambda: errors.append(trainer.fit(DATA, 3) and None))
    thread.start()
    thread.join()
    assert errors == [None] and trainer.steps == 3


def test_non_finite_data_names_step_and_quantity_and_keeps_the_last_good_checkpoint(tmp_path):
    trainer = gan()
    with pytest.raises(mg.NonFiniteError, match="step 3: phase 1: the real batch is not finite"):
        trainer.fit([DATA, DATA, mg.to_numpy(DATA * np.nan)], 10, checkpoint=tmp_path / "c.npz",
                    every=1)
    other = gan()
    mg.checkpoint.load(tmp_path / "c.npz", other)
    assert other.steps == 2 and trainer.steps == 2


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("every", [1, 100])
def test_weights_that_became_nan_are_not_written_over_the_last_good_checkpoint(tmp_path, every):
    """√ has a finite value at 0 and no derivative: the loss is still finite in the step that
    destroys the weights."""
    path = tmp_path / "c.npz"
    trainer = autoencoder(loss=lambda y, x: F.sqrt(F.sum(y * y) * float(trainer.steps < 2)))
    trainer.fit(DATA, 2, checkpoint=path)
    with pytest.raises(mg.NonFiniteError, match="encoder/weight is not finite after step 3"):
        trainer.fit(DATA, 1, checkpoint=path, every=every)
    other = autoencoder()
    mg.checkpoint.load(path, other)
    assert other.steps == 2 and np.isfinite(other.encoder.weight.numpy()).all()


# -------------------------------------------------------------------------------------- wrong calls

class Foreign:
    """What another library's array looks like: it has a shape and rows, and is iterated over."""

    def __init__(self, array):
        self.array, self.shape = array, array.shape

    def __iter__(self):
        return iter(self.array)

    sample = __iter__           # a DataFrame has this method too


class Picture:
    """What Pillow's pictures look like: an array when asked, but without a shape."""

    def __array__(self, *_, **__):
        return DATA


@pytest.mark.parametrize("options, error, message", [
    ({"steps": -1}, ValueError, "steps = -1, expected an integer >= 0"),
    ({"steps": 2.5}, ValueError, "steps = 2.5"),
    ({"steps": None}, ValueError, "steps = None"),
    ({"steps": DATA}, TypeError, r"got an array of shape \(10, 2\) as steps.* give the images"),
    ({"every": 0}, ValueError, "every = 0, expected an integer >= 1"),
    ({"batch_size": 0}, ValueError, "batch_size = 0, expected an integer >= 1"),
    ({"batch_size": "8"}, ValueError, "batch_size = '8', expected an integer >= 1"),
    ({"callbacks": None}, TypeError, "callbacks is a NoneType, expected a list of functions"),
    ({"callbacks": [None]}, TypeError, "callbacks has a NoneType, expected functions"),
    ({"resume": True}, ValueError, "resume=True needs the path"),
    ({"data": DATA[:0]}, ValueError, "the data is empty"),
    ({"data": np.array(1.0)}, ValueError, "an array of no dimensions"),
    ({"data": []}, ValueError, "there are no batches"),
    ({"data": iter([DATA])}, ValueError,
     "the iterator of batches ended before the steps were done"),
    ({"data": Batches(DATA, size=5, epochs=1)}, ValueError,
     "the iterator of batches ended before the steps were done"),
    ({"data": 3}, TypeError, "got a int as data"),
    ({"data": None}, TypeError, "got a NoneType as data"),
    ({"data": "images"}, TypeError, "got a str as data"),
    ({"data": {"images": DATA}}, TypeError, "got a dict as data"),
    ({"data": mg.tensor(DATA)}, TypeError, "got a minigen.Tensor as data, .*minigen.to_numpy"),
    ({"data": Foreign(DATA)}, TypeError, r"got a \w+.Foreign as data, .*numpy.asarray"),
    ({"data": (DATA, DATA[:, 0])}, TypeError, "got a tuple of 2 as data. Images and labels. give"),
    ({"data": (DATA, DATA)}, TypeError, "got a tuple of 2 as data. Images and labels. give"),
    ({"data": [DATA, DATA[:, 0]]}, TypeError, "got a list of 2 as data. Images and labels. give"),
    ({"data": [Picture()] * 3}, TypeError, "got a list of Picture as data.*numpy.stack"),
    ({"data": [*DATA.reshape(2, 2, 5)]}, ValueError, "each entry of a list as a batch.*stack"),
    ({"data": [[DATA, DATA[:, 0]]]}, TypeError, "got a list, .*give the images"),
    ({"data": [DATA[:, 0]]}, ValueError, r"got shape \(10,\)"),
])
@pytest.mark.parametrize("make", [autoencoder, gan])
def test_a_wrong_argument_is_named(make, options, error, message):
    with pytest.raises(error, match=message):
        make().fit(**{"data": DATA, "steps": 5, **options})


def test_an_unwritable_checkpoint_is_refused_before_the_first_step(tmp_path):
    trainer = autoencoder()
    with pytest.raises(FileNotFoundError,
                       match="the directory of checkpoint .*nowhere/c.npz does not exist"):
        trainer.fit(DATA, 5, checkpoint=tmp_path / "nowhere" / "c.npz")
    with pytest.raises(IsADirectoryError, match="is a directory, expected the path of a file"):
        trainer.fit(DATA, 5, checkpoint=tmp_path)
    assert trainer.steps == 0 and list(tmp_path.iterdir()) == []


def test_an_unknown_option_is_an_error():
    with pytest.raises(TypeError, match="epochs"):
        autoencoder().fit(DATA, 5, epochs=3)


@pytest.mark.parametrize("make, names", [
    (autoencoder, {"loss"}), (gan, {"V", "D(x)", "D(G(z))"}),
    (lambda: VAETrainer(*(networks := two_heads()),
                        SGD(networks[0].parameters() + networks[1].parameters(), 0.1)),
     {"elbo", "reconstruction", "kl"})])
def test_what_each_trainer_shows(make, names):
    trainer = make()
    trainer.fit(DATA, 1)
    assert set(trainer.progress()) == names
    assert all(isinstance(value, float) for value in trainer.progress().values())


def two_heads():
    class Encoder(L.Layer):
        def __init__(self):
            self.mu, self.log_var = L.Dense(2, 1), L.Dense(2, 1)

        def forward(self, x):
            return self.mu(x), self.log_var(x)

    return Encoder(), L.Dense(1, 2)


# ----------------------------------------------------------------------- callbacks that end a run

def test_a_callback_ends_the_run_as_if_its_step_had_been_the_last(tmp_path):
    trainer, calls = gan(), []
    record = trainer.fit(DATA, 100, checkpoint=tmp_path / "c.npz", callbacks=[
        lambda t, record: STOP if t.steps == 3 else None, lambda t, record: calls.append(t.steps)])
    assert trainer.steps == 3 and record is trainer.phase_2 and calls == [1, 2, 3]
    other = gan()
    mg.checkpoint.load(tmp_path / "c.npz", other)
    assert other.steps == 3


@pytest.mark.parametrize("returned", [True, False, 0, "stop", DATA, StopIteration], ids=str)
def test_whatever_else_a_callback_returns_the_run_goes_on(returned):
    trainer = autoencoder()
    trainer.fit(DATA, 3, callbacks=[lambda *_: returned])
    assert trainer.steps == 3


def test_progress_shows_in_a_notebook(monkeypatch):
    """Its output is no terminal, and yet a person looks at it."""
    class OutStream(io.StringIO):
        __module__ = "ipykernel.iostream"

    monkeypatch.setattr(sys, "stderr", OutStream())
    autoencoder().fit(DATA, 3)
    assert "3/3" in sys.stderr.getvalue() and "loss=" in sys.stderr.getvalue()
    monkeypatch.setattr(sys, "stderr", OutStream())
    autoencoder().fit(DATA, 3, progress=False)
    assert sys.stderr.getvalue() == ""
