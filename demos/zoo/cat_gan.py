"""CatGAN: D sorts what it sees into K classes, and is unsure only of what was made.

Unsupervised and Semi-supervised Learning with Categorical Generative Adversarial Networks,
Springenberg 2015, arXiv 1511.06390.

    D ascends   H[E p(y | x)] − E H[p(y | x)] + E H[p(y | G(z))]
    G ascends   H[E p(y | G(z))] − E H[p(y | G(z))]

D has K outputs and none of them means "generated". Of real x it shall be sure (small H of each)
and use all its classes (large H of the mean): that is the information between x and y, at most
log K. There are many ways to be sure, though, and a straight cut through the data is the easiest.
So D shall also be *unsure* of what G makes, while G makes what D is sure of: the cut between two
classes has to lie where G finds nothing that looks real. No label is ever seen.

As in the paper the data are circles in each other, on which k-means, and information alone, fail.
The control is D with the first two terms: no generated points.

    python demos/zoo/cat_gan.py         a few seconds; --seeds 5: the row of the table
"""

import itertools
import math
from types import SimpleNamespace

import numpy as np
from house import judges, run
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import BatchNorm, Dense, LeakyReLU, ReLU, Sequential

M, LATENT, HIDDEN, K, NOISE = 128, 2, 64, 2, 0.08
ROW = Row(idea="unsure of what was made", control="sure of real points, nothing else", mark=None)
CLOSED_FORM = ("D",), {"D": -math.log(K), "G": 0.0}     # while D is 0: all entropies are log K


# %% The networks
def new_game(idea=True):
    """G: z (m, 2) -> points (m, 2).   D: points (m, 2) -> logits of K classes (m, K)"""
    G = Sequential(Dense(LATENT, HIDDEN), ReLU(), Dense(HIDDEN, HIDDEN), ReLU(), Dense(HIDDEN, 2))
    D = Sequential(Dense(2, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, HIDDEN), LeakyReLU(0.2),
                   Dense(HIDDEN, K))
    return SimpleNamespace(G=G, D=D, weight=1.0 if idea else 0.0, G_optimizer=adam(1e-3, G),
                           D_optimizer=adam(1e-3, D))


def circles(n):
    """(points float32 (n, 2), which of the K circles each is of (n,))"""
    rng = mg.random.generator()
    which, angle = rng.integers(K, size=n), rng.uniform(0, 2 * np.pi, n)
    radius = 1 + which + NOISE * rng.standard_normal(n)
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1).astype(np.float32), which


def batches():
    """Real points (m, 2), endlessly. Which circle each is of is not told."""
    return mg.data.Batches(circles(20_000)[0], size=M)


# %% Algorithm 1, and the two entropies
def mean_entropy(logits):
    """E H[p(y | x)]: how unsure D is of a point, on average"""
    log_p = F.log_softmax(logits, 1)
    return -F.mean(F.sum(F.exp(log_p) * log_p, axis=1))


def entropy_of_the_mean(logits):
    """H[E p(y | x)]: how evenly D uses its classes"""
    p = F.mean(F.softmax(logits, 1), axis=0)
    return -F.sum(p * F.log(p))


def iteration(game, x):
    """Phase 1 and phase 2 on real points x (m, 2): the losses that D and G descended, by name"""
    G, D = game.G, game.D
    with mg.frozen(G):                                              # phase 1: D
        fake = G(mg.randn(len(x), LATENT))
    logits = D(mg.tensor(x))
    d_loss = mean_entropy(logits) - entropy_of_the_mean(logits)     # <- CatGAN: sure of real x
    d_loss = d_loss - game.weight * mean_entropy(D(fake))           # <- CatGAN: unsure of G(z)
    game.D_optimizer.step(mg.grad(d_loss, D.parameters()))

    with mg.frozen(D):                                              # phase 2: G
        logits = D(G(mg.randn(len(x), LATENT)))
    g_loss = mean_entropy(logits) - entropy_of_the_mean(logits)     # <- CatGAN: D is to be sure
    game.G_optimizer.step(mg.grad(g_loss, G.parameters()))
    return {"D": d_loss, "G": g_loss}


# %% The effect: is every circle a class?
def play(idea, steps):
    """(points, the circles they are of, p(y | point) of a trained D, on a lattice p(y | place))"""
    game = new_game(idea)
    for x in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x)
    points, which = circles(2000)
    with mg.no_grad():
        return (points, which, mg.to_numpy(F.softmax(game.D(mg.tensor(points)), 1)),
                mg.to_numpy(F.softmax(game.D(mg.tensor(PLACES)), 1)),
                mg.to_numpy(game.G(mg.randn(1000, LATENT))))


TICKS = np.linspace(-3, 3, 61, dtype=np.float32)
PLACES = np.stack(np.meshgrid(TICKS, TICKS), -1).reshape(-1, 2)


def measure(made):
    points, which, p, *_ = made
    return {"share of points whose class is their circle": judges.agreement(p.argmax(1), which, K),
            'info': math.log(2)-float(-(p*np.log(p+1e-9)).sum(1).mean())}


def real():
    points, which = circles(2000)
    return points, which, np.eye(K)[which], np.eye(K)[(np.hypot(*PLACES.T) > 1.5).astype(int)], points


def draw(axes, made):
    points, which, p, places, fake = made
    axes.pcolormesh(TICKS, TICKS, places[:, 1].reshape(61, 61), cmap="coolwarm", vmin=0, vmax=1, alpha=.5)
    axes.scatter(*points.T, s=3, c=which, cmap="coolwarm")
    axes.scatter(*fake.T, s=3, c="k")


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=2000)
