"""What is exactly true of the names that play with pictures, whatever was learned."""

import importlib
import sys
from pathlib import Path

import numpy as np
import pytest

import minigen as mg
from minigen import functional as F
from minigen.layers import BatchNorm

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "demos" / "zoo"))

pytestmark = pytest.mark.zoo
RNG = np.random.default_rng(0)


def script(name):
    mg.set_default_dtype("float64")
    mg.seed(0)
    return importlib.import_module(name)


def test_dcgan_only_the_direction_of_a_normalised_filter_counts():
    """With eps = 0, a channel does not change when its weights are multiplied by c > 0; so its
    gradient is orthogonal to its weights, and c times the weights have 1/c of the gradient."""
    dcgan = script("dcgan")
    game = dcgan.new_game()
    layers = [layer for layer in (*game.G, *game.D) if hasattr(layer, "weight")]
    normalised = [layer for layer, after in zip(layers, layers[1:]) if isinstance(after, BatchNorm)]
    for layer in layers:
        if isinstance(layer, BatchNorm):
            layer.eps = 0
    z, x = mg.randn(8, dcgan.LATENT), mg.tensor(RNG.random((8, 1, 16, 16)))

    def gradients():
        loss = F.mean(game.D(game.G(z)) ** 2) + F.mean(game.D(x) ** 2)
        return loss.item(), mg.grad(loss, [layer.weight for layer in normalised])

    assert len(normalised) == 3
    loss, before = gradients()
    for layer, g in zip(normalised, before):
        assert abs((g * layer.weight).numpy().sum()) < 1e-12 * abs(g.numpy()).sum()
        layer.weight.data = 3 * layer.weight.data
    again, after = gradients()
    assert again == pytest.approx(loss, rel=1e-12)
    for g, small in zip(before, after):
        np.testing.assert_allclose(small.numpy(), g.numpy() / 3, rtol=1e-9, atol=1e-14)


def test_cogan_its_losses_know_nothing_of_pairs(monkeypatch):
    """V(D_X, G_X) + V(D_Y, G_Y) is the same when y = G_Y(z) come from other z of the same batch; a
    shared layer's gradient is the sum of those of the two games."""
    cogan = script("cogan")
    monkeypatch.setattr(cogan, "NOISE", 0)
    game = cogan.new_game()
    (G_X, G_Y), (D_X, D_Y) = game.G, game.D
    shared = G_X[0].parameters()
    assert all(p is q for p, q in zip(shared, G_Y[0].parameters(), strict=True))
    assert all(p is q for p, q in zip(D_X[-1].parameters(), D_Y[-1].parameters(), strict=True))
    z = mg.randn(8, cogan.LATENT)

    def games(z_X, z_Y):
        """The losses of the two generators"""
        return [-F.mean(F.logsigmoid(D(G(z)))) for D, G, z in ((D_X, G_X, z_X), (D_Y, G_Y, z_Y))]

    for_x, for_y = games(z, z)
    _, for_other_pairs = games(z, z[RNG.permutation(8)])
    assert for_other_pairs.item() == pytest.approx(for_y.item(), rel=1e-12)
    together = mg.grad(sum(games(z, z)), shared)
    apart = zip(mg.grad(for_x, shared), mg.grad(for_y, shared))
    for g, (of_x, of_y) in zip(together, apart):
        np.testing.assert_allclose(g.numpy(), of_x.numpy() + of_y.numpy(), rtol=1e-9, atol=1e-12)


def test_lapgan_the_bands_make_the_picture_and_have_nothing_in_common():
    """x = l + h to rounding, in every size; h is orthogonal to all that is enlarged, so that the
    squares of the bands add up to those of x; a band's loss has no gradient in another's G."""
    lapgan = script("lapgan")
    x = RNG.random((5, 1, 16, 16))
    bands = lapgan.pyramid(x, 3)
    assert [band.shape[2] for band, _ in bands] == [4, 8, 16]
    rebuilt = bands[0][0].numpy()
    energy = (rebuilt ** 2).sum()
    for picture, l in bands[1:]:
        h = (picture - l).numpy()
        np.testing.assert_allclose(lapgan.up(rebuilt), l.numpy(), atol=1e-14)
        rebuilt = lapgan.up(rebuilt) + h
        assert abs((h * l.numpy()).sum()) < 1e-12
        energy = 4 * energy + (h ** 2).sum()            # each pixel is now four
    np.testing.assert_allclose(rebuilt, x, atol=1e-14)
    assert energy == pytest.approx((x ** 2).sum(), rel=1e-12)

    game = lapgan.new_game()
    (_, _), (_, l) = lapgan.pyramid(x, 2)
    loss = F.mean(lapgan.judge(game.D[1], lapgan.make(game.G[1], l, 5), l))
    others = mg.grad(loss, game.G.parameters(), allow_unused=True)
    of_coarse = len(game.G[0].parameters())
    assert all(g is None for g in others[:of_coarse])
    assert not any(g is None for g in others[of_coarse:])
