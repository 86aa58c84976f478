"""Divergences against SciPy, and the exact table of D*, JSD and V(D*)."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.optimize import minimize_scalar
from scipy.spatial.distance import jensenshannon
from scipy.special import expit
from scipy.stats import entropy, norm

from minigen.metrics import js_divergence, kl_divergence, minimax_value, optimal_discriminator

pytestmark = pytest.mark.host_arrays

rng = np.random.default_rng(0)
p, q = rng.dirichlet(np.ones(20), 2)

TABLE = [       # p, q, D*, JSD, V(D*)
    ((1 / 2, 1 / 4, 1 / 4, 0), (1 / 4,) * 4, (2 / 3, 1 / 2, 1 / 2, 0), 0.107881, -1.170533),
    ((0.5, 0.5), (0.9, 0.1), (5 / 14, 5 / 6), 0.101749, -1.182796),
    ((1, 0), (0, 1), (1, 0), 0.693147, 0),
    ((0.3, 0.7), (0.3, 0.7), (0.5, 0.5), 0, -1.386294),
]


@pytest.mark.parametrize("p, q, discriminator, jsd, value", TABLE)
def test_the_table(p, q, discriminator, jsd, value):
    np.testing.assert_allclose(optimal_discriminator(p, q), discriminator, rtol=1e-12)
    assert js_divergence(p, q) == pytest.approx(jsd, abs=5.1e-7)
    assert minimax_value(p, q) == pytest.approx(value, abs=5.1e-7)


@pytest.mark.parametrize("m, jsd, value", [(0.5, 0.030311, -1.325672), (1, 0.111421, -1.163451),
                                           (2, 0.336831, -0.712633), (4, 0.632720, -0.120854)])
def test_two_gaussians_on_a_grid(m, jsd, value):
    x, dx = np.linspace(-10, 14, 2401, retstep=True)
    p, q = norm.pdf(x), norm.pdf(x, m)
    assert js_divergence(p, q, dx) == pytest.approx(jsd, abs=5.1e-7)
    assert minimax_value(p, q, dx) == pytest.approx(value, abs=5.1e-7)
    assert kl_divergence(p, q, dx) == pytest.approx(m ** 2 / 2, rel=1e-9)
    linear_logit = m ** 2 / 2 - m * x
    np.testing.assert_allclose(optimal_discriminator(p, q, dx=dx), expit(linear_logit), atol=1e-12)


def test_divergences_are_scipys():
    assert kl_divergence(p, q) == pytest.approx(entropy(p, q), rel=1e-12)
    assert js_divergence(p, q) == pytest.approx(jensenshannon(p, q) ** 2, rel=1e-12)
    assert js_divergence(p, q) == pytest.approx(js_divergence(q, p), rel=1e-12)
    assert kl_divergence([0.5, 0.5], [1, 0]) == np.inf
    assert kl_divergence([1, 0], [0.5, 0.5]) == pytest.approx(np.log(2))


def test_no_discriminator_is_better_than_the_best():
    def value(d):
        return (p * np.log(d) + q * np.log(1 - d)).sum()
    best = optimal_discriminator(p, q)
    assert value(best) == pytest.approx(minimax_value(p, q), rel=1e-12)
    for _ in range(20):
        other = np.clip(best + 0.05 * rng.standard_normal(20), 1e-3, 1 - 1e-3)
        assert value(other) < minimax_value(p, q)


@pytest.mark.parametrize("a, b", [(1, 0), (0.9, 0), (0.9, 0.1)])
def test_smoothed_labels_by_direct_search(a, b):
    for pi, qi, found in zip(p, q, optimal_discriminator(p, q, a, b)):
        def loss(d, pi=pi, qi=qi):
            return -((a * pi + b * qi) * np.log(d) + ((1 - a) * pi + (1 - b) * qi) * np.log(1 - d))
        assert minimize_scalar(loss, bounds=(1e-9, 1 - 1e-9), method="bounded",
                               options=dict(xatol=1e-10)).x == pytest.approx(found, abs=1e-6)


def test_rounding_of_float32_passes_and_a_missing_tail_does_not():
    shares = np.full(1000, 0.001, np.float32)
    assert js_divergence(shares, shares) == 0
    x, dx = np.linspace(-4, 4, 801, retstep=True)                   # 6e-5 of a Gaussian is outside
    with pytest.raises(ValueError, match="p sums to 0.99993.* a finer or wider grid"):
        js_divergence(norm.pdf(x), norm.pdf(x), dx)


def test_where_there_is_no_mass_the_discriminator_is_undecided():
    assert optimal_discriminator([1.0, 0.0], [1.0, 0.0]).tolist() == [0.5, 0.5]


def test_densities_that_vanish_far_away_have_a_finite_divergence():
    """Their smallest numbers have no half. Two Gaussians 4 apart, against SciPy's quadrature."""
    x, dx = np.linspace(-45, 45, 9001, retstep=True)
    p, q = norm.pdf(x), norm.pdf(x, 4)
    assert 0 < p[p > 0].min() < 1e-320
    theirs = quad(lambda t: jsd_term(t, 0) + jsd_term(t, 4), -15, 19)[0]
    assert js_divergence(p, q, dx) == pytest.approx(theirs, abs=1e-7)
    assert minimax_value(p, q, dx) == pytest.approx(2 * 0.632720 - np.log(4), abs=2e-6)


def jsd_term(t, mean):
    both = norm.pdf(t) + norm.pdf(t, 4)
    return 0.5 * norm.pdf(t, mean) * (norm.logpdf(t, mean) - np.log(both / 2))
