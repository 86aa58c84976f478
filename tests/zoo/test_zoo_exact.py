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
from minigen.layers import Dense

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


def test_f_gan_the_bound_is_tight_at_the_derivative_and_nowhere_above_the_divergence():
    """F(V) <= D_f(p ‖ q), equal where g(V) = f'(p/q); two Gaussians, by quadrature. KL, Pearson's
    and Hellinger's have closed forms."""
    f_gan = script("f_gan")
    x = np.linspace(-12, 12, 4801)
    dx = x[1] - x[0]
    p, q = f_gan.gaussian(x, 0.3, 0.9), f_gan.gaussian(x, 0, 1)
    u = p / q
    best_v = {"KL(p ‖ q)": np.log(u) + 1, "KL(q ‖ p)": np.log(u), "Pearson χ²": 2 * (u - 1),
              "Hellinger²": np.log(u) / 2, "the GAN's": np.log(u)}
    kl = math.log(1 / 0.9) + (0.9 ** 2 + 0.3 ** 2) / 2 - 0.5
    reverse_kl = math.log(0.9) + (1 + 0.3 ** 2) / (2 * 0.9 ** 2) - 0.5
    precision = 2 / 0.9 ** 2 - 1                        # of p²/q
    pearson = (math.exp(0.5 * ((2 * 0.3 / 0.9 ** 2) ** 2 / precision - 2 * 0.3 ** 2 / 0.9 ** 2))
               / (0.9 ** 2 * precision ** 0.5) - 1)
    hellinger = 2 - 2 * math.sqrt(2 * 0.9 / 1.81) * math.exp(-0.25 * 0.3 ** 2 / 1.81)
    closed = {"KL(p ‖ q)": kl, "KL(q ‖ p)": reverse_kl, "Pearson χ²": pearson,
              "Hellinger²": hellinger}
    assert set(best_v) == set(f_gan.DIVERGENCES)
    rng = np.random.default_rng(0)
    for name, (g, conjugate, f) in f_gan.DIVERGENCES.items():
        v = mg.tensor(best_v[name], requires_grad=True)

        def bound(v, g=g, conjugate=conjugate):
            return (F.sum(p * g(v)) - F.sum(q * conjugate(v))) * dx

        divergence = (q * f(u)).sum() * dx
        assert bound(v).item() == pytest.approx(divergence, rel=1e-10)
        assert divergence == pytest.approx(closed.get(name, divergence), rel=1e-9)
        slope, = mg.grad(bound(v), v)
        assert abs(slope.numpy()).max() < 1e-12         # no V near it is better ...
        for _ in range(5):                              # ... and none elsewhere
            waves = rng.normal() * np.sin(rng.normal() * x + rng.normal()) + rng.normal() / 5
            assert bound(v + waves).item() < divergence


def test_f_gan_the_best_gaussians_are_where_the_quadrature_is_flat():
    """KL(p ‖ q) is least at p's own mean and standard deviation."""
    f_gan = script("f_gan")
    data = f_gan.Data
    mean = data.weights @ data.means
    variance = data.weights @ data.means ** 2 + data.std ** 2 - mean ** 2
    assert f_gan.best("KL(p ‖ q)") == pytest.approx((mean, variance ** 0.5), abs=1e-4)
    for name in f_gan.ASKED:
        m, s = f_gan.best(name)
        least = f_gan.divergence_from(name, m, s)
        assert all(f_gan.divergence_from(name, m + a, s + b) > least
                   for a, b in ((0.01, 0), (-0.01, 0), (0, 0.01), (0, -0.01)))


@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_b_gan_the_fit_is_least_at_the_relative_ratio(alpha):
    """½ E_m r² − E_p r = ½ E_m (r − p/m)² − ½ E_m (p/m)², for any r; two Gaussians."""
    b_gan = script("b_gan")
    x = np.linspace(-12, 12, 4801)
    dx = x[1] - x[0]
    p, q = np.exp(-x ** 2 / 2), np.exp(-(x - 0.7) ** 2 / 2)
    p, q = p / (p.sum() * dx), q / (q.sum() * dx)
    mixture = alpha * p + (1 - alpha) * q
    assert alpha == 0 or (p / mixture).max() <= 1 / alpha
    rng = np.random.default_rng(0)
    # bregman() takes means over samples: here each point of the grid counts as often as it is drawn
    for _ in range(5):
        r = np.exp(rng.normal() * np.sin(x + rng.normal()))
        square = (mixture * r * r).sum() * dx
        fit = 0.5 * square - (p * r).sum() * dx
        excess = 0.5 * (mixture * ((r - p / mixture) ** 2 - (p / mixture) ** 2)).sum() * dx
        assert fit == pytest.approx(excess, rel=1e-10)
    r_p, r_q = rng.random((2, 7, 1))
    by_hand = (0.5 * (alpha * r_p ** 2 + (1 - alpha) * r_q ** 2) - r_p).mean()
    assert b_gan.bregman(mg.tensor(r_p), mg.tensor(r_q), alpha).item() == pytest.approx(by_hand)


def test_b_gan_which_way_g_goes_when_the_ratio_is_held():
    """p = N(0, 1), q = N(m, 1), r = p/q held fixed, f = ½ (r − 1)². The divergence ½ (e^{m²} − 1)
    has the slope m e^{m²}: that of −½ E_q r². E_q f(r) has −m (e^{m²} − 1): away from p."""
    m = 0.4
    x = np.linspace(-12, 12, 4801)
    q = np.exp(-(x - m) ** 2 / 2) / math.sqrt(2 * math.pi) * (x[1] - x[0])
    samples = mg.tensor(x, requires_grad=True)
    r = F.exp(m * m / 2 - m * samples)
    follow, = mg.grad(F.sum(q * (-0.5 * r * r)), samples)
    held, = mg.grad(F.sum(q * (0.5 * (r - 1) ** 2)), samples)
    assert follow.numpy().sum() == pytest.approx(m * math.exp(m * m), rel=1e-9)
    assert held.numpy().sum() == pytest.approx(-m * (math.exp(m * m) - 1), rel=1e-9)


def test_geometric_gan_what_is_beyond_the_margin_has_no_gradient():
    """And every sample pulls G along the normal with the same weight."""
    geometric_gan = script("geometric_gan")
    mg.seed(0)
    w = mg.tensor(np.array([3.0, 4.0]), requires_grad=True)
    real = mg.tensor(np.array([2.0, 1.01, 0.5, -1.0]), requires_grad=True)
    fake = mg.tensor(np.array([-2.0, -1.01, 0.5, 3.0]), requires_grad=True)
    loss = geometric_gan.support_vector_loss(w, real, fake)
    C = geometric_gan.C
    assert loss.item() == pytest.approx(12.5 + C * ((0.5 + 2) / 4 + (1.5 + 4) / 4), rel=1e-12)
    of_w, of_real, of_fake = mg.grad(loss, [w, real, fake])
    np.testing.assert_allclose(of_w.numpy(), w.numpy())
    np.testing.assert_array_equal(of_real.numpy(), [0, 0, -C / 4, -C / 4])
    np.testing.assert_array_equal(of_fake.numpy(), [0, 0, C / 4, C / 4])


def test_bs_gan_the_weights_of_the_best_d_make_the_generated_the_real_distribution():
    """Σ_x g(x) w(x) h(x) = E_p h for w = p/g, the odds of D* = p/(p + g): importance weights. The
    gradient of −Σ g w log g, with w held, is zero where g = p alone."""
    bs_gan = script("bs_gan")
    rng = np.random.default_rng(0)
    p, g = rng.dirichlet(np.ones(6)), rng.dirichlet(np.ones(6))
    best = p / (p + g)
    odds = best / (1 - best)
    h = rng.standard_normal(6)
    assert (g * odds * h).sum() == pytest.approx((p * h).sum(), rel=1e-12)
    logits = mg.tensor(np.log(g)[None], requires_grad=True)
    slope, = mg.grad(-F.sum(g * odds * F.log_softmax(logits, dim=1)), logits)
    np.testing.assert_allclose(slope.numpy()[0], g - p, atol=1e-14)
    assert bs_gan.patterns().shape == (62, 25)
    assert set(bs_gan.patterns().ravel()) == {0, 1}


def test_bs_gan_a_sample_is_a_constant_of_the_right_chances():
    bs_gan = script("bs_gan")
    mg.seed(0)
    logits = mg.tensor(np.tile(np.linspace(-2, 2, 16), (20_000, 1)), requires_grad=True)
    samples = bs_gan.draw_pixels(logits)
    assert isinstance(samples, np.ndarray) and set(np.unique(samples)) == {0, 1}    # no Tensor
    np.testing.assert_allclose(samples.mean(0), 1 / (1 + np.exp(-logits.numpy()[0])), atol=0.015)


def test_adagan_the_weights_sum_to_one_and_are_those_of_the_formula():
    """Compared with λ by bisection; where all h are the same, all weights are."""
    adagan = script("adagan")
    rng = np.random.default_rng(0)
    for beta in (1 / 2, 1 / 3, 1 / 4):
        h = rng.exponential(size=200) ** 2
        low, high = 0.0, 1e3
        for _ in range(200):
            middle = (low + high) / 2
            total = np.maximum(middle - (1 - beta) * h, 0).sum() / (beta * len(h))
            low, high = (low, middle) if total > 1 else (middle, high)
        expected = np.maximum(low - (1 - beta) * h, 0) / (beta * len(h))
        w = adagan.boosted(h, beta)
        np.testing.assert_allclose(w, expected, rtol=1e-9, atol=1e-15)
        assert w.sum() == pytest.approx(1, rel=1e-12) and (w == 0).any()
        np.testing.assert_allclose(adagan.boosted(np.ones(50), beta), 1 / 50)


def test_dual_gan_a_clipped_critic_measures_a_distance():
    """The largest E D(y) − E D(G(x)) of a linear critic, weights in −c .. c, is c ‖E y − E G(x)‖₁,
    reached on the bounds: ascending and clipping gets there, and stays."""
    dual_gan = script("dual_gan")
    rng = np.random.default_rng(0)
    real, fake = rng.random((2, 20, 5))
    critic = Dense(5, 1)
    for _ in range(10):
        value = F.mean(critic(mg.tensor(real))) - F.mean(critic(mg.tensor(fake)))
        ascended = [p.data + g.numpy() for p, g in
                    zip(critic.parameters(), mg.grad(value, critic.parameters()))]
        for p, data in zip(critic.parameters(), ascended):
            p.data = data
        dual_gan.clip(critic)
    value = F.mean(critic(mg.tensor(real))) - F.mean(critic(mg.tensor(fake)))
    gap = real.mean(0) - fake.mean(0)
    assert value.item() == pytest.approx(dual_gan.CLIP * abs(gap).sum(), rel=1e-12)
    np.testing.assert_array_equal(critic.weight.numpy()[0], dual_gan.CLIP * np.sign(gap))


def test_dual_gan_the_weights_of_its_critics_stay_in_their_bounds():
    dual_gan = script("dual_gan")
    mg.seed(0)
    game = dual_gan.new_game()
    for x, y in itertools.islice(dual_gan.batches(), 3):
        dual_gan.iteration(game, x.astype("float64"), y.astype("float64"))
    for critic in (game.D_X, game.D_Y):
        assert max(abs(p.numpy()).max() for p in critic.parameters()) == dual_gan.CLIP
    assert max(abs(p.numpy()).max() for p in game.G.parameters()) > dual_gan.CLIP
