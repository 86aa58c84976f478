"""Scores of yes and no: AUROC and accuracy with their intervals, and the group that is served worst.

Read next: disentanglement.py.
"""

from typing import NamedTuple

import numpy as np

from .arguments import count, floats, labels
from .intervals import Interval, Z, wilson_interval


def auroc(scores, positive):
    """Probability that a positive scores above a negative, ties counted one half (Mann & Whitney 1947).

    scores (n,), high for what should be positive (anomalies); positive (n,) booleans or 0/1, both kinds present.
    Below 0.5 the anomalies look *more* normal than the rest.
    """
    scores = floats(scores, "auroc: scores", ndim=1)
    positive = labels(positive, "auroc: positive", len(scores))
    if not np.isin(positive, (0, 1)).all() or positive.min() == positive.max():
        raise ValueError(f"auroc: positive holds {np.unique(positive)[:5]}, expected both 0 and 1 and nothing else")
    positive = positive.astype(bool)
    _, place, ties = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(ties) - 0.5 * (ties - 1))[place]                 # tied scores share the mean of their ranks
    m = int(positive.sum())
    return float((ranks[positive].sum() - m * (m + 1) / 2) / (m * (len(scores) - m)))


def auroc_interval(area, positives, negatives):
    """95% interval of an AUROC `area` from so many positives and negatives (Hanley & McNeil 1982), within [0, 1].

    area ± 1.96 se, se² = (A (1 − A) + (m − 1)(Q₁ − A²) + (n − 1)(Q₂ − A²)) / (m n), Q₁ = A / (2 − A), Q₂ = 2 A² / (1 + A):
    the chances that two positives both score above one negative, and one positive above two negatives, which are exact
    for exponential scores. At 0 and 1 it is of no width and says nothing.
    """
    a = float(floats(area, "auroc_interval: area", ndim=0))
    if not 0 <= a <= 1:
        raise ValueError(f"auroc_interval: area is {a}, expected an AUROC, between 0 and 1")
    m, n = count(positives, "auroc_interval: positives"), count(negatives, "auroc_interval: negatives")
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    half = Z * ((a * (1 - a) + (m - 1) * (q1 - a * a) + (n - 1) * (q2 - a * a)) / (m * n)) ** 0.5
    return Interval(max(0.0, a - half), min(1.0, a + half))


class Accuracy(NamedTuple):
    value: float
    interval: Interval


def accuracy(predictions, targets):
    """Share of predictions (n,) that equal the targets (n,), integers both, with its Wilson interval."""
    right = _right(predictions, targets, "accuracy")
    return Accuracy(float(right.mean()), wilson_interval(int(right.sum()), len(right)))


class GroupAccuracy(NamedTuple):
    worst: float                # the smallest accuracy of any group
    mean: float                 # mean of the groups' accuracies: every group counts the same, however small
    groups: dict                # group -> Accuracy


def worst_group_accuracy(predictions, targets, groups):
    """Accuracy of the group that is served worst (Sagawa et al. 2020), and of all: integers (n,) all three.

    Amini et al. 2019 report the mean over groups; want 500 test images a group (standard error 1.3 points at 90%).
    """
    right = _right(predictions, targets, "worst_group_accuracy")
    groups = labels(groups, "worst_group_accuracy: groups", len(right))
    table = {}
    for group in np.unique(groups):
        members = right[groups == group]
        table[group.item()] = Accuracy(float(members.mean()), wilson_interval(int(members.sum()), len(members)))
    values = [entry.value for entry in table.values()]
    return GroupAccuracy(min(values), sum(values) / len(values), table)


def _right(predictions, targets, name):
    targets = labels(targets, f"{name}: targets")
    return labels(predictions, f"{name}: predictions", len(targets)) == targets
