"""What is exactly true of the zoo's losses, to rounding, whatever was learned."""

import importlib
import itertools
import math
import sys
from pathlib import Path

import numpy as np
import pytest

import minigen as mg
from minigen import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "demos" / "zoo"))

pytestmark = pytest.mark.zoo


def script(name):
    mg.set_default_dtype("float64")
    return importlib.import_module(name)


def test_gan_the_saturating_gradient_vanishes_where_d_rejects_the_sample():
    """∂ log(1 − D)/∂s = −D and −∂ log D/∂s = −(1 − D): their ratio is the odds of D."""
    s = mg.tensor(np.linspace(-12, 12, 25), requires_grad=True)
    d, one_minus_d = 1 / (1 + np.exp(-s.numpy())), 1 / (1 + np.exp(s.numpy()))
    saturating, = mg.grad(F.sum(F.logsigmoid(-s)), s)
    other, = mg.grad(-F.sum(F.logsigmoid(s)), s)
    np.testing.assert_allclose(saturating.numpy(), -d, rtol=1e-12)
    np.testing.assert_allclose(other.numpy(), -one_minus_d, rtol=1e-12)
    np.testing.assert_allclose(saturating.numpy() / other.numpy(), np.exp(s.numpy()), rtol=1e-12)


def test_gan_no_d_has_a_larger_v_than_p_over_p_plus_q():
    """V is concave in D's logits; its gradient is zero at s = log p/q."""
    p, q = np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.4, 0.3, 0.2, 0.1])
    s = mg.tensor(np.log(p / q), requires_grad=True)
    V = F.sum(p * F.logsigmoid(s)) + F.sum(q * F.logsigmoid(-s))
    m = (p + q) / 2
    js = 0.5 * (p * np.log(p / m)).sum() + 0.5 * (q * np.log(q / m)).sum()
    assert V.item() == pytest.approx(2 * js - math.log(4), rel=1e-12)
    assert abs(mg.grad(V, s)[0].numpy()).max() < 1e-15


def test_info_gan_the_bound_lies_below_the_information_and_below_the_entropy():
    """L_I of any Q <= I(c; x) <= H(c); the gap is E KL(p(c|x) ‖ Q(c|x)), none for the right Q."""
    info_gan = script("info_gan")
    rng = np.random.default_rng(0)
    joint = rng.dirichlet(np.ones(5), size=4) / 4       # p(c, x): c is uniform over 4
    posterior = joint / joint.sum(0)
    information = (joint * np.log(posterior * 4)).sum()
    c, x = map(np.ravel, np.indices(joint.shape))

    def bound(logits):
        """Σ p(c, x) L_I of one pair"""
        return sum(joint[i, j] * info_gan.information(mg.tensor(logits[:, j][None]), [i]).item()
                   for i, j in zip(c, x))

    assert bound(np.log(posterior)) == pytest.approx(information, rel=1e-12)
    assert 0 < information < math.log(4)
    for _ in range(5):
        logits = rng.standard_normal((4, 5))
        q = np.exp(logits) / np.exp(logits).sum(0)
        gap = (joint * np.log(posterior / q)).sum()
        assert bound(logits) == pytest.approx(information - gap, rel=1e-12)
        assert gap > 0


def test_info_gan_never_claims_more_than_the_entropy_of_its_code():
    info_gan = script("info_gan")
    game = info_gan.new_game()
    for x in itertools.islice(info_gan.batches(), 3):
        losses = info_gan.iteration(game, x)
        assert losses["G"].item() > -math.log(4)    # −log D(G(z)) > 0, and L_I <= log 4


def test_cycle_gan_the_pool_gives_what_it_got_and_only_that():
    cycle_gan = script("cycle_gan")
    pool, given, shown = cycle_gan.Pool(50), set(), []
    for i in range(20):
        fakes = mg.tensor(np.arange(16.0).reshape(16, 1, 1, 1) + 16 * i)
        given |= set(fakes.numpy().ravel())
        pictures = pool.exchange(fakes).numpy().ravel()
        assert pictures.shape == (16,) and set(pictures) <= given
        if i < 3:
            np.testing.assert_array_equal(pictures, fakes.numpy().ravel())
        shown += pictures.tolist()
    assert len(pool.kept) == 50
    times = np.bincount(np.array(shown, int))
    assert times[:50].max() == 2 and times[50:].max() == 1      # what comes out is gone
    old = np.mean([picture < 16 * (i // 16) for i, picture in enumerate(shown)][16 * 4:])
    assert 0.3 < old < 0.7


def test_the_true_translation_of_cycle_gan_is_exact():
    from house import drawings
    factors = drawings.factors(100)
    x, y = drawings.render(**factors), drawings.render(**factors, negative=True)
    np.testing.assert_allclose(x + y, 1, atol=1e-6)
