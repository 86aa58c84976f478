"""How much of an image a code keeps: squared error, and principal components as the baseline to
beat.

PCA is the best linear autoencoder (Baldi & Hornik 1989), has a closed form and needs no seed, so
the demos print it beside every autoencoder. A linear autoencoder that has converged spans the same
subspace without having the same weights: compare the subspaces with `principal_angles`, never the
weights. Read next: likelihood.py.
"""

from dataclasses import dataclass

import numpy as np

from .arguments import count, floats, labels, matrix, same_shape
from .distances import squared_distances


def mse(x, reconstruction):
    """Mean squared error per pixel; times the number of pixels it is the squared error per image.

    Two arrays of one shape, with any number of axes; ValueError where the shapes differ.
    """
    x, reconstruction = floats(x, "mse: x"), floats(reconstruction, "mse: reconstruction")
    same_shape("mse", x=x, reconstruction=reconstruction)
    return float(np.mean(np.square(x - reconstruction), dtype=np.float64))


@dataclass(frozen=True)
class PCA:
    """Principal components of d-dimensional data; `fit_pca` makes one."""

    mean: np.ndarray            # (d,)
    components: np.ndarray      # (d, k), orthonormal columns: the covariance's first eigenvectors
    eigenvalues: np.ndarray     # (d,), all of them, largest first; their sum is the total variance

    def transform(self, x):
        """Codes (n, k) of x (n, d)."""
        return (matrix(x, "PCA.transform: x", len(self.mean)) - self.mean) @ self.components

    def reconstruct(self, x):
        """x (n, d) projected on the components, (n, d).

        Clip it to [0, 1] to compare fairly with a decoder that ends with a sigmoid.
        """
        return self.transform(x) @ self.components.T + self.mean

    @property
    def explained_variance(self):
        """Share of the variance that the k components keep, in [0, 1]."""
        k = self.components.shape[1]
        return float(self.eigenvalues[:k].sum() / self.eigenvalues.sum())


ROWS_AT_A_TIME = 8192           # so that 60,000 float32 images need no copy in float64


def fit_pca(x, k):
    """The PCA of x (n, d) with k components (0 keeps the mean alone), in float64.

    The covariance is that of maximum likelihood, divided by n (Tipping & Bishop 1999). ValueError
    for k outside 0..d, and for data that do not vary.
    """
    x = matrix(x, "fit_pca: x")
    k = count(k, "fit_pca: k", largest=x.shape[1], smallest=0)
    _check_varies(x)
    mean = x.mean(0, dtype=np.float64)
    covariance = np.zeros((len(mean), len(mean)))
    for start in range(0, len(x), ROWS_AT_A_TIME):
        centred = x[start:start + ROWS_AT_A_TIME] - mean
        covariance += centred.T @ centred
    eigenvalues, vectors = np.linalg.eigh(covariance / len(x))      # smallest first
    return PCA(mean, vectors[:, ::-1][:, :k].copy(), np.maximum(eigenvalues[::-1], 0))


def _check_varies(x):
    if (x == x[0]).all():
        raise ValueError(f"fit_pca: all {len(x)} rows of x are equal, so they have no components")


def principal_angles(a, b):
    """Angles in radians between the spans of the columns of a (d, k) and of b (d, l), largest
    first: (min(k, l),).

    With orthonormal bases Qa and Qb, the cosines are the singular values of QaᵀQb and the sines
    those of Qb − Qa QaᵀQb; the arc tangent of both is accurate near 0 and near 90° alike (Björck &
    Golub 1973). ValueError where columns are linearly dependent.
    """
    a, b = matrix(a, "principal_angles: a"), matrix(b, "principal_angles: b")
    _check_same_dimension(a, b)
    qa, qb = _orthonormal(a, "a"), _orthonormal(b, "b")
    if qa.shape[1] < qb.shape[1]:
        qa, qb = qb, qa                                             # qb spans the smaller one
    inner = qa.T @ qb
    cosines = np.linalg.svd(inner, compute_uv=False)                # the smallest angle first
    sines = np.linalg.svd(qb - qa @ inner, compute_uv=False)        # the largest angle first
    return np.arctan2(sines, cosines[::-1])


def _check_same_dimension(a, b):
    if len(a) != len(b):
        raise ValueError(f"principal_angles: a has shape {a.shape} and b {b.shape}, "
                         "expected as many rows")


def _orthonormal(a, name):
    vectors, values, _ = np.linalg.svd(a.astype(np.float64), full_matrices=False)
    if a.shape[1] > a.shape[0] or values[-1] <= values[0] * len(a) * 2.0 ** -52:
        raise ValueError(f"principal_angles: the columns of {name}, shape {a.shape}, "
                         "are linearly dependent")
    return vectors


def nearest_neighbour_accuracy(references, reference_labels, queries, query_labels):
    """Share of queries (m, d) whose nearest reference (n, d) in Euclidean distance has their label.

    Labels are integers (n,) and (m,). Among equally near references the first counts.
    """
    name = "nearest_neighbour_accuracy: "
    references = matrix(references, name + "references")
    queries = matrix(queries, name + "queries", references.shape[1])
    reference_labels = labels(reference_labels, name + "reference_labels", len(references))
    query_labels = labels(query_labels, name + "query_labels", len(queries))
    correct = 0
    for rows, distances in squared_distances(queries, references):
        correct += int((reference_labels[distances.argmin(1)] == query_labels[rows]).sum())
    return correct / len(queries)
