"""AEGAN: an encoder learns to invert a finished G, as one half of an autoencoder with G as decoder.

Learning Inverse Mapping by Autoencoder based Generative Adversarial Nets, Luo et al. 2017,
arXiv 1703.10094.

    after the game:   min over E of   E_z ‖G(z) − G(E(G(z)))‖²,      G as it is

Which z made x? G has learned and is not touched any more. Its samples are the inputs of an
autoencoder whose decoder is G itself: only E learns, from as many samples as one likes. What counts
is where E's z *leads*, not whether it is the z that was drawn. Here that is the difference: z has
four numbers and x two, so that many z lead to the same x. Reduced here: points, and E is judged on
G's samples; the paper's pictures and its further terms are left out.

The control is the obvious way, with the same networks and steps: a regression of z on G(z),
min E_z ‖z − E(G(z))‖². Its best answer is the mean of all z that lead to x, and where that leads
nobody has asked.

    python demos/zoo/aegan_inverse.py       a few seconds; --seeds 5: the row of the table
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

M, LATENT, HIDDEN = 128, 4, 64
ROW = Row(idea="G(E(G(z))) is to be G(z)", control="E(G(z)) is to be z", mark=0.12, gap=0.06,
          less=True, real="a perfect inverse")
CLOSED_FORM = ("D",), {"D": 2 * math.log(2), "G": math.log(2)}     # the losses while D is 0


# %% The networks
def new_game(idea=True):
    """G: z (m, 4) -> points (m, 2).   E: points -> z.   D: points -> logits (m, 1)"""
    G = Sequential(Dense(LATENT, HIDDEN), ReLU(), Dense(HIDDEN, HIDDEN), ReLU(), Dense(HIDDEN, 2))
    E = Sequential(Dense(2, HIDDEN), ReLU(), Dense(HIDDEN, HIDDEN), ReLU(), Dense(HIDDEN, LATENT))
    D = Sequential(Dense(2, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, HIDDEN), LeakyReLU(0.2),
                   Dense(HIDDEN, 1))
    return SimpleNamespace(G=G, E=E, D=D, through_G=idea, G_optimizer=adam(1e-3, G),
                           E_optimizer=adam(1e-3, E), D_optimizer=adam(1e-3, D))


def batches():
    """Real points (m, 2), endlessly"""
    return mg.data.Batches(classes.CLEAR, size=M)


# %% Algorithm 1, and what comes after it
def phases_1_and_2(game, x):
    """The game of gan.py on real points x: the losses that D and G descended"""
    G, D = game.G, game.D
    x, z = mg.tensor(x), mg.randn(len(x), LATENT)                   # phase 1: D
    with mg.frozen(G):
        fake = G(z)
    d_loss = -F.mean(F.logsigmoid(D(x))) - F.mean(F.logsigmoid(-D(fake)))
    game.D_optimizer.step(mg.grad(d_loss, D.parameters()))

    z = mg.randn(len(x), LATENT)                                    # phase 2: G
    with mg.frozen(D):
        logits = D(G(z))
    g_loss = -F.mean(F.logsigmoid(logits))
    game.G_optimizer.step(mg.grad(g_loss, G.parameters()))
    return {"D": d_loss, "G": g_loss}


def invert(game, m):
    """A step of E, with G frozen: the gradient passes through it where G decodes."""
    G, E = game.G, game.E
    z = mg.randn(m, LATENT)
    with mg.frozen(G):
        x = G(z)
        if game.through_G:
            loss = F.mean(F.sum((x - G(E(x))) ** 2, axis=1))        # <- AEGAN: where does it lead?
        else:
            loss = F.mean(F.sum((z - E(x)) ** 2, axis=1))
    game.E_optimizer.step(mg.grad(loss, E.parameters()))
    return loss


def iteration(game, x):
    """One step of every player: their losses, by name"""
    return phases_1_and_2(game, x) | {"E": invert(game, len(x))}


# %% The effect: does E invert G?
def play(idea, steps):
    """(G(z), G(E(G(z))), z, E(G(z))) of new z, after `steps` steps of the game and as many of E"""
    game = new_game(idea)
    for x in run.progress(itertools.islice(batches(), steps), total=steps):
        phases_1_and_2(game, x)
    for _ in run.progress(range(steps)):
        invert(game, M)
    z = mg.to_numpy(mg.randn(classes.POINTS, LATENT))
    x = in_batches(game.G, z)
    z_again = in_batches(game.E, x)
    return x, in_batches(game.G, z_again), z, z_again


def real():
    """What a perfect inverse does"""
    x, z = classes.CLEAR.sample(classes.POINTS), mg.to_numpy(mg.randn(classes.POINTS, LATENT))
    return x, x, z, z


def measure(made):
    """How far from a sample E leads, and how far from the z that made it"""
    x, x_again, z, z_again = made
    return {"mean distance of G(E(x)) from x": float(np.hypot(*(x - x_again).T).mean()),
            "mean distance of E(G(z)) from z":
                float(np.sqrt(np.square(z - z_again).sum(1)).mean())}


def draw(axes, made):
    """A line from every sample x of G to G(E(x))"""
    x, x_again, *_ = (each[:400] for each in made)
    axes.plot(*np.stack([x, x_again]).transpose(2, 0, 1), color="0.5", alpha=0.5, linewidth=0.7)
    classes.draw(axes, (x_again, classes.posterior(x).argmax(1)))


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=1000)
