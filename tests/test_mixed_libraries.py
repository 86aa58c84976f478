"""Arrays of two libraries, on the strict stand-in for CuPy: refused with both sides named; and a
run that resumes there."""

import numpy as np
import pytest

import minigen as mg
import strict_cupy
from minigen.layers import BatchNorm, Dense, Sequential

pytestmark = pytest.mark.both_libraries


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
