"""BS-GAN: a generator of zeros and ones, whose samples are weighted by D's odds.

Boundary-Seeking Generative Adversarial Networks, Hjelm et al. 2017, arXiv 1702.08431.

    G descends  −E_z Σ_k w_k log g(x_k | z),     x_k ~ g(x | z),     w_k ∝ D(x_k) / (1 − D(x_k))

A zero or a one has no slope: no gradient passes through a sample to G. But G knows the probability
of each of its samples, and D's odds D/(1 − D) say by how much the data have more of it: p/q, if D
is the best one. So G draws several samples for each z, weights them by their odds (normalised, and
held fixed), and makes the weighted ones likelier, as if they were data. At the boundary D = ½ all
weights are equal, and nothing is left to learn.

Data: bars and stripes, the 62 pictures of 5 × 5 pixels whose rows, or whose columns, are each
black or white. A picture made by chance is one of them once in 541,000 times.

The control weights all samples alike: G makes likelier whatever it drew, and is told nothing.

What is not seen at this size is that D needs samples. If it is given the probabilities, so that the
gradient can pass, G draws as many valid pictures (0.82 to 0.87 in five seeds; BS-GAN 0.83 to 0.91
in ten) and more kinds of them: its distance to the uniform distribution, the second figure, is 0.49
to 0.50, BS-GAN's 0.58 to 0.80. And without batch normalisation in G neither draws more than 6 of
the 62, at several rates; nor does BS-GAN with 64 samples.

    python demos/zoo/bs_gan.py          half a minute; --seeds 5: the row of the table
"""

import itertools
import math
from types import SimpleNamespace

import numpy as np
from house import pictures, run
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import BatchNorm, Dense, LeakyReLU, ReLU, Sequential

M, LATENT, HIDDEN, SIDE, SAMPLES, SHOWN = 64, 8, 128, 5, 16, 2000
ROW = Row(idea="samples, weighted by D's odds", control="all samples weigh the same", mark=0.7,
          gap=0.6)
CLOSED_FORM = ("G", "D"), {"D": 2 * math.log(2), "G": SIDE ** 2 * math.log(2)}    # while both are 0


# %% The data, and the networks
def patterns():
    """The 62 pictures (62, 25) of zeros and ones"""
    lines = np.array([*itertools.product((0, 1), repeat=SIDE)], np.float32)
    bars = np.repeat(lines[:, None], SIDE, axis=1)                          # (32, 5, 5)
    both = np.concatenate([bars, bars.swapaxes(1, 2)]).reshape(-1, SIDE ** 2)
    return np.unique(both, axis=0)


def batches():
    """Real pictures (m, 25), endlessly"""
    return mg.data.Batches(np.tile(patterns(), (64, 1)), size=M)


def new_game(idea=True):
    """G: z (m, 8) -> logits of the pixels (m, 25).   D: pictures (m, 25) -> logits (m, 1)"""
    G = Sequential(Dense(LATENT, HIDDEN, bias=False), BatchNorm(HIDDEN), ReLU(),
                   Dense(HIDDEN, HIDDEN, bias=False), BatchNorm(HIDDEN), ReLU(),
                   Dense(HIDDEN, SIDE ** 2))
    D = Sequential(Dense(SIDE ** 2, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, HIDDEN),
                   LeakyReLU(0.2), Dense(HIDDEN, 1))
    return SimpleNamespace(G=G, D=D, idea=idea, G_optimizer=adam(3e-3, G),
                           D_optimizer=adam(3e-3, D))


def draw_pixels(logits):
    """One sample (m, 25) of zeros and ones for each row of logits (m, 25): a constant"""
    chances = F.sigmoid(logits).data
    return (mg.random.uniform(0, 1, chances.shape) < chances).astype(chances.dtype)


# %% Algorithm 1 for a G that draws
def iteration(game, x):
    """Phase 1 and phase 2 on real pictures x: the losses that D and G descended, by name"""
    G, D = game.G, game.D
    x, z = mg.tensor(x), mg.randn(len(x), LATENT)                       # phase 1: D
    with mg.frozen(G):
        fake = draw_pixels(G(z))
    d_loss = -F.mean(F.logsigmoid(D(x))) - F.mean(F.logsigmoid(-D(mg.tensor(fake))))
    game.D_optimizer.step(mg.grad(d_loss, D.parameters()))

    z = mg.randn(len(x), LATENT)                                        # phase 2: G
    logits = F.stack([G(z)] * SAMPLES, axis=1)                          # (m, samples, 25)
    samples = draw_pixels(logits)
    with mg.no_grad():
        odds = F.softmax(D(mg.tensor(samples))[:, :, 0], dim=1)         # normalised for each z
    weights = odds if game.idea else 1 / SAMPLES                        # <- BS-GAN: D's odds
    signs = 2 * samples - 1                                             # log σ(l) or log σ(−l)
    log_g = F.sum(F.logsigmoid(signs * logits), axis=2)
    g_loss = -F.mean(F.sum(weights * log_g, axis=1))                    # <- BS-GAN: as if data
    game.G_optimizer.step(mg.grad(g_loss, G.parameters()))
    return {"D": d_loss, "G": g_loss}


# %% The effect: are the pictures that are drawn valid, and all of them?
def play(idea, steps):
    """Pictures (n, 25) drawn by a trained G"""
    game = new_game(idea)
    for x in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x)
    with mg.no_grad():
        return mg.to_numpy(draw_pixels(game.G(mg.randn(SHOWN, LATENT))))


def real():
    """As many real ones"""
    return mg.random.generator().choice(patterns(), size=SHOWN)


def measure(made):
    """How many are bars or stripes, and how evenly they are spread over all there are"""
    equal = (made[:, None] == patterns()).all(axis=2)
    spread = 0.5 * (abs(equal.mean(0) - 1 / 62).sum() + 1 - equal.sum() / len(made))
    return {"share of the pictures drawn that are bars or stripes": float(equal.sum() / len(made)),
            "distance to the uniform distribution over 62 (total variation)": float(spread)}


def draw(axes, made):
    """40 pictures"""
    grey = 0.1 + 0.7 * made[:40]                        # ones are light, and told from the frame
    pictures.show(axes, grey.reshape(-1, SIDE, SIDE), columns=10, pad=1)


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=3000, panel=(4.2, 2.2))
