"""BEGAN: a controller holds the two errors of an autoencoding D in balance.

BEGAN: Boundary Equilibrium Generative Adversarial Networks, Berthelot et al. 2017,
arXiv 1703.10717.

    D descends  L(x) − k L(G(z)),      G descends  L(G(z)),      L(v) = |v − D(v)|
    k ← k + λ (γ L(x) − L(G(z))),  kept in 0 .. 1

D is an autoencoder, and L its error: low for what it thinks real. With k = 0 D never learns to
reject anything, and G makes the one picture that is copied best. A large k has D make L(G(z)) as
large as it likes, and copy nothing any more. BEGAN asks for a ratio, L(G(z)) = γ L(x), and turns k
up and down until it is met, as a thermostat does. As long as k is inside its bounds the sum of all
steps' γ L(x) − L(G(z)) is what k has grown, over λ: so the balance holds on average, whatever D and
G do. γ is chosen: the smaller, the fewer kinds of pictures, each well made. Whether a game gets
anywhere is told by M = L(x) + |γ L(x) − L(G(z))|, which falls. G's gradient passes through both
v of L. The paper's λ is 0.001, for some 10⁵ steps; here it is 0.05, for 1,500.

Data are drawn faces in grey; γ is 0.4 in one game, which makes one face, and 0.8 in another, which
makes many: the second figures. The control is λ = 0: k stays where it begins, at 0.

    python demos/zoo/began.py           half a minute on two cores; --seeds 5: the table's row
"""

import itertools
from types import SimpleNamespace

import numpy as np
from house import faces, pictures, run
from house.classes import COLOURS
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, Flatten, ReLU, Reshape, Sequential, Sigmoid

M, LATENT, HIDDEN, GAMMAS, SHOWN = 64, 16, 128, (0.4, 0.8), 500
ROW = Row(idea="k follows γ (λ = 0.05)", control="λ = 0: k stays 0", mark=0.06, gap=0.2, less=True,
          real="γ itself, and real faces")
CLOSED_FORM = ("G", "D"), {"G": 0.0}                # G makes ½, and D copies it


# %% The networks
def decoder():
    """(m, 16) -> pictures (m, 1, 16, 16)"""
    return [Dense(LATENT, HIDDEN), ReLU(), Dense(HIDDEN, HIDDEN), ReLU(), Dense(HIDDEN, 16 * 16),
            Sigmoid(), Reshape(1, 16, 16)]


def new_game(idea=True, gamma=GAMMAS[-1]):
    """G: z (m, 16) -> pictures, a decoder.   D: pictures -> pictures, an autoencoder"""
    G = Sequential(*decoder())
    D = Sequential(Flatten(), Dense(16 * 16, HIDDEN), ReLU(), Dense(HIDDEN, HIDDEN), ReLU(),
                   Dense(HIDDEN, LATENT), *decoder())
    return SimpleNamespace(G=G, D=D, gamma=gamma, k=0.0, rate=0.05 if idea else 0.0, errors=[],
                           G_optimizer=adam(1e-3, G), D_optimizer=adam(1e-3, D))


def batches():
    """Real pictures (m, 1, 16, 16), endlessly"""
    return mg.data.Batches(faces.grey(4000), size=M)


def noise(m):
    return mg.random.uniform(-1, 1, (m, LATENT))


def error(D, v):
    """L(v): the mean distance of the pixels of v and D(v)"""
    return F.mean(F.abs(v - D(v)))


def controlled(game, real_error, fake_error):
    """The next k"""
    return min(max(game.k + game.rate * (game.gamma * real_error - fake_error), 0.0), 1.0)


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
    game.errors.append((real_error.item(), g_loss.item()))
    game.k = controlled(game, *game.errors[-1])                         # <- BEGAN: the controller
    return {"D": d_loss, "G": g_loss}


# %% The effect: is the balance held?
def play(idea, steps):
    """Of a game for each γ: (L(x) and L(G(z)) of every step (steps, 2), pictures of a trained G)"""
    made = []
    for gamma in GAMMAS:
        game = new_game(idea, gamma)
        for x in run.progress(itertools.islice(batches(), steps), total=steps):
            iteration(game, x)
        with mg.no_grad():
            made.append((np.array(game.errors), mg.to_numpy(game.G(noise(SHOWN)))))
    return made


def real():
    """Errors that are all but 0, in the ratio that is asked for; and real pictures"""
    return [(1e-6 * np.tile((1.0, gamma), (1000, 1)), faces.grey(SHOWN)) for gamma in GAMMAS]


def last_quarter(errors):
    return errors[-(len(errors) // 4 or 1):].mean(0)


def measure(made):
    """Of the last quarter of the steps: the ratio and M; and how different pictures are"""
    figures = {}
    for gamma, (errors, images) in zip(GAMMAS, made):
        real, fake = last_quarter(errors)
        figures[f"L(G(z)) / L(x) at γ = {gamma}"] = fake / real
        figures[f"M at γ = {gamma}"] = real + abs(gamma * real - fake)
        figures[f"mean distance of two pictures at γ = {gamma}"] = float(
            abs(images[::2] - images[1::2]).mean())
    away = np.mean([abs(figures[f"L(G(z)) / L(x) at γ = {gamma}"] - gamma) for gamma in GAMMAS])
    return {"distance of L(G(z)) / L(x) from γ, mean of two games": round(float(away), 6)} | figures


def draw(axes, made):
    """The ratio over time with the γ that it is to have; above, pictures, a row for each γ"""
    strip = axes.inset_axes((0, 0.55, 1, 0.45))
    pictures.show(strip, np.concatenate([images[:10] for _, images in made]), columns=10)
    strip.set_yticks([10, 28], [f"γ = {gamma}" for gamma in GAMMAS])
    for gamma, (errors, _), label, colour in zip(GAMMAS, made, strip.get_yticklabels(), COLOURS):
        label.set_color(colour)
        blocks = np.array_split(errors, min(len(errors), 50))
        at = np.cumsum([len(block) for block in blocks])
        axes.plot(at, [block[:, 1].sum() / block[:, 0].sum() for block in blocks], color=colour)
        axes.axhline(gamma, color=colour, linestyle=":")
    axes.set(xlabel="step", ylim=(0, 2), yticks=(0, *GAMMAS, 1))
    axes.set_ylabel("L(G(z)) / L(x)", loc="bottom")
    axes.spines.left.set_bounds(0, 1)


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=1500, panel=(4.4, 3.4))
