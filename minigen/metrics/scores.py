"""Scores of yes and no: AUROC, accuracy with its interval, and the group that is served worst; intervals over seeds.

A share without its interval says nothing about 100 images, and "100 of 100" does not mean always: print the
interval, and for n of n the bound. Intervals are 95%. Read next: disentanglement.py.
"""

from typing import NamedTuple

import numpy as np

from .arguments import count, floats, labels, positive

Z = 1.959963984540054           # 97.5% quantile of the standard normal distribution


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


class Interval(NamedTuple):
    low: float
    high: float


def wilson_interval(successes, n):
    """95% interval of a share from `successes` of `n` (Wilson 1927): right for small n, never outside [0, 1]."""
    n = count(n, "wilson_interval: n")
    share = count(successes, "wilson_interval: successes", largest=n, smallest=0) / n
    centre = (share + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n)
    half = Z / (1 + Z ** 2 / n) * (share * (1 - share) / n + Z ** 2 / (4 * n ** 2)) ** 0.5
    return Interval(centre - half if share > 0 else 0.0, centre + half if share < 1 else 1.0)      # not by rounding


def clopper_pearson_bound(n):
    """What n successes of n guarantee: the lower end of the 95% interval of Clopper & Pearson 1934, 0.025^(1/n)."""
    return 0.025 ** (1 / count(n, "clopper_pearson_bound: n"))


class PairedDifference(NamedTuple):
    value: float                # the mean
    interval: Interval


def paired_interval(differences, confidence=0.95):
    """Mean of differences (n,), one of each seed, n >= 2, and its interval mean ± t sd/√n (Student 1908, sd over n − 1).

    "A is better than B" of two trainings: run both with the same seeds and pass their n differences. Any n independent
    figures of one kind will do, and an interval that holds 0 decides nothing. With few seeds t is far from 1.96: it is
    12.7 for two, 4.30 for three, 2.78 for five.
    """
    differences = floats(differences, "paired_interval: differences", ndim=1).astype(np.float64)
    n = count(len(differences), "paired_interval: the number of differences", smallest=2)
    confidence = positive(confidence, "paired_interval: confidence")
    if confidence >= 1:
        raise ValueError(f"paired_interval: confidence is {confidence}, expected a number between 0 and 1")
    mean, half = differences.mean(), _student_t(n - 1, confidence) * differences.std(ddof=1) / n ** 0.5
    return PairedDifference(float(mean), Interval(float(mean - half), float(mean + half)))


def _student_t(df, confidence):
    """The t with P(|T| <= t) = confidence for Student's T with `df` degrees of freedom, by bisection of the angle
    arctan(t / √df), in which the probability is a finite sum (Abramowitz & Stegun 1964, 26.7.3 and 26.7.4).
    """
    low, high = 0.0, np.pi / 2
    for _ in range(60):
        angle = (low + high) / 2
        term, total = np.cos(angle) ** (df % 2), 0.0
        for k in range(df % 2, df - 1, 2):
            total += term
            term *= (k + 1) / (k + 2) * np.cos(angle) ** 2
        inside = np.sin(angle) * total if df % 2 == 0 else 2 / np.pi * (angle + np.sin(angle) * total)
        low, high = (angle, high) if inside < confidence else (low, angle)
    return df ** 0.5 * np.tan(low)


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
