"""The autoencoder trainer: its gradients measured, its options, and the 8-3-8 network."""

import numpy as np
import pytest

import minigen as mg
from minigen import functional as F, layers as L
from minigen.gradcheck import check_parameters, numerical_gradient
from minigen.layers import initialisers
from minigen.optim import SGD, Adam
from minigen.trainers import AutoencoderTrainer


class Both(L.Layer):
    """The two networks as one, so that their parameters have the names of the record."""

    def __init__(self, encoder, decoder):
        self.encoder, self.decoder = encoder, decoder


def setting(lr=0.0, dtype="float64", optimizer=SGD, **options):
    """A trainer and a batch. With lr = 0 nobody moves, so that one can measure afterwards."""
    mg.set_default_dtype(dtype)
    encoder = L.Sequential(L.Conv2d(1, 2, 4, stride=2, padding=1), L.BatchNorm(2), L.LeakyReLU(),
                           L.Flatten(),
                           L.Dense(8, 2))
    decoder = L.Sequential(L.Dense(2, 8), L.Tanh(), L.Reshape(2, 2, 2),
                           L.ConvTranspose2d(2, 1, 4, stride=2, padding=1))
    trainer = AutoencoderTrainer(encoder, decoder,
                                 optimizer(encoder.parameters() + decoder.parameters(), lr),
                                 **options)
    return trainer, np.random.default_rng(1).standard_normal((5, 1, 4, 4))


def state(trainer):
    return Both(trainer.encoder, trainer.decoder).state_dict()


def moved(trainer, before):
    return [name for name, a in state(trainer).items() if not np.array_equal(a, before[name])]


LOSSES = {                                                      # loss -> the same in NumPy
    "mse_loss": (F.mse_loss, lambda y, x: ((y - x) ** 2).mean()),
    "binary cross-entropy": (
        lambda y, x: F.binary_cross_entropy_with_logits(y, F.sigmoid(x), reduction="sum"),
        lambda y, x: (np.logaddexp(0, y) - y / (1 + np.exp(-x))).sum()),
    "a function": (lambda y, x: ((y - x) ** 4).sum() * 0.5,
                   lambda y, x: ((y - x) ** 4).sum() * 0.5),
}


@pytest.mark.parametrize("loss, formula", LOSSES.values(), ids=LOSSES)
def test_gradients_are_the_derivative_of_the_loss(loss, formula):
    trainer, x = setting(loss=loss)

    def value():
        return float(formula(trainer.decoder(trainer.encoder(x)).data, x))

    record = trainer.step(x)
    assert record.value == pytest.approx(value(), rel=1e-12)
    check_parameters(value, Both(trainer.encoder, trainer.decoder), record.gradients, atol=1e-8,
                     rtol=1e-6)


def test_the_loss_is_the_mean_squared_error_if_left_out():
    trainer, x = setting()
    record = trainer.step(x)
    expected = float(((record.reconstruction - x) ** 2).mean())
    assert record.value == pytest.approx(expected, rel=1e-12)
    assert record.latent.shape == (5, 2) and record.reconstruction.shape == x.shape


def test_a_step_descends_by_its_record():
    trainer, x = setting(lr=0.3)
    parameters = dict(Both(trainer.encoder, trainer.decoder).named_parameters())
    before = {name: p.numpy().copy() for name, p in parameters.items()}
    record = trainer.step(x)
    assert list(record.gradients) == list(parameters)
    for name, p in parameters.items():
        np.testing.assert_allclose(
            p.numpy(), before[name] - 0.3 * mg.to_numpy(record.gradients[name]),
            rtol=1e-12, atol=1e-15)


def test_gradients_are_copies_and_float32_stays_float32():
    trainer, x = setting(lr=0.1, dtype="float32", optimizer=Adam)
    record = trainer.step(x)
    before = {name: g.copy() for name, g in record.gradients.items()}
    for _ in range(3):
        trainer.step(x)
    assert all(np.array_equal(g, before[name]) and g.dtype == np.float32
               for name, g in record.gradients.items())
    assert record.latent.dtype == np.float32 and isinstance(record.value, float)
    assert trainer.steps == 4


def test_the_optimizer_may_have_the_parameters_in_any_order():
    results = []
    for order in (slice(None), slice(None, None, -1)):
        mg.seed(0)
        trainer, x = setting(lr=0.3)
        trainer = AutoencoderTrainer(trainer.encoder, trainer.decoder,
                                     SGD(trainer.optimizer.parameters[order], 0.3))
        trainer.step(x)
        results.append(state(trainer))
    assert all(np.array_equal(a, results[1][name]) for name, a in results[0].items())


def test_weights_may_be_tied():
    """A weight in both networks is one parameter, whose gradient is the sum over its two uses."""
    mg.set_default_dtype("float64")
    encoder, decoder = L.Dense(4, 4, bias=False), L.Dense(4, 4, bias=False)
    decoder.weight = encoder.weight
    trainer = AutoencoderTrainer(encoder, decoder, SGD([encoder.weight], 0.0))
    x = np.random.default_rng(0).standard_normal((3, 4))
    gradient, = trainer.step(x).gradients.values()
    check_parameters(lambda: float(((decoder(encoder(x)).data - x) ** 2).mean()), encoder,
                     {"weight": gradient}, atol=1e-8,
                     rtol=1e-6)


# -------------------------------------------------------------------------------- the 8-3-8 network

def half_squared_error(y, x):
    return F.mse_loss(y, x, reduction="sum") * 0.5


def test_8_3_8_learns_the_identity_by_plain_gradient_descent():
    """Mitchell 1997, figures 4.7 to 4.9: rate 0.3, weights in ±0.1, 5,000 steps on all eight
    patterns, ½ Σ (y − x)²."""
    init = initialisers.uniform(0.1)
    encoder, decoder = (L.Sequential(L.Dense(8, 3, init=init), L.Sigmoid()),
                        L.Sequential(L.Dense(3, 8, init=init), L.Sigmoid()))
    for network in (encoder, decoder):
        network[0].bias.data = mg.randn(*network[0].bias.shape) * 0.05
    patterns = np.eye(8)
    trainer = AutoencoderTrainer(encoder, decoder,
                                 SGD(encoder.parameters() + decoder.parameters(), 0.3),
                                 loss=half_squared_error)
    values = [trainer.step(patterns).value for _ in range(5000)]
    np.testing.assert_array_equal(trainer.record.reconstruction > 0.5, patterns > 0.5)
    assert values[0] > 6 and values[-1] < 0.5
    codes = trainer.record.latent
    assert codes.shape == (8, 3)
    apart = np.abs(codes[:, None] - codes).max(-1)[~np.eye(8, dtype=bool)]
    assert apart.min() > 0.3  # all codes differ clearly, rounded or not


# -------------------------------------------------------------------------------------- wrong calls

def test_the_optimizer_must_have_the_parameters_of_both():
    encoder, decoder = L.Dense(3, 2), L.Dense(2, 3)
    for parameters, found in ((encoder.parameters(), "2 parameters, 2 of"),
                              (L.Dense(3, 3).parameters(), "2 parameters, 0 of")):
        message = f"AutoencoderTrainer: the optimizer updates {found} them among the 4"
        with pytest.raises(ValueError, match=message):
            AutoencoderTrainer(encoder, decoder, SGD(parameters, 0.1))


WRONG_CALLS = {
    "empty": (lambda t, x: t.step(x[:0]), ValueError, r"the batch: got shape \(0, 1, 4, 4\)"),
    "number": (lambda t, x: t.step(3.0), ValueError, r"the batch: got shape \(\)"),
    "text": (lambda t, x: t.step("images"), ValueError, r"the batch: got shape \(\)"),
    "images and labels": (lambda t, x: t.step((x, np.arange(5))), TypeError,
                          "the batch: got a tuple, expected one array"),
    "size": (lambda t, x: t.step(x[:, :, :3]), ValueError, r"\(5, 1, 4, 4\)|\(5, 4\)"),
    "channels": (lambda t, x: t.step(np.repeat(x, 3, 1)), ValueError,
                 r"Conv2d\(1, 2, 4, .*\(5, 3, 4, 4\)"),
    "nan": (lambda t, x: t.step(mg.to_numpy(x * np.nan)), mg.NonFiniteError,
            "the batch is not finite"),
}


@pytest.mark.parametrize("call, error, message", WRONG_CALLS.values(), ids=WRONG_CALLS)
def test_a_wrong_call_is_explained_and_nothing_is_learned(call, error, message):
    trainer, x = setting(lr=0.1)
    before = state(trainer)
    with pytest.raises(error, match=message):
        call(trainer, x)
    assert not [name for name in moved(trainer, before)
                if "running" not in name] and trainer.steps == 0


@pytest.mark.parametrize("loss", [lambda y, x: float(((y.data - x) ** 2).mean()),
                                  lambda y, x: (y - x) ** 2,
                                  lambda y, x: ((y - x) ** 2).mean().reshape(1)],
                         ids=["not a Tensor", "not a scalar", "an axis"])
def test_a_loss_must_return_one_number_on_the_tape(loss):
    trainer, x = setting(loss=loss)
    message = "AutoencoderTrainer: the loss returned .*expected a Tensor of one number"
    with pytest.raises(TypeError, match=message):
        trainer.step(x)


def test_a_decoder_of_another_shape_names_both():
    encoder, decoder = L.Dense(4, 2), L.Dense(2, 3)
    trainer = AutoencoderTrainer(encoder, decoder,
                                 SGD(encoder.parameters() + decoder.parameters(), 0.1))
    with pytest.raises(ValueError, match=r"mse_loss: .*\(5, 3\) .*\(5, 4\)"):
        trainer.step(np.zeros((5, 4)))


@pytest.mark.numpy_only("on a GPU no value is fetched to be looked at in each step")
def test_a_loss_that_overflows_is_named():
    trainer, x = setting(lr=0.1, loss=lambda y, x: F.exp(F.sum(y * y) * 1e6))
    before = state(trainer)
    message = "the reconstruction loss is not finite .it is inf"
    with np.errstate(over="ignore"), pytest.raises(mg.NonFiniteError, match=message):
        trainer.step(x)
    assert not [name for name in moved(trainer, before) if "running" not in name]


class WithAux(L.Layer):
    """An encoder with a layer that forward does not use."""

    def __init__(self):
        self.dense, self.aux = L.Dense(4, 2), L.Dense(4, 2)

    def forward(self, x):
        return self.dense(x)


def test_a_layer_that_forward_does_not_use_is_named():
    encoder, decoder = WithAux(), L.Dense(2, 4)
    optimizer = SGD(encoder.parameters() + decoder.parameters(), 0.1)
    trainer = AutoencoderTrainer(encoder, decoder, optimizer)
    message = "reconstruction loss does not depend on encoder.aux.weight, encoder.aux.bias: does"
    with pytest.raises(RuntimeError, match=message):
        trainer.step(np.ones((3, 4)))
    assert trainer.steps == 0


def test_an_optimizer_of_half_the_parameters_is_told_which_it_lacks():
    encoder, decoder = L.Dense(3, 2), L.Dense(2, 3)
    with pytest.raises(ValueError, match="lacks decoder.weight, decoder.bias: give") as error:
        AutoencoderTrainer(encoder, decoder, SGD(encoder.parameters(), 0.1))
    assert "swapped" not in str(error.value)


def test_a_part_stays_frozen_whose_requires_grad_is_false():
    trainer, x = setting(lr=0.1)
    encoder, decoder = trainer.encoder, trainer.decoder
    for p in encoder[0].parameters() + decoder.parameters():
        p.requires_grad = False
    learning = [p for p in encoder.parameters() if p.requires_grad]
    with pytest.raises(ValueError, match="It has encoder.0.weight, .*leave out what is frozen"):
        AutoencoderTrainer(encoder, decoder, SGD(encoder.parameters(), 0.1))
    trainer, before = AutoencoderTrainer(encoder, decoder, SGD(learning, 0.1)), state(trainer)
    record = trainer.step(x)
    names = ["encoder.1.weight", "encoder.1.bias", "encoder.4.weight", "encoder.4.bias"]
    assert list(record.gradients) == names
    assert {name for name in moved(trainer, before) if "running" not in name} == {*names}

    def value():
        return float(((decoder(encoder(x)).data - x) ** 2).mean())

    trainer.optimizer.lr = 0.0
    gradient = trainer.step(x).gradients["encoder.4.weight"]
    measured = numerical_gradient(value, encoder[4].weight)
    np.testing.assert_allclose(gradient, measured, rtol=1e-6, atol=1e-9)
