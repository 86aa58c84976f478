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

Here the real points are 8 clusters and K = 8, G stays within ±3, and the figure is how many points
end in the class of their own cluster. On the paper's circles in each other (K = 2) neither D found
the circles: in three seeds each, with G in bounds or free, both cut straight through them.

The control is D with the first two terms alone, which know of no generated points.

    python demos/zoo/cat_gan.py         a quarter of a minute; --seeds 5: the row of the table
"""

import itertools
import math
from types import SimpleNamespace

import numpy as np
from house import classes, judges, run
from house.exhibit import Row, exhibit
from house.networks import adam
from matplotlib.colors import to_rgb
from shared.networks import in_batches
from shared.pictures import plt

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential

M, LATENT, HIDDEN, K, REACH = 128, 2, 64, classes.COUNT, 3.0
ROW = Row(idea="unsure of what was made", control="sure of what is real, no more", mark=0.75,
          gap=0.03)
CLOSED_FORM = ("D",), {"D": -math.log(K), "G": 0.0}     # while D is 0: all entropies are log K


# %% The networks
def new_game(idea=True):
    """G: z (m, 2) -> points (m, 2) within ±3.   D: points (m, 2) -> logits of K classes (m, 8)"""
    G = Sequential(Dense(LATENT, HIDDEN), ReLU(), Dense(HIDDEN, HIDDEN), ReLU(), Dense(HIDDEN, 2),
                   lambda x: REACH * F.tanh(x))
    D = Sequential(Dense(2, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, HIDDEN), LeakyReLU(0.2),
                   Dense(HIDDEN, K))
    return SimpleNamespace(G=G, D=D, weight=1.0 if idea else 0.0, G_optimizer=adam(1e-3, G),
                           D_optimizer=adam(1e-3, D))


def batches():
    """Real points (m, 2), endlessly. Which cluster each is of is not told."""
    return mg.data.Batches(classes.CLEAR, size=M)


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


# %% The effect: is every cluster a class?
def play(idea, steps):
    """(clusters (n,) of real points, p(y | point) (n, 8), p(y | place) on a lattice, G's points)"""
    game = new_game(idea)
    for x in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x)
    points, clusters = classes.labelled(classes.POINTS)
    p, p_places = (in_batches(lambda x: F.softmax(game.D(x), 1), x) for x in (points, places()))
    return clusters, p, p_places, in_batches(game.G, mg.randn(500, LATENT))


def real():
    """The same of a D that knows the clusters"""
    points, clusters = classes.labelled(classes.POINTS)
    return clusters, classes.posterior(points), classes.posterior(places()), points[:500]


def places():
    """A lattice over the plane (61², 2)"""
    ticks = np.linspace(-REACH, REACH, 61)
    return np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)


def measure(made):
    """How well the classes are the clusters: each stands for one, the best match of all."""
    clusters, p, *_ = made
    return {"share of points whose class is their cluster":
            judges.agreement(p.argmax(1), clusters, K)}


def draw(axes, made):
    """The plane in the colours of the classes, grey where D is unsure; what was made in black."""
    *_, p, points = made
    colours = p @ np.array([to_rgb(colour) for colour in classes.COLOURS])
    axes.imshow(colours.reshape(61, 61, 3), origin="lower", extent=2 * (-REACH, REACH), alpha=0.6)
    axes.scatter(*points.T, s=4, color="black", linewidths=0)
    for mean in classes.CLEAR.means:
        axes.add_patch(plt.Circle(mean, 3 * classes.CLEAR.std, fill=False, color="white"))
    axes.set(xlim=(-3, 3), ylim=(-3, 3), xticks=(-2, 0, 2), yticks=(-2, 0, 2))


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=2000)
