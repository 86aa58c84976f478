"""How sure a figure is: the interval of a share, of a mean, and of a difference over seeds.

A share without its interval says nothing about 100 images, and "100 of 100" does not mean always: print the
interval, and for n of n the bound. Intervals are 95%. Read next: reconstruction.py.
"""

from typing import NamedTuple

import numpy as np

from .arguments import count, floats, positive

Z = 1.959963984540054           # 97.5% quantile of the standard normal distribution


class Interval(NamedTuple):
    low: float
    high: float


class Estimate(NamedTuple):
    """A mean over random draws or test images, and its standard error sd/√n."""

    value: float
    standard_error: float

    @classmethod
    def of(cls, values):
        """The estimate from an array (n,) of independent values."""
        return cls(float(values.mean()), float(values.std() / len(values) ** 0.5))

    @property
    def interval(self):
        """The value ± 1.96 standard errors, of normal draws: for many values, since the tails of few are heavier."""
        half = Z * self.standard_error
        return Interval(self.value - half, self.value + half)


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
