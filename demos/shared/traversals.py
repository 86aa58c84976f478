"""What does one dimension of a code move? Asked of drawings whose factors are known.

A traversal is one drawing's code with one dimension taken from −2 to 2, all others left as they
are; its pictures are compared with all drawings, and each factor is read off them."""

import numpy as np

from minigen.data.shapes import shapes
from minigen.metrics.distances import squared_distances

images, FACTORS, NAMES = shapes()
DRAWINGS = images.reshape(len(images), -1)              # (768, 256)
# a shape has no order: one column for each
COLUMNS = [np.eye(3)[FACTORS[:, 0]], *(FACTORS[:, [k]] for k in (1, 2, 3))]
VALUES = np.linspace(-2, 2, 9)


def read(pictures):
    """Each factor of pictures (n, 256), a list of (n, columns): its mean over all drawings,
    weighted by exp(−‖difference‖²/2)

    so that a blurred picture that could be any shape reads as a bit of each, and does not jump
    between them."""
    weights = np.concatenate([np.exp(-0.5 * (d - d.min(1, keepdims=True)))
                              for _, d in squared_distances(pictures, DRAWINGS)])
    weights /= weights.sum(1, keepdims=True)
    return [weights @ columns for columns in COLUMNS]


def traversal(mu, j):
    """Codes (n, 9, d): each row of mu (n, d) with dimension j from −2 to 2"""
    z = np.repeat(mu[:, None], len(VALUES), axis=1)
    z[:, :, j] = VALUES
    return z


def movement(decode, mu, j):
    """How far dimension j moves every factor (4,): its variance along a traversal over its variance
    in the drawings (1: fully)

    decode: a function of codes (n, d) that returns pictures (n, 256). mu: codes (768, d)."""
    z = traversal(mu[::13], j)              # of 60; 13 has no factor in common with 3 · 4 · 8 · 8
    pictures = decode(z.reshape(-1, mu.shape[1]))
    along = [part.reshape(*z.shape[:2], -1) for part in read(pictures)]
    return np.array([part.var(1).sum(-1).mean() / columns.var(0).sum()
                     for part, columns in zip(along, COLUMNS)])


def name_of(moved):
    """The factors that a dimension moves: the most moved one, and all that move at least half as
    much; none below a tenth."""
    return [NAMES[k] for k in np.argsort(-moved) if moved[k] >= max(0.1, moved.max() / 2)]


def owned(names, factor):
    """Whether exactly one dimension is named after this factor, and after no other.

    names: name_of of every dimension."""
    return [dimension for dimension in names if factor in dimension] == [[factor]]
