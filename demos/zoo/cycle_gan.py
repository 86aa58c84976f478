"""CycleGAN: two translators without a dictionary, and there and back must lead home.

Unpaired Image-to-Image Translation using Cycle-Consistent Adversarial Networks, Zhu et al. 2017,
arXiv 1703.10593.

    min over G, H, max over D_X, D_Y of   L(G, D_Y) + L(H, D_X) + λ L_cycle
    L_cycle = E |H(G(x)) − x| + E |G(H(y)) − y|

G translates X to Y and H (the paper's F) back. There are pictures of both kinds but no pairs, so
D_Y can only ask that G(x) looks like *some* y: a G that turns every x into the same few y would do.
The cycle asks that x can be made again from G(x), so that nothing of it is lost. It does not say
which y belongs to x: that comes from the networks, for which some maps are easier than others.
As in the paper the losses are squared (LSGAN), λ = 10, and the critics see translations from a pool
of 50. Its networks are smaller, with batch instead of instance normalisation.

Here X are light shapes on dark, Y dark shapes on light, and the true translation of a drawing is
known: the same drawing in negative. The control is λ = 0.

    python demos/zoo/cycle_gan.py       under a minute on two cores; --seeds 5: the table's row
"""

import functools
import itertools
from types import SimpleNamespace

import numpy as np
from house import drawings, judges, pictures, run
from house.exhibit import Row, exhibit
from house.history import Pool
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import (BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, LeakyReLU, ReLU,
                            Sequential, Sigmoid)

M, CHANNELS = 16, 16
ROW = Row(idea="there and back leads home (λ = 10)", control="λ = 0: no way back", mark=0.7,
          gap=0.2, real="the true translation")
CLOSED_FORM = ("D_X", "D_Y"), {"D": 1.0}   # the loss while both D are 0: ½ (0 − 1)² + ½ 0² of each
UNPAIRED = True                             # x and y have nothing to do with each other


# %% The networks
def translator():
    """pictures (m, 1, 16, 16) -> pictures"""
    c, step = CHANNELS, dict(stride=2, padding=1)
    return Sequential(
        Conv2d(1, c, 4, **step, bias=False), BatchNorm(c), ReLU(),
        Conv2d(c, 2 * c, 4, **step, bias=False), BatchNorm(2 * c), ReLU(),
        ConvTranspose2d(2 * c, c, 4, **step, bias=False), BatchNorm(c), ReLU(),
        ConvTranspose2d(c, 1, 4, **step), Sigmoid())


def critic():
    """pictures (m, 1, 16, 16) -> (m, 1): 1 for real ones, 0 for translations"""
    c, step = CHANNELS, dict(stride=2, padding=1)
    return Sequential(Conv2d(1, c, 4, **step), LeakyReLU(0.2),
                      Conv2d(c, 2 * c, 4, **step), LeakyReLU(0.2),
                      Flatten(), Dense(2 * c * 4 * 4, 1))


def new_game(idea=True):
    """G: X -> Y.   H: Y -> X.   D_X, D_Y: critics of the two kinds"""
    G, H, D_X, D_Y = translator(), translator(), critic(), critic()
    return SimpleNamespace(
        G=G, H=H, D_X=D_X, D_Y=D_Y, weight=10.0 if idea else 0.0, pool_X=Pool(50), pool_Y=Pool(50),
        G_optimizer=adam(1e-3, G, H), D_optimizer=adam(5e-4, D_X, D_Y))


def batches():
    """(x, y): real pictures of both kinds, each of its own drawings, endlessly"""
    X = drawings.render(**drawings.factors(2000))
    Y = drawings.render(**drawings.factors(2000), negative=True)
    return zip(mg.data.Batches(X, size=M), mg.data.Batches(Y, size=M))


def squared(x, target):
    return F.mean((x - target) ** 2)


# %% Algorithm 1 for two games at once, and the term that ties them together
def iteration(game, x, y):
    """Phase 1 and phase 2 on real x and y that have nothing to do with each other: the losses that
    the critics (D) and the translators (G) descended"""
    G, H, D_X, D_Y = game.G, game.H, game.D_X, game.D_Y
    x, y = mg.tensor(x), mg.tensor(y)

    with mg.frozen(G, H):                                       # phase 1: D_X and D_Y
        fake_x, fake_y = game.pool_X.exchange(H(y)), game.pool_Y.exchange(G(x))
    d_loss = 0.5 * (squared(D_X(x), 1) + squared(D_X(fake_x), 0)
                    + squared(D_Y(y), 1) + squared(D_Y(fake_y), 0))
    game.D_optimizer.step(mg.grad(d_loss, game.D_optimizer.parameters))

    fake_x, fake_y = H(y), G(x)                                 # phase 2: G and H
    with mg.frozen(D_X, D_Y):
        g_loss = squared(D_X(fake_x), 1) + squared(D_Y(fake_y), 1)
    cycle = F.mean(F.abs(H(fake_y) - x)) + F.mean(F.abs(G(fake_x) - y))
    g_loss = g_loss + game.weight * cycle                       # <- CycleGAN: there and back
    game.G_optimizer.step(mg.grad(g_loss, game.G_optimizer.parameters))
    return {"D": d_loss, "G": g_loss}


# %% The effect: is the translation that of the same drawing?
def play(idea, steps):
    """(x, G(x), H(G(x)), factors of x) of new drawings x after training"""
    game = new_game(idea)
    for x, y in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x, y)
    factors = drawings.factors(500)
    x = drawings.render(**factors)
    with mg.no_grad(), mg.frozen(game.G, game.H):
        y = game.G(mg.tensor(x))
        return x, mg.to_numpy(y), mg.to_numpy(game.H(y)), factors


def real():
    """The true translation, and the true way back"""
    factors = drawings.factors(500)
    x = drawings.render(**factors)
    return x, drawings.render(**factors, negative=True), x, factors


@functools.cache
def judges_of_kind():
    """Two judges that have seen real pictures of Y only"""
    factors = drawings.factors(4000)
    return judges.both(drawings.render(**factors, negative=True), factors["kind"])


def measure(made):
    """What of the drawing is kept: its kind, by two judges, and its pixels."""
    x, y, back, factors = made
    kept = {f"share of translations that kept their kind, {name}":
            float((judge(y) == factors["kind"]).mean())
            for name, judge in judges_of_kind().items()}
    return kept | {"mean distance to the true translation":
                   float(abs(y - drawings.render(**factors, negative=True)).mean()),
                   "mean distance of there and back": float(abs(back - x).mean())}


def draw(axes, made):
    """Rows: x, its translation G(x), and back again H(G(x))."""
    pictures.show(axes, np.concatenate([each[:10] for each in made[:3]]), columns=10)
    axes.set_yticks([10, 28, 46], ["x", "G(x)", "H(G(x))"])


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=500, panel=(5.2, 2.4))
