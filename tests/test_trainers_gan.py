"""The GAN trainer against the formulas: Algorithm 1 of Goodfellow et al. 2014, checked whole.

Every gradient in a record is compared with central differences of V(D, G), computed here in NumPy
from D's logits.
"""

import gc
import itertools
import pickle
import warnings
import weakref

import numpy as np
import pytest
from scipy.special import expit, log_expit

import minigen as mg
from minigen import layers as L
from minigen.data import Batches
from minigen.gradcheck import check_parameters, numerical_gradient
from minigen.metrics import js_divergence, minimax_value, optimal_discriminator
from minigen.optim import SGD, Adam
from minigen.trainers import GANTrainer

M = 6                                                           # examples in a batch


def mlp():
    G = L.Sequential(L.Dense(2, 5), L.Tanh(), L.Dense(5, 3))
    D = L.Sequential(L.Dense(3, 4), L.LeakyReLU(), L.Dropout(0.3), L.Dense(4, 1))
    return G, D, (3,)


def convolutional():
    G = L.Sequential(L.Dense(2, 8), L.Reshape(2, 2, 2), L.Tanh(),
                     L.ConvTranspose2d(2, 1, 4, stride=2, padding=1))
    D = L.Sequential(L.Conv2d(1, 2, 4, stride=2, padding=1), L.LeakyReLU(), L.Flatten(),
                     L.Dense(8, 1))
    return G, D, (1, 4, 4)


def with_batch_norm():
    G = L.Sequential(L.Dense(2, 8), L.Reshape(2, 2, 2), L.BatchNorm(2), L.Tanh(),
                     L.ConvTranspose2d(2, 1, 4, stride=2, padding=1))
    D = L.Sequential(L.Conv2d(1, 2, 4, stride=2, padding=1), L.BatchNorm(2), L.LeakyReLU(),
                     L.Flatten(), L.Dense(8, 1))
    return G, D, (1, 4, 4)


def game(make=mlp, dtype="float64", lr=0.0, optimizer=SGD, **options):
    """A trainer, a real batch and noise. lr = 0: nobody moves, and one can measure afterwards."""
    mg.set_default_dtype(dtype)
    G, D, shape = make()
    rng = np.random.default_rng(1)
    trainer = GANTrainer(G, D, optimizer(G.parameters(), lr), optimizer(D.parameters(), lr),
                         **options)
    return trainer, rng.standard_normal((M, *shape)), rng.standard_normal((M, 2))


def logits(trainer, x, z):
    """What D says of x and of G(z): one after the other, or as one batch."""
    G, D, m = trainer.generator, trainer.discriminator, len(x)
    if trainer.batches == "separate":
        return D(x).numpy(), D(G(z)).numpy()
    both = D(np.concatenate([x, G(z).numpy()])).numpy()
    return both[:m], both[m:]


def phase_1(trainer, x, z):
    """V(D, G) = mean log D(x) + mean log(1 − D(G(z)))"""
    real, fake = logits(trainer, x, z)
    return log_expit(real).mean() + log_expit(-fake).mean()


def phase_2(trainer, z):
    fake = trainer.discriminator(trainer.generator(z)).numpy()
    if trainer.generator_loss == "saturating":
        return log_expit(-fake).mean()
    return -log_expit(fake).mean()


def state(*networks):
    return [a for network in networks for a in network.state_dict().values()]


def same(before, after):
    return len(before) == len(after) and all(np.array_equal(a, b) for a, b in zip(before, after))


# --------------------------------------------------------------------- the gradients, checked whole

networks = pytest.mark.parametrize("make", [mlp, convolutional, with_batch_norm])


@networks
@pytest.mark.parametrize("batches", ["separate", "joint"])
def test_phase_1_is_the_derivative_of_v_with_respect_to_every_parameter_of_d(make, batches):
    trainer, x, z = game(make, batches=batches)
    mg.seed(5)  # the dropout masks of the step, and of the measurement
    record = trainer.update_discriminator(x, z)
    mg.seed(5)
    check_parameters(lambda: phase_1(trainer, x, z), trainer.discriminator, record.gradients,
                     atol=1e-8, rtol=1e-6)
    assert record.value == pytest.approx(phase_1(trainer, x, z), rel=1e-12)


@networks
@pytest.mark.parametrize("generator_loss", ["saturating", "non_saturating"])
@pytest.mark.parametrize("batches", ["separate", "joint"])
def test_phase_2_is_the_derivative_of_its_loss_with_respect_to_every_parameter_of_g(
        make, generator_loss, batches):
    trainer, x, z = game(make, generator_loss=generator_loss, batches=batches)
    mg.seed(5)
    record = trainer.update_generator(M, z)
    mg.seed(5)
    check_parameters(lambda: phase_2(trainer, z), trainer.generator, record.gradients, atol=1e-8,
                     rtol=1e-6)
    assert record.value == pytest.approx(phase_2(trainer, z), rel=1e-12)


@networks
@pytest.mark.parametrize("generator_loss", ["saturating", "non_saturating"])
def test_sample_gradient_is_the_derivative_with_respect_to_each_sample(make, generator_loss):
    """What D tells G, and all that G learns of the data."""
    trainer, x, z = game(make, generator_loss=generator_loss)
    mg.seed(5)
    record = trainer.update_generator(M, z)
    samples = mg.tensor(trainer.generator(z))
    trainer.generator = lambda z: samples
    mg.seed(5)
    measured = numerical_gradient(lambda: phase_2(trainer, z), samples)
    np.testing.assert_allclose(record.sample_gradient, measured, rtol=1e-6, atol=1e-8)
    assert record.sample_gradient.shape == samples.shape


@pytest.mark.parametrize("batches", ["separate", "joint"])
def test_logit_gradients_of_phase_1(batches):
    """∂ log σ(s)/∂s = 1 − D,   ∂ log(1 − σ(s))/∂s = −D"""
    trainer, x, z = game(convolutional, batches=batches)
    real, fake = logits(trainer, x, z)
    found = trainer.update_discriminator(x, z).logit_gradients
    assert set(found) == {"real", "fake"}
    np.testing.assert_allclose(found["real"], (1 - expit(real)) / M, rtol=1e-12)
    np.testing.assert_allclose(found["fake"], -expit(fake) / M, rtol=1e-12)


@pytest.mark.parametrize("generator_loss, formula",
                         [("saturating", lambda D: -D / M),
                          ("non_saturating", lambda D: -(1 - D) / M)])
def test_logit_gradients_of_phase_2(generator_loss, formula):
    """log(1 − D) pushes with D, nearly 0 where D rejects; −log D with 1 − D, which is not."""
    trainer, x, z = game(convolutional, generator_loss=generator_loss)
    _, fake = logits(trainer, x, z)
    found = trainer.update_generator(M, z).logit_gradients
    assert set(found) == {"fake"}
    np.testing.assert_allclose(found["fake"], formula(expit(fake)), rtol=1e-12)


@pytest.mark.parametrize("logit, ratio", [(0.0, 1.0), (-np.log(99.0), 99.0)])
def test_the_non_saturating_loss_pushes_harder_by_the_odds_against_the_sample(logit, ratio):
    pushes = []
    for generator_loss in ("saturating", "non_saturating"):
        trainer, _, z = game(convolutional, generator_loss=generator_loss)
        trainer.discriminator[3].weight.data = 0 * trainer.discriminator[3].weight.data
        trainer.discriminator[3].bias.data = np.array([logit])
        pushes.append(trainer.update_generator(M, z).logit_gradients["fake"])
    np.testing.assert_allclose(pushes[1] / pushes[0], ratio, rtol=1e-12)


def test_the_record_stays_exact_in_both_tails():
    """At logits of ±1000, log σ is 0 or −1000, where log of a rounded probability would be −inf."""
    trainer, x, z = game(convolutional)
    trainer.discriminator[3].bias.data = np.array([-1000.0])
    record = trainer.update_discriminator(x, z)
    assert record.value == pytest.approx(-1000, abs=1) and 0 <= record.d_real < 1e-300
    assert trainer.update_generator(M, z).value == 0


def test_joint_and_separate_differ_only_through_batch_statistics():
    for make, equal in ((convolutional, True), (with_batch_norm, False)):
        values = []
        for batches in ("separate", "joint"):
            mg.seed(0)
            trainer, x, z = game(make, batches=batches)
            values.append(trainer.update_discriminator(x, z).value)
        assert (values[0] == pytest.approx(values[1], rel=1e-12)) is equal


# --------------------------------------------------------------------------------------- the record

def test_the_records_of_both_phases_hold_what_the_contract_names():
    trainer, x, z = game(with_batch_norm, dtype="float32")
    first, second = trainer.update_discriminator(x, z), trainer.update_generator(M, z)
    for record, network in ((first, trainer.discriminator), (second, trainer.generator)):
        assert isinstance(record.value, float) and isinstance(record.d_fake, float)
        assert {name: (g.shape, g.dtype) for name, g in record.gradients.items()} == \
            {name: (p.shape, np.dtype("float32")) for name, p in network.named_parameters()}
    assert isinstance(first.d_real, float) and second.d_real is None
    assert not hasattr(first, "sample_gradient") and second.sample_gradient.shape == (M, 1, 4, 4)


def test_d_real_and_d_fake_are_mean_probabilities():
    trainer, x, z = game(convolutional)
    real, fake = logits(trainer, x, z)
    record = trainer.update_discriminator(x, z)
    assert record.d_real == pytest.approx(expit(real).mean())
    assert record.d_fake == pytest.approx(expit(fake).mean())
    assert trainer.update_generator(M, z).d_fake == pytest.approx(expit(fake).mean())


def test_a_record_is_of_before_the_update_even_if_it_is_read_late():
    trainer, x, z = game(convolutional, lr=1.0)
    real, fake = logits(trainer, x, z)
    record = trainer.update_discriminator(x, z)
    for _ in range(3):
        trainer.update_discriminator(x, z)
    assert record.d_real == pytest.approx(expit(real).mean())
    assert record.d_fake == pytest.approx(expit(fake).mean())


@pytest.mark.parametrize("batches", ["separate", "joint"])
def test_gradients_are_copies_that_later_steps_leave_alone_and_share_no_memory(batches):
    trainer, x, z = game(with_batch_norm, lr=0.1, optimizer=Adam, batches=batches)
    records = [trainer.update_discriminator(x, z), trainer.update_generator(M, z)]
    arrays = [records[1].sample_gradient]
    for record in records:
        arrays += [*record.gradients.values(), *record.logit_gradients.values()]
    before = [a.copy() for a in arrays]
    others = [p.data for network in (trainer.generator, trainer.discriminator)
              for p in network.parameters()]
    others += [a for o in (trainer.generator_optimizer, trainer.discriminator_optimizer)
               for a in o.state.values()]
    for i, a in enumerate(arrays):
        assert not any(np.shares_memory(a, b) for b in arrays[:i] + others + [x, z])
    for _ in range(3):
        trainer.update_discriminator(x, z)
        trainer.update_generator(M, z)
    assert same(before, arrays)


class Points(L.Layer):
    """A generator that is nothing but its samples: there ∂value/∂θg and ∂value/∂G(z) are equal."""

    def __init__(self, shape):
        self.points = mg.tensor(np.random.default_rng(0).standard_normal(shape), requires_grad=True)

    def forward(self, z):
        return self.points + 0 * z


def test_equal_gradients_are_not_one_array():
    mg.set_default_dtype("float64")
    G, D = Points((M, 2)), L.Dense(2, 1)
    trainer = GANTrainer(G, D, SGD(G.parameters(), 0.1), SGD(D.parameters(), 0.1))
    record = trainer.update_generator(M, np.ones((M, 2)))
    np.testing.assert_array_equal(record.gradients["points"], record.sample_gradient)
    assert not np.shares_memory(record.gradients["points"], record.sample_gradient)


@pytest.mark.parametrize("update", [lambda t, x, z: t.update_discriminator(x, z), lambda t, x,
                                    z: t.update_generator(M, z)],
                         ids=["phase 1", "phase 2"])
def test_a_kept_record_does_not_keep_the_activations(update):
    """A list of ten thousand records must not be ten thousand tapes."""
    trainer, x, z = game(mlp)
    hidden = []
    forward = trainer.discriminator[0].forward
    trainer.discriminator[0].forward = lambda x: remember(forward(x), hidden)
    record = update(trainer, x, z)
    gc.collect()
    assert hidden and all(activation() is None for activation in hidden)
    assert 0 < record.d_fake < 1


def remember(x, where):
    where.append(weakref.ref(x))
    return x


# ----------------------------------------------------------------------------------------- freezing

def test_in_phase_1_g_is_frozen():
    trainer, x, z = game(with_batch_norm, lr=0.1)
    G, D = trainer.generator, trainer.discriminator
    before, d_before = state(G), state(D)
    trainer.update_discriminator(x, z)
    assert same(before, state(G))                               # weights and running statistics
    assert not any(np.array_equal(a, b) for a, b in zip(d_before, state(D)))
    assert all(p.grad is None and p.requires_grad for p in G.parameters() + D.parameters())


def test_in_phase_2_d_is_frozen():
    trainer, x, z = game(with_batch_norm, lr=0.1)
    G, D = trainer.generator, trainer.discriminator
    before, g_before = state(D), state(G)
    trainer.update_generator(M, z)
    assert same(before, state(D))
    moved = [not np.array_equal(a, b) for a, b in zip(g_before, state(G))]
    assert moved.count(False) <= 1  # the bias before a batch norm has no gradient
    assert all(p.grad is None and p.requires_grad for p in G.parameters() + D.parameters())


def test_a_frozen_network_normalises_with_its_batchs_statistics():
    """Its output is that of training, not of evaluation: checked on the value of the phase in which
    it is frozen."""
    trainer, x, z = game(with_batch_norm)
    G, D = trainer.generator, trainer.discriminator
    value_1 = trainer.update_discriminator(x, z).value
    value_2 = trainer.update_generator(M, z).value
    assert value_1 == pytest.approx(phase_1(trainer, x, z))
    assert value_2 == pytest.approx(phase_2(trainer, z))
    G.eval()
    assert abs(value_1 - phase_1(trainer, x, z)) > 1e-4
    G.train(), D.eval()
    assert abs(value_2 - phase_2(trainer, z)) > 1e-4


def test_frozen_is_transparent_and_detached_cuts():
    trainer, x, z = game(convolutional)
    G, D = trainer.generator, trainer.discriminator
    with mg.frozen(D):
        through = D(G(z)).sum()
    assert all(g.numpy().any() for g in mg.grad(through, G.parameters()))
    with pytest.raises(RuntimeError, match="no output depends on input .*0.weight"):
        mg.grad(through, D.parameters())
    with pytest.raises(RuntimeError, match="no output depends on input .*0.weight"):
        mg.grad(D(G(z).detach()).sum(), G.parameters())


def test_after_an_error_in_the_middle_nothing_stays_frozen():
    trainer, x, z = game(convolutional)
    trainer.discriminator.steps += (lambda s: 1 / 0,)
    for update in (lambda: trainer.update_discriminator(x, z),
                   lambda: trainer.update_generator(M, z)):
        with pytest.raises(ZeroDivisionError):
            update()
    assert all(p.requires_grad
               for p in trainer.generator.parameters() + trainer.discriminator.parameters())


# --------------------------------------------------------------------------- reads like Algorithm 1

def test_d_ascends_and_g_descends():
    trainer, x, z = game(convolutional, lr=0.5)
    G, D = trainer.generator, trainer.discriminator
    for network, update, sign in ((D, lambda: trainer.update_discriminator(x, z), +1),
                                  (G, lambda: trainer.update_generator(M, z), -1)):
        before = {name: p.numpy().copy() for name, p in network.named_parameters()}
        record = update()
        for name, p in network.named_parameters():
            step = sign * 0.5 * mg.to_numpy(record.gradients[name])
            np.testing.assert_allclose(p.numpy(), before[name] + step, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("k", [1, 3])
def test_a_step_is_k_times_phase_1_with_fresh_noise_and_once_phase_2_through_the_new_d(k):
    def prior(m):
        asked.append(m)
        return mg.randn(m, 2)

    asked, results = [], []
    for by_hand in (False, True):
        mg.seed(0)
        trainer, _, _ = game(convolutional, lr=0.3, optimizer=Adam, k=k, prior=prior)
        real = np.random.default_rng(2).standard_normal((k, M, 1, 4, 4))
        if by_hand:
            for x in real:
                trainer.update_discriminator(x)
            record = trainer.update_generator(M)
        else:
            record = trainer.step(list(real))
            assert trainer.phase_2 is record and trainer.steps == 1
            assert trainer.phase_1.d_real is not None
        results.append([record.value, record.d_fake,
                        *state(trainer.generator, trainer.discriminator)])
    assert same(*results)
    assert asked == [M] * (k + 1) * 2


def test_the_prior_is_asked_for_as_many_points_as_the_batch_has():
    asked = []
    trainer, x, _ = game(convolutional, k=2, prior=lambda m: asked.append(m) or mg.randn(m, 2))
    trainer.step(iter([x[:4], x[:3]]))
    assert asked == [4, 3, 3]


def test_step_takes_no_more_from_an_endless_source_than_fit_gives_it():
    trainer, x, _ = game(convolutional, k=2, prior=lambda m: mg.randn(m, 2))
    taken = []

    class Endless(list):
        def __iter__(self):
            while True:
                taken.append(1)
                yield x

    trainer.fit(Endless(), steps=3, progress=False)
    assert len(taken) == 6


def test_noise_and_batches_of_other_dtypes_and_tensors_are_taken():
    trainer, x, z = game(convolutional, dtype="float32")
    value = trainer.update_discriminator(x, z).value
    assert trainer.update_discriminator(mg.tensor(x), mg.tensor(z)).value == value
    assert trainer.update_discriminator(x.astype("float32"), z.tolist()).value == value
    trainer.update_discriminator((x > 0).astype("uint8"), z)


class Scale:
    """The least that can be a network: a __call__, parameters() and named_parameters()."""

    def __init__(self, value, inputs):
        self.scale = mg.tensor(np.full((inputs, 1), value), requires_grad=True)

    def __call__(self, x):
        return mg.functional.matmul(x, self.scale)

    def parameters(self):
        return [self.scale]

    def named_parameters(self):
        return [("scale", self.scale)]


def test_any_object_with_parameters_can_play():
    """Dirac-GAN by hand: G(z) = θ, D(x) = σ(ψ x), real data at 0."""
    theta, psi = 1.5, -0.5
    G, D = Scale(theta, 1), Scale(psi, 1)
    trainer = GANTrainer(G, D, SGD(G.parameters(), 0.1), SGD(D.parameters(), 0.1),
                         prior=lambda m: np.ones((m, 1)))
    record = trainer.update_discriminator(np.zeros((4, 1)))
    np.testing.assert_allclose(record.gradients["scale"], -expit(psi * theta) * theta)
    psi -= 0.1 * expit(psi * theta) * theta
    record = trainer.update_generator(4)
    np.testing.assert_allclose(record.gradients["scale"], -expit(psi * theta) * psi)
    np.testing.assert_allclose(G.scale.item(), theta + 0.1 * expit(psi * theta) * psi)


# --------------------------------------------------------------------------------- what theory says

def test_when_d_knows_nothing_v_is_minus_log_4():
    trainer, x, z = game(convolutional)
    for p in trainer.discriminator.parameters():
        p.data = 0 * p.data
    record = trainer.update_discriminator(x, z)
    assert record.value == pytest.approx(-1.386294361119890618, rel=1e-15)
    assert record.d_real == record.d_fake == 0.5
    assert trainer.update_generator(M, z).value == pytest.approx(-0.693147180559945309, rel=1e-15)


@pytest.mark.parametrize("p, q, best, divergence", [
    ((0.5, 0.5), (0.9, 0.1), (5 / 14, 5 / 6), 0.101749),
    ((0.2, 0.3, 0.5), (0.5, 0.3, 0.2), (2 / 7, 1 / 2, 5 / 7), None)])
def test_the_best_d_is_p_over_p_plus_q_and_its_value_measures_the_divergence(
        p, q, best, divergence):
    """Proposition 1 and theorem 1, on outcomes as one-hot vectors: D has one logit for each, and G
    is the identity."""
    mg.set_default_dtype("float64")
    n = len(p)
    G, D = L.Dense(n, n, bias=False, init=lambda shape: np.eye(n)), L.Dense(n, 1, bias=False)
    trainer = GANTrainer(G, D, SGD(G.parameters(), 0.0), SGD(D.parameters(), 3.0, momentum=0.5))
    real, fake = (np.eye(n)[np.repeat(np.arange(n), np.round(10 * np.array(share)).astype(int))]
                  for share in (p, q))
    for _ in range(400):
        record = trainer.update_discriminator(real, fake)
    np.testing.assert_allclose(expit(D.weight.numpy()[0]), best, rtol=1e-6)
    np.testing.assert_allclose(best, optimal_discriminator(p, q), rtol=1e-12)
    assert record.value == pytest.approx(-np.log(4) + 2 * js_divergence(p, q), rel=1e-9)
    assert record.value == pytest.approx(minimax_value(p, q), rel=1e-9)
    if divergence:
        assert js_divergence(p, q) == pytest.approx(divergence, abs=1e-6)       # computed by hand


# -------------------------------------------------------------------------------------- wrong calls

@pytest.mark.parametrize("options, message", [
    ({"k": 0}, "k = 0, expected an integer >= 1"), ({"k": 1.5}, "k = 1.5"), ({"k": "2"}, "k = '2'"),
    ({"generator_loss": "nonsaturating"},
     "'nonsaturating', expected \"saturating\" or \"non_saturating\""),
    ({"batches": "both"}, "'both', expected \"separate\" or \"joint\"")])
def test_a_wrong_option_is_named(options, message):
    with pytest.raises(ValueError, match="GANTrainer: got .*" + message):
        game(**options)


def test_each_optimizer_must_have_its_networks_parameters():
    G, D, _ = mlp()
    g, d, part = SGD(G.parameters(), 0.1), SGD(D.parameters(), 0.1), SGD(D.parameters()[1:], 0.1)
    message = "generator_optimizer updates 4 parameters, 0 of them among the 4 .*swapped"
    with pytest.raises(ValueError, match=message):
        GANTrainer(G, D, d, g)
    with pytest.raises(ValueError,
                       match="discriminator_optimizer updates 3 parameters, 3 of them among the 4"):
        GANTrainer(G, D, g, part)


def test_a_prior_is_missed_where_no_noise_is_given():
    trainer, x, z = game()
    for update in (lambda: trainer.update_discriminator(x), lambda: trainer.update_generator(M),
                   lambda: trainer.step([x])):
        with pytest.raises(ValueError, match="no noise was given, and there is no prior"):
            update()


NAN = np.full((M, 3), np.nan)
WRONG_CALLS = {
    "no examples": (lambda t, x, z: t.update_discriminator(x[:0], z), ValueError,
                    r"real batch: got shape \(0, 3\)"),
    "a single example": (lambda t, x, z: t.update_discriminator(x[0], z), ValueError,
                         r"real batch: got shape \(3,\), expected a batch"),
    "real shape": (lambda t, x, z: t.update_discriminator(x[:, :2], z), ValueError,
                   r"shape \(6, 2\), but G makes \(6, 3\)"),
    "real text": (lambda t, x, z: t.update_discriminator(x.astype(str), z), TypeError,
                  "real batch: got dtype <U"),
    "real pair": (lambda t, x, z: t.update_discriminator((x, x[:, 0]), z), TypeError,
                  "real batch: got a tuple"),
    "real nan": (lambda t, x, z: t.update_discriminator(mg.to_numpy(NAN), z), mg.NonFiniteError,
                 "real batch is not finite"),
    "real inf": (lambda t, x, z: t.update_discriminator(mg.to_numpy(NAN + np.inf), z),
                 mg.NonFiniteError,
                 "real batch is not finite"),
    "noise nan": (lambda t, x, z: t.update_generator(M, mg.to_numpy(z * np.nan)), mg.NonFiniteError,
                  "noise is not finite"),
    "noise length": (lambda t, x, z: t.update_discriminator(x, z[:5]), ValueError,
                     "got 5 noise vectors for a batch of m = 6"),
    "noise length 2": (lambda t, x, z: t.update_generator(4, z), ValueError,
                       "got 6 noise vectors for a batch of m = 4"),
    "noise width": (lambda t, x, z: t.update_generator(M, z[:, :1]), ValueError,
                    r"Dense\(2, 5\): .*\(6, 1\)"),
    "m = 0": (lambda t, x, z: t.update_generator(0), ValueError, "m = 0, expected an integer >= 1"),
    "m = -1": (lambda t, x, z: t.update_generator(-1), ValueError,
               "m = -1, expected an integer >= 1"),
    "m = 2.5": (lambda t, x, z: t.update_generator(2.5), ValueError,
                "m = 2.5, expected an integer >= 1"),
    "an array": (lambda t, x, z: t.step(x), TypeError,
                 r"iterable of k batches, got one array: step\(\[x\]\)"),
    "a tensor": (lambda t, x, z: t.step(mg.tensor(x)), TypeError,
                 "iterable of k batches, got one array"),
    "no batches": (lambda t, x, z: t.step([]), ValueError, "fewer than k = 1"),
    "more batches": (lambda t, x, z: t.step([x, x]), ValueError, "more than k = 1"),
    "endless batches": (lambda t, x, z: t.step(itertools.repeat(x)), ValueError, "more than k = 1"),
}


@pytest.mark.parametrize("call, error, message", WRONG_CALLS.values(), ids=WRONG_CALLS)
def test_a_wrong_call_is_explained_and_nothing_moves(call, error, message):
    trainer, x, z = game(lr=0.1, prior=lambda m: mg.randn(m, 2))
    before = state(trainer.generator, trainer.discriminator)
    with pytest.raises(error, match=message):
        call(trainer, x, z)
    assert same(before, state(trainer.generator, trainer.discriminator)) and trainer.steps == 0


def test_a_prior_that_makes_another_number_of_points_is_refused():
    trainer, x, _ = game(prior=lambda m: mg.randn(64, 2))
    with pytest.raises(ValueError, match="got 64 noise vectors for a batch of m = 6"):
        trainer.step([x])


@pytest.mark.parametrize("head, shape", [(L.Reshape(), r"\(6,\)"), (L.Dense(4, 2), r"\(6, 2\)")])
def test_d_must_return_one_logit_per_sample(head, shape):
    layers = [L.Dense(3, 4), head] if isinstance(head, L.Dense) else \
        [L.Dense(3, 4), L.Dense(4, 1), head]
    G, D = L.Dense(2, 3), L.Sequential(*layers)
    trainer = GANTrainer(G, D, SGD(G.parameters(), 0.1), SGD(D.parameters(), 0.1),
                         prior=lambda m: mg.randn(m, 2))
    for update in (lambda: trainer.update_discriminator(np.zeros((6, 3))),
                   lambda: trainer.update_generator(6)):
        message = f"discriminator returned shape {shape}, expected one logit per sample, .6, 1."
        with pytest.raises(ValueError, match=message):
            update()


@pytest.mark.numpy_only("on a GPU no value is fetched to be looked at in each step")
def test_a_value_that_overflows_is_named_with_its_phase():
    trainer, x, z = game(dtype="float32", lr=0.1)
    trainer.discriminator[3].weight.data = trainer.discriminator[3].weight.data * np.float32(np.nan)
    before = state(trainer.generator, trainer.discriminator)
    with pytest.raises(mg.NonFiniteError,
                       match=r"phase 1: the value V\(D, G\) is not finite .*it is nan"):
        trainer.update_discriminator(x, z)
    with pytest.raises(mg.NonFiniteError, match="phase 2: the generator's value is not finite"):
        trainer.update_generator(M, z)
    assert all(np.array_equal(a, b, equal_nan=True) for a,
               b in zip(before, state(trainer.generator, trainer.discriminator)))


# ----------------------------------------------------------------- networks that return the wrong

@pytest.mark.parametrize("wrong, kind", [(lambda y: y.numpy(), "an array of shape"),
                                         (lambda y: (y, y), "a tuple"),
                                         (lambda y: None, "a NoneType")])
def test_networks_must_return_a_tensor(wrong, kind):
    for at_fault, name in (("generator", "the generator"), ("discriminator", "the discriminator")):
        trainer, x, z = game(lr=0.1)
        network = getattr(trainer, at_fault)
        forward, before = network.forward, state(trainer.generator, trainer.discriminator)
        network.forward = lambda x, forward=forward: wrong(forward(x))
        for update in (lambda: trainer.update_discriminator(x, z),
                       lambda: trainer.update_generator(M, z)):
            with pytest.raises(TypeError, match=f"{name} returned {kind}.*expected a Tensor of"):
                update()
        assert same(before, state(trainer.generator, trainer.discriminator))


def test_the_prior_is_a_function():
    with pytest.raises(TypeError, match=r"prior is an array of shape \(6, 2\), expected a func"):
        game(prior=np.zeros((6, 2)))


class WithAux(L.Layer):
    """A network with a layer that forward does not use."""

    def __init__(self, inputs, outputs):
        self.dense, self.aux = L.Dense(inputs, outputs), L.Dense(inputs, outputs)

    def forward(self, x):
        return self.dense(x)


def test_a_layer_that_forward_does_not_use_is_named():
    trainer, x, z = game(lambda: (WithAux(2, 3), WithAux(3, 1), (3,)), lr=0.1)
    with pytest.raises(RuntimeError, match="phase 1: the value .* not depend on aux.weight, aux"):
        trainer.update_discriminator(x, z)
    with pytest.raises(RuntimeError, match="phase 2: .* value does not depend on aux.weight, aux"):
        trainer.update_generator(M, z)


def test_another_error_of_the_walk_is_passed_on():
    trainer, x, z = game()
    G = trainer.generator
    trainer.generator = lambda z: write_to(G, G(z))
    with pytest.raises(RuntimeError, match="whose data was written to since"):
        trainer.update_generator(M, z)


def write_to(network, y):
    network[2].weight.data = 2 * network[2].weight.data
    return y


def test_one_example_and_batch_normalisation_mention_drop_last():
    trainer, x, z = game(lambda: (L.Dense(2, 3), L.Sequential(L.Dense(3, 4), L.BatchNorm(4),
                                                              L.Dense(4, 1)), (3,)))
    with pytest.raises(ValueError, match="1 value per channel.*drop_last=True"):
        trainer.update_discriminator(x[:1], z[:1])


@pytest.mark.parametrize("phase", [1, 2])
def test_a_record_can_be_pickled(phase):
    trainer, x, z = game()
    update = [lambda: trainer.update_discriminator(x, z), lambda: trainer.update_generator(M, z)]
    record = update[phase - 1]()
    copy = pickle.loads(pickle.dumps(record))           # before its numbers were asked for
    assert copy.numbers() == record.numbers() and copy.d_fake == record.d_fake
    assert same([*copy.gradients.values()], [*record.gradients.values()])


# -------------------------------------------------------------------- a sigmoid that is too much

def warnings_of(*layers):
    D, G = L.Sequential(L.Dense(3, 1), *layers), L.Dense(2, 3)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        GANTrainer(G, D, SGD(G.parameters(), 0.1), SGD(D.parameters(), 0.1))
    assert all(warning.filename == __file__ for warning in caught)
    return [str(warning.message) for warning in caught]


@pytest.mark.parametrize("layers, name", [
    ([L.Sigmoid()], "layer 1"), ([mg.functional.sigmoid], "layer 1"),
    ([L.Dense(1, 1), L.Sequential(L.Dense(1, 1), L.Sigmoid())], "layer 2.1")])
def test_a_discriminator_that_ends_with_a_sigmoid_is_warned_of(layers, name):
    warning, = warnings_of(*layers)
    assert f"GANTrainer: the discriminator ends with {name}, a sigmoid" in warning


def test_other_ends_are_not_warned_of():
    assert warnings_of() == warnings_of(L.Sigmoid(), L.Dense(1, 1)) == warnings_of(L.Tanh()) == []


# ------------------------------------------------------------------------------- a part is frozen

def test_a_part_of_a_network_stays_frozen():
    mg.set_default_dtype("float64")
    G, D, _ = mlp()
    for p in D[0].parameters() + G[0].parameters():
        p.requires_grad = False
    learning = [[p for p in network.parameters() if p.requires_grad] for network in (G, D)]
    trainer = GANTrainer(G, D, *(SGD(parameters, 0.1) for parameters in learning))
    first, frozen = state(G, D), [p.data.copy() for p in D[0].parameters() + G[0].parameters()]
    rng = np.random.default_rng(0)
    x, z = rng.standard_normal((M, 3)), rng.standard_normal((M, 2))
    assert [*trainer.update_discriminator(x, z).gradients] == ["3.weight", "3.bias"]
    assert [*trainer.update_generator(M, z).gradients] == ["2.weight", "2.bias"]
    assert same(frozen, [p.data for p in D[0].parameters() + G[0].parameters()])
    assert sum(not np.array_equal(a, b) for a, b in zip(first, state(G, D))) == 4
    assert not any(p.requires_grad for p in D[0].parameters() + G[0].parameters())


# ------------------------------------------------------------------------------ a conditional GAN

class Conditional(L.Layer):
    """A network of x and of a label, one of three."""

    def __init__(self, inputs, outputs):
        self.embedding = L.Embedding(3, 4)
        self.body = L.Sequential(L.Dense(inputs + 4, 5), L.Tanh(), L.Dense(5, outputs))

    def forward(self, x, label):
        return self.body(mg.functional.concatenate([x, self.embedding(label)], axis=1))


def conditional():
    return Conditional(2, 3), Conditional(3, 1), (3,)


Y, C = np.array([0, 1, 2, 2, 1, 0]), np.array([1, 1, 0, 2, 0, 2])


@pytest.mark.parametrize("batches", ["separate", "joint"])
def test_labels_reach_both_networks(batches):
    """V = mean log D(x, y) + mean log(1 − D(G(z, c), c)), and its derivatives."""
    trainer, x, z = game(conditional, batches=batches)
    G, D = trainer.generator, trainer.discriminator

    def value():
        return log_expit(D(x, Y).numpy()).mean() + phase_2_value()

    def phase_2_value():
        return log_expit(-D(G(z, C), C).numpy()).mean()

    one = trainer.update_discriminator((x, Y), (z, C))
    assert one.value == pytest.approx(value(), rel=1e-12)
    check_parameters(value, D, one.gradients, atol=1e-8, rtol=1e-6)
    two = trainer.update_generator(M, (z, C))
    assert two.value == pytest.approx(phase_2_value(), rel=1e-12)
    check_parameters(phase_2_value, G, two.gradients, atol=1e-8, rtol=1e-6)


class OneHot(L.Layer):
    def __init__(self, inputs, outputs):
        self.dense = L.Dense(inputs + 3, outputs)

    def forward(self, x, label):
        assert label.dtype == np.float32                    # or it would not fit the weights
        return self.dense(mg.functional.concatenate([x, label], axis=1))


@pytest.mark.parametrize("make, labels", [
    (conditional, Y), (lambda: (OneHot(2, 3), OneHot(3, 1), (3,)), np.eye(3)[Y])])
def test_fit_takes_batches_of_pairs(make, labels):
    def prior(m):
        return mg.randn(m, 2), labels[:m]

    trainer, x, _ = game(make, dtype="float32", lr=0.1, prior=prior, k=2)
    trainer.fit(Batches(x, labels, size=4, drop_last=True), 3)
    assert trainer.steps == 3 and trainer.phase_1.logit_gradients["real"].shape == (4, 1)
    assert trainer.phase_2.sample_gradient.shape == (4, 3)


CONDITIONAL = {
    "no labels for the noise": (lambda t, x, z: t.update_discriminator((x, Y), z), TypeError,
                                "real batch: got a tuple .*, but noise without labels"),
    "no real labels": (lambda t, x, z: t.update_discriminator(x, (z, C)), TypeError,
                       "the noise: got a tuple .*, but a real batch without labels"),
    "too few": (lambda t, x, z: t.update_discriminator((x, Y[:5]), (z, C)), ValueError,
                r"real batch: got labels of int64 \(5,\), .* each of the 6 examples"),
    "nan": (lambda t, x, z: t.update_generator(M, (z, mg.to_numpy(C * np.nan))), mg.NonFiniteError,
            "the noise, its labels is not finite"),
    "three": (lambda t, x, z: t.update_generator(M, (z, C, C)), TypeError, "a tuple of 3"),
}


@pytest.mark.parametrize("call, error, message", CONDITIONAL.values(), ids=CONDITIONAL)
def test_labels_that_do_not_fit_are_refused(call, error, message):
    class Both(L.Layer):
        """A network that takes labels or none."""

        def __init__(self, inputs, outputs):
            self.dense = L.Dense(inputs, outputs)

        def forward(self, x, label=None):
            return self.dense(x)

    trainer, x, z = game(lambda: (Both(2, 3), Both(3, 1), (3,)), lr=0.1)
    before = state(trainer.generator, trainer.discriminator)
    with pytest.raises(error, match=message):
        call(trainer, x, z)
    assert same(before, state(trainer.generator, trainer.discriminator))
