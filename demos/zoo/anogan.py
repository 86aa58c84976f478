"""AnoGAN: what no z can make is strange.

Unsupervised Anomaly Detection with Generative Adversarial Networks to Guide Marker Discovery,
Schlegl et al. 2017, arXiv 1703.05921.

    score of x = min over z of   (1 − λ) ‖x − G(z)‖₁ + λ ‖f(x) − f(G(z))‖₁,      λ = 0.1

G and D learn from normal pictures only, by the plain game. Then nothing learns any more: for each
new x a z is searched, by gradient descent through the fixed G and f, whose picture is nearest to x
in its pixels and in f, the features below D's last layer. What is left of the distance says how
strange x is, and |x − G(z)| where. Here normal are drawings of four kinds, and in every strange one
a square of 4 × 4 pixels is in negative, so that its normal counterpart is known to the pixel.
Reduced: 200 steps of search in place of 500, and dense networks.

The control is the same search through a G that has learned nothing. What the search itself adds is
not seen at this size: the best of 400 random z, and D's verdict without any z, find the strange
pictures as well on the average of five seeds (further figures). But D does not say where.

    python demos/zoo/anogan.py          a quarter of a minute; --seeds 5: the row of the table
"""

import itertools
import math
from types import SimpleNamespace

import numpy as np
from house import drawings, pictures, run
from house.exhibit import Row, exhibit
from house.networks import adam
from shared.latent_search import search
from shared.networks import in_batches

import minigen as mg
from minigen import functional as F
from minigen.layers import BatchNorm, Dense, LeakyReLU, ReLU, Sequential, Sigmoid
from minigen.metrics import auroc

M, LATENT, HIDDEN, NOISE, SEARCH, RESTARTS, WEIGHT, SIDE = 64, 16, 128, 0.05, 200, 2, 0.1, 4
ROW = Row(idea="can any z of G make it?", control="a G that has learned nothing", mark=0.75,
          gap=0.2, real="the normal counterpart")
CLOSED_FORM = ("D",), {"D": 2 * math.log(2), "G": math.log(2)}     # the losses while D is 0


# %% The networks
def new_game(idea=True):
    """G: z (m, 16) -> pictures (m, 256).   f: pictures -> features (m, 128), and on top of it
    D: logits (m, 1)"""
    G = Sequential(Dense(LATENT, HIDDEN, bias=False), BatchNorm(HIDDEN), ReLU(),
                   Dense(HIDDEN, HIDDEN, bias=False), BatchNorm(HIDDEN), ReLU(),
                   Dense(HIDDEN, 256), Sigmoid())
    f = Sequential(Dense(256, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, HIDDEN), LeakyReLU(0.2))
    D = Dense(HIDDEN, 1)
    return SimpleNamespace(G=G, f=f, D=D, G_optimizer=adam(1e-3, G), D_optimizer=adam(1e-3, f, D))


def normal(n):
    """n normal pictures (n, 256)"""
    return drawings.render(**drawings.factors(n, spread=0.12)).reshape(n, 256)


def batches():
    """Normal pictures (m, 256), endlessly"""
    return mg.data.Batches(normal(4000), size=M)


def noisy(x):
    return x + NOISE * mg.randn(*x.shape)


# %% Algorithm 1, as it is in gan.py, and the score that comes after it
def iteration(game, x):
    """Phase 1 and phase 2 on normal pictures x: the losses that D (with f) and G descended"""
    G, f, D = game.G, game.f, game.D
    x, z = mg.tensor(x), mg.randn(len(x), LATENT)                   # phase 1: D
    with mg.frozen(G):
        fake = G(z)
    d_loss = (-F.mean(F.logsigmoid(D(f(noisy(x)))))
              - F.mean(F.logsigmoid(-D(f(noisy(fake))))))
    game.D_optimizer.step(mg.grad(d_loss, game.D_optimizer.parameters))

    z = mg.randn(len(x), LATENT)                                    # phase 2: G
    with mg.frozen(f, D):
        logits = D(f(noisy(G(z))))
    g_loss = -F.mean(F.logsigmoid(logits))
    game.G_optimizer.step(mg.grad(g_loss, G.parameters()))
    return {"D": d_loss, "G": g_loss}


def best_of_random(game, x, n):
    """The same score (len(x),) with the best of n random z in place of a search"""
    drawn = in_batches(game.G, mg.randn(n, LATENT))
    of_x, of_drawn = (in_batches(game.f, each) for each in (x, drawn))
    return np.array([((1 - WEIGHT) * abs(drawn - picture).sum(1)
                      + WEIGHT * abs(of_drawn - features).sum(1)).min()
                     for picture, features in zip(x, of_x)])


# %% The effect: are the strange pictures found, and what is strange about them?
def examined():
    """(pictures (300, 256), their normal counterparts (300, 256)); the last 150 are strange"""
    counterparts = normal(300)
    x = counterparts.copy().reshape(-1, 16, 16)
    for picture in x[150:]:
        top, left = mg.random.generator().integers(3, 13 - SIDE, size=2)
        square = picture[top:top + SIDE, left:left + SIDE]
        square[:] = 1 - square
    return x.reshape(-1, 256), counterparts


def play(idea, steps):
    """(pictures, their counterparts, the nearest that was found, score, and two other scores)"""
    game = new_game(idea)
    if idea:
        for x in run.progress(itertools.islice(batches(), steps), total=steps):
            iteration(game, x)
    game.G.eval()
    x, counterparts = examined()
    score, nearest = search(game.G, game.f, x, LATENT, SEARCH, RESTARTS, WEIGHT)    # <- AnoGAN
    verdict = -in_batches(lambda x: game.D(game.f(x)), x)[:, 0]
    return x, counterparts, nearest, score, best_of_random(game, x, SEARCH * RESTARTS), verdict


def real():
    """The same if the normal counterpart were found"""
    x, counterparts = examined()
    score = abs(x - counterparts).sum(1)
    return x, counterparts, counterparts, score, score, score


def measure(made):
    """How often a strange picture, or pixel of one, has a higher score than a normal one"""
    x, counterparts, nearest, *scores = made
    strange, changed = np.arange(300) >= 150, abs(x - counterparts) > 0.5
    names = ("AUROC of the strange pictures", "... by the best of as many random z",
             "... by D's verdict")
    return {name: float(auroc(score, strange)) for name, score in zip(names, scores)} | {
        "AUROC of the pixels of strange pictures":
        float(auroc(abs(x - nearest)[150:].ravel(), changed[150:].ravel())),
        "mean |x − G(z)| of normal pictures": float(abs(x - nearest)[:150].mean())}


def draw(axes, made):
    """Five normal and five strange pictures, the nearest that was found, and what is left"""
    x, _, nearest, *_ = (each[145:155].reshape(10, -1) for each in made)
    rows = np.concatenate([x, nearest, abs(x - nearest)]).reshape(-1, 16, 16)
    pictures.show(axes, rows, columns=10)
    axes.set_yticks([10, 28, 46], ["x", "G(z)", "|x − G(z)|"])


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=1500, panel=(5.2, 2.4))
