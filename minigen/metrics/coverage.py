"""Does a generator make all of the data, and nothing else? Modes of 2-D mixtures, and
neighbourhoods in feature space.

"Modes with at least one good sample" is the count that papers print, and a generous one: print the
other three figures of `mode_coverage` beside it. For images without known modes, precision and
density ask whether samples are among the real ones; recall and coverage, whether the real ones are
reached. Read next: quality.py.
"""

from typing import NamedTuple

import numpy as np

from .arguments import count, matrix, positive
from .distances import squared_distances

HIGH_QUALITY = 3            # standard deviations from the nearest mean
FAIR = 0.2                  # of the share of samples that a mode has if all are equally likely


class ModeCoverage(NamedTuple):
    modes: int              # modes with at least one high-quality sample
    fair_modes: int         # modes with high-quality samples of at least 20% of their fair share
    high_quality: float     # share of samples within 3 standard deviations of their nearest mean
    reverse_kl: float       # KL(shares by nearest mean ‖ uniform), nats: log(modes) if all in one


def mode_coverage(samples, means, std):
    """How samples (n, d) cover a mixture of equal Gaussians N(mean, std² I), means (modes, d).

    The protocol of VEEGAN (Srivastava et al. 2017) and PacGAN (Lin et al. 2018), with 2,500
    samples: a sample is of high quality within 3 std of its nearest mean. In two dimensions only
    98.9% of real samples are (1 − e^−4.5).
    """
    means = matrix(means, "mode_coverage: means")
    samples = matrix(samples, "mode_coverage: samples", means.shape[1])
    std = positive(std, "mode_coverage: std")
    nearest = np.empty(len(samples), int)
    good = np.empty(len(samples), bool)
    for rows, distances in squared_distances(samples, means):
        nearest[rows] = distances.argmin(1)
        good[rows] = distances.min(1) <= (HIGH_QUALITY * std) ** 2
    good_counts = np.bincount(nearest[good], minlength=len(means))
    shares = np.bincount(nearest, minlength=len(means)) / len(samples)
    shares = shares[shares > 0]
    return ModeCoverage(
        modes=int((good_counts > 0).sum()),
        fair_modes=int((good_counts >= FAIR * len(samples) / len(means)).sum()),
        high_quality=float(good.mean()),
        reverse_kl=float((shares * np.log(shares * len(means))).sum()))


class PrecisionRecall(NamedTuple):
    precision: float        # share of fakes inside some real sphere
    recall: float           # share of reals inside some fake sphere


def precision_recall(real, fake, k=3):
    """Improved precision and recall (Kynkäänniemi et al. 2019), of real (n, d) and fake (m, d).

    Each point of a set has a sphere around it that reaches its k-th nearest neighbour in that set,
    not counting the point itself. A point of the other set is inside if it is strictly nearer to
    the centre than that. (Strictly, as Naeem et al. 2020 compare; the paper of 2019 has ≤, which
    differs where a point occurs more than k times.)
    """
    real = matrix(real, "precision_recall: real")
    fake = matrix(fake, "precision_recall: fake", real.shape[1])
    real_radii = _squared_radii(real, k, "precision_recall", "real")
    fake_radii = _squared_radii(fake, k, "precision_recall", "fake")
    return PrecisionRecall(precision=_share_inside(fake, real, real_radii),
                           recall=_share_inside(real, fake, fake_radii))


class DensityCoverage(NamedTuple):
    density: float          # real spheres around a fake, over k: 1 is expected for equal
                            # distributions; it may exceed 1
    coverage: float         # share of real spheres that contain a fake


def density_coverage(real, fake, k=5):
    """Density and coverage (Naeem et al. 2020) of features real (n, d) and fake (m, d).

    Spheres as in `precision_recall`, around the real points alone. For equal distributions the
    expected coverage is 1 − Π_{i<k} (n − 1 − i)/(n + m − 1 − i), which tends to 1 − 2⁻ᵏ for
    n = m: 0.969 for k = 5.
    """
    real = matrix(real, "density_coverage: real")
    fake = matrix(fake, "density_coverage: fake", real.shape[1])
    radii = _squared_radii(real, k, "density_coverage", "real")
    spheres, reached = 0, np.zeros(len(real), bool)
    for _, distances in squared_distances(fake, real):
        inside = distances < radii
        spheres += int(inside.sum())
        reached |= inside.any(0)
    return DensityCoverage(spheres / (k * len(fake)), float(reached.mean()))


def _share_inside(points, centres, radii):
    inside = sum(int((distances < radii).any(1).sum())
                 for _, distances in squared_distances(points, centres))
    return inside / len(points)


def _squared_radii(x, k, function, name):
    """Squared distance of every row to its k-th nearest other row: the (k+1)-th smallest, since its
    distance to itself is among them."""
    count(k, f"{function}: k")
    if k >= len(x):
        raise ValueError(f"{function}: {name} has {len(x)} rows, expected more than k = {k}")
    return np.concatenate([np.partition(distances, k, axis=1)[:, k]
                           for _, distances in squared_distances(x, x)])
