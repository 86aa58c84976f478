"""Intervals of shares, means and differences over seeds, against SciPy."""

import numpy as np
import pytest
from scipy.stats import binomtest, norm, sem, t, ttest_1samp

from minigen.metrics import Estimate, clopper_pearson_bound, paired_interval, wilson_interval
from minigen.metrics.intervals import _student_t

pytestmark = pytest.mark.host_arrays

rng = np.random.default_rng(0)


def test_an_estimate_s_interval_is_scipys():
    values = rng.normal(3, 2, 1000)
    estimate = Estimate.of(values)
    assert estimate.standard_error == pytest.approx(sem(values, ddof=0), rel=1e-12)
    np.testing.assert_allclose(estimate.interval, norm.interval(0.95, *estimate), rtol=1e-12)


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
        theirs = t.ppf((1 + confidence) / 2, df)
        assert _student_t(df, confidence) == pytest.approx(theirs, rel=1e-9), df


@pytest.mark.parametrize("n", [2, 5, 31])
@pytest.mark.parametrize("confidence", [0.95, 0.9])
def test_paired_interval_is_scipys(n, confidence):
    differences = rng.normal(0.3, 2, n)
    result = paired_interval(differences, confidence)
    assert result.value == pytest.approx(differences.mean(), rel=1e-12)
    theirs = ttest_1samp(differences, 0).confidence_interval(confidence)
    np.testing.assert_allclose(result.interval, theirs, rtol=1e-9)
    assert paired_interval(list(differences), confidence) == result


def test_paired_interval_says_what_it_cannot_do():
    assert paired_interval([2, 2, 2]) == (2, (2, 2))
    with pytest.raises(ValueError, match="got number of differences = 1, expected an integer >= 2"):
        paired_interval([0.5])
    with pytest.raises(ValueError, match="confidence is 95.0, expected a number between 0 and 1"):
        paired_interval([0.5, 0.7], 95)


@pytest.mark.parametrize("n, printed", [(1, 0.025), (100, 0.964), (2000, 0.998)])
def test_bound_for_n_of_n_is_scipys(n, printed):
    theirs = binomtest(n, n).proportion_ci(method="exact").low
    assert clopper_pearson_bound(n) == pytest.approx(theirs, rel=1e-9)
    assert clopper_pearson_bound(n) == pytest.approx(printed, abs=5.1e-4)
