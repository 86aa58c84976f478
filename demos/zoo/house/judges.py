"""Who says what a generated picture shows: judges that have seen real pictures only.

Two that know nothing of each other: a small convolutional network, of another architecture and
another seed than any player, and the nearest neighbour among real pictures. What pleases one of
them need not please the other. Print a judge's share of right answers on new real pictures beside
what it says of generated ones: that is the best that a generator can reach.
"""

import itertools

import numpy as np

import minigen as mg
from minigen import functional as F
from minigen.layers import Conv2d, Dense, Flatten, ReLU, Sequential
from minigen.metrics.distances import squared_distances
from shared.networks import in_batches


def both(images, classes):
    """The two judges of classes (n,), who saw real images (n, c, h, w) only, by name."""
    return {"by a network": learned(images, classes), "by neighbour": nearest(images, classes)}


def learned(images, classes, steps=400):
    """A function images (m, c, h, w) -> classes (m,), learned from real ones with its own seed;
    minigen's random numbers go on as if nothing had happened."""
    c, h, w = images.shape[1:]
    count = int(classes.max()) + 1
    state = mg.random.generator().bit_generator.state
    mg.random.generator().bit_generator.state = np.random.default_rng(987).bit_generator.state
    judge = Sequential(Conv2d(c, 16, 3, stride=2, padding=1), ReLU(),
                       Conv2d(16, 32, 3, stride=2, padding=1), ReLU(),
                       Flatten(), Dense(32 * -(-h // 4) * -(-w // 4), count))
    optimizer = mg.optim.Adam(judge.parameters(), mg.optim.cosine_decay(5e-3, steps))
    for x, y in itertools.islice(mg.data.Batches(images, classes, size=64), steps):
        loss = F.cross_entropy(judge(mg.tensor(x)), mg.backend.asarray(y))
        optimizer.step(mg.grad(loss, judge.parameters()))
    mg.random.generator().bit_generator.state = state
    return lambda pictures: in_batches(judge, pictures).argmax(1)


def nearest(images, answers):
    """A function images (m, ...) -> the answers (m, ...) of the nearest real ones, in pixels."""
    flat = images.reshape(len(images), -1)

    def judge(pictures):
        blocks = squared_distances(pictures.reshape(len(pictures), -1), flat)
        return answers[np.concatenate([block.argmin(1) for _, block in blocks])]
    return judge


def agreement(codes, classes, count):
    """Share of the pairs (code, class), both 0..count − 1, that agree when each code stands for one
    class: the best of all one-to-one matches (count <= 8)."""
    table = np.zeros((count, count))
    np.add.at(table, (codes, classes), 1 / len(codes))
    return max(float(table[range(count), match].sum())
               for match in map(list, itertools.permutations(range(count))))


def rank_correlation(a, b):
    """Spearman's: the correlation of the ranks of a (n,) and b (n,); 0 if either is constant."""
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    return float(np.corrcoef(a.argsort().argsort(), b.argsort().argsort())[0, 1])
