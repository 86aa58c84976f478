"""The variational autoencoder against its formulas, SciPy's distributions, and a linear one whose
optimum is known."""

import warnings

import numpy as np
import pytest
from scipy import stats
from scipy.special import expit, log_expit

import minigen as mg
from minigen import functional as F, layers as L
from minigen.gradcheck import check_parameters
from minigen.metrics.linear_vae import LinearVAE
from minigen.optim import SGD, Adam, cosine_decay
from minigen.trainers import VAETrainer
from minigen.trainers.vae import bernoulli, gaussian, kl_to_prior

M, D, LATENT = 5, 6, 2


class Encoder(L.Layer):
    def __init__(self):
        self.trunk = L.Sequential(L.Dense(D, 4), L.Tanh())
        self.mu, self.log_var = L.Dense(4, LATENT), L.Dense(4, LATENT)

    def forward(self, x):
        h = self.trunk(x)
        return self.mu(h), self.log_var(h)


class Both(L.Layer):
    """The two networks as one, so that their parameters have the names of the record."""

    def __init__(self, encoder, decoder):
        self.encoder, self.decoder = encoder, decoder


def setting(lr=0.0, dtype="float64", optimizer=SGD, **options):
    """A trainer, a batch of grey values and noise. With lr = 0 nobody moves, and one can measure
    afterwards."""
    mg.set_default_dtype(dtype)
    encoder, decoder = Encoder(), L.Sequential(L.Dense(LATENT, 4), L.Tanh(), L.Dense(4, D))
    trainer = VAETrainer(encoder, decoder,
                         optimizer(encoder.parameters() + decoder.parameters(), lr), **options)
    rng = np.random.default_rng(1)
    return trainer, rng.random((M, D)), rng.standard_normal((M, LATENT))


LIKELIHOODS = {  # log p(x|z) of each element, given the decoder's output
    "bernoulli": lambda y, x: x * log_expit(y) + (1 - x) * log_expit(-y),
    "gaussian": lambda y, x: stats.norm(y, 1).logpdf(x),
}


def terms(trainer, x, noise, likelihood):
    """Reconstruction and KL divergence in nats per example, in NumPy and by SciPy."""
    mu, log_var = (a.data for a in trainer.encoder(x))
    y = trainer.decoder(mu + np.exp(log_var / 2) * noise).numpy()
    kl = 0.5 * (mu ** 2 + np.exp(log_var) - 1 - log_var)
    log_likelihood = LIKELIHOODS[likelihood](y, mg.to_numpy(x))
    return log_likelihood.sum() / len(x), float(kl.sum()) / len(x)


both_likelihoods = pytest.mark.parametrize("likelihood", LIKELIHOODS)


@both_likelihoods
@pytest.mark.parametrize("beta", [0.0, 1.0, 4.0])
def test_gradients_are_the_derivative_of_what_is_descended(likelihood, beta):
    trainer, x, noise = setting(likelihood=likelihood, beta=beta)
    record = trainer.step(x, noise)

    def descended():
        reconstruction, kl = terms(trainer, x, noise, likelihood)
        return -(reconstruction - beta * kl)

    assert record.value == pytest.approx(descended(), rel=1e-12)
    check_parameters(descended, Both(trainer.encoder, trainer.decoder), record.gradients, atol=1e-8,
                     rtol=1e-6)


@both_likelihoods
def test_the_record_in_nats_per_example(likelihood):
    trainer, x, noise = setting(likelihood=likelihood)
    record = trainer.step(x, noise)
    reconstruction, kl = terms(trainer, x, noise, likelihood)
    assert record.reconstruction == pytest.approx(reconstruction, rel=1e-12)
    assert record.kl == pytest.approx(kl, rel=1e-12) and record.kl > 0
    assert record.elbo == pytest.approx(reconstruction - kl, rel=1e-12)


def test_elbo_never_contains_beta():
    records = []
    for beta in (1.0, 0.0, 7.0):
        mg.seed(0)
        trainer, x, noise = setting(beta=beta)
        records.append(trainer.step(x, noise))
    assert len({r.elbo for r in records}) == len({r.kl for r in records}) == 1
    assert records[2].value == pytest.approx(-(records[0].reconstruction - 7 * records[0].kl),
                                             rel=1e-12)


def test_z_uses_the_standard_deviation():
    """exp(log_var / 2), not exp(log_var): the two agree only where log_var is 0."""
    trainer, x, noise = setting()
    record = trainer.step(x, noise)
    assert np.abs(record.log_var).min() > 1e-3
    np.testing.assert_allclose(record.z, record.mu + np.sqrt(np.exp(record.log_var)) * noise,
                               rtol=1e-12)


def test_z_is_drawn_from_the_posterior():
    trainer, x, _ = setting()
    draws = mg.to_numpy(trainer.step(np.tile(x[:1], (4000, 1))).z)
    mu, log_var = (a.numpy()[0] for a in trainer.encoder(x[:1]))
    for i in range(LATENT):
        posterior = stats.norm(mu[i], np.exp(log_var[i] / 2))
        assert stats.kstest(draws[:, i], posterior.cdf).pvalue > 1e-3
    assert abs(np.corrcoef(draws.T)[0, 1]) < 4 / 4000 ** 0.5


def test_noise_left_out_is_drawn_from_the_one_generator():
    results = []
    for given in (False, True):
        mg.seed(3)
        trainer, x, _ = setting()
        results.append(trainer.step(x, mg.randn(M, LATENT)) if given else trainer.step(x))
    assert results[0].elbo == results[1].elbo


def test_nats_do_not_depend_on_the_number_of_examples():
    trainer, x, noise = setting()
    once, twice = trainer.step(x, noise), trainer.step(np.tile(x, (2, 1)), np.tile(noise, (2, 1)))
    assert once.elbo == pytest.approx(twice.elbo, rel=1e-12)
    assert once.kl == pytest.approx(twice.kl, rel=1e-12)
    for name, g in once.gradients.items():
        np.testing.assert_allclose(g, twice.gradients[name], rtol=1e-9)


# ---------------------------------------------------------------------- the three terms, one by one

def test_bernoulli_is_scipys():
    rng = np.random.default_rng(0)
    logits = 3 * rng.standard_normal((4, 1, 5, 5))
    x = (rng.random((4, 1, 5, 5)) > 0.5).astype(float)
    log_p = stats.bernoulli(expit(mg.to_numpy(logits))).logpmf(mg.to_numpy(x))
    expected = log_p.sum((1, 2, 3)).mean()
    assert float(bernoulli(logits, x)) == pytest.approx(expected, rel=1e-12)


def test_gaussian_is_scipys_with_its_constant():
    rng = np.random.default_rng(0)
    mean, x = rng.standard_normal((2, 4, 1, 5, 5))
    log_p = stats.norm(mg.to_numpy(mean), 1).logpdf(mg.to_numpy(x))
    expected = log_p.sum((1, 2, 3)).mean()
    assert float(gaussian(mean, x)) == pytest.approx(expected, rel=1e-12)
    assert float(gaussian(x, x)) == pytest.approx(-12.5 * np.log(2 * np.pi), rel=1e-12)


@pytest.mark.parametrize("mu, log_var", [([0.5, -1.0], [0.0, 0.0]), ([0.0, 0.0], [1.0, -2.0]),
                                         ([2.0, 0.3], [-1.0, 0.5])])
def test_kl_closed_form_against_monte_carlo(mu, log_var):
    """KL = E_q [log q − log p], within four standard errors of 100,000 draws."""
    q = stats.norm(mu, mg.to_numpy(np.exp(np.array(log_var) / 2)))
    z = q.rvs((100_000, 2), random_state=0)
    draws = (q.logpdf(z) - stats.norm(0, 1).logpdf(z)).sum(1)
    found = float(kl_to_prior(np.array([mu]), np.array([log_var])))
    assert abs(found - draws.mean()) < 4 * draws.std() / len(draws) ** 0.5


def test_kl_is_zero_at_the_prior_and_nowhere_else():
    zero = np.zeros((3, 2))
    assert float(kl_to_prior(zero, zero)) == 0
    elsewhere = [(0.1, 0), (0, 0.1), (0, -0.1), (-0.1, 0)]
    assert all(float(kl_to_prior(zero + a, zero + b)) > 0 for a, b in elsewhere)


# --------------------------------------------------- the linear VAE, whose optimum is known exactly

EIGENVALUES, VARIANCE, UNITS = np.array([4, 2, 1, 0.3, 0.3, 0.3]), 0.3, 3
# averages, at the optimum
LOG_P, KL, RECONSTRUCTION = -7.747393, 1.295134 + 0.948560 + 0.601986, -4.901713
SCALED = D / 2 * np.log(VARIANCE)  # log p of x / σ is log p of x plus D log σ


class LinearEncoder(L.Layer):
    """mu linear in x, and one variance for each unit whatever x is: the form of the posterior."""

    def __init__(self):
        self.mu = L.Dense(D, UNITS, bias=False)
        self.log_var = mg.tensor(np.zeros(UNITS), requires_grad=True)

    def forward(self, x):
        mu = self.mu(x)
        return mu, F.broadcast_to(self.log_var, mu.shape)


def population():
    """Batch and noise whose averages are the population's exactly: every mean is 0, every
    covariance as it should be.

    The points ±√d eᵢ have mean 0 and covariance I, and the bound is quadratic in x and in the
    noise, so with all pairs of such points there is no sampling error. x is measured in units of σ,
    as the trainer's Gaussian has variance 1."""
    def axes(d):
        return np.sqrt(d) * np.concatenate([np.eye(d), -np.eye(d)])

    x, noise = axes(D) * np.sqrt(EIGENVALUES / VARIANCE), axes(UNITS)
    return np.repeat(x, len(noise), 0), np.tile(noise, (len(x), 1))


def linear_vae(lr):
    mg.set_default_dtype("float64")
    encoder, decoder = LinearEncoder(), L.Dense(UNITS, D, bias=False)
    return VAETrainer(encoder, decoder, Adam(encoder.parameters() + decoder.parameters(), lr),
                      likelihood="gaussian")


def test_the_linear_vae_at_its_optimum_has_the_published_value_and_no_gradient():
    """Tipping & Bishop 1999, Lucas et al. 2019: there ELBO = log p(x), and the posterior is
    mu = M⁻¹ Wᵀ x, M⁻¹."""
    trainer, (x, noise) = linear_vae(lr=0.0), population()
    eigenvalues = EIGENVALUES[:UNITS] / VARIANCE
    W = np.eye(D)[:, :UNITS] * np.sqrt(eigenvalues - 1)
    trainer.decoder.weight.data = W
    trainer.encoder.mu.weight.data = (W / eigenvalues).T
    trainer.encoder.log_var.data = -np.log(eigenvalues)
    record = trainer.step(x, noise)
    assert record.elbo == pytest.approx(LOG_P + SCALED, abs=1e-6)
    assert record.kl == pytest.approx(KL, abs=1e-6)
    assert record.reconstruction == pytest.approx(RECONSTRUCTION + SCALED, abs=1e-6)
    log_p = LinearVAE(*map(mg.to_numpy, (W, np.zeros(D))), 1.0).log_likelihood(mg.to_numpy(x))
    assert record.elbo == pytest.approx(log_p.mean(), rel=1e-12)
    assert all(np.abs(g).max() < 1e-12 for g in record.gradients.values())


def test_training_reaches_the_optimum_of_the_linear_vae_from_below():
    trainer, (x, noise) = linear_vae(lr=cosine_decay(0.2, 800)), population()
    elbos = [trainer.step(x, noise).elbo - SCALED for _ in range(800)]
    assert elbos[0] < LOG_P - 1 and max(elbos) <= LOG_P + 1e-6
    assert elbos[-1] == pytest.approx(LOG_P, abs=1e-3)


# -------------------------------------------------------------------------------------- wrong calls

@pytest.mark.parametrize("options, message", [
    ({"likelihood": "normal"}, "'normal', expected \"bernoulli\" or \"gaussian\""),
    ({"beta": -1}, "beta = -1"),
    ({"beta": float("nan")}, "beta = nan"), ({"beta": float("inf")}, "beta = inf")])
def test_a_wrong_option_is_named(options, message):
    with pytest.raises(ValueError, match="VAETrainer: got .*" + message):
        setting(**options)


def test_the_optimizer_must_have_the_parameters_of_both():
    encoder, decoder = Encoder(), L.Dense(LATENT, D)
    message = "VAETrainer: the optimizer updates 6 parameters, 6 of them among the 8"
    with pytest.raises(ValueError, match=message):
        VAETrainer(encoder, decoder, SGD(encoder.parameters(), 0.1))


@pytest.mark.parametrize("encode, message", [
    (lambda mu, log_var: mu, "Tensor"), (lambda mu, log_var: [mu, log_var], "list"),
    (lambda mu, log_var: (mu, log_var, mu), r"\(5, 2\), \(5, 2\), \(5, 2\)"),
    (lambda mu, log_var: (mu, log_var[:, :1]), r"\(5, 2\), \(5, 1\)"),
    (lambda mu, log_var: (mu[:1], log_var[:1]), r"\(1, 2\), \(1, 2\)"),
    (lambda mu, log_var: (None, mu), r"'NoneType', \(5, 2\)")])
def test_the_encoder_must_return_mu_and_log_var(encode, message):
    trainer, x, noise = setting()
    encoder = trainer.encoder
    trainer.encoder = lambda x: encode(*encoder(x))
    message = f"VAETrainer: the encoder returned .*{message}" + r".*expected \(mu, log_var\)"
    with pytest.raises(ValueError, match=message):
        trainer.step(x, noise)


WRONG_CALLS = {
    "empty": (lambda t, x, noise: t.step(x[:0]), ValueError, r"the batch: got shape \(0, 6\)"),
    "one example": (lambda t, x, noise: t.step(x[0]), ValueError, r"the batch: got shape \(6,\)"),
    "width": (lambda t, x, noise: t.step(x[:, :4]), ValueError, r"Dense\(6, 4\): .*\(5, 4\)"),
    "noise shape": (lambda t, x, noise: t.step(x, noise[:3]), ValueError,
                    r"noise of shape \(3, 2\), expected \(5, 2\)"),
    "nan": (lambda t, x, noise: t.step(mg.to_numpy(x * np.nan)), mg.NonFiniteError,
            "the batch is not finite"),
    "noise inf": (lambda t, x, noise: t.step(x, mg.to_numpy(noise + np.inf)), mg.NonFiniteError,
                  "the noise is not finite"),
    "centred pixels": (lambda t, x, noise: t.step(mg.to_numpy(2 * x - 1)), ValueError,
                       r"values from -0.\d+ to 0.\d+, .*in \[0, 1\]: scale"),
    "bytes": (lambda t, x, noise: t.step(mg.to_numpy(255 * x).astype("uint8")), ValueError,
              r"in \[0, 1\]: scale"),
}


@pytest.mark.parametrize("call, error, message", WRONG_CALLS.values(), ids=WRONG_CALLS)
def test_a_wrong_call_is_explained_and_nothing_moves(call, error, message):
    trainer, x, noise = setting(lr=0.1)
    before = Both(trainer.encoder, trainer.decoder).state_dict()
    with pytest.raises(error, match=message):
        call(trainer, x, noise)
    for name, a in Both(trainer.encoder, trainer.decoder).state_dict().items():
        np.testing.assert_array_equal(a, before[name])
    assert trainer.steps == 0


def test_a_decoder_of_another_shape_names_both():
    encoder, decoder = Encoder(), L.Dense(LATENT, D + 1)
    trainer = VAETrainer(encoder, decoder, SGD(encoder.parameters() + decoder.parameters(), 0.1))
    with pytest.raises(ValueError, match=r"\(5, 7\) .*\(5, 6\)"):
        trainer.step(np.zeros((M, D)))


@pytest.mark.numpy_only("on a GPU no value is fetched to be looked at in each step")
def test_a_bound_that_overflows_is_named():
    trainer, x, noise = setting()
    trainer.encoder.log_var.bias.data = np.full(LATENT, 1000.0)  # e^1000 is infinite, e^500 is not
    message = "the bound is not finite .*detect_anomaly"
    with np.errstate(over="ignore"), pytest.raises(mg.NonFiniteError, match=message):
        trainer.step(x, noise)


# --------------------------------------------------------------------------------------- the record

def test_gradients_are_copies_and_float32_stays_float32():
    trainer, x, noise = setting(lr=0.1, dtype="float32", optimizer=Adam)
    record = trainer.step(x, noise)
    both = Both(trainer.encoder, trainer.decoder)
    assert list(record.gradients) == [name for name, _ in both.named_parameters()]
    before = {name: g.copy() for name, g in record.gradients.items()}
    for _ in range(3):
        trainer.step(x, noise)
    for name, g in record.gradients.items():
        np.testing.assert_array_equal(g, before[name])
        assert g.dtype == np.float32
    assert isinstance(record.elbo, float) and trainer.steps == 4


@both_likelihoods
def test_training_raises_the_bound(likelihood):
    trainer, x, noise = setting(lr=0.05, optimizer=Adam, likelihood=likelihood)
    elbos = [trainer.step(x, noise).elbo for _ in range(50)]
    assert elbos[-1] > elbos[0] + 0.1


# ------------------------------------------------------------------- what looks right and is not

def test_beta_is_a_number_that_may_be_changed_between_steps():
    with pytest.raises(TypeError, match="got beta = <function .*assign to it in a callback"):
        setting(beta=lambda step: 1.0)
    trainer, x, noise = setting()
    record = trainer.step(x, noise)
    trainer.beta = 3.0
    value = trainer.step(x, noise).value
    assert value == pytest.approx(3 * record.kl - record.reconstruction, rel=1e-12)


def warnings_of(decoder, likelihood):
    """The warnings of making a trainer."""
    encoder = Encoder()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        VAETrainer(encoder, decoder, SGD(encoder.parameters() + decoder.parameters(), 0.1),
                   likelihood=likelihood)
    return [str(warning.message) for warning in caught]


def test_a_decoder_that_ends_with_a_sigmoid_is_warned_of_where_logits_are_expected():
    def ends_with(last):
        return L.Sequential(L.Dense(LATENT, D), L.Tanh(), L.Dense(D, D), last)

    warning, = warnings_of(ends_with(L.Sigmoid()), "bernoulli")
    assert "VAETrainer: the decoder ends with layer 3, a sigmoid" in warning
    assert warnings_of(ends_with(L.Sigmoid()), "gaussian") == []
    assert warnings_of(ends_with(L.Tanh()), "bernoulli") == []


def test_values_just_above_one_are_told_apart_from_one():
    trainer, x, noise = setting()
    x[0, 0], x[0, 1] = 0, np.nextafter(1, 2)
    with pytest.raises(ValueError, match="values from 0.0 to 1.0000000000000002, "):
        trainer.step(mg.to_numpy(x), noise)
