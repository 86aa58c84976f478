"""AUROC against scikit-learn and MNIST's ink; intervals against SciPy."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest, t, ttest_1samp
from sklearn.metrics import accuracy_score, roc_auc_score

from minigen.data import mnist
from minigen.metrics import accuracy, auroc, clopper_pearson_bound, paired_interval, wilson_interval, worst_group_accuracy
from minigen.metrics.scores import _student_t

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


@pytest.mark.skipif(not MNIST.is_dir(), reason="the files of MNIST are not beside the repository")
def test_ink_alone_as_an_anomaly_score():
    """The sum of the pixels, each digit in turn the anomaly: a 1 has less ink than anything."""
    images, digits = mnist("test", MNIST)
    ink = images.sum((1, 2, 3), dtype=np.float64)
    np.testing.assert_allclose([auroc(ink, digits == digit) for digit in range(10)],
                               [.772, .075, .641, .587, .426, .500, .591, .363, .655, .448], atol=5.1e-4)


@pytest.mark.parametrize("k, n", [(0, 10), (10, 10), (1, 2), (70, 100), (1408, 2000), (0, 1)])
def test_wilson_interval_is_scipys(k, n):
    theirs = binomtest(k, n).proportion_ci(method="wilson")
    np.testing.assert_allclose(wilson_interval(k, n), (theirs.low, theirs.high), atol=1e-12)


@pytest.mark.parametrize("n", [1, 2, 3, 10, 20, 500, 2000, 9999])
def test_wilson_interval_ends_exactly_at_0_and_1(n):
    """Rounding left 3.5e-18 for 0 of 20, and an end below 1 for all of some n."""
    assert wilson_interval(0, n).low == 0 and wilson_interval(n, n).high == 1


@pytest.mark.parametrize("confidence", [0.5, 0.95, 0.99, 0.9999])
def test_quantile_of_student_is_scipys(confidence):
    for df in (*range(1, 40), 99, 1000):
        assert _student_t(df, confidence) == pytest.approx(t.ppf((1 + confidence) / 2, df), rel=1e-9), df


@pytest.mark.parametrize("n", [2, 5, 31])
@pytest.mark.parametrize("confidence", [0.95, 0.9])
def test_paired_interval_is_scipys(n, confidence):
    differences = rng.normal(0.3, 2, n)
    result = paired_interval(differences, confidence)
    assert result.value == pytest.approx(differences.mean(), rel=1e-12)
    np.testing.assert_allclose(result.interval, ttest_1samp(differences, 0).confidence_interval(confidence), rtol=1e-9)
    assert paired_interval(list(differences), confidence) == result


def test_paired_interval_says_what_it_cannot_do():
    assert paired_interval([2, 2, 2]) == (2, (2, 2))
    with pytest.raises(ValueError, match="number of differences is 1, expected at least 2"):
        paired_interval([0.5])
    with pytest.raises(ValueError, match="confidence is 95.0, expected a number between 0 and 1"):
        paired_interval([0.5, 0.7], 95)


@pytest.mark.parametrize("n, printed", [(1, 0.025), (100, 0.964), (2000, 0.998)])
def test_bound_for_n_of_n_is_scipys(n, printed):
    assert clopper_pearson_bound(n) == pytest.approx(binomtest(n, n).proportion_ci(method="exact").low, rel=1e-9)
    assert clopper_pearson_bound(n) == pytest.approx(printed, abs=5.1e-4)


def test_accuracy():
    predictions, targets = rng.integers(3, size=(2, 400))
    result = accuracy(predictions, targets)
    assert result.value == accuracy_score(targets, predictions)
    assert result.interval == wilson_interval(int((predictions == targets).sum()), 400)


def test_worst_group():
    """Group 7: 3 of 4 right; group 2: 1 of 2. The mean of groups is not the share of all, 4 of 6."""
    result = worst_group_accuracy([1, 0, 1, 1, 0, 1], [1, 0, 1, 0, 0, 0], [7, 7, 7, 7, 2, 2])
    assert result.worst == 0.5 and result.mean == 0.625
    assert {group: entry.value for group, entry in result.groups.items()} == {2: 0.5, 7: 0.75}
    assert result.groups[7].interval == wilson_interval(3, 4)
