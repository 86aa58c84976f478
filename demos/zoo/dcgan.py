"""DCGAN: the rules with which convolutions learn to generate.

Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks,
Radford et al. 2015, arXiv 1511.06434.

    strides in place of pooling · batch normalisation in both, but not at G's output nor at D's input
    · no hidden dense layers · ReLU and tanh in G, LeakyReLU in D · Adam with momentum ½

Nothing in Algorithm 1 changes but the two networks. Convolutions had failed in GANs before; these
rules are what the authors found to work, over many trials. The one that matters most at this size
is normalisation: a batch whose features have mean 0 and variance 1 cannot be all the same, and
every layer gets a gradient of the right size. The paper's networks have 4 to 5 such layers for
64 × 64 pixels and its rate is 2·10⁻⁴; these have 3 for 16 × 16, and learn faster.

The control has the same convolutions without normalisation (and biases instead).

    python demos/zoo/dcgan.py           half a minute on two cores; --seeds 5: the table's row
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
                            Reshape, Sequential, Tanh)
from minigen.metrics import density_coverage

M, LATENT, CHANNELS, SHOWN = 32, 16, 16, 500
ROW = Row(idea="batch normalisation", control="the same without", mark=0.3, gap=0.1)
CLOSED_FORM = ("D",), {"D": 2 * math.log(2), "G": math.log(2)}      # while D is 0


# %% The networks
def new_game(idea=True):
    """G: z (m, 16) -> pictures (m, 1, 16, 16) in −1..1.   D: pictures -> logits (m, 1)"""
    c, step = CHANNELS, dict(stride=2, padding=1)

    def normal(layer, *arguments, features, **options):             # <- DCGAN: a layer and its rule
        return [layer(*arguments, **options, bias=not idea)] + [BatchNorm(features)] * idea

    G = Sequential(
        *normal(Dense, LATENT, 2 * c * 4 * 4, features=2 * c * 4 * 4), ReLU(), Reshape(2 * c, 4, 4),
        *normal(ConvTranspose2d, 2 * c, c, 4, **step, features=c), ReLU(),
        ConvTranspose2d(c, 1, 4, **step), Tanh())
    D = Sequential(
        Conv2d(1, c, 4, **step), LeakyReLU(0.2),
        *normal(Conv2d, c, 2 * c, 4, **step, features=2 * c), LeakyReLU(0.2),
        Flatten(), Dense(2 * c * 4 * 4, 1))
    return SimpleNamespace(G=G, D=D, G_optimizer=adam(1e-3, G), D_optimizer=adam(5e-4, D))


def real_pictures(n):
    """n drawings in −1..1, and their kinds"""
    factors = drawings.factors(n)
    return 2 * drawings.render(**factors) - 1, factors["kind"]


def batches():
    """Real pictures (m, 1, 16, 16), endlessly"""
    return mg.data.Batches(real_pictures(4000)[0], size=M)


# %% Algorithm 1, as it was
def iteration(game, x):
    """Phase 1 and phase 2 on real pictures x: the losses that D and G descended, by name"""
    G, D = game.G, game.D
    x, z = mg.tensor(x), mg.randn(len(x), LATENT)                       # phase 1: D
    with mg.frozen(G):
        fake = G(z)
    d_loss = -F.mean(F.logsigmoid(D(x))) - F.mean(F.logsigmoid(-D(fake)))
    game.D_optimizer.step(mg.grad(d_loss, D.parameters()))

    z = mg.randn(len(x), LATENT)                                        # phase 2: G
    with mg.frozen(D):
        g_loss = -F.mean(F.logsigmoid(D(G(z))))
    game.G_optimizer.step(mg.grad(g_loss, G.parameters()))
    return {"D": d_loss, "G": g_loss}


# %% The effect: are there pictures like the real ones, of all of them?
def play(idea, steps):
    """Pictures (n, 1, 16, 16) of a trained G"""
    game = new_game(idea)
    for x in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x)
    with mg.no_grad(), mg.frozen(game.G):
        return mg.to_numpy(game.G(mg.randn(SHOWN, LATENT)))


def real():
    """As many real ones"""
    return real_pictures(SHOWN)[0]


@functools.cache
def reference():
    """Real pictures to compare with, and a judge of their kinds that has seen real ones only"""
    images, kinds = real_pictures(4000)
    return images[:SHOWN], judges.learned(images, kinds)


def measure(images):
    """How many real pictures have a generated one in their neighbourhood (Naeem et al. 2020)"""
    others, judge = reference()
    found = density_coverage(others.reshape(SHOWN, -1), images.reshape(SHOWN, -1))
    shares = np.bincount(judge(images), minlength=4) / SHOWN
    return {"share of real pictures with a generated one near (coverage)": found.coverage,
            "density": found.density, "share of the rarest kind": float(shares.min())}


def draw(axes, images):
    """40 pictures"""
    pictures.show(axes, (images[:40] + 1) / 2, columns=10)


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=500, panel=(4.2, 2.2))
