"""Points in the plane from distributions whose density is known: what a GAN learnt can be compared with the truth.

    ring, grid              mixtures of Gaussians of equal weight: the standard tests of mode coverage
    swiss_roll, two_moons   a curve with Gaussian noise around it

Each has .sample(m), .density(points) and .log_density(points). Both kinds are one formula, Σ w_j N(x; c_j, std² I): a
noisy curve has a Gaussian around each of its infinitely many points, and quadrature makes finitely many of them.
Read next: batches.py, which turns them into training data.
"""

import numbers

import numpy as np

from ..random import generator
from .batches import whole_number


class _Gaussians:
    """p(x) = Σ w_j N(x; c_j, std² I) with `centres` (k, 2) and `weights` (k,) of sum 1, in float64."""

    def __init__(self, centres, weights, std):
        self._centres, self._log_weights, self._std = centres, np.log(weights), std

    def sample(self, m):
        """`m` points, float32 (m, 2), drawn by minigen's generator."""
        m = whole_number("sample: m", m)
        return (self._draw_centres(m) + self._std * generator().standard_normal((m, 2))).astype(np.float32)

    def density(self, points):
        """p at `points` (n, 2): float64 (n,). Its integral over the plane is 1."""
        return np.exp(self.log_density(points))

    def log_density(self, points):
        """log p at `points` (n, 2), in nats: float64 (n,), finite however far away. ValueError for no such points."""
        points = _points(points)
        blocks = np.array_split(points, 1 + len(points) * len(self._centres) // 2**17)  # 1 MB of distances: in cache
        return np.concatenate([self._log_density(block) for block in blocks])

    def _log_density(self, points):
        distances = sum((points[:, axis, None] - self._centres[:, axis])**2 for axis in (0, 1))
        terms = self._log_weights - distances / (2 * self._std**2)
        largest = terms.max(axis=1)                         # taken out, so that exp cannot underflow to log 0
        return largest + np.log(np.exp(terms - largest[:, None]).sum(axis=1)) - np.log(2 * np.pi * self._std**2)


class GaussianMixture(_Gaussians):
    """k Gaussians of equal weight and of covariance std² I. `means` is float64 (k, 2), `std` a float."""

    def __init__(self, means, std):
        super().__init__(means, np.full(len(means), 1 / len(means)), std)
        self.means, self.std = means, std

    def _draw_centres(self, m):
        return self.means[generator().integers(len(self.means), size=m)]


class NoisyCurve(_Gaussians):
    """Gaussian noise around curve(t), t uniform in [0, 1]:   p(x) = ∫₀¹ N(x; curve(t), noise² I) dt

    Of several curves, each has the same weight. Samples are of the curve itself. The density is that integral by
    Gauss-Legendre quadrature, 8 nodes in each panel of at most 2 noise of the curve's length: the integrand is a
    Gaussian as wide as the noise, and the error is below 1e-10 of the density's peak.
    """

    def __init__(self, curves, noise):
        self.curves, self.noise = curves, noise
        x, w = np.polynomial.legendre.leggauss(8)           # nodes and weights on [-1, 1]
        centres, weights = [], []
        for curve in curves:
            speed = 1000 * np.hypot(*np.diff(curve(np.linspace(0, 1, 1001)), axis=0).T).max()
            panels = int(np.ceil(speed / (2 * noise)))
            centres.append(curve(((np.arange(panels)[:, None] + (x + 1) / 2) / panels).ravel()))
            weights.append(np.tile(w / 2, panels) / (panels * len(curves)))
        super().__init__(np.concatenate(centres), np.concatenate(weights), noise)

    def _draw_centres(self, m):
        t, which = generator().random(m), generator().integers(len(self.curves), size=m)
        return np.stack([curve(t) for curve in self.curves])[which, np.arange(m)]


# ------------------------------------------------------------------------------------- the four distributions

def ring(modes=8, radius=2.0, std=0.02):
    """`modes` Gaussians evenly on a circle, the first at angle 0 (Metz et al. 2017, unrolled GANs: these defaults).

    VEEGAN and PacGAN use radius 1 and std 0.01. The angles are 2π j / modes, j < modes: counted to 2π itself, as is
    sometimes seen, one mode is doubled and another missing.
    """
    angles = 2 * np.pi * np.arange(whole_number("ring: modes", modes)) / modes
    means = _positive("ring: radius", radius) * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return GaussianMixture(means, _positive("ring: std", std))


def grid(side=5, spacing=2.0, std=0.05):
    """side × side Gaussians on a square grid about 0 (VEEGAN, PacGAN: these defaults, {-4, -2, 0, 2, 4}²)."""
    ticks = _positive("grid: spacing", spacing) * (np.arange(whole_number("grid: side", side)) - (side - 1) / 2)
    means = np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1).reshape(-1, 2)
    return GaussianMixture(means, _positive("grid: std", std))


def swiss_roll(noise=0.1):
    """The spiral (t cos t, t sin t) / 5, t uniform in [1.5π, 4.5π]: scikit-learn's roll from the end, radius ≤ 2.83.

    `noise` is the standard deviation of the Gaussian around it, at least 0.001 (the density is summed in such steps).
    """
    def spiral(u):
        t = 1.5 * np.pi * (1 + 2 * u)
        return (t * [np.cos(t), np.sin(t)]).T / 5
    return NoisyCurve([spiral], _positive("swiss_roll: noise", noise, least=0.001))


def two_moons(noise=0.1):
    """Two interleaved half circles of radius 1, as scikit-learn's make_moons; each has probability 1/2.

    `noise` is the standard deviation of the Gaussian around them, at least 0.001 (the density is summed in such steps).
    """
    def upper(u):
        return np.stack([np.cos(np.pi * u), np.sin(np.pi * u)], axis=1)

    def lower(u):
        return np.array([1, 0.5]) - upper(u)
    return NoisyCurve([upper, lower], _positive("two_moons: noise", noise, least=0.001))


# ------------------------------------------------------------------------------------------------ arguments

def _positive(name, number, least=0.0):
    if not isinstance(number, numbers.Real) or not max(least, 1e-30) <= number < np.inf:
        raise ValueError(f"{name} is {number!r}, expected a positive number" + f" of at least {least}" * (least > 0))
    return float(number)


def _points(points):
    try:
        points = np.asarray(points, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"density: got a {type(points).__name__} that is no NumPy array of points (n, 2); "
                         "minigen.to_numpy(x) makes one of a Tensor") from None
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"density: got points of shape {points.shape}, expected (n, 2)")
    if not np.isfinite(points).all():
        raise ValueError("density: some points are NaN or infinite, expected finite ones")
    return points
