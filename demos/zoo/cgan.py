"""CGAN: both networks are told what is wanted.

Conditional Generative Adversarial Nets, Mirza & Osindero 2014, arXiv 1411.1784.

    min over G, max over D of   V(D, G) = E log D(x | y) + E log(1 − D(G(z | y) | y))

A GAN learns p(x), and nobody can ask it for a sample of a certain kind. Here x comes with a label
y, and both networks read it beside their other input. D can then object not only to what does not
look real but also to a real-looking sample of another class: for every y there is a game of its
own, V = Σ p(y) V(y), and in each the best D is p(x|y) / (p(x|y) + q(x|y)). It is not enough to
tell G: only D can make it listen. Reduced here: points instead of digits.

The control has the same networks and tells y to G only: D reads zeros in its place.

    python demos/zoo/cgan.py            a few seconds; --seeds 5: the row of the table
"""

import itertools
import math
from types import SimpleNamespace

from house import classes, run
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential

M, LATENT, HIDDEN, CLASSES = 128, 2, 64, classes.COUNT
ROW = Row(idea="G and D are told the class", control="only G is told", mark=0.9, gap=0.5)
CLOSED_FORM = ("D",), {"D": 2 * math.log(2), "G": math.log(2)}     # the losses while D is 0


# %% The networks
def new_game(idea=True):
    """G: (z, y) (m, 2 + 8) -> points (m, 2).   D: (point, y) (m, 2 + 8) -> logits (m, 1)"""
    G = Sequential(Dense(LATENT + CLASSES, HIDDEN), ReLU(), Dense(HIDDEN, HIDDEN), ReLU(),
                   Dense(HIDDEN, 2))
    D = Sequential(Dense(2 + CLASSES, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, HIDDEN),
                   LeakyReLU(0.2), Dense(HIDDEN, 1))
    return SimpleNamespace(G=G, D=D, told=1.0 if idea else 0.0, G_optimizer=adam(1e-3, G),
                           D_optimizer=adam(1e-3, D))


def batches():
    """Real points (m, 2) and their classes (m,), endlessly"""
    return mg.data.Batches(*classes.labelled(20_000), size=M)


def beside(x, y):
    """Points or noise, and beside each what it is or shall become"""
    return F.concatenate([x, y], axis=1)


# %% Algorithm 1, where both networks read y
def iteration(game, x, y):
    """Phase 1 and phase 2 on real points x of classes y: the losses that D and G descended"""
    G, D = game.G, game.D
    x, y = mg.tensor(x), classes.one_hot(y)
    y_for_D = game.told * y

    with mg.frozen(G):                                              # phase 1: D
        fake = G(beside(mg.randn(len(x), LATENT), y))
    real_logits = D(beside(x, y_for_D))                             # <- CGAN: D(x | y)
    fake_logits = D(beside(fake, y_for_D))                          # <- CGAN: D(G(z | y) | y)
    d_loss = -F.mean(F.logsigmoid(real_logits)) - F.mean(F.logsigmoid(-fake_logits))
    game.D_optimizer.step(mg.grad(d_loss, D.parameters()))

    z = mg.randn(len(x), LATENT)                                    # phase 2: G
    with mg.frozen(D):
        logits = D(beside(G(beside(z, y)), y_for_D))                # <- CGAN: D(G(z | y) | y)
    g_loss = -F.mean(F.logsigmoid(logits))
    game.G_optimizer.step(mg.grad(g_loss, G.parameters()))
    return {"D": d_loss, "G": g_loss}


# %% The effect: does G make what it is asked for?
def play(idea, steps):
    """(points, the classes that were asked for) of a trained G"""
    game = new_game(idea)
    for x, y in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x, y)
    y = classes.asked()
    with mg.no_grad():
        points = game.G(beside(mg.randn(len(y), LATENT), classes.one_hot(y)))
    return mg.to_numpy(points), y


def real():
    """As many real points, and what they are"""
    return classes.labelled(classes.POINTS)


if __name__ == "__main__":
    exhibit(ROW, play, real, classes.found, classes.draw, __doc__, steps=1000)
