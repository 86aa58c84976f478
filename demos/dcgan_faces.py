"""Vector arithmetic on faces: (man with glasses) − (man) + (woman) = ?  A DCGAN, drawn faces, and a judge that counts.

Radford, Metz & Chintala 2016, figure 7: average the z of three samples for each concept, add and subtract, decode. Here
the faces are drawn (minigen/data/faces.py), so a classifier can say of every result whether it is a woman with glasses, and the claim
is counted over many sets of exemplars instead of shown once. The same sum of the *pictures* is the negative control: it has
both attributes too, but is no face. D is kept smooth by R1, the gradient of a gradient (Mescheder, Geiger & Nowozin 2018).

    python demos/dcgan_faces.py                 about three minutes on two cores
    python demos/dcgan_faces.py --full          the whole recipe: 3,000 iterations
    python demos/dcgan_faces.py --folder DIR    your own pictures: samples and interpolations, nobody to judge them
"""

# %% The data: drawings whose attributes are known, or pictures in a folder
import common
import matplotlib.pyplot as plt
import numpy as np
from common import COLOURS
from tqdm import tqdm

import minigen as mg
from minigen import functional as F
from minigen.layers import BatchNorm, Conv2d, ConvTranspose2d, Dense, Flatten, LeakyReLU, ReLU, Reshape, Sequential, Tanh, initialisers

arguments = common.arguments(__doc__, steps=1000, quick=4, full=3000, options={
    "--seeds": dict(type=int, default=1, help="how many trainings are judged, with the seeds that follow --seed (default 1)"),
    "--folder": dict(help="learn from the pictures in this folder instead of the drawings"),
    "--channels": dict(type=int, default=16), "--batch": dict(type=int, default=64), "--every": dict(type=int, default=0),
})
SIZE, LATENT, CHANNELS, M = 32, 100, arguments.channels, arguments.batch
DRAWINGS = 600 if arguments.quick else 12_000
if arguments.folder:
    images = mg.data.from_folder(arguments.folder, SIZE)
else:
    images, attributes = mg.data.faces(DRAWINGS, SIZE, seed=arguments.seed)


# %% The two networks: batch normalisation in G alone
def generator():
    """z (m, 100) -> pictures (m, 3, 32, 32) in [−1, 1]"""
    c, init = CHANNELS, initialisers.normal(0.02)
    network = Sequential(
        Dense(LATENT, 4 * c * 4 * 4), Reshape(4 * c, 4, 4), BatchNorm(4 * c), ReLU(),
        ConvTranspose2d(4 * c, 2 * c, 4, stride=2, padding=1, init=init), BatchNorm(2 * c), ReLU(),
        ConvTranspose2d(2 * c, c, 4, stride=2, padding=1, init=init), BatchNorm(c), ReLU(),
        ConvTranspose2d(c, 3, 4, stride=2, padding=1, init=init), Tanh())
    return network


def discriminator():
    """pictures (m, 3, 32, 32) -> logits (m, 1)"""
    c, init = CHANNELS, initialisers.normal(0.02)
    return Sequential(
        Conv2d(3, c, 4, stride=2, padding=1, init=init), LeakyReLU(0.2),
        Conv2d(c, 2 * c, 4, stride=2, padding=1, init=init), LeakyReLU(0.2),
        Conv2d(2 * c, 4 * c, 4, stride=2, padding=1, init=init), LeakyReLU(0.2),
        Flatten(), Dense(4 * c * 4 * 4, 1))


def prior(m):
    """m noise vectors z ~ N(0, I)"""
    return mg.randn(m, LATENT)


# %% R1: D must not be steep at the data
GAMMA, EVERY = 1.0, 8


def r1(D, optimizer, x):
    """One descent of  (γ/2) E ‖∇x D(x)‖²  over the real batch x, D's logit: its gradient needs a second derivative.

    Done every 8th iteration, and 8 times as strongly (Karras et al. 2020, "lazy regularisation"). Biases have no part in it: they
    shift D, and leave its slope as it is."""
    x = mg.tensor(mg.backend.asarray(x), requires_grad=True)
    (slope,) = mg.grad(F.sum(D(x)), x, create_graph=True)               # ∇x D(x), itself a function of D's weights
    penalty = EVERY * GAMMA / 2 / len(x) * F.sum(F.square(slope))
    weights = [p for p in optimizer.parameters if p.ndim > 1]
    gradients = dict(zip(map(id, weights), mg.grad(penalty, weights)))
    optimizer.step([gradients.get(id(p)) for p in optimizer.parameters])
    return penalty.item() / EVERY


def train(seed, watch=None):
    """The game: phases 1 and 2 by the trainer, R1 every 8th time. Returns G with the moving average of its weights."""
    mg.seed(seed)
    G, D = generator(), discriminator()
    for layer in G.steps:
        if isinstance(layer, BatchNorm):
            layer.weight.data = 1 + 0.02 * mg.randn(*layer.weight.shape)
    rate = mg.optim.linear_decay(1e-3, arguments.steps // 2, arguments.steps, 2e-5)
    trainer = mg.trainers.GANTrainer(G, D, mg.optim.Adam(G.parameters(), rate, betas=(0.5, 0.999)),
                                     mg.optim.Adam(D.parameters(), rate, betas=(0.5, 0.999)),
                                     generator_loss="non_saturating", prior=prior)
    average = G.state_dict()
    batches = mg.data.Batches(images, size=min(M, len(images)), drop_last=True)
    with tqdm(total=arguments.steps, unit="step", disable=None) as bar:
        for i in range(1, arguments.steps + 1):
            x = next(batches)
            trainer.step([x])
            if i % EVERY == 0:
                r1(D, trainer.discriminator_optimizer, x)
            keep = min(0.995, (1 + i) / (10 + i))
            for name, value in G.state_dict().items():
                average[name] += (1 - keep) * (value - average[name])
            bar.update()
            if watch and i % watch[0] == 0:
                watch[1](i, average, trainer)
    G.load_state_dict(average)
    return G.eval()


def decode(G, z, batch=256):
    """G's pictures of z (n, 100), as a NumPy array (n, 3, 32, 32)"""
    with mg.no_grad():
        parts = [mg.to_numpy(G(mg.backend.asarray(z[i:i + batch]))) for i in range(0, len(z), batch)]
    return np.concatenate(parts)


# %% The judge: a small classifier that learns from drawings alone and never sees a generated face
GLASSES, FEMALE, ONE_FACE = range(3)


def classifier():
    """pictures (m, 3, 32, 32) -> logits (m, 3): glasses? female? one face, or several laid over each other?"""
    return Sequential(Conv2d(3, 16, 3, stride=2, padding=1), ReLU(), Conv2d(16, 32, 3, stride=2, padding=1), ReLU(),
                      Conv2d(32, 48, 3, stride=2, padding=1), ReLU(), Flatten(), Dense(48 * 4 * 4, 48), ReLU(), Dense(48, 3))


def says(judge, x, batch=256):
    """The judge's probabilities (n, 3) for pictures x"""
    with mg.no_grad():
        return np.concatenate([mg.to_numpy(F.sigmoid(judge(mg.backend.asarray(x[i:i + batch])))) for i in range(0, len(x), batch)])


def concepts(glasses, female, sure):
    """Indices of men with glasses, of men without, of women without: where both probabilities are at least `sure`."""
    yes = lambda p: p >= sure                                                   # noqa: E731
    no = lambda p: p <= 1 - sure                                                # noqa: E731
    return [np.flatnonzero(rule) for rule in (yes(glasses) & no(female), no(glasses) & no(female), no(glasses) & yes(female))]


def arithmetic(values, exemplars):
    """(man with glasses) − (man) + (woman), of the means of values (N, ...) over the exemplars (sets, 3, n): (sets, ...)"""
    return np.stack([values[a].mean(0) - values[b].mean(0) + values[c].mean(0) for a, b, c in exemplars])


def pick(groups, sets, n):
    """n different exemplars of each concept, `sets` times: indices (sets, 3, n)"""
    return np.array([[rng.choice(group, n, replace=False) for group in groups] for _ in range(sets)])


def worn(x):
    """Pictures as an unpractised generator might draw them: half of them blurred, all with noise and with stains."""
    blurred = (np.roll(x, 1, 2) + 2 * x + np.roll(x, -1, 2)) / 4
    blurred = (np.roll(blurred, 1, 3) + 2 * blurred + np.roll(blurred, -1, 3)) / 4
    x = np.where(rng.random((len(x), 1, 1, 1)) < 0.5, blurred, x)
    noise = rng.standard_normal(x.shape)
    stains = np.kron(rng.standard_normal((len(x), 3, 8, 8)), np.ones((4, 4)))
    for what, most in ((noise, 0.15), (stains, 0.2)):
        x = x + rng.uniform(0, most, (len(x), 1, 1, 1)) * what
    return x.clip(-1, 1).astype(np.float32)


def train_judge(n=10_000, epochs=6):
    """Drawings, and as many sums and cross-fades of drawings: all of them worn, which only the third answer tells apart."""
    x, known = mg.data.faces(n, SIZE, seed=10_001)
    groups = concepts(known["glasses"], known["female"], 1)
    sums = [arithmetic(x, pick(groups, n // 6, k)) for k in (1, 3, 10)]
    a, b = rng.integers(n, size=(2, n - 3 * (n // 6)))
    share = rng.uniform(0.3, 0.7, (len(a), 1, 1, 1))
    several = np.concatenate([*sums, share * x[a] + (1 - share) * x[b]]).clip(-1, 1)
    answers = np.zeros((2 * n, 3), np.float32)
    answers[:n] = np.stack([known["glasses"], known["female"], np.ones(n)], 1)
    asked = np.ones_like(answers)
    asked[n:, :ONE_FACE] = 0                                                    # of a sum nobody asks the other two
    judge, steps = classifier(), epochs * -(-2 * n // 64)
    optimizer = mg.optim.Adam(judge.parameters(), mg.optim.cosine_decay(2e-3, steps))
    batches = mg.data.Batches(np.concatenate([x, several.astype(np.float32)]), answers, asked, size=64, epochs=epochs)
    for x, y, mask in tqdm(batches, total=steps, unit="step", desc="judge", disable=None):
        x, y, mask = map(mg.backend.asarray, (worn(x), y, mask))
        loss = F.mean(mask * F.binary_cross_entropy_with_logits(judge(x), y, reduction="none"))
        optimizer.step(mg.grad(loss, judge.parameters()))
    return judge
