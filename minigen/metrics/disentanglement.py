"""Does one latent dimension mean one factor? Two scores, for data whose true factors are known.

Nothing in a VAE guarantees it (Locatello et al. 2019, theorem 1): print the score of the untrained
network beside it, and use several seeds. Both scores take the encoder's means as codes (n, d), and
the factors (n, f) as integers, one row to an image. The settings are those of
google-research/disentanglement_lib.
"""

from typing import NamedTuple

import numpy as np

from .arguments import count, labels, matrix

BINS = 20                   # of a code dimension, in the mutual information gap
PAIRS = 64                  # averaged into one point of the beta-VAE score (L in the paper)


class MutualInformationGap(NamedTuple):
    score: float            # mean of the gaps, 0 to 1
    gaps: np.ndarray        # (f,): (largest − second largest information) / entropy, by factor
    information: np.ndarray                 # (f, d): I(factor; code dimension), nats


def mutual_information_gap(codes, factors):
    """MIG (Chen et al. 2018) of codes (n, d), d ≥ 2, and factors (n, f).

    As in disentanglement_lib, each mean is cut into 20 bins of equal width over its range; Chen's
    own estimator samples q(z | x) instead, and its figures differ. ValueError for d = 1, and for a
    factor with one value only.
    """
    codes, factors = _codes_and_factors(codes, factors, "mutual_information_gap")
    _check_two_columns(codes, "mutual_information_gap: codes", "one dimension", "to have a gap")
    binned = [_bins(column) for column in codes.T]
    information = np.array([[_information(factor, column) for column in binned]
                            for factor in factors.T])
    entropy = np.array([_entropy(factor) for factor in factors.T])
    ordered = np.sort(information, axis=1)
    gaps = (ordered[:, -1] - ordered[:, -2]) / entropy
    return MutualInformationGap(float(gaps.mean()), gaps, information)


def _bins(x):
    """The bin, 0..19, of every entry of x; a unit that never moves is all in bin 0."""
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
    """The beta-VAE metric (Higgins et al. 2017): how well one can tell which factor 64 pairs share.

    A point is the mean over 64 pairs of |code − code′|, where the two images of every pair agree in
    one factor, drawn at random. A linear classifier learns from `train` points which factor it was,
    and its accuracy on `test` others is the score; chance is 1/f. Where the data hold all
    combinations of the factors, pairs are distributed as in the paper; elsewhere they are drawn
    from the images there are. ValueError for f = 1, and for too few points to train on.
    """
    codes, factors = _codes_and_factors(codes, factors, "beta_vae_score")
    _check_two_columns(factors, "beta_vae_score: factors", "one column", "to tell apart")
    train, test = count(train, "beta_vae_score: train"), count(test, "beta_vae_score: test")
    rng = np.random.default_rng(seed)
    shared = rng.integers(factors.shape[1], size=train + test)
    _check_every_factor_occurs(shared[:train], factors.shape[1])
    points = np.empty((train + test, codes.shape[1]))
    for k, factor in enumerate(factors.T):
        chosen = np.flatnonzero(shared == k)
        for point, i, j in zip(chosen, *_pairs(factor, len(chosen), rng)):
            points[point] = np.abs(codes[i] - codes[j]).mean(0)
    weight, bias = logistic_regression(points[:train], shared[:train])
    predicted = (points[train:] @ weight + bias).argmax(1)
    return float((predicted == shared[train:]).mean())


def _pairs(factor, n, rng):
    """Two (n, 64) arrays of images, paired so that both have the same value of this factor."""
    order = np.argsort(factor, kind="stable")               # images of one value come together
    sizes = np.bincount(factor)
    starts = np.cumsum(sizes) - sizes
    first = rng.integers(len(factor), size=(n, PAIRS))
    value = factor[first]
    return first, order[starts[value] + rng.integers(sizes[value])]


# ----------------------------------------------------------------------------- a linear classifier

NEWTON_STEPS = 100          # at most; columns of very different scale need more than others
SMALL = 1e-9                # the loss of an example is at its minimum when it can fall no further
ENOUGH = 1e-4               # of the fall that the tangent promises: a step with less is halved


def logistic_regression(x, targets):
    """Multinomial logistic regression: weight (d, K), bias (K,) for x (n, d), targets 0..K−1 (n,).

    Minimises ½‖weight‖² − Σ log softmax(x weight + bias)[target], scikit-learn's default; predict
    by the largest of x @ weight + bias. The loss is convex, so Newton's method reaches its one
    minimum to rounding within a few steps and without a learning rate: a score must not depend on
    how long somebody trained the classifier. ValueError where a class between 0 and the largest
    has no example, ArithmeticError where 100 steps are not enough.
    """
    x = matrix(x, "logistic_regression: x").astype(np.float64)
    one_hot = _one_hot(labels(targets, "logistic_regression: targets", len(x)))
    x = np.column_stack([x, np.ones(len(x))])               # the last row of theta is the bias
    penalty = np.ones((x.shape[1], 1))
    penalty[-1] = 0                                         # which is not penalised
    theta = np.zeros((x.shape[1], one_hot.shape[1]))
    value, p = _loss(theta, x, one_hot, penalty)
    for _ in range(NEWTON_STEPS):
        gradient = x.T @ (p - one_hot) + penalty * theta
        step = _newton_step(gradient, p, x, penalty)
        expected_fall = (step * gradient).sum()                  # the fall along the tangent
        if expected_fall < SMALL * len(x):
            return theta[:-1], theta[-1]
        size, (new_value, p) = 1.0, _loss(theta - step, x, one_hot, penalty)
        while new_value > value - ENOUGH * size * expected_fall:
            size *= 0.5
            new_value, p = _loss(theta - size * step, x, one_hot, penalty)
        theta, value = theta - size * step, new_value
    raise ArithmeticError(f"logistic_regression: no minimum after {NEWTON_STEPS} Newton steps; "
                          "scale the columns of x alike")


def _loss(theta, x, one_hot, penalty):
    """½‖weight‖² − Σ log softmax(x theta)[target], and the softmax p (n, K)."""
    logits = x @ theta
    largest = logits.max(1, keepdims=True)
    exponentials = np.exp(logits - largest)
    total = exponentials.sum(1, keepdims=True)
    value = (0.5 * (penalty * theta ** 2).sum()
             + (largest + np.log(total)).sum() - (logits * one_hot).sum())
    return value, exponentials / total


def _newton_step(gradient, p, x, penalty):
    """H⁻¹ gradient, of theta's shape: the way to the minimum of the loss's own parabola.

    H holds ∂²loss/∂θ_a∂θ_b = xᵀ diag(p_a (δ_ab − p_b)) x for every pair of classes a, b. A constant
    added to every bias changes nothing, so H is singular, and least squares takes the shortest of
    the possible steps. Rows and columns are scaled to a diagonal of 1 first, because otherwise
    least squares takes the column of a small input for such a flat direction.
    """
    classes = p.shape[1]
    hessian = np.block([[x.T @ (x * (p[:, [a]] * ((a == b) - p[:, [b]]))) for b in range(classes)]
                        for a in range(classes)])
    hessian += np.diag(np.tile(penalty[:, 0], classes))
    scale = 1 / np.sqrt(np.maximum(np.diag(hessian), 1e-12))
    step = np.linalg.lstsq(hessian * np.outer(scale, scale), gradient.T.ravel() * scale,
                           rcond=None)[0] * scale
    return step.reshape(classes, -1).T


# ------------------------------------------------------------------------------------------ checks

def _codes_and_factors(codes, factors, name):
    """Codes in float64, and factors as the numbers 0, 1, 2 … of the values that occur."""
    codes = matrix(codes, f"{name}: codes").astype(np.float64)
    factors = labels(factors, f"{name}: factors", len(codes), ndim=2)
    columns = [np.unique(column, return_inverse=True)[1] for column in factors.T]
    for k, column in enumerate(columns):
        if column.max() == 0:
            raise ValueError(f"{name}: factor {k} has one value only; leave it out")
    return codes, np.stack(columns, axis=1)


def _check_two_columns(x, name, one, purpose):
    if x.shape[1] < 2:
        raise ValueError(f"{name} have {one}, expected at least 2 {purpose}")


def _check_every_factor_occurs(shared, factors):
    if len(np.unique(shared)) < factors:
        raise ValueError(f"beta_vae_score: train is {len(shared)}, too few points for each of "
                         f"{factors} factors; take more")


def _one_hot(targets):
    """Targets (n,) as rows of the identity, (n, K); ValueError unless they are 0..K−1, all used."""
    targets, present = targets.astype(int), np.unique(targets)
    if len(present) < 2 or present[0] != 0 or present[-1] != len(present) - 1:
        raise ValueError(f"logistic_regression: targets hold {present[:10]}, "
                         "expected 0, 1 .. K−1, all of them")
    return np.eye(len(present))[targets]
