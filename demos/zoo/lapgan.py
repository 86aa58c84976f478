"""LAPGAN: one GAN makes a small picture, the next adds the detail of the next size, and so on.

Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks, Denton et al. 2015,
arXiv 1506.05751.

    l = up(down(x)),   h = x − l:     x = l + h
    coarsest size: the plain game;    every other: G(z, l) against D(x, l), with h̃ = G(z, l)

A picture is split into bands, as in a Laplacian pyramid: a small picture, and for every doubling of
its size the difference h to what enlarging it gives. Each band is a game of its own, and all but
the first are told l, the enlarged *real* small picture. So the games do not wait for each other;
only afterwards are the generators stacked, each on what the one before has made. To make h for a
given l is easier than to make x at once.

Here: drawings of 16 × 16 pixels, bands of 8 × 8 and 16 × 16, means of 2 × 2 pixels in place of a
blur, dense networks. D sees x and l, from which it could compute h.

The control is one GAN for the whole picture, with as many weights and steps. No effect was found at
this size: the Fréchet distance is no smaller with bands, seed by seed now one and now the other is
ahead, and their noise in the dark covers fewer real pictures. Nor was it on digits (one seed each):
with 2 or 3 dense bands a distance of 5.3 and 6.0, with 2 of convolutions 4.2 to 5.5, the control
3.6 to 3.9. With D's rate at 2e-3 for both and 1,500 steps the bands were ahead in two seeds, 4.1
and 3.9 against 6.2 and 15.9: the control suffers more from a fast D, and so is given a slower one.

    python demos/zoo/lapgan.py          under a minute; --seeds 5: the row of the table
"""

import itertools
import math
from types import SimpleNamespace

from house import drawings, pictures, run
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import BatchNorm, Dense, LeakyReLU, ReLU, Reshape, Sequential, Sigmoid
from minigen.metrics import density_coverage, frechet_distance

M, LATENT, SHOWN = 64, 16, 1000
ROW = Row(idea="8 × 8 first, then its detail", control="16 × 16 at once", mark=None,
          less=True)
CLOSED_FORM = ("D",), {"D": 4 * math.log(2), "G": 2 * math.log(2)}  # of two games, while D is 0


# %% The networks
def players(size, hidden, told=0):
    """G: z, and l of `told` pixels where there is one -> pictures (m, 1, size, size), or h for
    them.   D: pictures, and l -> logits (m, 1)"""
    G = [Dense(LATENT + told, hidden, bias=False), BatchNorm(hidden), ReLU(),
         Dense(hidden, hidden, bias=False), BatchNorm(hidden), ReLU(), Dense(hidden, size * size)]
    D = [Dense(size * size + told, hidden), LeakyReLU(0.2), Dense(hidden, hidden), LeakyReLU(0.2),
         Dense(hidden, 1)]
    return Sequential(*G, *([] if told else [Sigmoid()]), Reshape(1, size, size)), Sequential(*D)


def new_game(idea=True):
    """G, D: those of every band, the coarsest first"""
    bands = [players(8, 128), players(16, 128, told=256)] if idea else [players(16, 220)]
    G, D = (Sequential(*networks) for networks in zip(*bands))
    rate = 2e-3 if idea else 1e-3                                   # at 2e-3 the control is worse
    return SimpleNamespace(G=G, D=D, G_optimizer=adam(1e-3, G), D_optimizer=adam(rate, D))


def batches():
    """Real pictures (m, 1, 16, 16), endlessly"""
    return mg.data.Batches(drawings.render(**drawings.factors(4000)), size=M)


def up(x):
    return F.interpolate(x, scale_factor=2)


def pyramid(x, count):
    """[(picture, l or None)] of `count` bands of pictures x (m, 1, 16, 16), the coarsest first"""
    bands = []
    for _ in range(count - 1):
        m, _, height, width = x.shape
        small = x.reshape(m, 1, height // 2, 2, width // 2, 2).mean((3, 5))
        bands.append((mg.tensor(x), mg.tensor(up(small))))
        x = small
    return [(mg.tensor(x), None), *reversed(bands)]


# %% Algorithm 1, once for every band
def make(G, l, m):
    """m pictures: of z alone, or of z and l (m, 1, s, s)"""
    z = mg.randn(m, LATENT)
    if l is None:
        return G(z)
    return l + G(F.concatenate([z, l.reshape(m, -1)], axis=1))      # <- LAPGAN: the detail of l


def judge(D, x, l):
    """Logits (m, 1) of pictures x, given l"""
    both = [each.reshape(len(x), -1) for each in (x, l) if each is not None]
    return D(F.concatenate(both, axis=1))


def iteration(game, x):
    """Phase 1 and phase 2 on real pictures x (m, 1, 16, 16): the losses that the D and the G of all
    bands descended; no band's loss depends on another's networks"""
    m, bands = len(x), pyramid(x, len(game.G))
    d_loss = g_loss = 0
    for G, D, (real, l) in zip(game.G, game.D, bands):                  # phase 1: every D
        with mg.frozen(G):
            fake = make(G, l, m)
        d_loss = d_loss - (F.mean(F.logsigmoid(judge(D, real, l)))
                           + F.mean(F.logsigmoid(-judge(D, fake, l))))
    game.D_optimizer.step(mg.grad(d_loss, game.D.parameters()))

    for G, D, (_, l) in zip(game.G, game.D, bands):                     # phase 2: every G
        with mg.frozen(D):
            logits = judge(D, make(G, l, m), l)
        g_loss = g_loss - F.mean(F.logsigmoid(logits))
    game.G_optimizer.step(mg.grad(g_loss, game.G.parameters()))
    return {"D": d_loss, "G": g_loss}


# %% The effect: how near are the pictures to the real ones?
def play(idea, steps):
    """Pictures (n, 1, 16, 16) of the trained generators, each on what the one before has made"""
    game, x = new_game(idea), None
    for batch in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, batch)
    with mg.no_grad():
        for G in game.G:
            x = make(G, None if x is None else up(x), SHOWN)
    return mg.to_numpy(x)


def real():
    """As many real ones"""
    return drawings.render(**drawings.factors(SHOWN))


def measure(made):
    """How much of what is real was made, and how near the two distributions are, in pixels"""
    test, made = (x.reshape(SHOWN, -1) for x in (drawings.render(**drawings.factors(SHOWN)), made))
    return {"Fréchet distance of the pixels": frechet_distance(test, made),
            "share of real pictures with a generated one near (coverage)":
            density_coverage(test, made).coverage}


def draw(axes, made):
    """50 pictures"""
    pictures.show(axes, made[:50], columns=10)


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=1000, panel=(5, 2.9))
