"""CoGAN: two generators that share their first layers make pairs, though no pair was ever seen.

Coupled Generative Adversarial Networks, Liu & Tuzel 2016, arXiv 1606.07536.

    min over G_X, G_Y, max over D_X, D_Y of   V(D_X, G_X) + V(D_Y, G_Y)
    with the first layers of G_X and G_Y the same, and the last layers of D_X and D_Y

There are pictures of two kinds, X and Y, but nobody says which x belongs to which y. V contains
nothing about pairs either: two separate games would have the same value. What ties them is the
networks alone. A generator decides in its first layers what there is to see, and in its last how it
looks; a discriminator reads the other way round. So (G_X(z), G_Y(z)) is one decision drawn in two
ways, as long as that is the easiest way to satisfy both D.

Here X are light shapes on dark, Y dark shapes on light, and all layers are shared but the last of G
and the first of D, as for the paper's digits. A dense last layer can still turn one shape into
another: with dense networks 44% of the pairs agreed. A convolution sees too little for that.
Reduced: smaller networks, and D sees slightly noisy pictures.

The control is two GANs that share nothing, and are given the same z.

    python demos/zoo/cogan.py           under a minute; --seeds 5: the row of the table
"""

import functools
import itertools
import math
from types import SimpleNamespace

import numpy as np
from house import drawings, judges, pictures, run
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import (BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, LeakyReLU, ReLU,
                            Reshape, Sequential, Sigmoid)

M, LATENT, CHANNELS, NOISE, STEP = 64, 16, 16, 0.1, dict(stride=2, padding=1)
ROW = Row(idea="shared layers", control="nothing shared", mark=0.85, gap=0.5, real="the true pairs")
CLOSED_FORM = ("D",), {"D": 4 * math.log(2), "G": 2 * math.log(2)}  # of two games, while D is 0
UNPAIRED = True                             # x and y have nothing to do with each other


# %% The networks
def beginning():
    """z (m, 16) -> (m, 16, 8, 8): what there is to see"""
    c = CHANNELS
    return Sequential(
        Dense(LATENT, 2 * c * 4 * 4, bias=False), Reshape(2 * c, 4, 4), BatchNorm(2 * c), ReLU(),
        ConvTranspose2d(2 * c, c, 4, **STEP, bias=False), BatchNorm(c), ReLU())


def ending():
    """(m, 16, 8, 8) -> logits (m, 1)"""
    c = CHANNELS
    return Sequential(Conv2d(c, 2 * c, 4, **STEP, bias=False), BatchNorm(2 * c), LeakyReLU(0.2),
                      Flatten(), Dense(2 * c * 4 * 4, 1))


def new_game(idea=True):
    """G: two generators z -> pictures (m, 1, 16, 16).   D: two discriminators pictures -> logits"""
    first, last = [beginning(), beginning()], [ending(), ending()]
    if idea:
        first[1], last[1] = first[0], last[0]                       # <- CoGAN: the same layers
    G = Sequential(*(Sequential(begin, ConvTranspose2d(CHANNELS, 1, 4, **STEP), Sigmoid())
                     for begin in first))
    D = Sequential(*(Sequential(noisy, Conv2d(1, CHANNELS, 4, **STEP), LeakyReLU(0.2), end)
                     for end in last))
    return SimpleNamespace(G=G, D=D, G_optimizer=adam(1e-3, G), D_optimizer=adam(1e-3, D))


def noisy(x):
    return x + NOISE * mg.randn(*x.shape)


def drawn(n):
    """n random drawings in the middle of the picture, as factors"""
    return drawings.factors(n, spread=0.12)


def batches():
    """(x, y): real pictures of both kinds, each of its own drawings, endlessly"""
    X, Y = drawings.render(**drawn(4000)), drawings.render(**drawn(4000), negative=True)
    return zip(mg.data.Batches(X, size=M), mg.data.Batches(Y, size=M))


# %% Algorithm 1, for two games at once
def iteration(game, x, y):
    """Phase 1 and phase 2 on real x and y that have nothing to do with each other: the losses that
    both D and both G descended"""
    (G_X, G_Y), (D_X, D_Y) = game.G, game.D
    x, y, z = mg.tensor(x), mg.tensor(y), mg.randn(len(x), LATENT)          # phase 1: both D
    with mg.frozen(game.G):
        fake_x, fake_y = G_X(z), G_Y(z)
    d_loss = (-F.mean(F.logsigmoid(D_X(x))) - F.mean(F.logsigmoid(-D_X(fake_x)))
              - F.mean(F.logsigmoid(D_Y(y))) - F.mean(F.logsigmoid(-D_Y(fake_y))))
    game.D_optimizer.step(mg.grad(d_loss, game.D.parameters()))

    z = mg.randn(len(x), LATENT)                                            # phase 2: both G
    with mg.frozen(game.D):
        for_x, for_y = D_X(G_X(z)), D_Y(G_Y(z))
    g_loss = -F.mean(F.logsigmoid(for_x)) - F.mean(F.logsigmoid(for_y))
    game.G_optimizer.step(mg.grad(g_loss, game.G.parameters()))
    return {"D": d_loss, "G": g_loss}


# %% The effect: does one z show the same drawing in both ways?
def play(idea, steps):
    """(G_X(z), G_Y(z)) of new z after training"""
    game = new_game(idea)
    for x, y in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x, y)
    z = mg.randn(1000, LATENT)
    with mg.no_grad():
        return tuple(mg.to_numpy(G(z)) for G in game.G)


def real():
    """The same drawings in both ways"""
    factors = drawn(1000)
    return drawings.render(**factors), drawings.render(**factors, negative=True)


@functools.cache
def judges_of_kind():
    """Two judges for X and two for Y, that have seen real pictures only: name -> the pair"""
    factors = drawn(4000)
    for_x, for_y = (judges.both(drawings.render(**factors, negative=negative), factors["kind"])
                    for negative in (False, True))
    return {name: (for_x[name], for_y[name]) for name in for_x}


def measure(made):
    """How often a pair is of the same kind, by two pairs of judges, and how far it is from a true
    pair in its pixels"""
    x, y = made
    same = {f"share of pairs of the same kind, {name}": float((for_x(x) == for_y(y)).mean())
            for name, (for_x, for_y) in judges_of_kind().items()}
    return same | {"mean distance to the true partner": float(abs(y - (1 - x)).mean())}


def draw(axes, made):
    """Two rows of pairs, G_X(z) above G_Y(z)"""
    rows = [each[start:start + 10] for start in (0, 10) for each in made]
    pictures.show(axes, np.concatenate(rows), columns=10)


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=400, panel=(5, 2.6))
