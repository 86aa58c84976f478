"""Mode coverage by hand and by brute force; neighbourhoods against scikit-learn and in theory."""

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from minigen.data import ring
from minigen.metrics import density_coverage, distances, mode_coverage, precision_recall

pytestmark = pytest.mark.host_arrays

rng = np.random.default_rng(0)
MEANS = ring(8, radius=1, std=0.01).means


def test_modes_counted_by_hand():
    """Four modes a unit apart, 100 samples, std .01; a fair share is 25 samples, 20% of it 5."""
    means = np.array([[0.0, 0], [1, 0], [2, 0], [3, 0]])
    points, times = [[0.0, 0.029], [1, 0], [2, 0], [2, 0.031], [3.4, 0]], [50, 5, 4, 31, 10]
    samples = np.repeat(points, times, axis=0)
    coverage = mode_coverage(samples, means, 0.01)
    assert coverage.modes == 3                              # nothing within 3 std of (3, 0)
    assert coverage.fair_modes == 2                         # 4 good samples at (2, 0) are too few
    assert coverage.high_quality == pytest.approx(0.59)
    shares = np.array([0.5, 0.05, 0.35, 0.1])               # by nearest mean, good or not
    assert coverage.reverse_kl == pytest.approx((shares * np.log(shares * 4)).sum())


def test_a_collapsed_generator():
    """One of eight modes: KL log 8 = 2.08, the figure of a collapsed ring."""
    coverage = mode_coverage(np.tile(MEANS[3], (2500, 1)), MEANS, 0.01)
    assert coverage == (1, 1, 1.0, pytest.approx(np.log(8)))


def test_real_samples_are_not_all_of_high_quality():
    """1 − e^−4.5 = 98.89% of a Gaussian in the plane are within 3 std; 200,000 draws."""
    samples = MEANS[rng.integers(8, size=200_000)] + 0.01 * rng.standard_normal((200_000, 2))
    coverage = mode_coverage(samples, MEANS, 0.01)
    share = 1 - np.exp(-4.5)
    standard_error = (share * (1 - share) / 200_000) ** 0.5
    assert coverage.high_quality == pytest.approx(share, abs=4 * standard_error)
    assert coverage[:2] == (8, 8) and coverage.reverse_kl < 1e-3


def test_a_stray_sample_changes_nothing_else():
    samples = MEANS[rng.integers(8, size=2500)] + 0.02 * rng.standard_normal((2500, 2))
    before = mode_coverage(samples, MEANS, 0.01)
    after = mode_coverage(np.concatenate([samples, [[1e7, 1e7]]]), MEANS, 0.01)
    assert after[:2] == before[:2]
    assert after.high_quality == pytest.approx(before.high_quality * 2500 / 2501)


def spheres(a, b, k):
    """inside[i, j]: a_i lies in the sphere of b_j; radii by scikit-learn, without the point itself.
    """
    radii = NearestNeighbors(n_neighbors=k).fit(b).kneighbors()[0][:, -1]
    return np.linalg.norm(a[:, None] - b, axis=2) < radii


@pytest.mark.parametrize("block", [100, 10 ** 6])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_neighbourhoods_by_brute_force(monkeypatch, k, block):
    monkeypatch.setattr(distances, "BLOCK", block)
    real, fake = rng.standard_normal((80, 4)), 0.3 + 0.8 * rng.standard_normal((70, 4))
    in_real, in_fake = spheres(fake, real, k), spheres(real, fake, k)
    assert precision_recall(real, fake, k) == (in_real.any(1).mean(), in_fake.any(1).mean())
    density, coverage = density_coverage(real, fake, k)
    assert density == pytest.approx(in_real.sum() / (k * 70)) and coverage == in_real.any(0).mean()


def test_expectations_for_equal_distributions():
    """Density 1; coverage 1 − Π (n − 1 − i)/(n + m − 1 − i) (Naeem et al. 2020), .970 here."""
    results = np.array([density_coverage(*rng.standard_normal((2, 200, 10))) for _ in range(100)])
    i = np.arange(5)
    expected = 1, 1 - np.prod((199 - i) / (399 - i))
    assert abs(results.mean(0) - expected).max() < 0.02
    assert (abs(results.mean(0) - expected) < 4 * results.std(0) / 10).all()


def test_dropped_and_invented_modes_are_told_apart():
    real = np.concatenate([rng.standard_normal((200, 2)), 50 + rng.standard_normal((200, 2))])
    dropped = rng.standard_normal((400, 2))
    precision, recall = precision_recall(real, dropped)
    assert precision > 0.9 and recall < 0.55
    precision, recall = precision_recall(dropped, real)             # now a mode is invented
    assert precision < 0.55 and recall > 0.9
    assert density_coverage(real, dropped).coverage < 0.55
    assert density_coverage(dropped, real).coverage > 0.55


def test_a_point_is_not_inside_a_sphere_of_its_own_radius():
    """Strictly nearer: copies of real points are reached, copies of their neighbours are not."""
    real = np.arange(4.0)[:, None]
    assert density_coverage(real, real, k=1) == (1.0, 1.0)
    assert density_coverage(real, real[:1] - 1, k=1) == (0.0, 0.0)
    assert precision_recall(real, -1 - real, k=1) == (0.0, 0.0)
