"""DiscoGAN: two games at once, and each side must be able to come home.

Learning to Discover Cross-Domain Relations with Generative Adversarial Networks, Kim et al. 2017,
arXiv 1703.05192.

    min over G, H, max over D_A, D_B of   L(G, D_B) + |H(G(a)) − a|²  +  L(H, D_A) + |G(H(b)) − b|²

G translates A to B and H back; nothing says which a belongs to which b. The first half of the sum
makes G's translations look like B, and lets each a be found again; G may leave most of B out. The
second half is the same game played from B: every b has to be reached, from its H(b), and D_A sees
to it that H(b) is where the a are. Together they make G and H each other's inverse.

CycleGAN, of the same month, has this idea too, for pictures. The code of this paper's authors also
compares features of D, lets the distances count more with time, and steps D every third iteration:
not so here.

Data: as in the paper's first experiment, A has 5 modes and B has 10, in the plane (here on rings).
The control is the paper's own, "GAN with reconstruction loss": the first half of the sum alone.

    python demos/zoo/disco_gan.py       a few seconds on two cores; --seeds 5: the table's row
"""

import itertools
import math
from types import SimpleNamespace

import numpy as np
from house import classes, pictures, run
from house.exhibit import Row, exhibit
from house.networks import adam
from house.rings import POINTS

import minigen as mg
from minigen import functional as F
from minigen.data import ring
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential
from minigen.metrics import mode_coverage

M, HIDDEN = 128, 64
A, B = ring(5, radius=1.0, std=0.1), ring(10, radius=2.0, std=0.1)
ROW = Row(idea="two games, both ways home", control="one game, one way home", mark=9, gap=3,
          real="pairs as they could be")
CLOSED_FORM = ("D_A", "D_B"), {"D": 4 * math.log(2)}               # the loss while both are 0
UNPAIRED = True                         # a and b have nothing to do with each other


# %% The networks
def new_game(idea=True):
    """G: A -> B and H: B -> A, points (m, 2).   D_A, D_B: points -> logits (m, 1)"""
    def network(outputs, activation):
        return Sequential(Dense(2, HIDDEN), activation, Dense(HIDDEN, HIDDEN), activation,
                          Dense(HIDDEN, outputs))
    G, H = network(2, ReLU()), network(2, ReLU())
    D_A, D_B = network(1, LeakyReLU(0.2)), network(1, LeakyReLU(0.2))
    return SimpleNamespace(G=G, H=H, D_A=D_A, D_B=D_B, second=1.0 if idea else 0.0,
                           G_optimizer=adam(1e-3, G, H), D_optimizer=adam(1e-3, D_A, D_B))


def batches():
    """(a, b): points (m, 2) of A and of B, endlessly"""
    return zip(mg.data.Batches(A, size=M), mg.data.Batches(B, size=M))


def value(D, real, fake):
    """V(D, G) of one of the games"""
    return F.mean(F.logsigmoid(D(real))) + F.mean(F.logsigmoid(-D(fake)))


# %% Algorithm 1 for two games at once, and the two distances that tie them together
def iteration(game, a, b):
    """Phase 1 and phase 2 on points a and b that have nothing to do with each other: the losses
    that D_A and D_B (D) and the translators (G) descended"""
    G, H, D_A, D_B, second = game.G, game.H, game.D_A, game.D_B, game.second
    a, b = mg.tensor(a), mg.tensor(b)

    with mg.frozen(G, H):                                       # phase 1: D_A and D_B
        fake_a, fake_b = H(b), G(a)
    d_loss = -value(D_B, b, fake_b) - second * value(D_A, a, fake_a)
    game.D_optimizer.step(mg.grad(d_loss, game.D_optimizer.parameters))

    fake_a, fake_b = H(b), G(a)                                 # phase 2: G and H
    with mg.frozen(D_A, D_B):
        fools_b, fools_a = -F.mean(F.logsigmoid(D_B(fake_b))), -F.mean(F.logsigmoid(D_A(fake_a)))
    home_a, home_b = F.mse_loss(H(fake_b), a), F.mse_loss(G(fake_a), b)
    g_loss = fools_b + home_a + second * (fools_a + home_b)     # <- DiscoGAN: both, both ways
    game.G_optimizer.step(mg.grad(g_loss, game.G_optimizer.parameters))
    return {"D": d_loss, "G": g_loss}


# %% The effect: is all of B reached, and does it say where it came from?
def play(idea, steps):
    """(points a, G(a)) after training"""
    game = new_game(idea)
    for a, b in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, a, b)
    a = A.sample(POINTS)
    with mg.no_grad():
        return a, mg.to_numpy(game.G(mg.tensor(a)))


def real():
    """As it could be: the points of a mode of A go to two modes of B"""
    rng = mg.random.generator()
    a, noise = A.sample(POINTS), B.std * rng.standard_normal((POINTS, 2))
    return a, B.means[2 * nearest(a, A) + rng.integers(2, size=POINTS)] + noise


def nearest(points, mixture):
    """The mode (n,) of the mixture that is nearest to each of the points (n, 2)"""
    return np.square(points[:, None] - mixture.means).sum(2).argmin(1)


def measure(made):
    """How much of B is reached, and whether a translation tells the mode it came from"""
    a, translated = made
    c = mode_coverage(translated, B.means, B.std)
    counts = np.zeros((len(B.means), len(A.means)))
    np.add.at(counts, (nearest(translated, B), nearest(a, A)), 1)
    return {"modes of B with a fair share of the translations, of 10": c.fair_modes,
            "share of translations within 3 std of a mode": c.high_quality,
            "share of translations whose mode tells a's": float(counts.max(1).sum() / len(a))}


def draw(axes, made):
    """Inside: a, each mode in its colour. Outside: the modes of B, and G(a) in the colour of a."""
    a, translated = made
    for points in made:
        axes.scatter(*points.T, s=3, c=np.array(classes.COLOURS)[nearest(a, A)], alpha=0.5,
                     linewidths=0)
    for mean in B.means:
        axes.add_patch(pictures.plt.Circle(mean, 3 * B.std, fill=False, color="0.3"))
    axes.text(0, 0, "a", ha="center", va="center")
    axes.text(2.5, 2.4, "G(a)", ha="right", va="center")
    axes.set(xlim=(-2.6, 2.6), ylim=(-2.6, 2.6), aspect="equal", xticks=(-2, 0, 2),
             yticks=(-2, 0, 2))


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=2500)
