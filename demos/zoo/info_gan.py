"""InfoGAN: a part of the noise becomes a code that can be read off the picture.

InfoGAN: Interpretable Representation Learning by Information Maximizing Generative Adversarial
Nets, Chen et al. 2016, arXiv 1606.03657.

    min over G, Q, max over D of   V(D, G) − λ L_I,      L_I = E log Q(c | G(z, c)) + H(c)

A GAN may spread the meaning of its noise over all of z as it likes. InfoGAN splits off a code c,
here one of four values, and adds a network Q that guesses c from the picture. L_I is a lower bound
of the mutual information I(c; G(z, c)): G is paid for pictures that show their code, and the
cheapest way to show it is by something that the data vary in anyway. No label is ever seen. Q is
D's trunk with a head of its own, and as in the authors' code λ L_I enters both phases with λ = 1.

The control has the same networks, noise and steps with λ = 0: the code is noise like all of z.

    python demos/zoo/info_gan.py        under a minute on two cores; --seeds 5: the table's row
"""

import functools
import itertools
import math
from types import SimpleNamespace

import numpy as np
from house import drawings, judges, pictures, run
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import BatchNorm, Dense, Flatten, LeakyReLU, ReLU, Reshape, Sequential, Sigmoid

M, LATENT, HIDDEN, NOISE, VALUES = 64, 16, 128, 0.3, len(drawings.KINDS)
ROW = Row(idea="Q guesses the code from the picture", control="λ = 0: nobody guesses it",
          mark=0.65, gap=0.3)
CLOSED_FORM = ("D", "Q"), {"D": 2 * math.log(2), "G": math.log(2)}     # while both are 0: L_I = 0


# %% The networks
def new_game(idea=True):
    """G: (z, c) (m, 16 + 4) -> pictures.   trunk: pictures -> (m, 128), and on top of it
    D: logits (m, 1); Q: logits of the code's values (m, 4)"""
    G = Sequential(Dense(LATENT + VALUES, HIDDEN, bias=False), BatchNorm(HIDDEN), ReLU(),
                   Dense(HIDDEN, HIDDEN, bias=False), BatchNorm(HIDDEN), ReLU(),
                   Dense(HIDDEN, 16 * 16), Sigmoid(), Reshape(1, 16, 16))
    trunk = Sequential(Flatten(), noisy, Dense(16 * 16, HIDDEN), LeakyReLU(0.2),
                       Dense(HIDDEN, HIDDEN), LeakyReLU(0.2))
    D, Q = Dense(HIDDEN, 1), Dense(HIDDEN, VALUES)
    return SimpleNamespace(G=G, trunk=trunk, D=D, Q=Q, weight=1.0 if idea else 0.0,
                           G_optimizer=adam(1e-3, G), D_optimizer=adam(1e-3, trunk, D, Q))


def noisy(x):
    """D and Q see noisy pictures: else a single bright pixel in a corner could carry the code."""
    return x + NOISE * mg.randn(*x.shape)


def drawn(n):
    """n random drawings in the middle of the picture, as factors"""
    return drawings.factors(n, spread=0.12)


def batches():
    """Real pictures (m, 1, 16, 16), endlessly. What they show is known, and not told."""
    return mg.data.Batches(drawings.render(**drawn(4000)), size=M)


def noise(m, c=None):
    """(z, c) as one array (m, 16 + 4), and the codes c (m,): 0 .. 3, at random if not given"""
    c = mg.random.generator().integers(VALUES, size=m) if c is None else c
    one_hot = mg.backend.asarray(np.eye(VALUES)[c], mg.backend.default_dtype())
    return F.concatenate([mg.randn(m, LATENT), one_hot], axis=1), mg.backend.asarray(c)


# %% Algorithm 1, and the term that InfoGAN adds
def information(logits, c):
    """L_I = 1/m Σ log Q(c | x) + H(c), in nats: at most H(c) = log 4"""
    return math.log(VALUES) - F.cross_entropy(logits, c)


def iteration(game, x):
    """Phase 1 and phase 2 on real pictures x: the losses that D and G descended, by name"""
    G, trunk, D, Q = game.G, game.trunk, game.D, game.Q
    x, (z, c) = mg.tensor(x), noise(len(x))                         # phase 1: D, and Q with it
    with mg.frozen(G):
        fake = G(z)
    features = trunk(fake)
    d_loss = -F.mean(F.logsigmoid(D(trunk(x)))) - F.mean(F.logsigmoid(-D(features)))
    d_loss = d_loss - game.weight * information(Q(features), c)     # <- InfoGAN: guess the code
    game.D_optimizer.step(mg.grad(d_loss, game.D_optimizer.parameters))

    z, c = noise(len(x))                                            # phase 2: G
    with mg.frozen(trunk, D, Q):
        features = trunk(G(z))
        logits, guess = D(features), Q(features)
    g_loss = -F.mean(F.logsigmoid(logits))
    g_loss = g_loss - game.weight * information(guess, c)           # <- InfoGAN: show the code
    game.G_optimizer.step(mg.grad(g_loss, G.parameters()))
    return {"D": d_loss, "G": g_loss}


# %% The effect: does the code say what the picture shows?
def play(idea, steps):
    """(codes (n,), pictures (n, 1, 16, 16)) of a trained G, the codes in order"""
    game = new_game(idea)
    for x in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x)
    codes = np.arange(1000) % VALUES
    with mg.no_grad():
        return codes, mg.to_numpy(game.G(noise(1000, codes)[0]))


def real():
    """The same of real pictures whose code is their kind"""
    factors = drawn(1000)
    factors["kind"] = np.arange(1000) % VALUES
    return factors["kind"], drawings.render(**factors)


@functools.cache
def judges_of_kind():
    """Two judges that have seen real pictures only"""
    factors = drawn(4000)
    return judges.both(drawings.render(**factors), factors["kind"])


def measure(made):
    """How well the code says the kind: each value stands for one kind, the best match of all."""
    codes, images = made
    return {f"share of pictures whose kind is their code's, {name}":
            judges.agreement(codes, judge(images), VALUES)
            for name, judge in judges_of_kind().items()}


def draw(axes, made):
    """A row for each value of the code: ten pictures."""
    by_code = made[1][:10 * VALUES].reshape(10, VALUES, 16, 16).swapaxes(0, 1)
    pictures.show(axes, by_code.reshape(-1, 16, 16), columns=10)


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=1500, panel=(5, 2.9))
