"""BiGAN: D judges pairs (x, z), and the encoder becomes the inverse of G.

Adversarial Feature Learning, Donahue et al. 2016, arXiv 1605.09782.

    min over G, E, max over D of   V(D, E, G) = E log D(x, E(x)) + E log(1 − D(G(z), z))

A GAN makes x from z but cannot say which z would make a given x. Here an encoder E plays as well:
D sees a real x beside E(x), or a z beside G(z), and says which pair it is. Nobody compares x with
G(E(x)). But if D cannot tell the pairs apart, their joint distributions are the same, and since
both E and G are functions, E has to undo G. In phase 2 G and E want the opposite of what D wants,
each for its own pair; both move. The rates fall to 0 in the second half of the steps: at a fixed
rate one seed in five ended with an E that was no inverse (0.43 of the points came back).

The control gives D the same x and the same z, in the wrong pairs: E(x) of another x, G(z) beside
another z. Then both halves can look right, and what belongs to what is never judged.

    python demos/zoo/bigan.py           half a minute; --seeds 5: the row of the table
"""

import itertools
import math
from types import SimpleNamespace

import numpy as np
from house import classes, run
from house.exhibit import Row, exhibit
from house.networks import adam
from shared.networks import in_batches

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential

M, LATENT, HIDDEN, STEPS = 128, 2, 128, 4000
ROW = Row(idea="D judges pairs (x, z)", control="in wrong pairs", mark=0.6, gap=0.2,
          real="a perfect inverse")
CLOSED_FORM = ("D",), {"D": 2 * math.log(2), "G": 2 * math.log(2)}     # the losses while D is 0


# %% The networks
def new_game(idea=True):
    """G: z (m, 2) -> points (m, 2).   E: points -> z (m, 2).
    D: (point, z) (m, 2 + 2) -> logits (m, 1)"""
    G, E = (Sequential(Dense(2, HIDDEN), ReLU(), Dense(HIDDEN, HIDDEN), ReLU(), Dense(HIDDEN, 2))
            for _ in range(2))
    D = Sequential(Dense(2 + LATENT, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, HIDDEN),
                   LeakyReLU(0.2), Dense(HIDDEN, 1))
    rate = mg.optim.linear_decay(3e-3, STEPS // 2, STEPS)
    return SimpleNamespace(G=G, E=E, D=D, paired=idea, G_optimizer=adam(rate, G, E),
                           D_optimizer=adam(rate, D))


def batches():
    """Real points (m, 2), endlessly"""
    return mg.data.Batches(classes.CLEAR, size=M)


def pair(game, x, z):
    """(m, 2 + 2): each x beside its z; in the control beside the next one's"""
    if not game.paired:
        z = F.concatenate([z[1:], z[:1]])
    return F.concatenate([x, z], axis=1)


# %% Algorithm 1 for pairs
def iteration(game, x):
    """Phase 1 and phase 2 on real points x: the losses that D, and G and E (as G), descended"""
    G, E, D = game.G, game.E, game.D
    x = mg.tensor(x)

    z = mg.randn(len(x), LATENT)                                    # phase 1: D
    with mg.frozen(G, E):
        coded, made = pair(game, x, E(x)), pair(game, G(z), z)      # <- BiGAN: pairs
    d_loss = -F.mean(F.logsigmoid(D(coded))) - F.mean(F.logsigmoid(-D(made)))
    game.D_optimizer.step(mg.grad(d_loss, D.parameters()))

    z = mg.randn(len(x), LATENT)                                    # phase 2: G and E
    with mg.frozen(D):
        coded, made = D(pair(game, x, E(x))), D(pair(game, G(z), z))
    g_loss = -F.mean(F.logsigmoid(-coded)) - F.mean(F.logsigmoid(made))     # <- BiGAN: E moves too
    game.G_optimizer.step(mg.grad(g_loss, game.G_optimizer.parameters))
    return {"D": d_loss, "G": g_loss}


# %% The effect: is E the inverse of G?
def play(idea, steps):
    """(new points x, G(E(x)), z, E(G(z)))"""
    game = new_game(idea)
    for x in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x)
    x, z = classes.CLEAR.sample(classes.POINTS), mg.to_numpy(mg.randn(classes.POINTS, LATENT))
    return (x, in_batches(game.G, in_batches(game.E, x)),
            z, in_batches(game.E, in_batches(game.G, z)))


def real():
    """What a perfect inverse does"""
    x = classes.CLEAR.sample(classes.POINTS)
    return x, x, x, x


def measure(made):
    """Whether x comes back from E and G, and z from G and E"""
    x, x_again, z, z_again = made
    home = classes.posterior(x_again).argmax(1) == classes.posterior(x).argmax(1)
    return {"share of points that come back to their own mode": float(home.mean()),
            "median of |x − G(E(x))|": float(np.median(np.hypot(*(x - x_again).T))),
            "median of |z − E(G(z))|": float(np.median(np.hypot(*(z - z_again).T)))}


def draw(axes, made):
    """A line from every x to G(E(x)), in the colour of the mode of x"""
    x, x_again, *_ = (each[:400] for each in made)
    for mode, colour in enumerate(classes.COLOURS):
        rows = classes.posterior(x).argmax(1) == mode
        axes.plot(*np.stack([x[rows], x_again[rows]]).transpose(2, 0, 1), color=colour, alpha=0.3,
                  linewidth=0.7)
    classes.draw(axes, (x_again, classes.posterior(x).argmax(1)))


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=STEPS)
