"""The estimate of total correlation that demos/vae_factors.py writes out, against what is known."""

import ast
import itertools
import math
import pathlib

import numpy as np
import pytest

import minigen as mg
from minigen import functional as F

pytestmark = pytest.mark.host_arrays

DEMO = pathlib.Path(__file__).parents[1] / "demos" / "vae_factors.py"


@pytest.fixture(scope="module")
def demo():
    """The demo's functions of the estimate, without running the demo"""
    wanted = "log_densities", "log_weights", "total_correlation"
    tree = ast.parse(DEMO.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if getattr(node, "name", None) in wanted]
    functions = dict(F=F, mg=mg, np=np, math=math)
    exec(compile(tree, DEMO, "exec"), functions)
    return functions


def posteriors(n, d, seed=0):
    """z (n, d), each drawn from its row of mu, log_var (n, d); float64"""
    rng = np.random.default_rng(seed)
    mu, log_var = 0.5 * rng.standard_normal((n, d)), rng.uniform(-1, 0.5, (n, d))
    return mu + np.exp(log_var / 2) * rng.standard_normal((n, d)), mu, log_var


def test_the_densities_are_those_of_normal_distributions(demo):
    z, mu, log_var = posteriors(4, 2)
    log_q = demo["log_densities"](z, mu, log_var)
    assert log_q.shape == (4, 4, 2)
    for i, k, j in np.ndindex(4, 4, 2):
        deviation = math.exp(log_var[k, j] / 2)
        density = math.exp(-0.5 * ((z[i, j] - mu[k, j]) / deviation) ** 2)
        assert math.exp(log_q[i, k, j]) == pytest.approx(
            density / deviation / math.sqrt(2 * math.pi), rel=1e-12)


def test_the_estimate_of_q_is_right_on_average_over_all_batches(demo):
    """Every batch of 3 of 6 that holds the drawing of z: q(z) and q(z_j) come out exactly."""
    n, m, i = 6, 3, 0
    z, mu, log_var = posteriors(n, 2)
    weights = np.exp(demo["log_weights"](m, n).astype("float64"))
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-6)
    q = np.exp(demo["log_densities"](z[[i]], mu, log_var))[0]               # (n, 2)
    batches = [[i, *others] for others in itertools.combinations(range(1, n), m - 1)]
    for of_all in (q.prod(1), q[:, 0], q[:, 1]):
        estimates = [weights[0] @ of_all[batch] for batch in batches]
        assert np.mean(estimates) == pytest.approx(of_all.mean(), rel=1e-6)
        assert np.std(estimates) > 0.01 * of_all.mean()                 # one batch is not enough


def test_a_whole_data_set_weights_all_alike(demo):
    np.testing.assert_allclose(np.exp(demo["log_weights"](5, 5)), 1 / 5, rtol=1e-6)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_gaussian_codes_have_the_total_correlation_of_the_closed_form(demo, correlation):
    """q(z) = N(0, C): ½ (Σ log C_jj − log det C), here in three dimensions, the third on its own"""
    rng = np.random.default_rng(1)
    n, variance = 3000, 0.2
    covariance = np.array([[1, correlation, 0], [correlation, 2, 0], [0, 0, 0.5]])
    known = 0.5 * (np.log(np.diag(covariance)).sum() - np.linalg.slogdet(covariance)[1])
    mu = rng.standard_normal((n, 3)) @ np.linalg.cholesky(covariance - variance * np.eye(3)).T
    z = mu + variance ** 0.5 * rng.standard_normal((n, 3))
    codes = map(mg.backend.asarray, (z, mu, np.full((n, 3), math.log(variance))))
    estimate = demo["total_correlation"](*codes, n)
    # the mean of n logarithms of standard deviation ρ or so, and the mixture is not quite normal
    assert estimate.item() == pytest.approx(known, abs=4 * correlation / n ** 0.5 + 0.02)


def test_its_gradients(demo):
    with_n = lambda z, mu, log_var: demo["total_correlation"](z, mu, log_var, 50)   # noqa: E731
    inputs = [mg.tensor(part, requires_grad=True) for part in posteriors(4, 3)]
    mg.gradcheck(with_n, inputs)
