"""Networks and optimizers that are not what a trainer takes; and a beta that changes by hand."""

import numpy as np
import pytest

import minigen as mg
from minigen.layers import Dense, Flatten, Layer, Reshape, Sequential, Sigmoid

X = np.random.default_rng(0).random((16, 4), dtype="float32")


class Heads(Layer):
    def __init__(self):
        self.mu, self.log_var = Dense(4, 2), Dense(4, 2)

    def forward(self, x):
        return self.mu(x), self.log_var(x)


class Returns(Layer):
    """A network that returns what a function makes of its output."""

    def __init__(self, inputs, outputs, change):
        self.inner, self.change = Dense(inputs, outputs), change

    def forward(self, x):
        return self.change(self.inner(x))


def sgd(*networks):
    return mg.optim.SGD([p for network in networks for p in network.parameters()], 0.1)


WRONG = {"a tuple": lambda y: (y, y), "an array": lambda y: y.numpy(), "None": lambda y: None}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_a_decoder_or_encoder_that_returns_no_tensor_is_named(change):
    encoder, decoder = Heads(), Returns(2, 4, change)
    vae = mg.trainers.VAETrainer(encoder, decoder, sgd(encoder, decoder))
    with pytest.raises(TypeError, match="^VAETrainer: the decoder returned .*expected a Tensor"):
        vae.step(X)
    encoder = Dense(4, 2)
    trainer = mg.trainers.AutoencoderTrainer(encoder, decoder, sgd(encoder, decoder))
    with pytest.raises(TypeError, match="^AutoencoderTrainer: the decoder returned"):
        trainer.step(X)


def test_an_encoder_that_returns_arrays_is_named():
    class Arrays(Heads):
        def forward(self, x):
            return self.mu(x).numpy(), self.log_var(x).numpy()

    encoder, decoder = Arrays(), Dense(2, 4)
    with pytest.raises(ValueError, match="the encoder returned .*ndarray.*expected .mu, log_var."):
        mg.trainers.VAETrainer(encoder, decoder, sgd(encoder, decoder)).step(X)


def test_parameters_in_an_optimizers_place_and_functions_in_a_networks():
    G, D = Dense(2, 4), Dense(4, 1)
    for optimizer in (G.parameters(), None):
        with pytest.raises(TypeError, match="generator_optimizer is .*minigen.optim"):
            mg.trainers.GANTrainer(G, D, optimizer, sgd(D))
    with pytest.raises(TypeError, match="a network that is a function, expected a layer"):
        mg.trainers.GANTrainer(lambda z: z, D, sgd(G), sgd(D))
    with pytest.raises(ValueError, match="got generator_loss an array of shape"):
        mg.trainers.GANTrainer(G, D, sgd(G), sgd(D), generator_loss=X)


@pytest.mark.parametrize("end", [Flatten, lambda: Reshape(4)])
def test_a_sigmoid_before_a_change_of_shape_is_seen(end):
    encoder, decoder = Heads(), Sequential(Dense(2, 4), Sigmoid(), end())
    with pytest.warns(UserWarning, match="the decoder ends with layer 1, a sigmoid"):
        mg.trainers.VAETrainer(encoder, decoder, sgd(encoder, decoder))


def test_a_beta_that_a_callback_changes_is_in_the_checkpoint(tmp_path):
    def halve(trainer, record):
        trainer.beta *= 0.5

    def run(steps, **options):
        mg.seed(0)
        encoder, decoder = Heads(), Dense(2, 4)
        trainer = mg.trainers.VAETrainer(encoder, decoder, sgd(encoder, decoder))
        trainer.fit(X, steps, batch_size=4, progress=False, callbacks=[halve], **options)
        return trainer.beta, encoder.mu.weight.numpy().copy()

    whole = run(8)
    run(4, checkpoint=tmp_path / "run.npz")
    resumed = run(8, checkpoint=tmp_path / "run.npz", resume=True)
    assert whole[0] == resumed[0] == 0.5 ** 8
    np.testing.assert_array_equal(whole[1], resumed[1])


def trainer_of(encoder, decoder):
    return mg.trainers.AutoencoderTrainer(encoder, decoder, sgd(encoder, decoder))


def test_a_name_that_is_too_long_for_a_checkpoint_is_noticed_before_the_first_step(tmp_path):
    trainer = trainer_of(Dense(4, 2), Dense(2, 4))
    with pytest.raises(OSError, match="nothing can be written beside checkpoint"):
        trainer.fit(X, 5, progress=False, checkpoint=tmp_path / ("a" * 254))
    assert trainer.steps == 0


def test_a_checkpoint_keeps_its_permissions_and_a_hard_link_is_refused(tmp_path):
    trainer, path = trainer_of(Dense(4, 2), Dense(2, 4)), tmp_path / "run.npz"
    mg.checkpoint.save(path, trainer)
    path.chmod(0o600)
    mg.checkpoint.save(path, trainer)
    assert path.stat().st_mode & 0o777 == 0o600
    (tmp_path / "other.npz").hardlink_to(path)
    with pytest.raises(OSError, match="another name too .a hard link."):
        trainer.fit(X, 5, progress=False, checkpoint=path)
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(OSError, match="loop"):
        mg.checkpoint.save(tmp_path / "loop", trainer)
