"""The linear VAE, x = W z + b + N(0, σ² I), whose likelihood, posterior and optimum are known.

It is probabilistic PCA (Tipping & Bishop 1999). Its ELBO at the optimum equals log p(x) (Lucas et
al. 2019), and the units whose eigenvalue does not exceed σ² are exactly zero there: posterior
collapse as the optimum, not as a failure of training. So a trained linear VAE can be judged to the
last digit. Read next: parzen.py.
"""

from dataclasses import dataclass

import numpy as np

from .arguments import count, floats, matrix, positive
from .reconstruction import PCA


@dataclass
class LinearVAE:
    """weight W (d, q), bias b (d,), variance σ² > 0, in float64: those of a trained decoder, or of
    `linear_vae_optimum`."""

    weight: np.ndarray
    bias: np.ndarray
    variance: float

    def __post_init__(self):
        self.weight = matrix(self.weight, "LinearVAE: weight").astype(np.float64)
        self.bias = floats(self.bias, "LinearVAE: bias", ndim=1).astype(np.float64)
        self.variance = positive(self.variance, "LinearVAE: variance")
        if len(self.bias) != len(self.weight):
            raise ValueError(f"LinearVAE: weight has shape {self.weight.shape} and bias "
                             f"{self.bias.shape}, expected (d, q) and (d,)")

    def log_likelihood(self, x):
        """Exact log p(x) in nats, (n,), of x (n, d): the density of N(b, C), C = W Wᵀ + σ² I.

        By M = WᵀW + σ² I, only (q, q): C⁻¹ = (I − W M⁻¹ Wᵀ)/σ² and |C| = σ²^(d−q) |M|.
        """
        residual = self._residual(x)
        d, q = self.weight.shape
        projected = residual @ self.weight
        explained = np.einsum("nq,nq->n", projected, np.linalg.solve(self._m(), projected.T).T)
        distance = (np.einsum("nd,nd->n", residual, residual) - explained) / self.variance
        log_det = (d - q) * np.log(self.variance) + np.linalg.slogdet(self._m())[1]
        return -0.5 * (d * np.log(2 * np.pi) + log_det + distance)

    def posterior(self, x):
        """Mean (n, q) and covariance (q, q) of p(z | x): M⁻¹ Wᵀ (x − b) and σ² M⁻¹.

        The covariance is the same for every x.
        """
        mean = np.linalg.solve(self._m(), (self._residual(x) @ self.weight).T).T
        return mean, self.variance * np.linalg.inv(self._m())

    def _m(self):
        return self.weight.T @ self.weight + self.variance * np.eye(self.weight.shape[1])

    def _residual(self, x):
        return matrix(x, "LinearVAE: x", len(self.bias)) - self.bias


def linear_vae_optimum(pca, q, variance=None):
    """The maximum-likelihood LinearVAE with q units, for the data that `pca` was fitted to.

    W = U_q (Λ_q − σ² I)₊^½ (Tipping & Bishop 1999, equation 7, with R = I): its columns are
    orthogonal, so a diagonal encoder loses nothing; a column whose eigenvalue is at most σ² is
    zero. `variance` is the decoder's fixed σ²; by default it is learned too, as the mean of the
    discarded eigenvalues (their equation 8). TypeError unless `pca` is a PCA; ValueError where it
    has fewer than q components, or where the learned variance would be 0.
    """
    _check_pca(pca)
    q = count(q, "linear_vae_optimum: q", largest=pca.components.shape[1])
    if variance is None:
        variance = _discarded_variance(pca, q)
    variance = positive(variance, "linear_vae_optimum: variance")
    scale = np.sqrt(np.maximum(pca.eigenvalues[:q] - variance, 0))
    return LinearVAE(pca.components[:, :q] * scale, pca.mean, variance)


def _discarded_variance(pca, q):
    """The mean of the eigenvalues after the first q; ValueError if these are rounding alone."""
    discarded, d = pca.eigenvalues[q:], len(pca.eigenvalues)
    rounding = d * np.finfo(np.float64).eps * pca.eigenvalues[0]
    if q == d or discarded.mean() <= rounding:
        raise ValueError(f"linear_vae_optimum: with q = {q} units nothing is discarded and the "
                         "best variance is 0; give a variance")
    return discarded.mean()


def _check_pca(pca):
    if not isinstance(pca, PCA):
        raise TypeError(f"linear_vae_optimum: pca is a {type(pca).__name__}, "
                        "expected the result of fit_pca(x, k)")
