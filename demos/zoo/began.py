"""BEGAN: a controller holds the two errors of an autoencoding D in balance.

BEGAN: Boundary Equilibrium Generative Adversarial Networks, Berthelot et al. 2017,
arXiv 1703.10717.

    D descends  L(x) − k L(G(z)),      G descends  L(G(z)),      L(v) = ‖v − D(v)‖²
    k ← k + λ (γ L(x) − L(G(z))),  in 0 .. 1

D is an autoencoder, and L its error: low for what it thinks real. Left to itself one of the two
wins: with k = 0 D never learns to reject a sample, with k = 1 it can make L(G(z)) as large as it
likes. BEGAN asks for a ratio of the errors, L(G(z)) = γ L(x), and turns k up and down until it is
met, as a thermostat does: proportional control. γ is chosen, and it is the choice between few
kinds of samples, well made (small), and many (large). G's gradient passes through both v of L.
The paper's errors are distances or, as here, their squares. Its λ is 0.001 for some 10⁵ steps; here
it is 1, for 2,000 steps and errors near 0.01. That is too coarse to promise anything: k swings
between its bounds, and the last quarter's mean ratio was 0.05, 0.13 and 0.58 away from γ with three
seeds, 0.64 in the control. With a slower G it stays above γ even at k = 0, and with distances for
errors G is a single picture. Nor is variety gained: at this size G makes few pictures, whatever γ.

The control is λ = 0: k stays where it begins, at 0.

    python demos/zoo/began.py           half a minute on two cores; --seeds 5: the table's row
"""

import itertools
from types import SimpleNamespace

import numpy as np
from house import drawings, pictures, run
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, Flatten, LeakyReLU, Reshape, Sequential, Sigmoid

M, LATENT, HIDDEN, GAMMA = 64, 16, 128, 0.7
ROW = Row(idea="k follows γ = 0.7", control="λ = 0: k stays 0", mark=None, less=True,
          real="γ itself")
CLOSED_FORM = ("G", "D"), {"D": 0.25, "G": 0.0}     # both return ½; data are 0 or 1


# %% The networks
def decoder():
    """(m, 16) -> pictures (m, 1, 16, 16)"""
    return [Dense(LATENT, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, 16 * 16), Sigmoid(),
            Reshape(1, 16, 16)]


def new_game(idea=True):
    """G: z (m, 16) -> pictures, a decoder.   D: pictures -> pictures, an autoencoder"""
    G = Sequential(*decoder())
    D = Sequential(Flatten(), Dense(16 * 16, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, LATENT),
                   *decoder())
    return SimpleNamespace(G=G, D=D, k=0.0, rate=1.0 if idea else 0.0, ratios=[],
                           G_optimizer=adam(3e-4, G), D_optimizer=adam(3e-4, D))


def black_and_white(n):
    """n drawings (n, 1, 16, 16) of zeros and ones"""
    return np.round(drawings.render(**drawings.factors(n, spread=0.12)))


def batches():
    """Real pictures (m, 1, 16, 16), endlessly"""
    return mg.data.Batches(black_and_white(4000), size=M)


def noise(m):
    return mg.random.uniform(-1, 1, (m, LATENT))


def error(D, v):
    """L(v): the mean squared distance of the pixels of v and D(v)"""
    return F.mean((v - D(v)) ** 2)


def controlled(k, rate, real_error, fake_error):
    """The next k"""
    return min(max(k + rate * (GAMMA * real_error - fake_error), 0.0), 1.0)


# %% Algorithm 1 with a controller
def iteration(game, x):
    """Phase 1 and phase 2 on real pictures x: the losses that D and G descended, by name"""
    G, D = game.G, game.D
    x, z = mg.tensor(x), noise(len(x))                                  # phase 1: D
    with mg.frozen(G):
        fake = G(z)
    real_error = error(D, x)
    d_loss = real_error - game.k * error(D, fake)                       # <- BEGAN: weighed by k
    game.D_optimizer.step(mg.grad(d_loss, D.parameters()))

    z = noise(len(x))                                                   # phase 2: G
    with mg.frozen(D):
        g_loss = error(D, G(z))
    game.G_optimizer.step(mg.grad(g_loss, G.parameters()))
    game.k = controlled(game.k, game.rate, real_error.item(), g_loss.item())    # <- BEGAN: control
    game.ratios.append((g_loss / real_error).item())
    return {"D": d_loss, "G": g_loss}


# %% The effect: is the balance held?
def play(idea, steps):
    """(L(G(z)) / L(x) of every step, pictures of a trained G)"""
    game = new_game(idea)
    for x in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x)
    with mg.no_grad():
        return np.array(game.ratios), mg.to_numpy(game.G(noise(500)))


def real():
    """The ratio that is asked for, and real pictures"""
    return np.full(2, GAMMA), black_and_white(500)


def measure(made):
    """How far the ratio is from γ, and how different the pictures are from each other"""
    ratios, images = made
    last = ratios[-(len(ratios) // 4 or 1):]
    apart = abs(images[:250] - images[250:]).mean()
    return {"distance from γ of the last quarter's mean L(G(z)) / L(x)":
            float(abs(last.mean() - GAMMA)),
            "mean distance of two pictures": float(apart)}


def draw(axes, made):
    """30 pictures"""
    pictures.show(axes, made[1][:30], columns=10)


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=2000, panel=(4.2, 1.9))
