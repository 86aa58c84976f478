"""KL terms and bounds against integrals, SciPy, and a model whose likelihood is known exactly."""

import numpy as np
import pytest
from scipy import integrate, stats
from scipy.special import logsumexp

from minigen.metrics import (LinearVAE, active_units, gaussian_kl, importance_weighted_bound,
                             linear_vae_optimum, monte_carlo_kl, fit_pca)

pytestmark = pytest.mark.host_arrays

rng = np.random.default_rng(0)


@pytest.mark.parametrize("mu, log_var, prior_mu, prior_log_var", [
    (0, 0, 0, 0), (1.5, -2, 0, 0), (-0.3, 1, 0, 0), (1, 0.5, -1, 1.2), (0.2, -1, 0.3, -1.0001)])
def test_gaussian_kl_is_the_integral(mu, log_var, prior_mu, prior_log_var):
    q, p = stats.norm(mu, np.exp(log_var / 2)), stats.norm(prior_mu, np.exp(prior_log_var / 2))

    def integrand(z):
        return q.pdf(z) * (q.logpdf(z) - p.logpdf(z))

    value = integrate.quad(integrand, -12, 12, epsabs=1e-12)[0]
    kl = gaussian_kl(mu, log_var, prior_mu, prior_log_var)
    assert float(kl) == pytest.approx(value, abs=1e-9)


def test_gaussian_kl_of_a_batch():
    mu = rng.standard_normal((7, 3)).astype(np.float32)
    kl = gaussian_kl(mu, np.float32([-1, 0, 1]))
    assert kl.shape == (7, 3) and kl.dtype == np.float64 and (kl >= 0).all()
    np.testing.assert_allclose(kl[:, 1], mu[:, 1].astype(float) ** 2 / 2, rtol=1e-12)


@pytest.mark.parametrize("mu, log_var", [
    ([0.5, -1.0, 2.0], [-1.0, 0.3, -0.2]), ([0.0] * 20, [-0.1] * 20)])
def test_monte_carlo_kl_agrees_and_knows_its_error(mu, log_var):
    exact = float(gaussian_kl(mu, log_var).sum())
    estimates = [monte_carlo_kl(mu, log_var, n=10_000, seed=seed) for seed in range(100)]
    z = np.array([(estimate.value - exact) / estimate.standard_error for estimate in estimates])
    assert abs(z.mean()) < 0.4 and 0.8 < z.std() < 1.2      # N(0, 1), within 4 and 3 of its errors
    value, standard_error = monte_carlo_kl(mu, log_var)
    assert abs(value - exact) < 4 * standard_error
    v = np.exp(log_var)                                     # log q/p has ½(v − 1)ε² + mu √v ε in it
    deviation = np.sqrt((0.5 * (v - 1) ** 2 + np.square(mu) * v).sum())
    assert standard_error == pytest.approx(deviation / 100_000 ** 0.5, rel=0.02)


def test_importance_weighted_bound_is_logsumexp():
    log_weights = 50 * rng.standard_normal((12, 30)) - 2000         # exp of them is 0 in float64
    each = logsumexp(log_weights, axis=0) - np.log(12)
    bound = importance_weighted_bound(log_weights)
    assert bound.value == pytest.approx(each.mean(), rel=1e-12)
    assert bound.standard_error == pytest.approx(stats.sem(each, ddof=0), rel=1e-12)
    values = [importance_weighted_bound(log_weights, k).value for k in (1, 2, 4, 12)]
    assert values[0] == pytest.approx(log_weights.mean(), rel=1e-12)
    assert values == sorted(values)         # on these very draws, since each k divides the next


# d = 6, σ² = .3, q = 3: twelve points whose covariance has exactly these eigenvalues
EIGENVALUES = np.array([4, 2, 1, 0.3, 0.3, 0.3])
points = np.concatenate([np.diag(np.sqrt(6 * EIGENVALUES)), -np.diag(np.sqrt(6 * EIGENVALUES))])


@pytest.mark.parametrize("scale, shift, gaps, tolerance", [
    (2, 0, (0.4603, 0.059, 0.008), 0.01), (0.5, 0, (0.2897, 0.122, 0.027), 0.01),
    (4, 0, (2.4206, 0.332, 0.026), 0.03), (1, 0.5, (0.3750, 0.092, 0.010), 0.01),
    (1, 0, (0, 0, 0), 1e-12)])
def test_bounds_of_the_linear_model(scale, shift, gaps, tolerance):
    """q = posterior with its variance scaled or its mean moved. At k = 1 the gap to log p(x) is
    KL(q ‖ posterior), known in closed form; at 5 and 50 it was measured with other code. With the
    exact posterior it is 0 for any k."""
    model = linear_vae_optimum(fit_pca(points, 3), 3, variance=0.3)
    mean, covariance = model.posterior(points)
    deviation = np.sqrt(np.diag(covariance))
    mu, sd = mean + shift * deviation, np.sqrt(scale) * deviation
    noise = rng.standard_normal((10_000, len(points), 3))
    z = mu + sd * noise
    log_prior, log_q = stats.norm.logpdf(z).sum(2), stats.norm.logpdf(z, mu, sd).sum(2)
    decoded = z @ model.weight.T + model.bias
    log_weights = log_prior + stats.norm.logpdf(points, decoded, 0.3 ** 0.5).sum(2) - log_q
    exact = model.log_likelihood(points).mean()
    for k, gap in zip((1, 5, 50), gaps):
        bound = importance_weighted_bound(log_weights, k).value
        assert exact - bound == pytest.approx(gap, abs=tolerance)
    kl = gaussian_kl(mu, np.log(sd ** 2), mean, np.log(deviation ** 2)).sum(1)
    np.testing.assert_allclose(kl, gaps[0], atol=1e-4)


def test_active_units():
    """A_u of the linear model is 1 − σ²/λ_u, and a unit that hardly moves is not active."""
    model = linear_vae_optimum(fit_pca(points, 3), 3, variance=0.3)
    activity = active_units(model.posterior(points)[0])
    np.testing.assert_allclose(activity.variance, 1 - 0.3 / EIGENVALUES[:3], rtol=1e-12)
    assert activity.count == 3
    hardly_moves = np.array([[0.0, 0.0], [0.19, 0.21]])     # variances .009 and .011
    assert active_units(hardly_moves).count == 1


def test_a_model_of_other_weights_is_below_the_optimum():
    best = linear_vae_optimum(fit_pca(points, 3), 3, variance=0.3)
    worse = LinearVAE(best.weight + 0.05 * rng.standard_normal((6, 3)), best.bias, 0.3)
    assert worse.log_likelihood(points).mean() < best.log_likelihood(points).mean()
