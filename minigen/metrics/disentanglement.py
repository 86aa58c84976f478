"""Does one latent dimension mean one factor? Two scores, for data whose true factors are known.

Nothing in a VAE guarantees it (Locatello et al. 2019, theorem 1): print the untrained network's score beside, and
several seeds. Both scores take the encoder's means as codes (n, d) and the factors (n, f) as integers, one row an
image. The settings are those of google-research/disentanglement_lib.
"""

from typing import NamedTuple

import numpy as np

from .arguments import count, labels, matrix

BINS = 20                   # of a code dimension, in the mutual information gap
PAIRS = 64                  # averaged into one training point of the beta-VAE score (L in the paper)


class MutualInformationGap(NamedTuple):
    score: float                        # mean of the gaps, 0 to 1
    gaps: np.ndarray                    # (f,): (largest − second largest information) / entropy, of every factor
    information: np.ndarray             # (f, d): I(factor; code dimension), nats


def mutual_information_gap(codes, factors):
    """MIG (Chen et al. 2018) of codes (n, d), d ≥ 2, and factors (n, f).

    As in disentanglement_lib each mean is cut into 20 bins of equal width over its range; Chen's own estimator
    samples q(z | x) instead, and its figures differ.
    """
    codes, factors = _codes_and_factors(codes, factors, "mutual_information_gap")
    if codes.shape[1] < 2:
        raise ValueError("mutual_information_gap: codes have one dimension, expected at least 2 to have a gap")
    binned = [_bins(column) for column in codes.T]
    information = np.array([[_information(factor, column) for column in binned] for factor in factors.T])
    entropy = np.array([_entropy(factor) for factor in factors.T])
    ordered = np.sort(information, axis=1)
    gaps = (ordered[:, -1] - ordered[:, -2]) / entropy
    return MutualInformationGap(float(gaps.mean()), gaps, information)


def _bins(x):
    """Number of the bin, 0..19, of every entry of x; a unit that never moves is all in bin 0."""
    low, high = x.min(), x.max()
    return np.minimum((x - low) / (high - low or 1) * BINS, BINS - 1).astype(int)


def _entropy(a):
    """Of a column of integers from its counts, in nats."""
    shares = np.bincount(a) / len(a)
    shares = shares[shares > 0]
    return -(shares * np.log(shares)).sum()


def _information(a, b):
    """Mutual information of two columns of integers from their joint counts, in nats."""
    joint = np.zeros((a.max() + 1, b.max() + 1))
    np.add.at(joint, (a, b), 1 / len(a))
    independent = joint.sum(1, keepdims=True) * joint.sum(0)
    seen = joint > 0
    return float((joint[seen] * np.log(joint[seen] / independent[seen])).sum())


def beta_vae_score(codes, factors, train=10_000, test=5_000, seed=0):
    """The beta-VAE metric (Higgins et al. 2017): accuracy of guessing which factor 64 pairs share.

    A point is the mean over 64 pairs of |code − code′|, where the two images of every pair agree in one factor, drawn
    at random; a linear classifier learns on `train` points and is scored on `test` others. Chance is 1/f. On all
    combinations of the factors, pairs are distributed as in the paper; on other data they are images that are there.
    """
    codes, factors = _codes_and_factors(codes, factors, "beta_vae_score")
    if factors.shape[1] < 2:
        raise ValueError("beta_vae_score: factors have one column, expected at least 2 to tell apart")
    train, test = count(train, "beta_vae_score: train"), count(test, "beta_vae_score: test")
    rng = np.random.default_rng(seed)
    shared = rng.integers(factors.shape[1], size=train + test)
    if len(np.unique(shared[:train])) < factors.shape[1]:
        raise ValueError(f"beta_vae_score: train is {train}, too few points for each of {factors.shape[1]} factors; take more")
    points = np.empty((train + test, codes.shape[1]))
    for k, factor in enumerate(factors.T):
        chosen = np.flatnonzero(shared == k)
        order = np.argsort(factor, kind="stable")               # images of one value lie side by side
        sizes = np.bincount(factor)
        starts = np.cumsum(sizes) - sizes
        first = rng.integers(len(codes), size=(len(chosen), PAIRS))
        value = factor[first]
        second = order[starts[value] + rng.integers(sizes[value])]
        for point, i, j in zip(chosen, first, second):
            points[point] = np.abs(codes[i] - codes[j]).mean(0)
    weight, bias = logistic_regression(points[:train], shared[:train])
    return float(((points[train:] @ weight + bias).argmax(1) == shared[train:]).mean())


def logistic_regression(x, targets):
    """Multinomial logistic regression by Newton's method: weight (d, K), bias (K,) for x (n, d), targets 0..K−1 (n,).

    Minimises ½‖weight‖² − Σ log softmax(x weight + bias)[target], scikit-learn's default; predict by the largest of
    x @ weight + bias. Raises ValueError where a class between 0 and the largest has no example.
    """
    x = matrix(x, "logistic_regression: x").astype(np.float64)
    targets = labels(targets, "logistic_regression: targets", len(x)).astype(int)
    present = np.unique(targets)
    if len(present) < 2 or present[0] != 0 or present[-1] != len(present) - 1:
        raise ValueError(f"logistic_regression: targets hold {present[:10]}, expected 0, 1 .. K−1, all of them")
    classes = len(present)
    x = np.column_stack([x, np.ones(len(x))])                   # the last row of theta is the bias, not penalised
    penalty = np.ones((x.shape[1], 1))
    penalty[-1] = 0
    one_hot = np.eye(classes)[targets]

    def loss(theta):
        logits = x @ theta
        top = logits.max(1, keepdims=True)
        shifted = np.exp(logits - top)
        total = shifted.sum(1, keepdims=True)
        value = 0.5 * (penalty * theta ** 2).sum() + (top + np.log(total)).sum() - (logits * one_hot).sum()
        return value, shifted / total

    theta = np.zeros((x.shape[1], classes))
    value, p = loss(theta)
    for _ in range(100):
        gradient = x.T @ (p - one_hot) + penalty * theta
        blocks = [[x.T @ (x * (p[:, [a]] * ((a == b) - p[:, [b]]))) for b in range(classes)] for a in range(classes)]
        hessian = np.block(blocks) + np.diag(np.tile(penalty[:, 0], classes))
        # a constant added to every bias changes nothing: lstsq takes a shortest step across that flat direction. It must not
        # take others for flat because the columns of x differ in scale: the diagonal is made 1
        scale = 1 / np.sqrt(np.maximum(np.diag(hessian), 1e-12))
        step = np.linalg.lstsq(hessian * np.outer(scale, scale), gradient.T.ravel() * scale, rcond=None)[0] * scale
        step = step.reshape(classes, -1).T
        decrement = (step * gradient).sum()
        if decrement < 1e-9 * len(x):
            return theta[:-1], theta[-1]
        size = 1.0                                              # halved until the loss falls enough
        while (trial := loss(theta - size * step))[0] > value - 1e-4 * size * decrement:
            size *= 0.5
        theta = theta - size * step
        value, p = trial
    raise ArithmeticError("logistic_regression: no minimum after 100 Newton steps; scale the columns of x alike")


def _codes_and_factors(codes, factors, name):
    """Checked codes, and factors as numbers 0, 1, 2 … of the values that occur."""
    codes = matrix(codes, f"{name}: codes").astype(np.float64)
    factors = labels(factors, f"{name}: factors", len(codes), ndim=2)
    columns = [np.unique(column, return_inverse=True)[1] for column in factors.T]
    for k, column in enumerate(columns):
        if column.max() == 0:
            raise ValueError(f"{name}: factor {k} has one value only; leave it out")
    return codes, np.stack(columns, axis=1)
