"""Parzen windows against scikit-learn's kernel density, and the row of real images on MNIST."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import logsumexp
from scipy.stats import norm
from sklearn.neighbors import KernelDensity

from minigen.data import mnist
from minigen.metrics import distances, parzen_log_likelihood, parzen_window

pytestmark = pytest.mark.host_arrays

MNIST = Path(__file__).parents[2] / "shared" / "mnist"
rng = np.random.default_rng(0)
centres, x = rng.random((60, 8)), rng.random((25, 8))


@pytest.mark.parametrize("block", [1, 200, 10 ** 6])
def test_log_likelihood_is_scikit_learns(monkeypatch, block):
    monkeypatch.setattr(distances, "BLOCK", block)
    ours = parzen_log_likelihood(centres, x, [0.1, 0.3, 1.0])
    theirs = [KernelDensity(bandwidth=sigma).fit(centres).score_samples(x)
              for sigma in (0.1, 0.3, 1.0)]
    np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_images_far_from_every_centre_stay_finite():
    far = np.array([[1000.0] * 8])
    direct = logsumexp(norm.logpdf(far, centres, 0.1).sum(1)) - np.log(60)          # about −4e8
    assert parzen_log_likelihood(centres, far, [0.1]).item() == pytest.approx(direct, rel=1e-12)


def test_sigma_is_chosen_on_the_validation_images():
    validation, sigmas = rng.random((30, 8)), [0.05, 0.2, 0.9]

    def score(sigma):
        return KernelDensity(bandwidth=sigma).fit(centres).score(validation)

    best = max(sigmas, key=score)
    test = centres[:25] + 0.01              # would themselves choose the narrowest
    window = parzen_window(centres, validation, test, sigmas)
    values = KernelDensity(bandwidth=best).fit(centres).score_samples(test)
    assert window.sigma == best == 0.2
    assert window.value == pytest.approx(values.mean(), rel=1e-9)
    assert window.standard_error == pytest.approx(values.std() / 5, rel=1e-9)


@pytest.mark.skipif(not MNIST.is_dir(), reason="the files of MNIST are not beside the repository")
def test_real_images_as_centres_score_241_nats():
    """The first 10,000 training images score 241.2 at sigma .1668, measured elsewhere on all 10,000
    test images with sigma from the training images 50,000 to 50,999. Here every 20th and every 5th
    of them: within 4 standard errors."""
    train, test = (mnist(split, MNIST)[0].reshape(-1, 784) for split in ("train", "test"))
    window = parzen_window(train[:10_000], train[50_000:51_000:5], test[::20])
    assert window.sigma == pytest.approx(0.1668, abs=5e-5)
    assert abs(window.value - 241.2) < 4 * window.standard_error
    assert window.standard_error * 20 ** -0.5 == pytest.approx(2.13, rel=0.15)
