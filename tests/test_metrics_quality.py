"""Sharpness against SciPy, waves and MNIST; Fréchet distance against a general square root."""

from pathlib import Path

import numpy as np
import pytest
from scipy import linalg, ndimage

from minigen.data import mnist
from minigen.metrics import frechet_distance, grey_share, high_frequency_share, laplacian_variance

pytestmark = pytest.mark.host_arrays

MNIST = Path(__file__).parents[2] / "shared" / "mnist"
rng = np.random.default_rng(0)


def test_laplacian_variance_is_scipys():
    images = rng.random((5, 9, 12))
    theirs = np.mean([ndimage.laplace(image)[1:-1, 1:-1].var() for image in images])
    assert laplacian_variance(images) == pytest.approx(theirs, rel=1e-12)
    two_channels = images[:4].reshape(2, 2, 9, 12)
    assert laplacian_variance(two_channels) == laplacian_variance(images[:4])
    slope = np.add.outer(np.arange(5.0), np.arange(6.0))
    assert laplacian_variance(slope[None]) == pytest.approx(0, abs=1e-20)


@pytest.mark.parametrize("low, high", [(1, 0), (0, 1), (1, 1), (3, 1)])
def test_high_frequency_share_of_two_waves(low, high):
    """Waves of 2/16 and 6/16 cycles a pixel, of amplitudes `low` and `high`."""
    t = 2 * np.pi * np.arange(16) / 16
    image = 0.5 + low * np.cos(2 * t)[:, None] + high * np.cos(6 * t + 1)[None, :]
    share = high ** 2 / (low ** 2 + high ** 2)
    assert high_frequency_share(image[None]) == pytest.approx(share, abs=1e-12)
    diagonal = np.cos(3 * np.add.outer(t, t))   # 3/16 along each axis, .265 along the diagonal
    assert high_frequency_share(diagonal[None]) == pytest.approx(1, abs=1e-12)


def test_an_image_of_one_colour_has_no_frequencies():
    assert high_frequency_share(np.full((3, 8, 8), 0.1)) == 0


def test_grey_share_by_hand():
    assert grey_share([0, 0.05, 0.1, 0.3, 0.6, 0.9, 0.95, 1]) == pytest.approx(2 / 5)


@pytest.mark.skipif(not MNIST.is_dir(), reason="the files of MNIST are not beside the repository")
def test_sharpness_of_mnist():
    """(Laplacian, energy, grey share) of the first 10,000 images, as measured elsewhere."""
    real = mnist("train", MNIST)[0][:10_000]
    noisy = np.clip(real + np.float32(0.1) * rng.standard_normal(real.shape, np.float32), 0, 1)
    blurred = ndimage.gaussian_filter(real, (0, 0, 0.5, 0.5))
    very_blurred = ndimage.gaussian_filter(real, (0, 0, 1, 1))
    for images, expected in ((real, (0.185, 0.109, 0.50)), (noisy, (0.253, 0.151, 0.75)),
                             (blurred, (0.085, 0.060, 0.73)),
                             (very_blurred, (0.015, 0.006, 0.96))):
        measured = laplacian_variance(images), high_frequency_share(images), grey_share(images)
        assert np.abs(np.subtract(measured, expected)).max() < 0.006
        assert np.abs(np.subtract(measured, expected))[:2].max() < 0.0011


def gaussian_frechet(a, b):
    cov_a, cov_b = np.cov(a.T), np.cov(b.T)
    root = linalg.sqrtm(cov_a @ cov_b).real
    return ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(cov_a + cov_b - 2 * root)


def test_frechet_distance_is_that_of_a_general_square_root():
    a = rng.standard_normal((200, 6)) @ rng.standard_normal((6, 6))
    b = 1 + rng.standard_normal((150, 6))
    assert frechet_distance(a, b) == pytest.approx(gaussian_frechet(a, b), rel=1e-9)
    assert frechet_distance(a, b) == pytest.approx(frechet_distance(b, a), rel=1e-9)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


def test_frechet_distance_of_singular_features():
    """Features that never fire, and fewer rows than features.

    Independent axes give Σ (difference of means)² + (sd_a − sd_b)²."""
    # variance 1, no correlation
    plus_minus = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]]) * (3 / 4) ** 0.5
    a = np.concatenate([plus_minus * [2, 3], np.zeros((4, 3))], axis=1)
    b = np.concatenate([plus_minus * [1, 0], np.zeros((4, 3))], axis=1) + [0, 0, 0.5, 0, 0]
    assert frechet_distance(a, b) == pytest.approx(0.5 ** 2 + 1 ** 2 + 3 ** 2, abs=1e-6)
    few = rng.random((10, 64))
    assert frechet_distance(few, few + 1) == pytest.approx(64, rel=1e-6)


def test_an_image_too_faint_to_be_squared_is_counted_as_flat():
    """A saturated generator makes some: their energy, 1e-52, is 0 in float32."""
    x = rng.random((4, 8, 8)).astype(np.float32)
    faint = np.concatenate([x, 1e-200 * x[:1].astype(np.float64)])
    assert high_frequency_share(faint) == pytest.approx(0.8 * high_frequency_share(x), rel=1e-6)
    assert high_frequency_share(1e-26 * x) == pytest.approx(high_frequency_share(x), rel=1e-5)
