"""The linear VAE against SciPy's Gaussian, scikit-learn's probabilistic PCA, and on MNIST."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn import decomposition
from sklearn.datasets import load_digits

from minigen.data import mnist
from minigen.metrics import LinearVAE, active_units, fit_pca, gaussian_kl, linear_vae_optimum

pytestmark = pytest.mark.host_arrays

MNIST = Path(__file__).parents[2] / "shared" / "mnist"
rng = np.random.default_rng(0)
weight, bias, x = rng.standard_normal((6, 2)), rng.standard_normal(6), rng.standard_normal((9, 6))


def test_log_likelihood_is_scipys():
    ours = LinearVAE(weight, bias, 0.3).log_likelihood(x)
    theirs = multivariate_normal(bias, weight @ weight.T + 0.3 * np.eye(6)).logpdf(x)
    np.testing.assert_allclose(ours, theirs, rtol=1e-10)


def test_posterior_is_the_conditional_of_the_joint_gaussian():
    """z | x from the covariance of (z, x): mean Wᵀ C⁻¹ (x − b), covariance I − Wᵀ C⁻¹ W."""
    mean, covariance = LinearVAE(weight, bias, 0.3).posterior(x)
    gain = weight.T @ np.linalg.inv(weight @ weight.T + 0.3 * np.eye(6))
    np.testing.assert_allclose(mean, (x - bias) @ gain.T, rtol=1e-9)
    np.testing.assert_allclose(covariance, np.eye(2) - gain @ weight, atol=1e-12)


def test_log_likelihood_is_scikit_learns_probabilistic_pca():
    digits = load_digits().data
    theirs = decomposition.PCA(10, svd_solver="full").fit(digits)
    scale = np.sqrt(theirs.explained_variance_ - theirs.noise_variance_)
    ours = LinearVAE(theirs.components_.T * scale, theirs.mean_, theirs.noise_variance_)
    np.testing.assert_allclose(ours.log_likelihood(digits), theirs.score_samples(digits), rtol=1e-8)
    n = len(digits)                         # and the optimum, up to their division by n − 1
    best = linear_vae_optimum(fit_pca(digits, 10), 10)
    assert best.variance * n / (n - 1) == pytest.approx(theirs.noise_variance_, rel=1e-10)
    covariance, theirs = best.weight @ best.weight.T, ours.weight @ ours.weight.T
    np.testing.assert_allclose(covariance * n / (n - 1), theirs, atol=1e-8)


def test_six_dimensions_by_hand():
    """With σ² = .3, the KL of a unit is ½ log(λ/σ²), and the ELBO is tight."""
    eigenvalues = np.array([4, 2, 1, 0.3, 0.3, 0.3])
    points = np.concatenate([np.diag(np.sqrt(6 * eigenvalues)), -np.diag(np.sqrt(6 * eigenvalues))])
    model = linear_vae_optimum(fit_pca(points, 3), 3, variance=0.3)
    mean, covariance = model.posterior(points)
    kl = gaussian_kl(mean, np.log(np.diag(covariance))).mean(0)
    np.testing.assert_allclose(kl, [1.295134, 0.948560, 0.601986], atol=6e-7)
    residual = points - mean @ model.weight.T - model.bias
    spread = np.trace(model.weight @ covariance @ model.weight.T)
    squared = ((residual ** 2).sum(1) + spread).mean()
    reconstruction = -0.5 * (6 * np.log(2 * np.pi * 0.3) + squared / 0.3)
    assert reconstruction == pytest.approx(-4.901713, abs=6e-7)
    exact = model.log_likelihood(points).mean()
    assert exact == pytest.approx(-7.747393, abs=6e-7)
    assert reconstruction - kl.sum() == pytest.approx(exact, abs=1e-10)


def test_units_below_the_noise_are_exactly_zero():
    data = rng.standard_normal((500, 4)) * [3, 2, 0.5, 0.4]
    weight = linear_vae_optimum(fit_pca(data, 4), 4, variance=1.0).weight
    assert weight.any(0).tolist() == [True, True, False, False]


@pytest.mark.skipif(not MNIST.is_dir(), reason="the files of MNIST are not beside the repository")
def test_optimum_for_mnist():
    """Test log-likelihoods of the optima for the training images; with σ² = 1 at most 12 units are
    active."""
    train, test = (mnist(split, MNIST)[0].reshape(-1, 784) for split in ("train", "test"))
    pca = fit_pca(train, 20)
    for q, values, best_variance, active in ((2, (-744.793, -40.88, 14.36), 0.05610, 2),
                                             (10, (-743.105, 27.78, 186.02), 0.03487, 10),
                                             (20, (-743.100, 53.63, 306.55), 0.02460, 12)):
        for variance, value, digits in zip((1.0, 0.1, None), values, (5.1e-4, 5.1e-3, 5.1e-3)):
            model = linear_vae_optimum(pca, q, variance)
            assert model.log_likelihood(test).mean() == pytest.approx(value, abs=digits)
        assert model.variance == pytest.approx(best_variance, abs=5.1e-6)
        assert active_units(linear_vae_optimum(pca, q, 1.0).posterior(test)[0]).count == active


@pytest.mark.parametrize("turn", [np.eye(6), np.linalg.qr(rng.standard_normal((6, 6)))[0]],
                         ids=["zero columns", "rounding"])
def test_data_of_lower_rank_have_no_best_variance(turn):
    x = np.pad(rng.standard_normal((100, 2)), ((0, 0), (0, 4))) @ turn
    with pytest.raises(ValueError, match="the best variance is 0; give a variance"):
        linear_vae_optimum(fit_pca(x, 3), 3)
    assert linear_vae_optimum(fit_pca(x, 3), 3, variance=0.1).weight[:, 2].any() == 0
