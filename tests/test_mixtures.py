"""Distributions in the plane: their densities against SciPy, their samples against both."""

import functools

import numpy as np
import pytest
from scipy import integrate, stats
from sklearn.datasets import make_moons, make_swiss_roll

from minigen import random
from minigen.data import grid, ring, swiss_roll, two_moons

pytestmark = pytest.mark.host_arrays


@pytest.fixture(autouse=True)
def same_random_numbers():
    random.seed(0)


def cells(half_width, size):
    """Midpoints (n, n, 2) of square cells of side `size` that cover [-half_width, half_width)²."""
    ticks = np.arange(-half_width, half_width, size) + size / 2
    return np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1)


@functools.cache
def masses(distribution, half_width, std):
    """Probability of each cell of side 2 std, by the midpoint rule on 4 × 4 points in each."""
    points = cells(half_width, std / 2)
    n = len(points) // 4
    p = distribution.density(points.reshape(-1, 2)) * (std / 2)**2
    return p.reshape(n, 4, n, 4).sum(axis=(1, 3))


def goodness_of_fit(samples, expected, half_width):
    """p-value of the chi-square test of samples against cell probabilities.

    Cells where fewer than 5 samples are expected count as one."""
    edges = np.linspace(-half_width, half_width, len(expected) + 1)
    observed = np.histogram2d(*samples.T, bins=[edges, edges])[0].ravel()
    expected = expected.ravel() * len(samples)
    large = expected >= 5
    observed = np.append(observed[large], len(samples) - observed[large].sum())
    expected = np.append(expected[large], len(samples) - expected[large].sum())
    return stats.chisquare(observed, expected).pvalue


ROLL, MOONS = swiss_roll(noise=0.1), two_moons(noise=0.1)


@pytest.mark.parametrize("distribution, half_width, std", [
    (ring(), 2.4, 0.02), (ring(modes=5, radius=1.0, std=0.1), 2.4, 0.1), (grid(), 4.8, 0.05),
    (ROLL, 3.6, 0.1), (swiss_roll(noise=0.3), 4.8, 0.3), (MOONS, 2.8, 0.1),
    (two_moons(noise=0.05), 2.4, 0.05)])
def test_samples_follow_the_density_and_it_integrates_to_one(distribution, half_width, std):
    expected = masses(distribution, half_width, std)
    assert expected.sum() == pytest.approx(1, abs=1e-7)
    samples = distribution.sample(20000)
    assert samples.shape == (20000, 2) and samples.dtype == np.float32
    assert goodness_of_fit(samples, expected, half_width) > 0.01
    wider = samples + 0.5 * std * np.random.default_rng(2).standard_normal(samples.shape)
    assert goodness_of_fit(wider, expected, half_width) < 1e-6      # 12% more noise is noticed


@pytest.mark.parametrize("distribution, half_width, points", [
    (MOONS, 2.8, make_moons(20000, noise=0.1, random_state=0)[0]),
    (ROLL, 3.6, make_swiss_roll(20000, noise=0.5, random_state=0)[0][:, [0, 2]] / 5)])
def test_curves_are_those_of_scikit_learn(distribution, half_width, points):
    assert goodness_of_fit(points, masses(distribution, half_width, 0.1), half_width) > 0.01


@pytest.mark.parametrize("mixture", [
    ring(), ring(modes=3, radius=0.5, std=0.3), grid(), grid(2, 1, 1)])
def test_mixture_density_agrees_with_scipy(mixture):
    anywhere = 3 * np.random.default_rng(0).standard_normal((50, 2))
    points = np.concatenate([mixture.sample(200), anywhere, [[60, -80]]])
    logs = [stats.multivariate_normal(mean, mixture.std**2).logpdf(points)
            for mean in mixture.means]
    expected = np.logaddexp.reduce(logs, axis=0) - np.log(len(mixture.means))
    np.testing.assert_allclose(mixture.log_density(points), expected, rtol=1e-12)
    np.testing.assert_allclose(mixture.density(points), np.exp(expected), rtol=1e-9)
    assert mixture.density(points[:0]).shape == (0,)


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.5])
def test_curve_density_agrees_with_adaptive_quadrature(noise):
    def roll(t):
        return t * np.cos(t) / 5, t * np.sin(t) / 5
    distribution, a, b = swiss_roll(noise), 1.5 * np.pi, 4.5 * np.pi
    for x, y in [*distribution.sample(6).tolist(), roll(a), roll(b), (0.1, 0.2)]:
        def integrand(t):
            squared = (x - roll(t)[0])**2 + (y - roll(t)[1])**2
            return np.exp(-squared / (2 * noise**2)) / (2 * np.pi * noise**2)
        pieces = np.linspace(a, b, 101)     # short, so that no narrow peak is missed
        exact = sum(integrate.quad(integrand, *ends)[0]
                    for ends in zip(pieces[:-1], pieces[1:])) / (b - a)
        assert distribution.density([[x, y]])[0] == pytest.approx(exact, rel=1e-7, abs=1e-10)


def test_standard_settings():
    angles = np.arange(8) * np.pi / 4
    np.testing.assert_allclose(ring().means, 2 * np.stack([np.cos(angles), np.sin(angles)], 1),
                               atol=1e-15)
    assert ring().std == 0.02
    ticks = (-4, -2, 0, 2, 4)
    assert sorted(map(tuple, grid().means)) == [(x, y) for x in ticks for y in ticks]
    assert grid().std == 0.05


@pytest.mark.parametrize("make", [ring, grid, swiss_roll, two_moons])
def test_samples_come_from_the_seed(make):
    distribution = make()
    first, second = distribution.sample(9), distribution.sample(9)
    random.seed(0)
    assert np.array_equal(distribution.sample(9), first) and not np.array_equal(first, second)


@pytest.mark.parametrize("make", [
    lambda: ring(modes=0), lambda: ring(modes=2.5), lambda: ring(radius=-1),
    lambda: ring(std=0), lambda: ring(std=np.nan), lambda: ring(std="1"),
    lambda: grid(side=0), lambda: grid(spacing=0), lambda: grid(std=np.inf),
    lambda: swiss_roll(noise=0), lambda: two_moons(noise=1e-4),
    lambda: ring().sample(0), lambda: ring().sample(1.5), lambda: two_moons().sample(-1)])
def test_bad_settings(make):
    with pytest.raises(ValueError, match="expected"):
        make()


@pytest.mark.parametrize("points", [
    [0.0, 1.0], np.zeros((3, 3)), np.zeros((2, 2, 2)), [[0, 1], [2]], "points", None,
    [[0, np.nan]], [[np.inf, 0]]])
@pytest.mark.parametrize("method", ["density", "log_density"])
def test_bad_points(points, method):
    with pytest.raises(ValueError, match="density: .*expected"):
        getattr(ring(), method)(points)
