"""AC-GAN: D names the class as well, and G is paid for samples whose class can be named.

Conditional Image Synthesis With Auxiliary Classifier GANs, Odena et al. 2016, arXiv 1610.09585.

    L_S = E log S(real | x) + E log S(fake | G(z, y))
    L_C = E log C(y | x) + E log C(y | G(z, y))
    D ascends L_S + L_C,    G ascends L_C − L_S

CGAN's D is told the class. Here it has to find out: a second head C on D's trunk names the class of
every sample, and G, which is told y, wants its sample named y. C is a classifier like any other,
so D learns from labels too. The price: C(y | x) is highest far from the other classes. Where
classes overlap G is paid for leaving the places that they share, although p(x|y) is not zero there
(tests/zoo has an example); the classes here do not overlap. In place of −L_S, G descends
−log S(real | G(z, y)), the non-saturating form as in gan.py.

The control takes L_C out of G's loss, and out of nothing else: D still names all classes.

    python demos/zoo/ac_gan.py          a few seconds; --seeds 5: the row of the table
"""

import itertools
import math
from types import SimpleNamespace

from house import classes, run
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential

M, LATENT, HIDDEN, CLASSES = 128, 2, 64, classes.COUNT
ROW = Row(idea="G is paid for the class that D names", control="D names it, G is not paid",
          mark=0.9, gap=0.5)
CLOSED_FORM = ("S", "C"), {"D": 2 * math.log(2) + 2 * math.log(CLASSES),    # while both heads are 0
                           "G": math.log(2) + math.log(CLASSES)}


# %% The networks
def new_game(idea=True):
    """G: (z, y) (m, 2 + 8) -> points (m, 2).   trunk: points -> (m, 64), and on top of it
    S: logits of being real (m, 1); C: logits of the classes (m, 8)"""
    G = Sequential(Dense(LATENT + CLASSES, HIDDEN), ReLU(), Dense(HIDDEN, HIDDEN), ReLU(),
                   Dense(HIDDEN, 2))
    trunk = Sequential(Dense(2, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, HIDDEN), LeakyReLU(0.2))
    S, C = Dense(HIDDEN, 1), Dense(HIDDEN, CLASSES)
    return SimpleNamespace(G=G, trunk=trunk, S=S, C=C, weight=1.0 if idea else 0.0,
                           G_optimizer=adam(1e-3, G), D_optimizer=adam(1e-3, trunk, S, C))


def batches():
    """Real points (m, 2) and their classes (m,), endlessly"""
    return mg.data.Batches(*classes.labelled(20_000), size=M)


def noise(y):
    """(z, y) as one array (m, 2 + 8)"""
    return F.concatenate([mg.randn(len(y), LATENT), classes.one_hot(y)], axis=1)


# %% Algorithm 1, and the class
def iteration(game, x, y):
    """Phase 1 and phase 2 on real points x of classes y: the losses that D and G descended"""
    G, trunk, S, C = game.G, game.trunk, game.S, game.C
    named = mg.backend.asarray(y)

    with mg.frozen(G):                                              # phase 1: D, which is S and C
        fake = G(noise(y))
    real_features, fake_features = trunk(mg.tensor(x)), trunk(fake)
    d_loss = -F.mean(F.logsigmoid(S(real_features))) - F.mean(F.logsigmoid(-S(fake_features)))
    d_loss = (d_loss + F.cross_entropy(C(real_features), named)     # <- AC-GAN: D names the class
              + F.cross_entropy(C(fake_features), named))
    game.D_optimizer.step(mg.grad(d_loss, game.D_optimizer.parameters))

    with mg.frozen(trunk, S, C):                                    # phase 2: G
        features = trunk(G(noise(y)))
        logits, names = S(features), C(features)
    g_loss = -F.mean(F.logsigmoid(logits))
    g_loss = g_loss + game.weight * F.cross_entropy(names, named)   # <- AC-GAN: G is paid for it
    game.G_optimizer.step(mg.grad(g_loss, G.parameters()))
    return {"D": d_loss, "G": g_loss}


# %% The effect: does G make what it is asked for?
def play(idea, steps):
    """(points, the classes that were asked for) of a trained G"""
    game = new_game(idea)
    for x, y in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x, y)
    y = classes.asked()
    with mg.no_grad():
        return mg.to_numpy(game.G(noise(y))), y


def real():
    """As many real points, and what they are"""
    return classes.labelled(classes.POINTS)


if __name__ == "__main__":
    exhibit(ROW, play, real, classes.found, classes.draw, __doc__, steps=1000)
