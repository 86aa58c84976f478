"""AUROC against scikit-learn and MNIST's ink, its interval against a simulation; worst groups."""

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, roc_auc_score

from minigen.data import mnist
from minigen.metrics import accuracy, auroc, auroc_interval, wilson_interval, worst_group_accuracy

pytestmark = pytest.mark.host_arrays

MNIST = Path(__file__).parents[2] / "shared" / "mnist"
rng = np.random.default_rng(0)


@pytest.mark.parametrize("values", [2, 7, 10 ** 6])             # many ties, some, hardly any
def test_auroc_is_scikit_learns(values):
    for _ in range(5):
        positive = rng.random(300) < 0.3
        scores = rng.integers(values, size=300) + values // 3 * positive
        assert auroc(scores, positive) == pytest.approx(roc_auc_score(positive, scores), rel=1e-12)
        assert auroc(-scores, positive) == pytest.approx(1 - auroc(scores, positive), rel=1e-12)
        assert auroc(scores, positive.astype(int)) == auroc(scores, positive)


def test_auroc_at_its_ends():
    assert auroc([1, 2, 3, 4], [0, 0, 1, 1]) == 1 and auroc([4, 3, 2, 1], [0, 0, 1, 1]) == 0
    assert auroc([5, 5, 5, 5], [0, 1, 0, 1]) == 0.5


def half_width(*arguments):
    low, high = auroc_interval(*arguments)
    return (high - low) / 2


@pytest.mark.parametrize("scale", [1, 1.5, 4])
def test_the_interval_of_an_auroc_is_that_of_exponential_scores(scale):
    """There its formula is exact: A = scale / (1 + scale).

    The spread of 20,000 simulated areas is known to within 0.5%."""
    m, n, rng = 12, 30, np.random.default_rng(1)

    def simulated_areas():
        positives = scale * rng.exponential(size=(1000, m, 1))
        return (positives > rng.exponential(size=(1000, 1, n))).mean((1, 2))

    areas = np.concatenate([simulated_areas() for _ in range(20)])
    area = scale / (1 + scale)
    assert areas.mean() == pytest.approx(area, abs=0.004)
    assert half_width(area, m, n) == pytest.approx(1.96 * areas.std(), rel=0.02)


def test_the_interval_of_an_auroc_stays_within_0_and_1():
    assert auroc_interval(0.99, 5, 5).high == 1 and auroc_interval(0.01, 5, 5).low == 0
    assert auroc_interval(1.0, 5, 5) == (1, 1)
    with pytest.raises(ValueError, match="area is 77.0, expected an AUROC, between 0 and 1"):
        auroc_interval(77, 5, 5)


@pytest.mark.skipif(not MNIST.is_dir(), reason="the files of MNIST are not beside the repository")
def test_ink_alone_as_an_anomaly_score():
    """The sum of the pixels, each digit in turn the anomaly: a 1 has less ink than anything."""
    images, digits = mnist("test", MNIST)
    ink = images.sum((1, 2, 3), dtype=np.float64)
    areas = [auroc(ink, digits == digit) for digit in range(10)]
    expected = [.772, .075, .641, .587, .426, .500, .591, .363, .655, .448]
    np.testing.assert_allclose(areas, expected, atol=5.1e-4)


def test_accuracy():
    predictions, targets = rng.integers(3, size=(2, 400))
    result = accuracy(predictions, targets)
    assert result.value == accuracy_score(targets, predictions)
    assert result.interval == wilson_interval(int((predictions == targets).sum()), 400)


def test_worst_group():
    """Group 7: 3 of 4 right; group 2: 1 of 2. The mean of both is not the share of all, 4 of 6."""
    result = worst_group_accuracy([1, 0, 1, 1, 0, 1], [1, 0, 1, 0, 0, 0], [7, 7, 7, 7, 2, 2])
    assert result.worst == 0.5 and result.mean == 0.625
    assert {group: entry.value for group, entry in result.groups.items()} == {2: 0.5, 7: 0.75}
    assert result.groups[7].interval == wilson_interval(3, 4)
