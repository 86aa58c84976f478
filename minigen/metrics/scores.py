"""Scores of yes and no: AUROC and accuracy with their intervals, and the group that is classified
least accurately.

Read next: disentanglement.py.
"""

from typing import NamedTuple

import numpy as np

from .arguments import count, floats, labels
from .intervals import Interval, Z, wilson_interval


def auroc(scores, positive):
    """Probability that a positive scores above a negative, ties counting one half (Mann & Whitney
    1947).

    scores (n,), high for what should be positive (anomalies); positive (n,), booleans or 0/1, with
    both kinds present. Below 0.5 the anomalies look *more* normal than the rest.
    """
    scores = floats(scores, "auroc: scores", ndim=1)
    positive = _both_kinds(labels(positive, "auroc: positive", len(scores)))
    _, place, ties = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(ties) - 0.5 * (ties - 1))[place]     # tied scores share their mean rank
    m = int(positive.sum())
    return float((ranks[positive].sum() - m * (m + 1) / 2) / (m * (len(scores) - m)))


def _both_kinds(positive):
    if not np.isin(positive, (0, 1)).all() or positive.min() == positive.max():
        raise ValueError(f"auroc: positive holds {np.unique(positive)[:5]}, "
                         "expected both 0 and 1 and nothing else")
    return positive.astype(bool)


def auroc_interval(area, positives, negatives):
    """95% interval of an AUROC from m positives and n negatives (Hanley & McNeil 1982), in [0, 1].

    For an area A it is A ± 1.96 se with
    se² = (A (1 − A) + (m − 1)(Q₁ − A²) + (n − 1)(Q₂ − A²)) / (m n).
    Q₁ = A / (2 − A) is the chance that two positives both score above one negative, and
    Q₂ = 2 A² / (1 + A) that one positive scores above two negatives, both exact for exponential
    scores. At 0 and 1 it has no width and says nothing. ValueError for an area outside [0, 1].
    """
    a = _checked_area(area)
    m = count(positives, "auroc_interval: positives")
    n = count(negatives, "auroc_interval: negatives")
    q1, q2 = a / (2 - a), 2 * a * a / (1 + a)
    variance = (a * (1 - a) + (m - 1) * (q1 - a * a) + (n - 1) * (q2 - a * a)) / (m * n)
    half = Z * variance ** 0.5
    return Interval(max(0.0, a - half), min(1.0, a + half))


def _checked_area(area):
    area = float(floats(area, "auroc_interval: area", ndim=0))
    if not 0 <= area <= 1:
        raise ValueError(f"auroc_interval: area is {area}, expected an AUROC, between 0 and 1")
    return area


class Accuracy(NamedTuple):
    value: float
    interval: Interval


def accuracy(predictions, targets):
    """Share of predictions (n,) that equal the targets (n,), both integers, with its Wilson
    interval."""
    return _share(_correct(predictions, targets, "accuracy"))


class GroupAccuracy(NamedTuple):
    worst: float                # the smallest accuracy of any group
    mean: float                 # of the groups' accuracies: each counts the same, however small
    groups: dict                # group -> Accuracy


def worst_group_accuracy(predictions, targets, groups):
    """Accuracy of every group, and of the one where it is lowest (Sagawa et al. 2020).

    All three are integers (n,). Amini et al. 2019 report the mean over groups. Aim for 500 test
    images in a group (standard error 1.3 points at 90%).
    """
    correct = _correct(predictions, targets, "worst_group_accuracy")
    groups = labels(groups, "worst_group_accuracy: groups", len(correct))
    table = {group.item(): _share(correct[groups == group]) for group in np.unique(groups)}
    values = [entry.value for entry in table.values()]
    return GroupAccuracy(min(values), sum(values) / len(values), table)


def _correct(predictions, targets, name):
    targets = labels(targets, f"{name}: targets")
    return labels(predictions, f"{name}: predictions", len(targets)) == targets


def _share(correct):
    return Accuracy(float(correct.mean()), wilson_interval(int(correct.sum()), len(correct)))
