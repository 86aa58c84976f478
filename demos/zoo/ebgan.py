"""EBGAN: D is an autoencoder, its error an energy, and it pushes up no further than a margin.

Energy-based Generative Adversarial Network, Zhao et al. 2016, arXiv 1609.03126.

    min over D   E D(x) + E [m − D(G(z))]₊                  D(v) = |v − decoder(encoder(v))|
    min over G   E D(G(z)) + w PT                           PT = mean over i ≠ j of cos²(S_i, S_j)

D returns no probability but an energy: how badly it copies a picture. It learns to copy real ones
well and generated ones badly, and G looks for what is copied well. Without a bound D would go on
raising the energy of what G makes for ever, and G could never follow. So a picture beyond the
margin m costs D nothing: only those that come near are pushed up. At the optimum G makes what the
data are, and whatever D then does below m, its loss is m.

One picture that D copies is enough for G. The pulling-away term PT turns S, the codes of a batch
of generated pictures, at right angles to each other. (Four public codes were read, and have it
wrong: without the square, divided by another length, or with the diagonal.) On these faces it
changed little with the one seed that was tried without it, so it is in both games: w is 0.03, for
an energy that is a mean over pixels, and a margin of 0.1. The paper's distance is Euclidean. With
its square D could not push: the gradient of a square is zero at a perfect copy.

Data are drawn faces in grey. The control has no margin: D descends E D(x) − E D(G(z)). Some of its
pictures end where G cannot bring them back, and with two seeds of five hardly a face is left.

    python demos/zoo/ebgan.py           half a minute on two cores; --seeds 5: the table's row
"""

import itertools
from types import SimpleNamespace

from house import faces, pictures, run
from house.exhibit import Row, exhibit
from house.networks import adam

import minigen as mg
from minigen import functional as F
from minigen.layers import BatchNorm, Dense, Flatten, LeakyReLU, ReLU, Reshape, Sequential, Sigmoid
from minigen.metrics import precision_recall

M, LATENT, HIDDEN, CODE, MARGIN, WEIGHT, SHOWN = 64, 16, 128, 32, 0.1, 0.03, 1000
ROW = Row(idea="an energy with a margin (m = 0.1)", control="no margin", mark=0.6, gap=0.2)
CLOSED_FORM = ("G", "decoder"), {"G": WEIGHT}       # G makes ½, and D copies it: all codes alike


# %% The networks
def new_game(idea=True):
    """G: z (m, 16) -> pictures (m, 1, 16, 16).   D: encoder, pictures -> codes (m, 32), and
    decoder, codes -> pictures"""
    G = Sequential(Dense(LATENT, HIDDEN, bias=False), BatchNorm(HIDDEN), ReLU(),
                   Dense(HIDDEN, HIDDEN, bias=False), BatchNorm(HIDDEN), ReLU(),
                   Dense(HIDDEN, 16 * 16), Sigmoid(), Reshape(1, 16, 16))
    encoder = Sequential(Flatten(), Dense(16 * 16, HIDDEN), LeakyReLU(0.2), Dense(HIDDEN, CODE))
    decoder = Sequential(LeakyReLU(0.2), Dense(CODE, HIDDEN), LeakyReLU(0.2),
                         Dense(HIDDEN, 16 * 16), Sigmoid(), Reshape(1, 16, 16))
    return SimpleNamespace(G=G, encoder=encoder, decoder=decoder, margin=idea,
                           G_optimizer=adam(1e-3, G), D_optimizer=adam(1e-3, encoder, decoder))


def batches():
    """Real pictures (m, 1, 16, 16), endlessly"""
    return mg.data.Batches(faces.grey(4000), size=M)


def energy(game, v):
    """(D's energy (m,) of pictures v (m, 1, 16, 16), their codes (m, 32))"""
    codes = game.encoder(v)
    return F.mean(F.abs(v - game.decoder(codes)), axis=(1, 2, 3)), codes


def margin_loss(real, fake):
    """E D(x) + E [m − D(G(z))]₊ of the energies (m,) of both"""
    return F.mean(real) + F.mean(F.relu(MARGIN - fake))


def pulling_away(codes):
    """PT of codes (m, c): 0 for codes at right angles, 1 where all have one direction, or ± it"""
    m = len(codes)
    directions = codes / F.sqrt(F.sum(codes * codes, axis=1, keepdims=True))
    cosines = directions @ directions.T
    return (F.sum(cosines * cosines) - m) / (m * (m - 1))       # without the m of i = j, all 1


# %% Algorithm 1 with an energy
def iteration(game, x):
    """Phase 1 and phase 2 on real pictures x: the losses that D and G descended, by name"""
    G, x, z = game.G, mg.tensor(x), mg.randn(len(x), LATENT)            # phase 1: D
    with mg.frozen(G):
        fake = G(z)
    real, fake = energy(game, x)[0], energy(game, fake)[0]
    if game.margin:
        d_loss = margin_loss(real, fake)                                # <- EBGAN: up to a margin
    else:
        d_loss = F.mean(real) - F.mean(fake)
    game.D_optimizer.step(mg.grad(d_loss, game.D_optimizer.parameters))

    z = mg.randn(len(x), LATENT)                                        # phase 2: G
    with mg.frozen(game.encoder, game.decoder):
        energies, codes = energy(game, G(z))
    g_loss = F.mean(energies) + WEIGHT * pulling_away(codes)            # <- EBGAN: pulled apart
    game.G_optimizer.step(mg.grad(g_loss, G.parameters()))
    return {"D": d_loss, "G": g_loss}


# %% The effect: does G make faces?
def play(idea, steps):
    """Pictures of a trained G"""
    game = new_game(idea)
    for x in run.progress(itertools.islice(batches(), steps), total=steps):
        iteration(game, x)
    with mg.no_grad():
        return mg.to_numpy(game.G(mg.randn(SHOWN, LATENT)))


def real():
    """As many real ones"""
    return faces.grey(SHOWN)


def measure(made):
    """How much of what is made is near real pictures, how much of these near it, how it varies"""
    near = precision_recall(faces.grey(SHOWN).reshape(SHOWN, -1), made.reshape(SHOWN, -1))
    return {"share of generated pictures near a real one (precision)": near.precision,
            "share of real pictures near a generated one (recall)": near.recall,
            "mean distance of two pictures": float(abs(made[::2] - made[1::2]).mean())}


def draw(axes, made):
    """40 pictures"""
    pictures.show(axes, made[:40], columns=10)


if __name__ == "__main__":
    exhibit(ROW, play, real, measure, draw, __doc__, steps=2000, panel=(4.2, 2.2))
