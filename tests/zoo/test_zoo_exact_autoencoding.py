"""What is exactly true of the names of "autoencoding discriminators", whatever was learned."""

import importlib
import itertools
import sys
from pathlib import Path

import numpy as np
import pytest

import minigen as mg

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "demos" / "zoo"))

pytestmark = pytest.mark.zoo
RNG = np.random.default_rng(0)


def script(name):
    mg.set_default_dtype("float64")
    return importlib.import_module(name)


def test_ebgan_the_pulling_away_term_has_its_closed_form():
    """PT is 0 at right angles, 1 for one direction and for ± one, whatever the codes' lengths; and
    the mean of cos² over the pairs for any codes."""
    pulling_away = script("ebgan").pulling_away
    lengths = RNG.uniform(0.1, 10, (6, 1))
    for codes, expected in [(np.eye(6), 0), (np.ones((6, 6)), 1),
                            (np.ones((6, 6)) * (-1.0) ** np.arange(6)[:, None], 1),
                            (np.repeat(np.eye(6)[:2], 3, axis=0), 2 * 3 * 2 / (6 * 5))]:
        assert pulling_away(mg.tensor(lengths * codes)).item() == pytest.approx(expected, abs=1e-14)
    codes = RNG.standard_normal((5, 3))
    pairs = [(codes[i] @ codes[j]) ** 2 / ((codes[i] @ codes[i]) * (codes[j] @ codes[j]))
             for i in range(5) for j in range(5) if i != j]
    assert pulling_away(mg.tensor(codes)).item() == pytest.approx(np.mean(pairs), rel=1e-12)
    mg.gradcheck(pulling_away, [mg.tensor(codes, requires_grad=True)])


def test_ebgan_pulls_only_across_a_code():
    """PT does not know a code's length: its gradient is at right angles to the code."""
    codes = mg.tensor(RNG.standard_normal((5, 3)), requires_grad=True)
    slope, = mg.grad(script("ebgan").pulling_away(codes), codes)
    assert abs((slope.numpy() * codes.numpy()).sum(1)).max() < 1e-14
    assert abs(slope.numpy()).min() > 0


def test_ebgan_the_least_loss_of_d_tells_how_far_q_is_from_p():
    """min over D >= 0 of E_p D + E_q [m − D]₊ is m Σ min(p, q) = m (1 − TV(p, q)), reached by D = m
    where q > p and 0 elsewhere: G can raise it to m, at q = p, and no further (theorem 1)."""
    ebgan = script("ebgan")
    m, p, q = ebgan.MARGIN, np.array([1, 2, 3, 4, 5, 5]), np.array([6, 2, 2, 7, 0, 3])   # of 20

    def loss(energies, q):
        real, fake = (mg.tensor(np.repeat(energies, counts)) for counts in (p, q))
        return ebgan.margin_loss(real, fake).item()

    best = np.where(q > p, m, 0.0)
    assert loss(best, q) == pytest.approx(m * np.minimum(p, q).sum() / 20, rel=1e-12)
    for _ in range(100):
        energies = RNG.uniform(0, 2 * m, 6)
        assert loss(energies, q) > loss(best, q)
        assert loss(energies.clip(0, m), p) == pytest.approx(m, rel=1e-12)      # any D will do
        assert loss(energies, p) >= m * (1 - 1e-12)


def test_began_the_controller_is_at_rest_at_the_balance_and_stays_in_its_bounds():
    """k_{t+1} = k_t + λ (γ L(x) − L(G(z))), clipped to 0 .. 1"""
    began = script("began")
    game = began.new_game(gamma=0.6)
    for k, rate, real, fake, expected in [(0.3, 0.1, 2.0, 1.2, 0.3), (0.3, 0.1, 2.0, 0.0, 0.42),
                                          (0.3, 0.1, 0.0, 2.0, 0.1), (0.01, 1, 0.0, 5.0, 0.0),
                                          (0.99, 1, 5.0, 0.0, 1.0)]:
        game.k, game.rate = k, rate
        assert began.controlled(game, real, fake) == pytest.approx(expected, abs=1e-15)
    game.k, game.rate = 0.0, 0.1
    for _ in range(500):                        # a D whose error of what is made grows with k
        game.k = began.controlled(game, 1.0, 0.1 + 1.2 * game.k)
    assert 0.1 + 1.2 * game.k == pytest.approx(0.6, rel=1e-12)


def test_began_what_k_has_grown_is_the_sum_of_what_the_balance_lacked():
    """While k is inside its bounds, Σ (γ L(x) − L(G(z))) = (k − k₀) / λ, in a real game; and the
    control's k stays where it is."""
    began = script("began")
    mg.seed(0)
    game, control = began.new_game(), began.new_game(idea=False)
    game.k, inside = 0.5, []
    real = began.batches()
    for x in itertools.islice(real, 10):
        began.iteration(game, x.astype("float64"))
        began.iteration(control, x.astype("float64"))
        inside.append(0 < game.k < 1)
    errors = np.array(game.errors)
    assert all(inside) and control.k == 0
    lacked = (game.gamma * errors[:, 0] - errors[:, 1]).sum()
    assert game.k - 0.5 == pytest.approx(game.rate * lacked, rel=1e-12)


def test_began_the_error_is_a_mean_distance_and_g_moves_both_ends_of_it():
    began = script("began")
    D = began.new_game().D
    v = mg.tensor(RNG.random((3, 1, 16, 16)), requires_grad=True)
    copies = D(v)
    assert began.error(D, v).item() == pytest.approx(
        abs(v.numpy() - copies.numpy()).mean(), rel=1e-12)
    both, = mg.grad(began.error(D, v), v)
    signs = np.sign(v.numpy() - copies.numpy()) / v.numpy().size
    through_d, = mg.grad(copies, v, grad_outputs=-signs)
    np.testing.assert_allclose(both.numpy(), signs + through_d.numpy(), rtol=1e-9, atol=1e-15)
