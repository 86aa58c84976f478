"""How certain a figure is: the interval of a share, of a mean, and of a difference over seeds.

A share of 100 images says little without its interval, and "100 of 100" does not mean always: print
the interval, and for n of n the bound. Intervals are 95%. Read next: reconstruction.py.
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
        """The value ± 1.96 standard errors: for many values; for few, it is too narrow."""
        half = Z * self.standard_error
        return Interval(self.value - half, self.value + half)


def wilson_interval(successes, n):
    """95% interval of the share `successes` of `n` (Wilson 1927).

    It holds for small n too and never leaves [0, 1]. ValueError unless 0 <= successes <= n.
    """
    n = count(n, "wilson_interval: n")
    share = count(successes, "wilson_interval: successes", largest=n, smallest=0) / n
    centre = (share + Z ** 2 / (2 * n)) / (1 + Z ** 2 / n)
    variance = share * (1 - share) / n + Z ** 2 / (4 * n ** 2)
    half = Z / (1 + Z ** 2 / n) * variance ** 0.5
    return Interval(centre - half if share > 0 else 0.0,            # exactly 0, and 1: no rounding
                    centre + half if share < 1 else 1.0)


def clopper_pearson_bound(n):
    """What n successes of n guarantee: 0.025^(1/n), the lower end of the 95% interval of
    Clopper & Pearson (1934)."""
    return 0.025 ** (1 / count(n, "clopper_pearson_bound: n"))


class PairedDifference(NamedTuple):
    value: float                # the mean
    interval: Interval


def paired_interval(differences, confidence=0.95):
    """The mean of differences (n,), one for each seed, and its interval mean ± t sd/√n.

    To find out whether training A is better than training B, run both with the same n >= 2 seeds
    and pass their n differences (any n independent figures of one kind will do); an interval that
    contains 0 decides nothing. t is the quantile of Student (1908), and sd has n − 1 in its
    denominator. With few seeds t is far from 1.96: 12.7 for two, 4.30 for three, 2.78 for five.
    ValueError for n < 2 or a confidence outside (0, 1).
    """
    differences = floats(differences, "paired_interval: differences", ndim=1).astype(np.float64)
    n = count(len(differences), "paired_interval: number of differences", smallest=2)
    t = _student_t(n - 1, _checked_confidence(confidence))
    mean, half = differences.mean(), t * differences.std(ddof=1) / n ** 0.5
    return PairedDifference(float(mean), Interval(float(mean - half), float(mean + half)))


def _checked_confidence(confidence):
    confidence = positive(confidence, "paired_interval: confidence")
    if confidence >= 1:
        raise ValueError(f"paired_interval: confidence is {confidence}, "
                         "expected a number between 0 and 1")
    return confidence


def _student_t(df, confidence):
    """The t with P(|T| <= t) = confidence, for Student's T with `df` degrees of freedom.

    Why it is here: sd itself is uncertain when it comes from a few seeds, and 1.96 would claim too
    much; NumPy has no quantile of Student's t, and SciPy is too large a dependency for one number.
    How: in the angle arctan(t/√df) the probability is a finite sum (Abramowitz & Stegun 1964,
    26.7.3 and 26.7.4) and it rises, so halving the interval 60 times finds the angle.
    """
    low, high = 0.0, np.pi / 2
    for _ in range(60):
        angle = (low + high) / 2
        if _student_probability(df, angle) < confidence:
            low = angle
        else:
            high = angle
    return df ** 0.5 * np.tan(low)


def _student_probability(df, angle):
    """P(|T| <= √df tan(angle)) for `df` degrees of freedom."""
    odd = df % 2
    term, total = np.cos(angle) ** odd, 0.0
    for k in range(odd, df - 1, 2):
        total += term
        term *= (k + 1) / (k + 2) * np.cos(angle) ** 2
    if odd:
        return 2 / np.pi * (angle + np.sin(angle) * total)
    return np.sin(angle) * total
