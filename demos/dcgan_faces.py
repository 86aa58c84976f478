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


# %% The judges: two small classifiers that see drawings alone, never a generated face
def classifier(outputs):
    """pictures (m, 3, 32, 32) -> logits (m, outputs)"""
    return Sequential(Conv2d(3, 16, 3, stride=2, padding=1), ReLU(), Conv2d(16, 32, 3, stride=2, padding=1), ReLU(),
                      Conv2d(32, 48, 3, stride=2, padding=1), ReLU(), Flatten(), Dense(48 * 4 * 4, 64), ReLU(), Dense(64, outputs))


def worn(x, rng):
    """Drawings as a generator might draw them: half of them a little blurred, all with some noise."""
    blurred = (2 * x + np.roll(x, 1, 2) + np.roll(x, -1, 2)) / 4
    blurred = (2 * blurred + np.roll(blurred, 1, 3) + np.roll(blurred, -1, 3)) / 4
    x = np.where(rng.random((len(x), 1, 1, 1)) < 0.5, blurred, x)
    return (x + rng.uniform(0, 0.15, (len(x), 1, 1, 1)) * rng.standard_normal(x.shape)).clip(-1, 1).astype(np.float32)


def learn(x, targets, epochs):
    """A classifier of x into the yes and no of targets (n, k)"""
    network, rng = classifier(targets.shape[1]), mg.random.generator()
    batches = mg.data.Batches(x, targets.astype(np.float32), size=64, epochs=epochs)
    steps = epochs * -(-len(x) // 64)
    optimizer = mg.optim.Adam(network.parameters(), mg.optim.cosine_decay(2e-3, steps))
    for x, y in tqdm(batches, total=steps, unit="step", desc="judge", disable=None):
        loss = F.binary_cross_entropy_with_logits(network(mg.tensor(mg.backend.asarray(worn(x, rng)))), mg.backend.asarray(y))
        optimizer.step(mg.grad(loss, network.parameters()))
    return network


def says(judge, x, batch=256):
    """A judge's probabilities (n, k) for pictures x"""
    with mg.no_grad():
        return np.concatenate([mg.to_numpy(F.sigmoid(judge(mg.backend.asarray(x[i:i + batch])))) for i in range(0, len(x), batch)])


def kinds(glasses, female):
    """Indices of men with glasses, men without, women without."""
    return [np.flatnonzero(rule) for rule in (glasses & ~female, ~glasses & ~female, ~glasses & female)]


def pick(rng, groups, sets, n):
    """n exemplars of each group, `sets` times: indices (groups, sets, n)"""
    return np.array([[rng.choice(group, n, replace=False) for _ in range(sets)] for group in groups])


def arithmetic(values, chosen):
    """mean(men with glasses) − mean(men) + mean(women) of values (N, ...) for indices (3, sets, n): (sets, ...)"""
    a, b, c = (np.stack([values[rows].mean(0) for rows in group]) for group in chosen)
    return a - b + c


def composites(x, groups, n, rng):
    """n pictures that are no single face: sums of drawings as in the arithmetic, and cross-fades of two"""
    sums = [arithmetic(x, pick(rng, groups, n // 6, k)) for k in (1, 3, 10)]
    a, b = rng.integers(len(x), size=(2, n - 3 * (n // 6)))
    share = rng.uniform(0.3, 0.7, (len(a), 1, 1, 1))
    return np.concatenate([*sums, share * x[a] + (1 - share) * x[b]]).clip(-1, 1).astype(np.float32)


def judges(epochs=4):
    """(attribute judge: glasses, female; single-face judge: is it one face?), and their shares of right answers on other drawings"""
    n, rng = (600, 2000)[0 if arguments.quick else 1] * (1 if arguments.quick else 3), np.random.default_rng(1)
    x, known = mg.data.faces(n + 1500, SIZE, seed=10_001)
    y = np.stack([known["glasses"], known["female"]], 1)
    attributes = learn(x[:n], y[:n], epochs)
    groups = kinds(*y[:n].T)
    one_face = learn(np.concatenate([x[:n], composites(x[:n], groups, n, rng)]), np.repeat([[1], [0]], n, 0), epochs)
    test = x[n:]
    right = ((says(attributes, test) > 0.5) == y[n:]).mean(0)
    sums = arithmetic(test, pick(rng, kinds(*y[n:].T), 300, 3)).clip(-1, 1)
    return attributes, one_face, (*right, (says(one_face, test) > 0.5).mean(), (says(one_face, worn(test, rng)) > 0.5).mean(), (says(one_face, sums) > 0.5).mean())
