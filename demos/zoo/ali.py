"""ALI: D judges pairs (x, z) where both halves are drawn: z from q(z|x), or x from p(x|z).

Adversarially Learned Inference, Dumoulin et al. 2016, arXiv 1606.00704.

    min over G, E, max over D of   E log D(x, z), z ~ q(z|x)   +   E log(1 − D(x, z)), x ~ p(x|z)
    q(z|x) = N(μ(x), σ²(x)):   z = μ(x) + σ(x) ε,  ε ~ N(0, 1)

BiGAN found the same game at the same time, with an encoder that is a function. ALI's is a
distribution, drawn by reparameterisation as in a VAE, and it has to be: here z has four numbers and
x two, so that many z make the same x. At the optimum q(z|x) is the posterior of what G does; over
all x it adds up to the prior, so that the codes of real data have mean 0 and deviation 1 in every
direction. x comes back from G(z), not exactly but nearby. As in the authors' code both players
descend log-losses that do not saturate.

The control gives D the same x and the same z, in the wrong pairs: what belongs to what is never
judged.

    python demos/zoo/ali.py             a quarter of a minute; --seeds 5: the row of the table
"""

import itertools
import math
from types import SimpleNamespace

import numpy as np
from house import classes, run
from house.exhibit import Row, exhibit
from house.networks import adam
from shared.networks import GaussianEncoder, in_batches

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential

M, LATENT, HIDDEN = 128, 4, 64
ROW = Row(idea="D judges pairs (x, z ~ q(z|x))", control="in wrong pairs", mark=0.65,
          gap=0.4, real="a perfect answer")
CLOSED_FORM = ("D",), {"D": 2 * math.log(2), "G": 2 * math.log(2)}     # the losses while D is 0


# %% The networks
def new_game(idea=True):
    """G: z (m, 4) -> points (m, 2).   E: points -> (μ, log σ²) of z, (m, 4) each.
    D: (point, z) (m, 2 + 4) -> logits (m, 1)"""
    G = Sequential(Dense(LATENT, HIDDEN), ReLU(), Dense(HIDDEN, HIDDEN), ReLU(), Dense(HIDDEN, 2))
    E = GaussianEncoder(Sequential(Dense(2, HIDDEN), ReLU(), Dense(HIDDEN, HIDDEN), ReLU()),
                        HIDDEN, LATENT)
    D = Sequential(Dense(2 + LATENT, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, HIDDEN),
                   LeakyReLU(0.2), Dense(HIDDEN, 1))
    return SimpleNamespace(G=G, E=E, D=D, paired=idea, G_optimizer=adam(3e-3, G, E),
                           D_optimizer=adam(3e-3, D))


def batches():
    """Real points (m, 2), endlessly"""
    return mg.data.Batches(classes.CLEAR, size=M)


def drawn(E, x):
    """z ~ q(z|x), one for each x"""
    mean, log_var = E(x)
    return mean + F.exp(0.5 * log_var) * mg.randn(*mean.shape)


def pair(game, x, z):
    """(m, 2 + 4): each x beside its z; in the control beside the next one's"""
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
        coded, made = pair(game, x, drawn(E, x)), pair(game, G(z), z)     # <- ALI: pairs
    d_loss = -F.mean(F.logsigmoid(D(coded))) - F.mean(F.logsigmoid(-D(made)))
    game.D_optimizer.step(mg.grad(d_loss, D.parameters()))

    z = mg.randn(len(x), LATENT)                                    # phase 2: G and E
    with mg.frozen(D):
        coded, made = D(pair(game, x, drawn(E, x))), D(pair(game, G(z), z))
    g_loss = -F.mean(F.logsigmoid(-coded)) - F.mean(F.logsigmoid(made))     # <- ALI: E moves too
    game.G_optimizer.step(mg.grad(g_loss, game.G_optimizer.parameters))
    return {"D": d_loss, "G": g_loss}


# %% The effect: does a code say what x is?
def play(idea, steps):
    """(new points x, codes z ~ q(z|x), G(z))"""
    game = new_game(idea)
    for x in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x)
    x = classes.CLEAR.sample(classes.POINTS)
    z = in_batches(lambda x: drawn(game.E, x), x)
    return x, z, in_batches(game.G, z)


def real():
    """What comes back perfectly, and codes that are the prior's"""
    x = classes.CLEAR.sample(classes.POINTS)
    return x, mg.to_numpy(mg.randn(classes.POINTS, LATENT)), x


def measure(made):
    """Whether x comes back from its code, and whether the codes are the prior's"""
    x, z, x_again = made
    home = classes.posterior(x_again).argmax(1) == classes.posterior(x).argmax(1)
    return {"share of points that come back to their own mode": float(home.mean()),
            "largest |mean| of the codes": float(abs(z.mean(0)).max()),
            "smallest deviation of the codes": float(z.std(0).min()),
            "largest deviation of the codes": float(z.std(0).max())}


def draw(axes, made):
    """A line from every x to G(z), z ~ q(z|x), in the colour of the mode of x"""
    x, _, x_again = (each[:400] for each in made)
    for mode, colour in enumerate(classes.COLOURS):
        rows = classes.posterior(x).argmax(1) == mode
        axes.plot(*np.stack([x[rows], x_again[rows]]).transpose(2, 0, 1), color=colour, alpha=0.3,
                  linewidth=0.7)
    classes.draw(axes, (x_again, classes.posterior(x).argmax(1)))


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=2000)
