"""PCA, principal angles and nearest neighbours against scikit-learn, SciPy, and on MNIST."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
from sklearn import decomposition
from sklearn.datasets import load_digits
from sklearn.metrics import mean_squared_error
from sklearn.neighbors import KNeighborsClassifier

from minigen.data import mnist
from minigen.metrics import PCA, fit_pca, mse, nearest_neighbour_accuracy, principal_angles

pytestmark = pytest.mark.host_arrays

MNIST = Path(__file__).parents[2] / "shared" / "mnist"
with_mnist = pytest.mark.skipif(not MNIST.is_dir(),
                                reason="the files of MNIST are not beside the repository")
rng = np.random.default_rng(0)
digits, digit_labels = load_digits(return_X_y=True)


@cache
def mnist_rows(split):
    images, labels = mnist(split, MNIST)
    return images.reshape(-1, 784), labels


def first(pca, k):
    return PCA(pca.mean, pca.components[:, :k], pca.eigenvalues)


def test_mse():
    x, y = rng.random((2, 4, 1, 3, 3))
    assert mse(x, y) == pytest.approx(mean_squared_error(x.ravel(), y.ravel()), rel=1e-12)
    black, grey = np.zeros((1000, 784), np.float32), np.full((1000, 784), 0.1, np.float32)
    assert mse(black, grey) == pytest.approx(0.01, rel=1e-6)


@pytest.mark.parametrize("k", [1, 10, 40])
def test_pca_is_scikit_learns(k):
    ours, theirs = fit_pca(digits, k), decomposition.PCA(k, svd_solver="full").fit(digits)
    n = len(digits)
    np.testing.assert_allclose(ours.mean, theirs.mean_)
    np.testing.assert_allclose(ours.eigenvalues[:k] * n / (n - 1), theirs.explained_variance_)
    cosines = np.abs(ours.components.T @ theirs.components_.T)
    np.testing.assert_allclose(cosines, np.eye(k), atol=1e-8)
    reconstruction = theirs.inverse_transform(theirs.transform(digits))
    np.testing.assert_allclose(ours.reconstruct(digits), reconstruction, atol=1e-8)
    share = theirs.explained_variance_ratio_.sum()
    assert ours.explained_variance == pytest.approx(share, rel=1e-10)
    left_out = ours.eigenvalues[k:].sum()
    assert mse(digits, ours.reconstruct(digits)) == pytest.approx(left_out / 64, rel=1e-10)


def test_no_component_keeps_the_mean_alone():
    pca = fit_pca(digits, 0)
    assert (pca.reconstruct(digits) == pca.mean).all() and pca.explained_variance == 0


@with_mnist
def test_pca_of_mnist():
    """Eigenvalues and test errors of the full set, to the digits that other software gave."""
    (train, _), (test, _) = mnist_rows("train"), mnist_rows("test")
    pca = fit_pca(train, 64)
    largest = [5.1168, 3.7413, 3.2527, 2.8416, 2.5671, 2.2736,
               1.7251, 1.5205, 1.4563, 1.2427, 1.1121, 1.0666]
    np.testing.assert_allclose(pca.eigenvalues[:12], largest, atol=5.1e-5)
    assert (pca.eigenvalues < 1e-12).sum() == 72
    for k, plain, clipped, explained in ((2, 0.055669, 0.055474, 0.168),
                                         (10, 0.034074, 0.032892, 0.488),
                                         (64, 0.009047, 0.007751, 0.862)):
        reconstruction = first(pca, k).reconstruct(test)
        assert mse(test, reconstruction) == pytest.approx(plain, abs=5.1e-7)
        assert mse(test, reconstruction.clip(0, 1)) == pytest.approx(clipped, abs=5.1e-7)
        assert first(pca, k).explained_variance == pytest.approx(explained, abs=5.1e-4)


@pytest.mark.parametrize("shapes", [
    ((9, 3), (9, 3)), ((9, 2), (9, 5)), ((9, 5), (9, 2)), ((9, 1), (9, 9))])
def test_principal_angles_are_scipys(shapes):
    a, b = (rng.standard_normal(shape) for shape in shapes)
    theirs = scipy.linalg.subspace_angles(a, b)
    np.testing.assert_allclose(principal_angles(a, b), theirs, atol=1e-7)


@pytest.mark.parametrize("angle", [0, 1e-9, 1e-4, 1, np.pi / 2])
def test_principal_angle_of_a_turned_plane(angle):
    """Exact at both ends, and blind to the basis: for an invertible C, U and U C span the same."""
    x, y, z = np.eye(5)[:3]
    plane = np.stack([x, y], axis=1)
    turned = np.stack([x, np.cos(angle) * y + np.sin(angle) * z], axis=1)
    found = principal_angles(plane, turned @ [[3.0, 1.0], [-5.0, 0.2]])
    np.testing.assert_allclose(found, [angle, 0], atol=1e-14)


def test_nearest_neighbour_is_scikit_learns():
    references = digits[:900], digit_labels[:900]
    queries = digits[900:], digit_labels[900:]
    theirs = KNeighborsClassifier(1).fit(*references).score(*queries)
    assert nearest_neighbour_accuracy(*references, *queries) == theirs


@with_mnist
def test_nearest_neighbour_on_mnist():
    """Ten principal components, 10,000 references, full test set: other software gave 88.6%."""
    (train, train_labels), (test, test_labels) = mnist_rows("train"), mnist_rows("test")
    pca = fit_pca(train[:10_000], 10)
    measured = nearest_neighbour_accuracy(pca.transform(train[:10_000]), train_labels[:10_000],
                                          pca.transform(test), test_labels)
    assert measured == pytest.approx(0.886, abs=5.1e-4)
