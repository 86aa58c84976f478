"""What is exactly true of the names of "conditions and classes", whatever was learned."""

import importlib
import math
import sys
from pathlib import Path

import numpy as np
import pytest

import minigen as mg
from minigen import functional as F
from minigen.metrics import js_divergence

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "demos" / "zoo"))

pytestmark = pytest.mark.zoo
RNG = np.random.default_rng(0)


def script(name):
    mg.set_default_dtype("float64")
    return importlib.import_module(name)


def test_the_posterior_of_the_labelled_ring_is_that_of_its_densities():
    script("cgan")
    from house import classes
    from minigen.data.mixtures import GaussianMixture
    points = RNG.normal(0, 2, (50, 2))
    for mixture in (classes.CLEAR, classes.OVERLAPPING):
        joint = np.stack([GaussianMixture(mean[None], mixture.std).density(points)
                          for mean in mixture.means], axis=1)
        np.testing.assert_allclose(classes.posterior(points, mixture),
                                   joint / joint.sum(1, keepdims=True), rtol=1e-9, atol=1e-12)


def test_cgan_plays_one_game_for_every_class():
    """max over D of V is 2 Σ p(y) JS(p(x|y), q(x|y)) − log 4, at s = log p(x|y)/q(x|y); a D that
    does not read y reaches 2 JS(p(x), q(x)) − log 4: never more, and nothing where only y is
    wrong."""
    p, q = RNG.dirichlet(np.ones(5), size=(2, 3))               # p(x|y), q(x|y): 3 y, 5 places

    def best(p, q):
        """V at its maximum, which a gradient of zero shows, since V is concave in the logits"""
        s = mg.tensor(np.log(p / q), requires_grad=True)
        V = (F.sum(p * F.logsigmoid(s)) + F.sum(q * F.logsigmoid(-s))) / p.sum()
        assert abs(mg.grad(V, s)[0].numpy()).max() < 1e-15
        return V.item()

    told = np.mean([2 * js_divergence(*pair) for pair in zip(p, q)]) - math.log(4)
    assert best(p, q) == pytest.approx(told, rel=1e-12)
    assert best(p.mean(0), q.mean(0)) < best(p, q)
    wrong = p[[1, 2, 0]]                                        # right x, for the wrong y
    assert best(p.mean(0), wrong.mean(0)) == pytest.approx(-math.log(4), rel=1e-12)
    assert best(p, wrong) > -math.log(4)


def test_ac_gan_pays_g_for_leaving_what_two_classes_share():
    """At q = p with the best C, the class term is H(y|x) > 0; without the shared place it is 0."""
    p = np.array([[0.8, 0.2, 0.0], [0.0, 0.2, 0.8]])            # p(x|y): the middle is both's
    C = p / p.sum(0)                                            # p(y|x)
    with np.errstate(divide="ignore"):
        logits = np.log(C).clip(-1e3).T                         # (x, y)

    def class_term(q):
        return sum(q[y, x] / 2 * F.cross_entropy(mg.tensor(logits[x][None]), [y]).item()
                   for y in (0, 1) for x in (0, 1, 2))

    assert class_term(p) == pytest.approx(0.2 * math.log(2), rel=1e-12)
    assert class_term(np.array([[1.0, 0, 0], [0, 0, 1.0]])) == 0


def test_am_gan_the_gradients_that_are_aware_of_the_classes():
    """−∂/∂l_k of LabelGAN's loss is (1 − D_r) D_k / D_r, of AM-GAN's 1 − D_v for its class v and
    −D_k for each other; by the logit of "generated", both push with −D_{K+1}."""
    am_gan = script("am_gan")
    K = am_gan.CLASSES
    logits = mg.tensor(RNG.normal(0, 2, (6, K + 1)), requires_grad=True)
    D = F.softmax(logits, 1).numpy()
    D_r = D[:, :K].sum(1, keepdims=True)

    label_gan = -len(D) * mg.grad(am_gan.any_class(logits), logits)[0].numpy()
    np.testing.assert_allclose(label_gan[:, :K], (1 - D_r) * D[:, :K] / D_r, rtol=1e-10)
    np.testing.assert_allclose(label_gan[:, K:], -D[:, K:], rtol=1e-10)
    assert (label_gan[:, :K] > 0).all()                         # towards every class at once

    am = -len(D) * mg.grad(am_gan.one_class(logits), logits)[0].numpy()
    aimed = np.eye(K + 1)[D[:, :K].argmax(1)]
    np.testing.assert_allclose(am, aimed - D, rtol=1e-10)
    assert ((am > 0) == (aimed == 1)).all()                     # towards one


def test_cat_gan_the_entropies_and_the_information_between_them():
    """0 <= E H[p] <= H[E p] <= log K; their difference is log K for classes that are even and
    certain, and 0 for a D that says the same of every point."""
    cat_gan = script("cat_gan")
    K = cat_gan.K

    def entropies(logits):
        return (cat_gan.mean_entropy(mg.tensor(logits)).item(),
                cat_gan.entropy_of_the_mean(mg.tensor(logits)).item())

    for scale in (0.1, 1, 10):
        logits = RNG.normal(0, scale, (40, K))
        p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        each, mean = entropies(logits)
        assert each == pytest.approx(-(p * np.log(p)).sum() / 40, rel=1e-10)
        assert mean == pytest.approx(-(p.mean(0) * np.log(p.mean(0))).sum(), rel=1e-10)
        assert 0 < each < mean < math.log(K)
    assert entropies(500 * np.eye(K)) == pytest.approx((0, math.log(K)), abs=1e-12)
    each, mean = entropies(np.tile(RNG.normal(size=K), (5, 1)))
    assert mean == pytest.approx(each, rel=1e-12)


def test_improved_gan_d_of_k_logits_is_a_softmax_of_k_plus_one():
    """With the logit of "generated" at 0: D = Σ exp l_k / (1 + Σ exp l_k) is the sum of the K first
    probabilities, 1 − D the last; and log-sum-exp is the logit of D."""
    logits = mg.tensor(RNG.normal(0, 3, (6, 4)))
    of_all = F.softmax(F.concatenate([logits, np.zeros((6, 1))], axis=1), 1).numpy()
    realness = F.logsumexp(logits, axis=1)
    np.testing.assert_allclose(F.sigmoid(realness).numpy(), of_all[:, :-1].sum(1), rtol=1e-12)
    np.testing.assert_allclose(F.sigmoid(-realness).numpy(), of_all[:, -1], rtol=1e-12)


def test_improved_gan_features_say_nothing_where_their_means_agree():
    """‖E f(x) − E f(G(z))‖² and its gradient are zero for a G whose batch is the real one, in any
    order; D alone is not asked: no gradient of G's loss reaches its last layer."""
    improved_gan = script("improved_gan")
    game, seen = improved_gan.new_game(), []
    x, labels = next(improved_gan.batches())
    order = RNG.permutation(improved_gan.M)
    points = mg.tensor(x[labels < 0].astype("float64")[order], requires_grad=True)
    game.G = lambda z: points
    game.G.parameters = lambda: [points]
    game.G_optimizer = type("Seen", (), {"step": lambda self, gradients: seen.extend(gradients)})()
    losses = improved_gan.iteration(game, x.astype("float64"), labels)
    assert losses["G"].item() < 1e-28 and abs(seen[0].numpy()).max() < 1e-14
