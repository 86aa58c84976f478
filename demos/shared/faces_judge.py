"""The judge of dcgan_faces.py: does a picture show glasses, a woman, and one face at all?

A classifier that learns from drawings (minigen/data/faces.py) and never sees a generated face. The
third answer is there for the negative control: the sum of pictures has both attributes too, but is
several faces laid over each other.

    cd demos && python -m shared.faces_judge        trains it again (some minutes on two cores)
                                                    and replaces faces_judge.npz
"""

import pathlib

import numpy as np
from tqdm import tqdm

import minigen as mg
from minigen import functional as F
from minigen.layers import Conv2d, Dense, Flatten, ReLU, Sequential

from .networks import in_batches, load_network, save_network

SIZE = 32
GLASSES, FEMALE, ONE_FACE = range(3)
STATE = pathlib.Path(__file__).parent / "faces_judge.npz"


def classifier():
    """Pictures (m, 3, 32, 32) in [−1, 1] -> logits (m, 3): glasses? female? a single face?"""
    return Sequential(
        Conv2d(3, 16, 3, stride=2, padding=1), ReLU(),
        Conv2d(16, 32, 3, stride=2, padding=1), ReLU(),
        Conv2d(32, 48, 3, stride=2, padding=1), ReLU(),
        Flatten(), Dense(48 * 4 * 4, 48), ReLU(), Dense(48, 3))


def trained():
    """The classifier as the last training left it in faces_judge.npz"""
    return load_network(classifier(), STATE)


def says(judge, x):
    """The judge's probabilities (n, 3) for pictures x"""
    return in_batches(lambda part: F.sigmoid(judge(part)), x, batch=256)


def concepts(glasses, female, sure=0.99):
    """Indices of men with glasses, of men without, of women without.

    glasses, female: the probabilities (n,) of the two attributes. Of each concept those that are
    `sure`, or the surest 40."""
    groups = []
    for p, q in ((glasses, 1 - female), (1 - glasses, 1 - female), (1 - glasses, female)):
        both = np.minimum(p, q)
        groups.append(np.argsort(-both)[:max(40, (both >= sure).sum())])
    return groups


def pick(rng, groups, sets, n):
    """n different exemplars of each concept, `sets` times: indices (sets, 3, n)"""
    return np.array([[rng.choice(group, n, replace=False) for group in groups]
                     for _ in range(sets)])


def degraded(rng, x):
    """Pictures as an unpractised generator might draw them: half blurred, all noisy and stained."""
    blurred = (np.roll(x, 1, 2) + 2 * x + np.roll(x, -1, 2)) / 4
    blurred = (np.roll(blurred, 1, 3) + 2 * blurred + np.roll(blurred, -1, 3)) / 4
    x = np.where(rng.random((len(x), 1, 1, 1)) < 0.5, blurred, x)
    noise = rng.standard_normal(x.shape)
    stains = np.kron(rng.standard_normal((len(x), 3, 8, 8)), np.ones((4, 4)))
    for what, most in ((noise, 0.15), (stains, 0.2)):
        x = x + rng.uniform(0, most, (len(x), 1, 1, 1)) * what
    return x.clip(-1, 1).astype(np.float32)


def several_faces(rng, x, known):
    """As many pictures of several faces as x (n, 3, 32, 32) has of one face.

    Half of them are sums of the kind to be judged, half cross-fades."""
    n, groups = len(x), concepts(*np.array([known["glasses"], known["female"]], float))
    sums = [x[a].mean(0) - x[b].mean(0) + x[c].mean(0)
            for size in (1, 3, 10) for a, b, c in pick(rng, groups, n // 6, size)]
    a, b = rng.integers(n, size=(2, n - len(sums)))
    share = rng.uniform(0.3, 0.7, (len(a), 1, 1, 1))
    return np.concatenate([sums, share * x[a] + (1 - share) * x[b]]).clip(-1, 1).astype(np.float32)


def train(rng, n=10_000, epochs=6):
    """Train a judge on n drawings and n pictures of several faces.

    All of them are degraded, so that only the third answer tells them apart."""
    x, known = mg.data.faces(n, SIZE, seed=10_001)
    several = several_faces(rng, x, known)
    answers = np.zeros((2 * n, 3), np.float32)
    answers[:n] = np.stack([known["glasses"], known["female"], np.ones(n)], 1)
    asked = np.ones_like(answers)
    asked[n:, :ONE_FACE] = 0                            # several faces: the others have no answer
    judge, steps = classifier(), epochs * -(-2 * n // 64)
    optimizer = mg.optim.Adam(judge.parameters(), mg.optim.cosine_decay(2e-3, steps))
    pictures = np.concatenate([x, several])
    batches = mg.data.Batches(pictures, answers, asked, size=64, epochs=epochs)
    for x, y, mask in tqdm(batches, total=steps, unit="step", desc="judge", disable=None):
        x, y, mask = map(mg.backend.asarray, (degraded(rng, x), y, mask))
        loss = F.mean(mask * F.binary_cross_entropy_with_logits(judge(x), y, reduction="none"))
        optimizer.step(mg.grad(loss, judge.parameters()))
    return judge


if __name__ == "__main__":
    mg.seed(0)
    save_network(train(np.random.default_rng(0)), STATE)
