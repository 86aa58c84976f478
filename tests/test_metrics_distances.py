"""Squared distances in blocks, against SciPy's one pair at a time."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from minigen.metrics import distances

pytestmark = pytest.mark.host_arrays

rng = np.random.default_rng(0)


@pytest.mark.parametrize("block", [1, 50, 10 ** 6])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_blocks_together_are_all_distances(monkeypatch, block, dtype):
    monkeypatch.setattr(distances, "BLOCK", block)
    monkeypatch.setattr(distances, "ROWS", 1)
    # far from the origin, where digits cancel
    x, y = (100 + rng.standard_normal((n, 5)).astype(dtype) for n in (23, 17))
    parts = list(distances.squared_distances(x, y))
    assert np.array_equal(np.concatenate([np.arange(23)[rows] for rows, _ in parts]), np.arange(23))
    assert max(part.size for _, part in parts) <= max(block, 17)
    np.testing.assert_allclose(np.concatenate([part for _, part in parts]),
                               cdist(x, y, "sqeuclidean"), rtol=1e-11)


def test_equal_points_are_exactly_zero_apart_and_outliers_do_not_blur_the_rest():
    x = rng.standard_normal((40, 784))
    x[0] *= 1e5
    (_, block), = distances.squared_distances(x, x)
    assert np.array_equal(block == 0, np.eye(40, dtype=bool))
    far = np.concatenate([x[1:], [[1e9] + 783 * [0]]])
    (_, block), = distances.squared_distances(x[1:], far)
    np.testing.assert_allclose(block, cdist(x[1:], far, "sqeuclidean"), rtol=1e-9)
    ring = np.array([[1.0, 0.0], [1.0, 0.01], [1e6, 0.0]])
    (_, block), = distances.squared_distances(ring, ring[:2])
    np.testing.assert_allclose(block, cdist(ring, ring[:2], "sqeuclidean"), rtol=1e-9)
