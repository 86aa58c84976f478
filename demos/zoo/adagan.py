"""AdaGAN: each generator is trained on what the ones before it missed, and all of them are mixed.

AdaGAN: Boosting Generative Models, Tolstikhin et al. 2017, arXiv 1701.02386.

    w_i = (λ − (1 − β) h(d_i))₊ / (β N),    h(d) = (1 − d)/d,    Σ w_i = 1,    β = 1/t

A GAN that has found some of the modes can stay there. AdaGAN leaves it as it is and trains another
one: an example x_i counts the less, the likelier the mixture so far makes it. How likely is told
by a classifier of data against samples of the mixture: if d is its probability for data, h(d) is
the ratio of the densities, mixture to data. Weights are cut at zero, and λ is the one number for
which they sum to 1. The t-th generator enters with weight 1/t, so that all count the same in the
end. Each of the six is small and trained for 700 steps, so that one alone misses modes, and most of
its samples lie between them. What is measured is where the mixture is, not how sharp: each sample
counts for its nearest mode, and the shares of the modes are compared with equal ones (KL).

The control trains as many generators, as long, with equal weights, and mixes them too (bagging).
Of twenty seeds (0 to 19) AdaGAN is ahead in nineteen, and keeps mark and gap in seventeen.

    python demos/zoo/adagan.py          a quarter of a minute; --seeds 5: the table's row
"""

import itertools
import math
from types import SimpleNamespace

import numpy as np
from house import rings, run
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.data import grid
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential
from minigen.metrics import mode_coverage

M, LATENT, HIDDEN, COMPONENTS, N = 128, 2, 32, 6, 8000
GRID = grid(side=5, spacing=1.0, std=0.1)
ROW = Row(idea="weights for what was missed", control="equal weights (bagging)", mark=0.04,
          gap=0.01, less=True)
CLOSED_FORM = ("D",), {"D": 2 * math.log(2), "G": math.log(2)}      # while D is 0


# %% The networks
def judge():
    """points (m, 2) -> logits (m, 1)"""
    return Sequential(Dense(2, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, HIDDEN), LeakyReLU(0.2),
                      Dense(HIDDEN, 1))


def new_game(idea=True):
    """G: z (m, 2) -> points (m, 2).   D: points (m, 2) -> logits (m, 1)"""
    G = Sequential(Dense(LATENT, HIDDEN), ReLU(), Dense(HIDDEN, HIDDEN), ReLU(), Dense(HIDDEN, 2))
    D = judge()
    return SimpleNamespace(G=G, D=D, G_optimizer=adam(4e-3, G), D_optimizer=adam(4e-3, D))


def batches(data=None, weights=None):
    """Real points (m, 2), endlessly: each of `data` (n, 2) with its weight (n,)"""
    data = GRID.sample(N) if data is None else data
    while True:                                             # p=None: all the same
        yield mg.random.generator().choice(data, size=M, p=weights)     # <- AdaGAN: by weight


# %% Algorithm 1, as it was
def iteration(game, x):
    """Phase 1 and phase 2 on real points x (m, 2): the losses that D and G descended, by name"""
    G, D = game.G, game.D
    x, z = mg.tensor(x), mg.randn(len(x), LATENT)
    with mg.frozen(G):
        fake = G(z)
    d_loss = -F.mean(F.logsigmoid(D(x))) - F.mean(F.logsigmoid(-D(fake)))
    game.D_optimizer.step(mg.grad(d_loss, D.parameters()))

    z = mg.randn(len(x), LATENT)
    with mg.frozen(D):
        g_loss = -F.mean(F.logsigmoid(D(G(z))))
    game.G_optimizer.step(mg.grad(g_loss, G.parameters()))
    return {"D": d_loss, "G": g_loss}


# %% The boosting around it
def mixture_to_data(data, made, steps):
    """h(d) (n,) of all data (n, 2): a classifier learns to tell them from the mixture's samples"""
    C = judge()
    optimizer = adam(5e-3, C, momentum=0.9)
    rng = mg.random.generator()
    for _ in range(steps):
        x, fake = (mg.tensor(rng.choice(points, size=2 * M)) for points in (data, made))
        loss = -F.mean(F.logsigmoid(C(x))) - F.mean(F.logsigmoid(-C(fake)))
        optimizer.step(mg.grad(loss, C.parameters()))
    with mg.no_grad():
        return np.exp(-mg.to_numpy(C(mg.tensor(data)))[:, 0].astype(float))


def boosted(h, beta):
    """w (n,) of h (n,): (λ − (1 − β) h)₊ / (β n), with the λ for which they sum to 1"""
    rest = (1 - beta) * np.sort(h)
    lambdas = (beta * len(h) + rest.cumsum()) / np.arange(1, len(h) + 1)    # if so many are kept
    kept = (lambdas > rest).sum()
    w = np.maximum(lambdas[kept - 1] - (1 - beta) * h, 0)
    return w / w.sum()


def play(idea, steps):
    """Points of all the generators, one after the other"""
    data, made, weights = GRID.sample(N), np.empty((0, 2), np.float32), None
    for t in run.progress(range(1, COMPONENTS + 1)):
        if idea and t > 1:
            weights = boosted(mixture_to_data(data, made, steps // 2), 1 / t)
        game = new_game(idea)
        for x in itertools.islice(batches(data, weights), steps):
            iteration(game, x)
        with mg.no_grad():
            made = np.concatenate([made, mg.to_numpy(game.G(mg.randn(rings.POINTS, LATENT)))])
    return made


def real():
    """As many real points"""
    return GRID.sample(COMPONENTS * rings.POINTS)


def measure(points):
    """Whether every mode has its share of the samples, of the mixture and of its first generator"""
    c = [mode_coverage(each, GRID.means, GRID.std) for each in (points[:rings.POINTS], points)]
    return {"divergence of the samples' modes from equal shares, nats": c[-1].reverse_kl,
            "... of the first generator": c[0].reverse_kl,
            "modes with a fair share of sharp samples, of 25": c[-1].fair_modes,
            "share of samples within 3 std of a mode": c[-1].high_quality}


def draw(axes, points):
    """The points, and where the modes are"""
    axes.scatter(*points[::6].T, s=2, color=rings.COLOURS["generated"], alpha=0.4)
    axes.scatter(*GRID.means.T, s=60, facecolors="none", edgecolors=rings.COLOURS["real"])
    axes.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal", xticks=(-2, 0, 2), yticks=(-2, 0, 2))


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=700)
