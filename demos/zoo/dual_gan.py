"""DualGAN: two translators without a dictionary, and two critics that measure a distance.

DualGAN: Unsupervised Dual Learning for Image-to-Image Translation, Yi et al. 2017,
arXiv 1704.02510.

    min over G, H, max over D_X, D_Y of   E D_Y(y) − E D_Y(G(x)) + E D_X(x) − E D_X(H(y)) + λ R
    R = E |H(G(x)) − x| + E |G(H(y)) − y|               all weights of D_X, D_Y in −c .. c

G translates X to Y and H back, and there and back is to lead home: R is CycleGAN's, found in the
same spring by other people. The game is another one: a critic's output is to be large for real
pictures and small for translations, without a target, and clipped weights allow it to be only so
steep. The best one measures a Wasserstein distance, up to a factor, and has a gradient even where
it is sure (WGAN, Arjovsky et al. 2017). The paper's λ is 100 to 1,000, D steps 2 to 4 times for
each step of G, and dropout in G is the noise; here λ is 5, c is 0.1, they take turns, no noise.

Here X are discs and frames, Y pluses and crosses. Which of these a disc becomes is open: here it is
now this, now that, and H reads the kind of x from smaller things. The control is λ = 0.

    python demos/zoo/dual_gan.py        under a minute on two cores; --seeds 5: the table's row
"""

import functools
import itertools
from types import SimpleNamespace

import numpy as np
from house import drawings, judges, pictures, run
from house.exhibit import Row, exhibit
from shared.networks import parameters_of

import minigen as mg
from minigen import functional as F
from minigen.layers import (BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, LeakyReLU, ReLU,
                            Sequential, Sigmoid)

M, CHANNELS, CLIP = 16, 16, 0.1
ROW = Row(idea="there and back leads home (λ = 5)", control="λ = 0: no way back", mark=0.9, gap=0.4,
          real="as it could be")
CLOSED_FORM = ("D_X", "D_Y"), {"D": 0.0}    # while both critics are 0
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
    """pictures (m, 1, 16, 16) -> (m, 1): larger for real ones. (A last bias would cancel out.)"""
    c, step = CHANNELS, dict(stride=2, padding=1)
    return Sequential(Conv2d(1, c, 4, **step), LeakyReLU(0.2),
                      Conv2d(c, 2 * c, 4, **step), LeakyReLU(0.2),
                      Flatten(), Dense(2 * c * 4 * 4, 1, bias=False))


def new_game(idea=True):
    """G: X -> Y.   H: Y -> X.   D_X, D_Y: critics of the two kinds"""
    G, H, D_X, D_Y = translator(), translator(), critic(), critic()
    return SimpleNamespace(G=G, H=H, D_X=D_X, D_Y=D_Y, weight=5.0 if idea else 0.0,
                           G_optimizer=mg.optim.RMSprop(parameters_of(G, H), 1e-3),
                           D_optimizer=mg.optim.RMSprop(parameters_of(D_X, D_Y), 5e-4))


def drawn(n, of_y=False):
    """Factors of n drawings, of X's kinds (discs, frames) or of Y's (pluses, crosses)"""
    factors = drawings.factors(n)
    return factors | {"kind": factors["kind"] % 2 + 2 * of_y}


def batches():
    """(x, y): real pictures of both sides, each of its own drawings, endlessly"""
    X, Y = (drawings.render(**drawn(2000, of_y)) for of_y in (False, True))
    return zip(mg.data.Batches(X, size=M), mg.data.Batches(Y, size=M))


def clip(*critics):
    """Put every weight that is beyond ±c back onto the bound."""
    for p in parameters_of(*critics):
        p.data = p.data.clip(-CLIP, CLIP)


# %% Algorithm 1 with critics, for two games at once
def iteration(game, x, y):
    """Phase 1 and phase 2 on real x and y that have nothing to do with each other: the losses that
    the critics (D) and the translators (G) descended"""
    G, H, D_X, D_Y = game.G, game.H, game.D_X, game.D_Y
    x, y = mg.tensor(x), mg.tensor(y)

    with mg.frozen(G, H):                                       # phase 1: D_X and D_Y
        fake_x, fake_y = H(y), G(x)
    d_loss = (F.mean(D_X(fake_x)) - F.mean(D_X(x))              # <- DualGAN: critics, as in WGAN
              + F.mean(D_Y(fake_y)) - F.mean(D_Y(y)))
    game.D_optimizer.step(mg.grad(d_loss, game.D_optimizer.parameters))
    clip(D_X, D_Y)                                              # <- DualGAN: not too steep

    fake_x, fake_y = H(y), G(x)                                 # phase 2: G and H
    with mg.frozen(D_X, D_Y):
        g_loss = -F.mean(D_X(fake_x)) - F.mean(D_Y(fake_y))
    back = F.mean(F.abs(H(fake_y) - x)) + F.mean(F.abs(G(fake_x) - y))
    g_loss = g_loss + game.weight * back                        # <- DualGAN: there and back
    game.G_optimizer.step(mg.grad(g_loss, game.G_optimizer.parameters))
    return {"D": d_loss, "G": g_loss}


# %% The effect: does a drawing come home?
def play(idea, steps):
    """(x, G(x), H(G(x)), kinds of x) of new drawings x after training"""
    game = new_game(idea)
    for x, y in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x, y)
    factors = drawn(500)
    x = drawings.render(**factors)
    with mg.no_grad(), mg.frozen(game.G, game.H):
        y = game.G(mg.tensor(x))
        return x, mg.to_numpy(y), mg.to_numpy(game.H(y)), factors["kind"]


def real():
    """A plus for each disc and a cross for each frame, in its place and of its size; and back"""
    factors = drawn(500)
    x = drawings.render(**factors)
    return x, drawings.render(**factors | {"kind": factors["kind"] + 2}), x, factors["kind"]


@functools.cache
def judges_of_kind():
    """Two judges that have seen real pictures of all four kinds only"""
    factors = drawings.factors(4000)
    return judges.both(drawings.render(**factors), factors["kind"])


def measure(made):
    """Whether x comes home as its kind, whether G(x) is of Y's kinds, and tells which x's was"""
    x, y, back, kinds = made
    home = {f"share of drawings that come home as their kind, {name}":
            float((judge(back) == kinds).mean()) for name, judge in judges_of_kind().items()}
    seen = judges_of_kind()["by a network"](y)
    return home | {"share of translations of Y's kinds": float((seen >= 2).mean()),
                   "share of translations whose kind tells the drawing's":
                   judges.agreement(kinds, seen, len(drawings.KINDS)),
                   "mean distance of there and back": float(abs(back - x).mean())}


def draw(axes, made):
    """Rows: x, its translation G(x), and back again H(G(x))."""
    pictures.show(axes, np.concatenate([each[:10] for each in made[:3]]), columns=10)
    axes.set_yticks([10, 28, 46], ["x", "G(x)", "H(G(x))"])


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=800, panel=(5.2, 2.4))
