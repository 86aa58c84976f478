"""DCGAN: the rules with which convolutional networks learned the game, above all one of them.

Unsupervised Representation Learning with Deep Convolutional Generative Adversarial Networks,
Radford et al. 2015, arXiv 1511.06434.

    h -> γ (h − mean of the batch) / (standard deviation of the batch) + β,      in every channel

Nothing in Algorithm 1 says what networks G and D are, and with convolutions the game went wrong
until these rules were found: strides in place of pooling, no hidden dense layers, batch
normalisation in both networks but not where pictures come out of G or go into D, ReLU in G and
LeakyReLU in D. The paper calls the normalisation critical: without it G makes the same picture from
every z. What differs between the pictures of a batch is little at first, and the mean and the
deviation of the batch are what a normalised layer takes out and brings to 1, so that z keeps its
say. D, too, then sees each picture beside the others of its batch, and real and generated ones come
to it in batches of their own.

Reduced here: digits of 16 × 16 pixels, two convolutions in each network, weights as the engine
draws them, pixels from a sigmoid; the paper's arithmetic with faces and its features for other
tasks are left out.

The control is the same without normalisation (and with a bias in its place): after 500 steps it
does make one picture from every z, later some smears. At this size it is normalisation that counts,
and not convolution: dense networks of 128 and 128 units, normalised in G, cover 0.35 to 0.39 of the
real pictures in as many steps and a quarter of the time (five seeds), with blurred strokes.

    python demos/zoo/dcgan.py           under a minute on two cores; --seeds 5: the table's row
"""

import itertools
import math
from types import SimpleNamespace

from house import digits, pictures, run
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import (BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, LeakyReLU, ReLU,
                            Reshape, Sequential, Sigmoid)
from minigen.metrics import density_coverage, frechet_distance

M, LATENT, CHANNELS, SHOWN = 64, 32, 16, 1000
ROW = Row(idea="batch normalisation", control="the same without", mark=0.35, gap=0.2)
CLOSED_FORM = ("D",), {"D": 2 * math.log(2), "G": math.log(2)}     # the losses while D is 0


# %% The networks
def new_game(idea=True):
    """G: z (m, 32) -> pictures (m, 1, 16, 16).   D: pictures -> logits (m, 1)"""
    c, step = CHANNELS, dict(stride=2, padding=1)

    def normal(channels):
        return [BatchNorm(channels)] if idea else []                # <- DCGAN: normalise

    G = Sequential(
        Dense(LATENT, 2 * c * 4 * 4, bias=not idea), Reshape(2 * c, 4, 4), *normal(2 * c), ReLU(),
        ConvTranspose2d(2 * c, c, 4, **step, bias=not idea), *normal(c), ReLU(),
        ConvTranspose2d(c, 1, 4, **step), Sigmoid())
    D = Sequential(
        Conv2d(1, c, 4, **step), LeakyReLU(0.2),
        Conv2d(c, 2 * c, 4, **step, bias=not idea), *normal(2 * c), LeakyReLU(0.2),
        Flatten(), Dense(2 * c * 4 * 4, 1))
    return SimpleNamespace(G=G, D=D, G_optimizer=adam(1e-3, G), D_optimizer=adam(1e-3, D))


def batches():
    """Real pictures (m, 1, 16, 16), endlessly"""
    return mg.data.Batches(digits.small()[0], size=M)


# %% Algorithm 1, as it is in gan.py
def iteration(game, x):
    """Phase 1 and phase 2 on real pictures x: the losses that D and G descended, by name"""
    G, D = game.G, game.D
    x, z = mg.tensor(x), mg.randn(len(x), LATENT)               # phase 1: D
    with mg.frozen(G):
        fake = G(z)
    d_loss = -F.mean(F.logsigmoid(D(x))) - F.mean(F.logsigmoid(-D(fake)))
    game.D_optimizer.step(mg.grad(d_loss, D.parameters()))

    z = mg.randn(len(x), LATENT)                                # phase 2: G
    with mg.frozen(D):
        logits = D(G(z))
    g_loss = -F.mean(F.logsigmoid(logits))
    game.G_optimizer.step(mg.grad(g_loss, G.parameters()))
    return {"D": d_loss, "G": g_loss}


# %% The effect: pictures like the real ones, and unlike each other
def play(idea, steps):
    """Pictures (n, 1, 16, 16) of a trained G"""
    game = new_game(idea)
    for x in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x)
    with mg.no_grad():
        return mg.to_numpy(game.G(mg.randn(SHOWN, LATENT)))


def real():
    """As many real ones"""
    return next(mg.data.Batches(digits.small()[0], size=SHOWN))


def measure(made):
    """How much of what is real was made, and how near the two distributions are, in pixels"""
    test, made = (each.reshape(SHOWN, -1) for each in (digits.small("test")[0][:SHOWN], made))
    return {"share of real pictures with a generated one near (coverage)":
            density_coverage(test, made).coverage,
            "Fréchet distance of the pixels": frechet_distance(test, made)}


def draw(axes, made):
    """50 pictures"""
    pictures.show(axes, made[:50], columns=10)


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=1000, panel=(5, 2.9))
