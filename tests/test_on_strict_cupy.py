"""The engine again, on arrays that refuse what CuPy's refuse: what fails on a GPU fails here.

Gradient checks of every operation and layer, PyTorch's recorded answers, and one iteration of every
trainer, whose transfers are counted. The stand-in (strict_cupy.py) is NumPy behind CuPy's rules: it
says nothing about CUDA itself. (conftest.py says how all tests run on it, or on a GPU.)
"""

import numpy as np
import pytest
import strict_cupy
import test_references
from test_references import named

import minigen as mg
from minigen.gradcheck.cases import LAYERS, OPERATIONS, check
from minigen.layers import (BatchNorm, Conv2d, ConvTranspose2d, Dense, Dropout, Flatten, Layer,
                            LeakyReLU, ReLU, Reshape, Sequential, Sigmoid)

pytestmark = pytest.mark.host_arrays


@pytest.fixture(autouse=True)
def stand_in():
    with strict_cupy.installed() as module:
        yield module


@pytest.mark.parametrize("name", [*OPERATIONS, *LAYERS])
def test_gradients_of_first_and_second_order(name):
    check(name)


@pytest.mark.parametrize("call", [
    lambda x: 2.0 ** x, lambda x: np.float32(2) ** x, lambda x: mg.functional.where(True, x, 0.0),
    mg.functional.logsumexp])
def test_a_number_beside_an_array_of_the_library(call):
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    assert mg.grad(call(x).sum(), x)[0].shape == (2,)


def test_labels_on_the_host_are_refused_beside_logits_on_the_gpu():
    with pytest.raises(mg.BackendError,
                       match="cross_entropy: labels of numpy beside an input of cupy"):
        mg.functional.cross_entropy(mg.tensor([[1.0, 2.0]], requires_grad=True), np.array([0]))


@pytest.mark.parametrize("record", named("operations"))
def test_recorded_operation(record):
    test_references.test_operation(record)


@pytest.mark.parametrize("record", named("layers"))
def test_recorded_layer(record):
    test_references.test_layer(record)


@pytest.mark.parametrize("record", named("optimizers"))
def test_recorded_optimizer(record):
    test_references.test_optimizer(record)


# ------------------------------------------------------------------------------------- the trainers

class Encoder(Layer):
    def __init__(self):
        self.mu, self.log_var = Dense(16, 3), Dense(16, 3)

    def forward(self, x):
        return self.mu(x), self.log_var(x)


def autoencoder():
    encoder, decoder = Sequential(Dense(16, 3), Sigmoid()), Sequential(Dense(3, 16), Sigmoid())
    parameters = encoder.parameters() + decoder.parameters()
    optimizer = mg.optim.RMSprop(parameters, 0.01)
    return mg.trainers.AutoencoderTrainer(encoder, decoder, optimizer)


def vae():
    encoder, decoder = Encoder(), Sequential(Dense(3, 16))
    optimizer = mg.optim.Adam(encoder.parameters() + decoder.parameters(), 0.01)
    return mg.trainers.VAETrainer(encoder, decoder, optimizer)


def gan(**options):
    """A bias before a batch normalisation would have a gradient of rounding errors alone, and Adam
    makes a whole step of the sign of each: it would not be the same on two machines."""
    G = Sequential(Dense(3, 2 * 2 * 2, bias=False), Reshape(2, 2, 2), BatchNorm(2), ReLU(),
                   ConvTranspose2d(2, 1, 4, 2, 1), Sigmoid())
    D = Sequential(Conv2d(1, 2, 4, 2, 1, bias=False), BatchNorm(2), LeakyReLU(0.2), Dropout(0.3),
                   Flatten(), Dense(8, 1))
    g_optimizer = mg.optim.SGD(G.parameters(), 0.1, momentum=0.5)
    d_optimizer = mg.optim.Adam(D.parameters(), 0.01)
    return mg.trainers.GANTrainer(G, D, g_optimizer, d_optimizer,
                                  prior=lambda m: mg.randn(m, 3), **options)


TRAINERS = {                    # how to make one, how to step it, and how many arrays move over:
    # the batch
    "autoencoder": (autoencoder, lambda trainer, x: trainer.step(x), 1),
    # the batch, the noise
    "vae": (vae, lambda trainer, x: trainer.step(x), 2),
    # real images, noise twice, three dropout masks
    "gan": (gan, lambda trainer, x: trainer.step([x.reshape(-1, 1, 4, 4)]), 6),
    "gan, joint, k = 2": (lambda: gan(batches="joint", k=2, generator_loss="non_saturating"),
                          lambda trainer, x: trainer.step([x.reshape(-1, 1, 4, 4)] * 2), 8),
}


@pytest.mark.parametrize("name", TRAINERS)
def test_an_iteration_moves_its_batches_over_and_nothing_back(name):
    make, step, moved = TRAINERS[name]
    trainer, x = make(), np.random.default_rng(0).random((5, 16), dtype="float32")
    step(trainer, x)
    strict_cupy.counts.reset()
    record = step(trainer, x)
    assert (strict_cupy.counts.to_device, strict_cupy.counts.to_host) == (moved, 0)
    assert isinstance(record.value, float)
    assert strict_cupy.counts.to_host == 1                  # what is asked for is fetched


def weights_after(name, dtype="float64", steps=2):
    """All parameters after some steps of this trainer, on the library in use."""
    mg.set_default_dtype(dtype)
    mg.seed(1)
    make, step, _ = TRAINERS[name]
    trainer, x = make(), np.random.default_rng(0).random((5, 16))
    for _ in range(steps):
        step(trainer, x)
    networks = [part for part in trainer.parts().values() if hasattr(part, "forward")]
    return [mg.to_numpy(p) for network in networks for p in network.parameters()]


@pytest.mark.parametrize("rounding", [None, 1, 2, 3])
@pytest.mark.parametrize("name", TRAINERS)
def test_iterations_are_those_that_numpy_makes_whatever_the_last_bits(name, rounding):
    with strict_cupy.installed(rounding=rounding):
        on_stand_in = weights_after(name)
    with mg.use("numpy"):
        on_numpy = weights_after(name)
    for a, b in zip(on_stand_in, on_numpy, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-10)


def test_a_step_of_the_sign_of_a_rounding_error_is_seen(monkeypatch):
    """A bias before a batch normalisation has no gradient but rounding, and Adam takes its sign."""
    def gan_with_bias():
        trainer = gan()
        D = Sequential(Conv2d(1, 2, 4, 2, 1), *list(trainer.discriminator)[1:])
        optimizer = mg.optim.Adam(D.parameters(), 0.01)
        return mg.trainers.GANTrainer(trainer.generator, D, trainer.generator_optimizer, optimizer,
                                      prior=trainer.prior)

    monkeypatch.setitem(TRAINERS, "gan", (gan_with_bias, *TRAINERS["gan"][1:]))
    found = []
    for rounding in (1, 2, 3):
        with strict_cupy.installed(rounding=rounding):
            found.append(np.concatenate([p.ravel() for p in weights_after("gan", "float32")]))
    assert np.ptp(found, axis=0).max() > 1e-3
