"""What is exactly true of the names of "inference", whatever was learned."""

import importlib
import itertools
import math
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import minigen as mg
from minigen import functional as F
from minigen.layers import Sequential
from minigen.metrics import js_divergence

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "demos" / "zoo"))

pytestmark = pytest.mark.zoo
RNG = np.random.default_rng(0)


def script(name):
    mg.set_default_dtype("float64")
    return importlib.import_module(name)


def seen(coded, made):
    """JS of two tables of pairs (x, z): what the best D can tell apart, in nats"""
    return js_divergence(coded.ravel(), made.ravel())


def test_bigan_pairs_are_alike_only_if_e_is_the_inverse_of_g():
    """JS = log 2 × share of x with G(E(x)) ≠ x, for every pair of one-to-one E and G; in wrong
    pairs, which are independent, it is 0 for all of them."""
    n = 4
    for E, G in itertools.product(itertools.permutations(range(n)), repeat=2):
        coded, made = np.zeros((n, n)), np.zeros((n, n))
        coded[range(n), E] = 1 / n                              # x uniform, z = E(x)
        made[G, range(n)] = 1 / n                               # z uniform, x = G(z)
        lost = np.mean([G[E[x]] != x for x in range(n)])
        assert seen(coded, made) == pytest.approx(lost * math.log(2), abs=1e-12)
        wrong = [np.outer(pairs.sum(1), pairs.sum(0)) for pairs in (coded, made)]
        assert seen(*wrong) == pytest.approx(0, abs=1e-12)


def test_ali_pairs_are_alike_only_if_q_is_the_posterior():
    """And then the codes of all x together are the prior."""
    prior, likelihood = RNG.dirichlet(np.ones(3)), RNG.dirichlet(np.ones(5), size=3)
    made = (prior[:, None] * likelihood).T                      # p(z) p(x|z), as (x, z)
    q_of_x = made.sum(1, keepdims=True)                         # the data: what G makes
    posterior = made / q_of_x
    assert seen(q_of_x * posterior, made) == pytest.approx(0, abs=1e-12)
    np.testing.assert_allclose((q_of_x * posterior).sum(0), prior, rtol=1e-12)
    other = RNG.dirichlet(np.ones(3), size=5)
    surest = np.eye(3)[posterior.argmax(1)]                     # an encoder without noise
    assert seen(q_of_x * other, made) > 1e-3 and seen(q_of_x * surest, made) > 1e-3


@pytest.mark.parametrize("name", ["bigan", "ali"])
def test_the_control_has_the_same_halves_in_wrong_pairs(name):
    zoo = script(name)
    x, z = mg.tensor(RNG.normal(size=(6, 2))), mg.tensor(RNG.normal(size=(6, zoo.LATENT)))
    right, wrong = (zoo.pair(zoo.new_game(idea), x, z).numpy() for idea in (True, False))
    np.testing.assert_array_equal(right, np.concatenate([x.numpy(), z.numpy()], 1))
    np.testing.assert_array_equal(wrong[:, :2], x.numpy())
    np.testing.assert_array_equal(sorted(wrong[:, 2:].tolist()), sorted(z.numpy().tolist()))
    assert not (wrong[:, 2:] == z.numpy()).any()


def test_ali_draws_its_codes_by_reparameterisation():
    """∂z/∂μ = 1 and ∂z/∂ log σ² = ½ (z − μ)"""
    ali = script("ali")
    mean, log_var = (mg.tensor(RNG.normal(size=(5, 4)), requires_grad=True) for _ in range(2))
    z = ali.drawn(lambda x: (mean, log_var), None)
    by_mean, by_log_var = mg.grad(F.sum(z), [mean, log_var])
    np.testing.assert_array_equal(by_mean.numpy(), 1)
    np.testing.assert_allclose(by_log_var.numpy(), (z - mean).numpy() / 2, rtol=1e-10)


@pytest.mark.parametrize("through_G", [True, False])
def test_aegan_the_mean_of_all_codes_need_not_lead_home(through_G):
    """G(z) = z², which −z leads to as well: the regression's best E is their mean, 0, which leads
    to 0; through G, the best E is √x, which is the wrong z half of the time and always leads home.
    """
    aegan = script("aegan_inverse")

    def loss(E):
        scale = mg.tensor(1.0, requires_grad=True)
        game = SimpleNamespace(G=Sequential(lambda z: z ** 2), through_G=through_G,
                               E=Sequential(lambda x: scale * E(x)), E_optimizer=None)
        game.E.parameters = lambda: [scale]
        game.E_optimizer = SimpleNamespace(step=lambda gradients: found.extend(gradients))
        mg.seed(0)
        return aegan.invert(game, 2000).item()

    found = []
    mean, root = loss(lambda x: 0 * x), loss(lambda x: x ** 0.5)
    mg.seed(0)
    z = mg.to_numpy(mg.randn(2000, aegan.LATENT))
    if through_G:
        assert root == pytest.approx(0, abs=1e-12)
        assert mean == pytest.approx((z ** 4).sum(1).mean(), rel=1e-12)
    else:
        assert mean == pytest.approx((z ** 2).sum(1).mean(), rel=1e-12)
        assert root == pytest.approx(((z - abs(z)) ** 2).sum(1).mean(), rel=1e-12)
        assert mean < root
