"""Points in the plane whose density is known, so that what a GAN learns can be compared with it.

    ring, grid              Gaussians of equal weight: the standard tests of mode coverage
    swiss_roll, two_moons   a curve with Gaussian noise around it

Each has .sample(m), .density(points) and .log_density(points). Both kinds are one formula,
Σ w_j N(x; c_j, std² I): a noisy curve has a Gaussian around every one of its points, and
quadrature reduces these to finitely many. Read next: batches.py, which turns them into batches.
"""

import numbers

import numpy as np

from .. import errors
from ..random import generator


DISTANCES_IN_CACHE = 2**17                      # 1 MB of float64


class _Gaussians:
    """p(x) = Σ w_j N(x; c_j, std² I) with `centres` (k, 2) and `weights` (k,) of sum 1, float64."""

    def __init__(self, centres, weights, std):
        self._centres, self._log_weights, self._std = centres, np.log(weights), std

    def sample(self, m):
        """`m` points, float32 (m, 2), drawn by minigen's generator. ValueError unless m >= 1."""
        errors.integer("sample", 1, m=m)
        points = self._draw_centres(m) + self._std * generator().standard_normal((m, 2))
        return points.astype(np.float32)

    def density(self, points):
        """p at `points` (n, 2): float64 (n,). Its integral over the plane is 1."""
        return np.exp(self.log_density(points))

    def log_density(self, points):
        """log p at `points` (n, 2), in nats: float64 (n,), finite however far away they are.

        ValueError unless they are n pairs of finite numbers.
        """
        points = _points(points)
        n_blocks = 1 + len(points) * len(self._centres) // DISTANCES_IN_CACHE
        return np.concatenate([self._log_density(block)
                               for block in np.array_split(points, n_blocks)])

    def _log_density(self, points):
        distances = sum((points[:, axis, None] - self._centres[:, axis])**2 for axis in (0, 1))
        terms = self._log_weights - distances / (2 * self._std**2)
        largest = terms.max(axis=1)             # taken out, so that exp cannot underflow to log 0
        total = np.exp(terms - largest[:, None]).sum(axis=1)
        return largest + np.log(total) - np.log(2 * np.pi * self._std**2)


class GaussianMixture(_Gaussians):
    """k Gaussians of equal weight and covariance std² I: `means` float64 (k, 2), `std` a float."""

    def __init__(self, means, std):
        super().__init__(means, np.full(len(means), 1 / len(means)), std)
        self.means, self.std = means, std

    def _draw_centres(self, m):
        return self.means[generator().integers(len(self.means), size=m)]


class NoisyCurve(_Gaussians):
    """Gaussian noise around curve(t), t uniform in [0, 1]:  p(x) = ∫₀¹ N(x; curve(t), noise² I) dt

    Several curves have the same weight each. Samples come from the curve itself. The density is
    the integral by Gauss-Legendre quadrature, 8 nodes to every stretch of the curve of at most
    2 noise in length: the integrand is a Gaussian as wide as the noise, so the error is below
    1e-10 of the density's peak.
    """

    def __init__(self, curves, noise):
        self.curves, self.noise = curves, noise
        nodes, node_weights = np.polynomial.legendre.leggauss(8)        # on [-1, 1]
        centres, weights = [], []
        for curve in curves:
            steps = np.diff(curve(np.linspace(0, 1, 1001)), axis=0)
            speed = 1000 * np.hypot(*steps.T).max()                     # length per unit of t
            panels = int(np.ceil(speed / (2 * noise)))
            t = (np.arange(panels)[:, None] + (nodes + 1) / 2) / panels
            centres.append(curve(t.ravel()))
            weights.append(np.tile(node_weights / 2, panels) / (panels * len(curves)))
        super().__init__(np.concatenate(centres), np.concatenate(weights), noise)

    def _draw_centres(self, m):
        t, which = generator().random(m), generator().integers(len(self.curves), size=m)
        return np.stack([curve(t) for curve in self.curves])[which, np.arange(m)]


# -------------------------------------------------------------------------- the four distributions

def ring(modes=8, radius=2.0, std=0.02):
    """`modes` Gaussians evenly spaced on a circle, the first at angle 0.

    The defaults are those of unrolled GANs (Metz et al. 2017); VEEGAN and PacGAN use radius 1 and
    std 0.01. The angles are 2π j / modes for j < modes: letting them run up to 2π itself, a common
    slip, puts one mode in two places and leaves another out. ValueError for modes < 1, or a
    radius or std that is not above 0.
    """
    errors.integer("ring", 1, modes=modes)
    angles = 2 * np.pi * np.arange(modes) / modes
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return GaussianMixture(_positive("ring: radius", radius) * circle, _positive("ring: std", std))


def grid(side=5, spacing=2.0, std=0.05):
    """side × side Gaussians on a square grid centred on 0.

    The defaults are those of VEEGAN and PacGAN: means at {-4, -2, 0, 2, 4}². ValueError for
    side < 1, or a spacing or std that is not above 0.
    """
    errors.integer("grid", 1, side=side)
    ticks = _positive("grid: spacing", spacing) * (np.arange(side) - (side - 1) / 2)
    means = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2)
    return GaussianMixture(means, _positive("grid: std", std))


def swiss_roll(noise=0.1):
    """The spiral (t cos t, t sin t) / 5, t uniform in [1.5π, 4.5π], up to 2.83 from the origin:
    scikit-learn's make_swiss_roll, seen end on.

    `noise` is the standard deviation of the Gaussian around it; ValueError below 0.001, because
    the density is summed over steps of that length.
    """
    def spiral(u):
        t = 1.5 * np.pi * (1 + 2 * u)
        return (t * [np.cos(t), np.sin(t)]).T / 5
    return NoisyCurve([spiral], _positive("swiss_roll: noise", noise, least=0.001))


def two_moons(noise=0.1):
    """Two interleaved half circles of radius 1, each of probability 1/2: scikit-learn's make_moons.

    `noise` is the standard deviation of the Gaussian around them; ValueError below 0.001, because
    the density is summed over steps of that length.
    """
    def upper(u):
        return np.stack([np.cos(np.pi * u), np.sin(np.pi * u)], axis=1)

    def lower(u):
        return np.array([1, 0.5]) - upper(u)
    return NoisyCurve([upper, lower], _positive("two_moons: noise", noise, least=0.001))


# ------------------------------------------------------------------------------------------ checks

def _positive(name, number, least=0.0):
    if not isinstance(number, numbers.Real) or not max(least, 1e-30) <= number < np.inf:
        raise ValueError(f"{name} is {number!r}, expected a positive number"
                         + f" of at least {least}" * (least > 0))
    return float(number)


def _points(points):
    try:
        points = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"density: got a {type(points).__name__}, expected a NumPy array of "
                         "points (n, 2); minigen.to_numpy(x) makes one of a Tensor") from None
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"density: got points of shape {points.shape}, expected (n, 2)")
    if not np.isfinite(points).all():
        raise ValueError("density: some points are NaN or infinite, expected finite ones")
    return points
