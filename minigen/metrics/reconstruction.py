"""How much of an image a code keeps: squared error, and principal components as the opponent to beat.

PCA is the best linear autoencoder (Baldi & Hornik 1989), has a closed form and no seed, so every autoencoder of
the demos is printed beside it. A linear autoencoder that has converged spans the same subspace without having the
same weights: compare the spans with `principal_angles`, never the weights. Read next: likelihood.py.
"""

from dataclasses import dataclass

import numpy as np

from .arguments import count, floats, labels, matrix
from .distances import squared_distances


def mse(x, reconstruction):
    """Mean squared error per pixel; times the number of pixels it is the squared error per image.

    Two arrays of one shape, any number of axes. Raises ValueError where the shapes differ (nothing is broadcast).
    """
    x, reconstruction = floats(x, "mse: x"), floats(reconstruction, "mse: reconstruction")
    if x.shape != reconstruction.shape:
        raise ValueError(f"mse: x has shape {x.shape} and reconstruction {reconstruction.shape}, expected the same")
    return float(np.mean(np.square(x - reconstruction), dtype=np.float64))


@dataclass(frozen=True)
class PCA:
    """Principal components of d-dimensional data; `fit_pca` makes one."""

    mean: np.ndarray            # (d,)
    components: np.ndarray      # (d, k), orthonormal columns, the leading eigenvectors of the covariance
    eigenvalues: np.ndarray     # (d,), all of them, largest first; their sum is the total variance

    def transform(self, x):
        """Codes (n, k) of x (n, d)."""
        return (matrix(x, "PCA.transform: x", len(self.mean)) - self.mean) @ self.components

    def reconstruct(self, x):
        """x (n, d) projected on the components, (n, d). Clip it to [0, 1] to be fair to a sigmoid decoder."""
        return self.transform(x) @ self.components.T + self.mean

    @property
    def explained_variance(self):
        """Share of the variance that the k components keep, in [0, 1]."""
        return float(self.eigenvalues[:self.components.shape[1]].sum() / self.eigenvalues.sum())


def fit_pca(x, k):
    """The PCA of x (n, d) with k components (0 keeps the mean alone), in float64.

    The covariance is the maximum-likelihood one, divided by n (Tipping & Bishop 1999). It is summed a few thousand
    rows at a time, so 60,000 float32 images need no float64 copy. Raises ValueError for k outside 0..d, and for
    data that do not vary.
    """
    x = matrix(x, "fit_pca: x")
    k = count(k, "fit_pca: k", largest=x.shape[1], smallest=0)
    if (x == x[0]).all():
        raise ValueError(f"fit_pca: all {len(x)} rows of x are equal; there is no direction to find")
    mean = x.mean(0, dtype=np.float64)
    covariance = np.zeros((len(mean), len(mean)))
    for start in range(0, len(x), 8192):
        centred = x[start:start + 8192] - mean
        covariance += centred.T @ centred
    eigenvalues, vectors = np.linalg.eigh(covariance / len(x))      # smallest first
    return PCA(mean, vectors[:, ::-1][:, :k].copy(), np.maximum(eigenvalues[::-1], 0))


def principal_angles(a, b):
    """Angles in radians between the spans of the columns of a (d, k) and of b (d, l): (min(k, l),), largest first.

    Cosines are the singular values of QaᵀQb, sines those of Qb − Qa QaᵀQb; the arc tangent of both is exact near 0
    and near 90° alike (Björck & Golub 1973). Raises ValueError where columns are linearly dependent.
    """
    a = matrix(a, "principal_angles: a")
    b = matrix(b, "principal_angles: b")
    if len(a) != len(b):
        raise ValueError(f"principal_angles: a has shape {a.shape} and b {b.shape}, expected as many rows")
    qa, qb = _orthonormal(a, "a"), _orthonormal(b, "b")
    if qa.shape[1] < qb.shape[1]:
        qa, qb = qb, qa                                             # qb is the smaller of the two spans
    inner = qa.T @ qb
    cosines = np.linalg.svd(inner, compute_uv=False)                # largest first: smallest angle first
    sines = np.linalg.svd(qb - qa @ inner, compute_uv=False)        # largest first: largest angle first
    return np.arctan2(sines, cosines[::-1])


def _orthonormal(a, name):
    vectors, values, _ = np.linalg.svd(a.astype(np.float64), full_matrices=False)
    if a.shape[1] > a.shape[0] or values[-1] <= values[0] * len(a) * 2.0 ** -52:
        raise ValueError(f"principal_angles: the columns of {name}, shape {a.shape}, are linearly dependent")
    return vectors


def nearest_neighbour_accuracy(references, reference_labels, queries, query_labels):
    """Share of queries (m, d) whose nearest reference (n, d) in Euclidean distance has their label.

    Labels are integers (n,) and (m,). Of equally near references the first counts.
    """
    references = matrix(references, "nearest_neighbour_accuracy: references")
    queries = matrix(queries, "nearest_neighbour_accuracy: queries", references.shape[1])
    reference_labels = labels(reference_labels, "nearest_neighbour_accuracy: reference_labels", len(references))
    query_labels = labels(query_labels, "nearest_neighbour_accuracy: query_labels", len(queries))
    right = 0
    for rows, distances in squared_distances(queries, references):
        right += int((reference_labels[distances.argmin(1)] == query_labels[rows]).sum())
    return right / len(queries)
