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
