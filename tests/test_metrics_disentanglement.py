"""Mutual information and logistic regression against scikit-learn; both scores in known cases."""

import itertools

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import mutual_info_score

from minigen.metrics import beta_vae_score, logistic_regression, mutual_information_gap

pytestmark = pytest.mark.host_arrays

rng = np.random.default_rng(0)
# every combination of factors
GRID = np.array(list(itertools.product(range(3), range(4), range(8), range(8))))
TURN = np.array([[1, -1], [1, 1]]) / 2 ** 0.5


def test_information_is_scikit_learns():
    """20 bins of equal width, made as in disentanglement_lib: NumPy's histogram and digitize."""
    codes = GRID @ rng.standard_normal((4, 3)) + rng.standard_normal((len(GRID), 3))
    result = mutual_information_gap(codes.astype(np.float32), GRID)
    codes = codes.astype(np.float32).astype(float)
    binned = [np.digitize(code, np.histogram(code, 20)[1][:-1]) for code in codes.T]
    theirs = np.array([[mutual_info_score(factor, code) for code in binned] for factor in GRID.T])
    np.testing.assert_allclose(result.information, theirs, atol=1e-12)
    first, second = np.sort(theirs, 1)[:, ::-1].T[:2]
    np.testing.assert_allclose(result.gaps, (first - second) / np.log([3, 4, 8, 8]), rtol=1e-9)
    assert result.score == pytest.approx(result.gaps.mean())


def test_gap_at_its_ends():
    assert mutual_information_gap(GRID * [1.0, -2, 3, 0.1], GRID).score == pytest.approx(1)
    twice, collapsed = np.repeat(GRID * 1.0, 2, axis=1), np.zeros((len(GRID), 2))
    for codes in (twice, collapsed):
        assert mutual_information_gap(codes, GRID).score == pytest.approx(0, abs=1e-12)
    turned = GRID.astype(float)
    turned[:, 2:] = turned[:, 2:] @ TURN                                # x and y at 45 degrees
    gaps = mutual_information_gap(turned, GRID).gaps
    assert gaps[:2] == pytest.approx(1) and gaps[2:].max() < 0.05


def test_factors_are_named_by_any_integers():
    named = GRID * [10, 1, -3, 100]
    gaps = [mutual_information_gap(GRID + 0.5, factors).gaps for factors in (named, GRID)]
    assert np.array_equal(*gaps)


def test_a_unit_that_moves_by_rounding_alone():
    codes = np.column_stack([GRID, 0.5 + 1e-16 * rng.integers(3, size=len(GRID))])
    assert mutual_information_gap(codes, GRID).score == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("classes, scale", [(2, 1.0), (4, 1.0), (4, 0.05), (6, 10.0)])
def test_logistic_regression_is_scikit_learns(classes, scale):
    x = rng.standard_normal((400, 5))
    targets = (x @ rng.standard_normal((5, classes)) + rng.gumbel(size=(400, classes))).argmax(1)
    x = scale * x + 1
    weight, bias = logistic_regression(x, targets)
    # of two classes scikit-learn has one logit w, penalty ½w²; as a pair ±w/2 it is ¼w²: C = 2
    c = 2.0 if classes == 2 else 1.0
    theirs = LogisticRegression(C=c, tol=1e-10, max_iter=10_000).fit(x, targets)
    np.testing.assert_allclose(softmax(x @ weight + bias), theirs.predict_proba(x), atol=2e-5)


def test_separable_classes_are_learned():
    targets = np.repeat(np.arange(3), 50)
    weight, bias = logistic_regression(100 * np.eye(3)[targets], targets)
    assert np.isfinite(weight).all()
    assert np.array_equal((100 * np.eye(3) @ weight + bias).argmax(1), np.arange(3))


def softmax(logits):
    exponentials = np.exp(logits - logits.max(1, keepdims=True))
    return exponentials / exponentials.sum(1, keepdims=True)


def test_beta_vae_score_where_the_answer_is_known():
    one_unit_for_each_factor = GRID * 1.0
    assert beta_vae_score(one_unit_for_each_factor, GRID, train=1500, test=800) == 1
    noise = rng.standard_normal((len(GRID), 6))
    chance, standard_error = 0.25, (0.25 * 0.75 / 800) ** 0.5
    score = beta_vae_score(noise, GRID, train=1500, test=800)
    assert score == pytest.approx(chance, abs=4 * standard_error)
    mixed = GRID.astype(float)
    mixed[:, 2:] = mixed[:, 2:] @ TURN                      # x and y look alike from 45 degrees
    assert beta_vae_score(mixed, GRID, train=1500, test=800) == pytest.approx(0.75, abs=0.06)


def test_beta_vae_score_is_a_function_of_its_seed():
    codes = GRID + 4.0 * rng.standard_normal(GRID.shape)
    scores = [beta_vae_score(codes, GRID, train=300, test=300, seed=seed) for seed in (0, 0, 1)]
    assert scores[0] == scores[1] != scores[2]


def test_columns_of_very_different_scale_are_told_apart():
    """Beside noise of size 1e8, a column that decides everything was taken for a flat direction."""
    decides = rng.standard_normal(400)
    x = np.column_stack([decides, 1e8 * rng.standard_normal(400)])
    targets = (decides > 0).astype(int)
    weight, bias = logistic_regression(x, targets)
    assert ((x @ weight + bias).argmax(1) == targets).mean() > 0.98


def test_too_few_points_for_the_beta_vae_score_are_refused_by_name():
    factors = np.array(list(itertools.product(range(2), repeat=4)))
    too_few = "beta_vae_score: train is 3, too few points for each of 4 factors"
    with pytest.raises(ValueError, match=too_few):
        beta_vae_score(factors * 1.0, factors, train=3)
