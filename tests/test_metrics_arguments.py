"""Wrong input to a metric: minigen's own error, which names the function and the argument."""

import numpy as np
import pytest

from minigen import metrics
from minigen.metrics.arguments import count, floats, labels

pytestmark = pytest.mark.host_arrays

rows, ints = np.random.default_rng(0).random((6, 3)), np.array([0, 1, 0, 1, 1, 0])
images = np.random.default_rng(1).random((2, 1, 5, 5))

# every public function, called rightly; each argument that is an array is then spoiled in every way
CALLS = [
    (metrics.mse, dict(x=rows, reconstruction=rows)),
    (metrics.fit_pca, dict(x=rows, k=2)),
    (metrics.principal_angles, dict(a=rows, b=rows)),
    (metrics.nearest_neighbour_accuracy,
     dict(references=rows, reference_labels=ints, queries=rows, query_labels=ints)),
    (metrics.gaussian_kl, dict(mu=rows, log_var=rows)),
    (metrics.monte_carlo_kl, dict(mu=rows[0], log_var=rows[0], n=10)),
    (metrics.importance_weighted_bound, dict(log_weights=rows)),
    (metrics.active_units, dict(mu=rows)),
    (metrics.LinearVAE, dict(weight=rows, bias=rows[:, 0], variance=1.0)),
    (metrics.parzen_log_likelihood, dict(centres=rows, x=rows, sigmas=rows[0])),
    (metrics.parzen_window, dict(centres=rows, validation=rows, test=rows)),
    (metrics.kl_divergence, dict(p=rows / rows.sum(), q=rows / rows.sum())),
    (metrics.js_divergence, dict(p=rows / rows.sum(), q=rows / rows.sum())),
    (metrics.optimal_discriminator, dict(p=rows / rows.sum(), q=rows / rows.sum())),
    (metrics.minimax_value, dict(p=rows / rows.sum(), q=rows / rows.sum())),
    (metrics.mode_coverage, dict(samples=rows, means=rows, std=0.1)),
    (metrics.precision_recall, dict(real=rows, fake=rows)),
    (metrics.density_coverage, dict(real=rows, fake=rows)),
    (metrics.laplacian_variance, dict(images=images)),
    (metrics.high_frequency_share, dict(images=images)),
    (metrics.grey_share, dict(images=images)),
    (metrics.frechet_distance, dict(a=rows, b=rows)),
    (metrics.auroc, dict(scores=rows[:, 0], positive=ints)),
    (metrics.paired_interval, dict(differences=rows[:, 0])),
    (metrics.accuracy, dict(predictions=ints, targets=ints)),
    (metrics.worst_group_accuracy, dict(predictions=ints, targets=ints, groups=ints)),
    (metrics.mutual_information_gap, dict(codes=rows, factors=ints[:, None])),
    (metrics.beta_vae_score,
     dict(codes=rows, factors=np.stack([ints, ints[::-1]], 1), train=20, test=20)),
    (metrics.logistic_regression, dict(x=rows, targets=ints)),
]
ANY_SHAPE = {("gaussian_kl", "mu"), ("grey_share", "images")}


def spoiled(value):
    """(what, error, wrong value) for an argument whose right value is the array `value`."""
    yield "empty", ValueError, value[:0]
    yield "one axis too many", ValueError, value[None, None, None]
    yield "text", TypeError, value.astype(str)
    yield "not an array", TypeError, {"x": value}
    if value.dtype.kind == "f":
        second = np.arange(value.size).reshape(value.shape) == 1
        yield "NaN", ValueError, np.where(second, np.nan, value)
        yield "complex", TypeError, value + 0j
    else:
        yield "probabilities for labels", TypeError, value * 0.5
        yield "one label short", ValueError, value[:-1]


@pytest.mark.parametrize("function, arguments", CALLS,
                         ids=[function.__name__ for function, _ in CALLS])
def test_every_array_argument_is_checked(function, arguments):
    function(**arguments)
    for name, right in arguments.items():
        for what, error, wrong in spoiled(right) if isinstance(right, np.ndarray) else ():
            if what == "one axis too many" and (function.__name__, name) in ANY_SHAPE:
                continue
            with pytest.raises(error) as raised:
                function(**{**arguments, name: wrong})
            frame = raised.traceback[-1].path.parent.name
            where = f"{function.__name__}, {name} {what}"
            assert frame == "metrics", f"{where}: raised by {frame}: {raised.value}"


def test_every_public_function_is_in_the_table():
    public = {name for name, value in vars(metrics).items()
              if callable(value) and not name.startswith("_")}
    named_tuples = {name for name in public if hasattr(getattr(metrics, name), "_fields")}
    without_arrays = {"PCA", "auroc_interval", "wilson_interval", "clopper_pearson_bound",
                      "linear_vae_optimum"}
    assert public - named_tuples - without_arrays == {function.__name__ for function, _ in CALLS}


@pytest.mark.parametrize("call, message", [
    (lambda: metrics.mse(rows, rows[:3]), r"mse: x has shape \(6, 3\) and reconstruction \(3, 3\)"),
    (lambda: metrics.fit_pca(images, 1),
     r"fit_pca: x has shape \(2, 1, 5, 5\), expected 2 axes; x.reshape"),
    (lambda: metrics.fit_pca(rows, 4), "fit_pca: got k = 4, expected at most 3"),
    (lambda: metrics.fit_pca(np.full((5, 2), 0.1), 1), "all 5 rows of x are equal"),
    (lambda: metrics.fit_pca(rows, 2).transform(rows[:, :2]),
     r"transform: x has shape \(6, 2\), expected 3 columns"),
    (lambda: metrics.principal_angles(rows[:, [0, 0]], rows),
     "columns of a, shape .* are linearly dependent"),
    (lambda: metrics.gaussian_kl(rows, rows[:4]), "log_var has shape .* does not broadcast"),
    (lambda: metrics.importance_weighted_bound(rows, 4),
     "k is 4, expected a divisor of the 6 draws"),
    (lambda: metrics.LinearVAE(rows, rows[0], 1.0), r"weight has shape \(6, 3\) and bias \(3,\)"),
    (lambda: metrics.LinearVAE(rows, rows[:, 0], 0.0),
     "variance is 0.0, expected a number above 0"),
    (lambda: metrics.linear_vae_optimum(metrics.fit_pca(rows, 2), 3),
     "linear_vae_optimum: got q = 3, expected at most 2"),
    (lambda: metrics.linear_vae_optimum(metrics.fit_pca(rows, 3), 3), "nothing is discarded"),
    (lambda: metrics.parzen_log_likelihood(rows, rows, [0.1, 0.0]), "smallest sigma is 0.0"),
    (lambda: metrics.js_divergence([0.5, 0.4], [0.5, 0.5]), "p sums to 0.9 .* expected 1"),
    (lambda: metrics.kl_divergence([1.5, -0.5], [0.5, 0.5]), "p has a negative value, -0.5"),
    (lambda: metrics.precision_recall(rows, rows[:3]),
     "precision_recall: fake has 3 rows, expected more than k = 3"),
    (lambda: metrics.laplacian_variance(rows[None, :2]),
     r"expected \(n, h, w\) or \(n, c, h, w\), h and w at least 3"),
    (lambda: metrics.grey_share(images * 255), r"pixels of images are in .* expected \[0, 1\]"),
    (lambda: metrics.frechet_distance(rows, rows[:1]), "expected at least 2 for a covariance"),
    (lambda: metrics.auroc(rows[:, 0], ints * 0), "expected both 0 and 1"),
    (lambda: metrics.auroc(rows[:, 0], ints + 1), "expected both 0 and 1"),
    (lambda: metrics.wilson_interval(5, 4),
     "wilson_interval: got successes = 5, expected at most 4"),
    (lambda: metrics.mutual_information_gap(rows[:, :1], ints[:, None]),
     "codes have one dimension"),
    (lambda: metrics.mutual_information_gap(rows, ints[:, None] * 0),
     "factor 0 has one value only"),
    (lambda: metrics.logistic_regression(rows, ints * 2), r"targets hold \[0 2\], expected 0, 1"),
])
def test_messages_say_what_came_and_what_was_expected(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_kinds_of_numbers():
    images = rows.astype(np.float32)
    assert floats(images, "x") is images                    # no copy in float64
    assert floats([1, 2], "x").dtype == floats(rows.astype(np.float16), "x").dtype == np.float64
    assert labels([True, False], "y").dtype == bool and count(np.int64(3), "f: k") == 3
    for k in (2.0, True, "2", 0):
        with pytest.raises(ValueError, match=f"f: got k = {k!r}, expected an integer >= 1"):
            count(k, "f: k")
    with pytest.raises(TypeError, match=r"minigen.to_numpy\(x\) makes one"):
        floats(object(), "x")
    with pytest.raises(ValueError, match="unequal lengths"):
        floats([[1, 2], [3]], "x")
