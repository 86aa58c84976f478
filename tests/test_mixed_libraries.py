"""What meets at the border between host and GPU, on the strict stand-in for CuPy: arrays of two
libraries are refused with both sides named, batches are looked at before they cross, data that fit
cross once, and a run resumes there."""

import numpy as np
import pytest

import minigen as mg
import strict_cupy
from minigen.layers import BatchNorm, Dense, Layer, Sequential

pytestmark = pytest.mark.host_arrays


def test_data_and_gradients_on_the_host_are_refused_on_a_gpu():
    with strict_cupy.installed() as cupy:
        layer = Dense(2, 1)
        with pytest.raises(mg.BackendError, match=r"data of Tensor.*numpy.*cupy"):
            layer.weight.data = np.ones((1, 2), "float32")
        optimizer = mg.optim.SGD(layer.parameters(), 0.1)
        gradients = [np.ones(p.shape, "float32") for p in layer.parameters()]
        before = mg.to_numpy(layer.weight)
        with pytest.raises(mg.BackendError, match=r"SGD.step: got a gradient of numpy, .*cupy"):
            optimizer.step(gradients)
        np.testing.assert_array_equal(mg.to_numpy(layer.weight), before)
        optimizer.step([cupy.asarray(g) for g in gradients])
        assert (mg.to_numpy(layer.weight) != before).all()


def test_a_run_resumes_bit_for_bit_on_the_stand_in(tmp_path):
    x = np.random.default_rng(0).random((32, 4), dtype="float32")

    def run(steps, **options):
        mg.seed(0)
        encoder, decoder = Sequential(Dense(4, 3), BatchNorm(3)), Dense(3, 4)
        optimizer = mg.optim.Adam(encoder.parameters() + decoder.parameters(), 0.01)
        trainer = mg.trainers.AutoencoderTrainer(encoder, decoder, optimizer)
        trainer.fit(x, steps, batch_size=8, progress=False, **options)
        return [mg.to_numpy(a) for part in (encoder, decoder) for a in part.state_dict().values()]

    with strict_cupy.installed():
        whole = run(9)
        run(4, checkpoint=tmp_path / "run.npz")
        resumed = run(9, checkpoint=tmp_path / "run.npz", resume=True)
    for a, b in zip(whole, resumed):
        np.testing.assert_array_equal(a, b)


def test_running_statistics_on_the_host_are_refused_beside_an_input_on_a_gpu():
    F = mg.functional
    with strict_cupy.installed() as cupy:
        x, m, v = cupy.ones((4, 2)), np.zeros(2), np.ones(2)
        for normalise in (lambda: F.batch_norm(x, m, v, training=True),
                          lambda: F.batch_norm(x, m, v),
                          lambda: F.instance_norm(x[..., None] * cupy.arange(3.0), m, v)):
            with pytest.raises(mg.BackendError, match="numpy.*cupy|cupy.*numpy"):
                normalise()
        np.testing.assert_array_equal(m, 0)


def test_what_is_no_number_is_the_same_error_on_a_gpu():
    with strict_cupy.installed() as cupy:
        for wrong in ("a", ["a"], [None], [1j]):
            with pytest.raises(TypeError, match="tensor: got dtype .*, expected real numbers"):
                mg.tensor(wrong)
        with pytest.raises(ValueError, match="does not make an array of numbers"):
            mg.tensor([[1.0], [1.0, 2.0]])
        assert mg.tensor([cupy.ones(2), cupy.zeros(2)]).shape == (2, 2)


def test_labels_and_indices_are_waited_for_once():
    F, counts = mg.functional, strict_cupy.counts
    with strict_cupy.installed() as cupy:
        x, labels = mg.Tensor(cupy.ones((3, 4)), requires_grad=True), cupy.asarray([0, 2, 1])
        for call in (lambda: F.cross_entropy(x, labels), lambda: F.nll_loss(x, labels),
                     lambda: F.embedding(labels, x)):
            counts.reset()
            call()
            assert counts.to_host == 1
        for wrong in ([0, 4, 1], [-1, 0, 0]):
            with pytest.raises(IndexError, match="expected 0 to 3"):
                F.cross_entropy(x, cupy.asarray(wrong))


def test_an_index_out_of_range_is_an_error_on_a_gpu_too():
    F, counts = mg.functional, strict_cupy.counts
    with strict_cupy.installed() as cupy:
        x = mg.Tensor(cupy.arange(12.0).reshape(3, 4), requires_grad=True)
        rows = cupy.asarray([2, 3])
        for index, message in ((rows, "getitem: index 3 is out of bounds for axis 0 with size 3"),
                               ((None, rows), "axis 0 with size 3"), ([0, -4], "index -4"),
                               ((slice(None), cupy.asarray([4])), "axis 1 with size 4")):
            with pytest.raises(IndexError, match=message):
                x[index]
            with pytest.raises(IndexError, match="out of bounds"):
                F.getitem(x, index)
        with pytest.raises(IndexError, match="scatter: index 3 is out of bounds for axis 0"):
            F.scatter(x[:2], rows, (3, 4))
        np.testing.assert_array_equal(mg.to_numpy(x[-rows[:1]]), [[4, 5, 6, 7]])
        counts.reset()
        x[0], x[:, 1:], x[x > 1], x[rows[:1]]
        assert counts.to_host == 1 + 1          # the indices; and a mask's length, as in CuPy


def test_dropout_draws_its_mask_for_the_library_of_its_input():
    with strict_cupy.installed() as cupy:
        x = cupy.ones((3, 4))
        with mg.use("numpy"):
            assert type(mg.functional.dropout(x, 0.5)) is cupy.ndarray


def vae():
    class Encoder(Layer):
        def __init__(self):
            self.mu, self.log_var = Dense(4, 2), Dense(4, 2)

        def forward(self, x):
            return self.mu(x), self.log_var(x)

    encoder, decoder = Encoder(), Dense(2, 4)
    optimizer = mg.optim.Adam(encoder.parameters() + decoder.parameters(), 0.01)
    return mg.trainers.VAETrainer(encoder, decoder, optimizer)


def test_pixels_are_looked_at_where_they_come_from():
    pixels = np.random.default_rng(0).random((32, 4), dtype="float32")
    with strict_cupy.installed():
        trainer = vae()
        for given in (lambda: trainer.step(2 * pixels - 1), lambda: trainer.fit(255 * pixels, 1),
                      lambda: trainer.fit(mg.data.Batches(255 * pixels, size=8), 1)):
            with pytest.raises(ValueError, match=r"values from .*in \[0, 1\]: scale"):
                given()
        assert trainer.steps == 0
        with pytest.raises(mg.NonFiniteError, match="the batch is not finite"):
            trainer.fit(pixels * np.nan, 1)
        trainer.fit(pixels, 3, batch_size=8, progress=False)


def overflowing():
    """A trainer whose loss is NaN from the third step on."""
    encoder, decoder = Dense(4, 2), Dense(2, 4)
    optimizer = mg.optim.SGD(encoder.parameters() + decoder.parameters(), 0.01)

    def loss(y, x):
        wrong = float("nan") if trainer.steps >= 2 else 1.0
        return mg.functional.mse_loss(y, x) * wrong

    trainer = mg.trainers.AutoencoderTrainer(encoder, decoder, optimizer, loss=loss)
    return trainer


@pytest.mark.parametrize("every", [2, 3, 100])
def test_a_value_that_is_nan_on_a_gpu_is_noticed_before_a_save_and_at_the_end(tmp_path, every):
    x, path = np.ones((8, 4), "float32"), tmp_path / "run.npz"
    with strict_cupy.installed():
        trainer = overflowing()
        with pytest.raises(mg.NonFiniteError, match=r"step \d, or one before it: loss is nan"):
            trainer.fit(x, 6, batch_size=8, checkpoint=path, every=every, progress=False)
        assert trainer.steps == {2: 4, 3: 3, 100: 6}[every]
        assert path.exists() == (every == 2)
        with pytest.raises(mg.NonFiniteError, match="loss is nan"):
            overflowing().fit(x, 4, progress=False)


def test_data_that_fit_cross_to_the_gpu_once_and_others_batch_by_batch(monkeypatch):
    x, counts = np.random.default_rng(0).random((32, 4), dtype="float32"), strict_cupy.counts

    def rows_after(steps):
        mg.seed(0)
        batches, seen = mg.data.Batches(x, np.arange(32), size=8), []
        for batch, labels in batches.on_gpu():
            seen.append((mg.to_numpy(batch), mg.to_numpy(labels)))
            if len(seen) == steps:
                return seen, batches.state()

    expected, place = rows_after(6)
    with strict_cupy.installed() as cupy:
        counts.reset()
        found, there = rows_after(6)
        assert counts.to_device == 2 + 2 * 6 and there == place     # the data; then row numbers
        for one, other in zip(expected, found):
            np.testing.assert_array_equal(one[0], other[0])
            np.testing.assert_array_equal(one[1], other[1])
        monkeypatch.setattr(cupy.cuda.runtime, "memGetInfo", lambda: (4 * x.nbytes, 1 << 30))
        batch, _ = next(mg.data.Batches(x, np.arange(32), size=8).on_gpu())
        assert type(batch) is np.ndarray                            # with the labels it is too much
        batch = next(mg.data.Batches(x, size=8).on_gpu())
        assert type(batch) is cupy.ndarray
        assert type(next(mg.data.Batches(x, size=8))) is np.ndarray
        assert type(next(mg.data.Batches(x * np.inf, size=8).on_gpu())) is np.ndarray
        assert type(next(mg.data.Batches(cupy.asarray(x), size=8))) is cupy.ndarray
