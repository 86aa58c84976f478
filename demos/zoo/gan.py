"""GAN: two networks learn in turn, and one is the other's loss.

Generative Adversarial Networks, Goodfellow et al. 2014, arXiv 1406.2661.

    min over G, max over D of   V(D, G) = E log D(x) + E log(1 − D(G(z)))

A generator needs to be told how its samples differ from the data. No formula for that is written
down: a second network, D, learns it, and goes on learning it as G changes. This script is the root
of the zoo: every other changes a line of it. Phase 2 descends −log D(G(z)) as the paper does in
practice: with logits s, the gradient of log(1 − D) is −D and that of −log D is −(1 − D), so the
first vanishes just when D rejects the sample (tests/zoo checks it to rounding).

The control makes the same updates of D and of G, but not in turn: D learns all it can about the
untrained G and is then fixed, so that G has a loss like any other, and moves to its maximum.

    python demos/zoo/gan.py             a quarter of a minute; --seeds 5: the row of the table
"""

import itertools
import math
from types import SimpleNamespace

from house import rings, run
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential

M, LATENT, HIDDEN = 128, 2, 64
ROW = Row(idea="D and G in turn", control="all of D's steps, then all of G's", mark=6, gap=4)
CLOSED_FORM = ("D",), {"D": 2 * math.log(2), "G": math.log(2)}     # the losses while D is 0


# %% The networks
def new_game(idea=True):
    """G: z (m, 2) -> points (m, 2).   D: points (m, 2) -> logits (m, 1)"""
    G = Sequential(Dense(LATENT, HIDDEN), ReLU(), Dense(HIDDEN, HIDDEN), ReLU(), Dense(HIDDEN, 2))
    D = Sequential(Dense(2, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, HIDDEN), LeakyReLU(0.2),
                   Dense(HIDDEN, 1))
    return SimpleNamespace(G=G, D=D, G_optimizer=adam(1e-3, G), D_optimizer=adam(1e-3, D))


def batches():
    """Real points (m, 2), endlessly"""
    return mg.data.Batches(rings.RING, size=M)


# %% Algorithm 1
def phase_1(game, x):
    """D ascends V; G is frozen: its samples are data."""
    G, D = game.G, game.D
    x, z = mg.tensor(x), mg.randn(len(x), LATENT)
    with mg.frozen(G):
        fake = G(z)
    loss = -F.mean(F.logsigmoid(D(x))) - F.mean(F.logsigmoid(-D(fake)))     # ascend V: descend −V
    game.D_optimizer.step(mg.grad(loss, D.parameters()))
    return loss


def phase_2(game, m):
    """G descends −log D(G(z)): D is frozen, but the gradient passes through it to G."""
    G, D = game.G, game.D
    z = mg.randn(m, LATENT)                                     # fresh noise
    with mg.frozen(D):
        logits = D(G(z))
    loss = -F.mean(F.logsigmoid(logits))
    game.G_optimizer.step(mg.grad(loss, G.parameters()))
    return loss


def iteration(game, x):
    """Phase 1 and phase 2 on real points x (m, 2): the losses that D and G descended, by name"""
    return {"D": phase_1(game, x), "G": phase_2(game, len(x))}


# %% The effect: in turn, or one after the other
def play(idea, steps):
    """Points of a G after `steps` steps of D and as many of G"""
    game = new_game(idea)
    real = itertools.islice(batches(), steps)
    if idea:
        for x in run.progress(real, total=steps):
            iteration(game, x)
    else:                                                       # the control
        for x in run.progress(real, total=steps):
            phase_1(game, x)
        for _ in run.progress(range(steps)):
            phase_2(game, M)
    with mg.no_grad():
        return mg.to_numpy(game.G(mg.randn(rings.POINTS, LATENT)))


def real():
    """As many real points"""
    return rings.RING.sample(rings.POINTS)


if __name__ == "__main__":
    exhibit(ROW, play, real, rings.found, rings.draw, __doc__, steps=3000)
