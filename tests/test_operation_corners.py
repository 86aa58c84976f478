"""Corners of operations: what is not a probability, powers at exponent 0, the deviation of equal
numbers, many rows of one Tensor, a Tensor of one number in a format string."""

import time

import numpy as np
import pytest

import minigen as mg
from minigen import functional as F


def leaf(x, dtype="float64"):
    return mg.Tensor(np.asarray(x, dtype), requires_grad=True)


@pytest.mark.parametrize("wrong", [2.5, -1.0, 1 + 1e-9, np.inf, -np.inf])
@pytest.mark.parametrize("which", ["input", "target"])
@pytest.mark.parametrize("tensors", [True, False])
def test_what_is_not_a_probability_is_refused(wrong, which, tensors):
    given = {"input": np.array([0.5, 0.5]), "target": np.array([0.0, 1.0])}
    given[which] = np.array([0.5, wrong])
    if tensors:
        given = {name: leaf(x) for name, x in given.items()}
    with pytest.raises(ValueError, match=f"binary_cross_entropy: got {which} .*, expected prob"):
        F.binary_cross_entropy(**given)


@pytest.mark.parametrize("which", ["input", "target"])
def test_not_a_number_passes_through_binary_cross_entropy(which):
    given = {"input": np.array([0.0, 1.0]), "target": np.array([0.0, 1.0])}
    assert F.binary_cross_entropy(**given) == 0
    given[which] = np.array([0.0, np.nan])
    assert np.isnan(F.binary_cross_entropy(**given))


@pytest.mark.parametrize("exponents", [[0.0], [0.0, 1.0, 2.0, 0.5, -1.0]])
@pytest.mark.parametrize("first", ["base", "exponent"])
def test_the_mixed_second_derivative_of_a_power(exponents, first):
    """∂/∂p ∂/∂x xᵖ = xᵖ⁻¹ (1 + p log x), in both orders; at x = 2, p = 0 it is 1/2."""
    x, p = np.array([2.0, 0.5, 3.0])[:, None], np.array(exponents)
    base, exponent = leaf(np.broadcast_to(x, (3, len(p)))), leaf(np.broadcast_to(p, (3, len(p))))
    one, other = (base, exponent) if first == "base" else (exponent, base)
    slope, = mg.grad(F.sum(base ** exponent), one, create_graph=True)
    mixed, = mg.grad(slope, other, np.ones(slope.shape))
    np.testing.assert_allclose(mixed.numpy(), x ** (p - 1) * (1 + p * np.log(x)), rtol=1e-14)


@pytest.mark.parametrize("exponent", [0, 0.0, [0.0, 0.0, 0.0]])
def test_a_zeroth_power_has_no_slope_not_even_at_zero(exponent):
    exponent = leaf(exponent) if isinstance(exponent, list) else exponent
    x = leaf([0.0, -0.0, -2.0])
    y = F.power(x, exponent)
    slope, = mg.grad(F.sum(y), x, create_graph=True)
    assert y.numpy().tolist() == [1, 1, 1] and slope.numpy().tolist() == [0, 0, 0]
    assert mg.grad(slope, x, np.ones(3))[0].numpy().tolist() == [0, 0, 0]


@pytest.mark.parametrize("number", [0.0, 1.0, 0.1, -1e10, 1 / 3])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("options", [dict(), dict(axis=0), dict(axis=(0, 2), keepdims=True),
                                     dict(axis=-1, ddof=1)])
def test_the_deviation_of_equal_numbers_has_gradient_zero(number, dtype, options):
    """Also where their mean, and so the deviation, is off by a rounding error, as that of 0.1s."""
    x = leaf(np.full((3, 2, 7), number), dtype)
    slope, = mg.grad(F.sum(F.std(x, **options)), x, create_graph=True)
    np.testing.assert_array_equal(slope.numpy(), np.zeros(x.shape))
    direction = np.random.default_rng(0).standard_normal(x.shape).astype(dtype)
    np.testing.assert_array_equal(mg.grad(slope, x, direction)[0].numpy(), np.zeros(x.shape))


def test_the_deviation_of_equal_and_of_different_numbers_side_by_side():
    x = leaf([[1.0, 1.0], [1.0, 3.0], [1.0, np.nan]])
    slope = mg.grad(F.sum(F.std(x, 1)), x)[0].numpy()
    np.testing.assert_array_equal(slope, [[0, 0], [-0.5, 0.5], [np.nan, np.nan]])


@pytest.mark.parametrize("walk", ["grad", "backward"])
def test_rows_of_a_large_tensor_cost_a_row_each(walk):
    """An array of zeros for each of 1,500 rows of 4,000 would be 48 MB a row, 72 GB in all."""
    x = leaf(np.ones((1500, 4000)))
    total = 0.0
    for i, row in enumerate(x):
        total = total + F.sum(row) * float(i)
    start = time.process_time()
    if walk == "grad":
        found = mg.grad(total, x)[0].numpy()
    else:
        total.backward()
        found = x.grad
    seconds = time.process_time() - start
    np.testing.assert_array_equal(found, np.broadcast_to(np.arange(1500.0)[:, None], x.shape))
    assert seconds < 2, seconds


def test_indexed_gradients_meet_others_and_each_other():
    """Overlapping slices, an index that repeats, an index of an index, uses without an index."""
    x, w = leaf(np.arange(12.0).reshape(4, 3)), np.random.default_rng(0).standard_normal((4, 3))
    i = np.array([0, 2, 2])
    y = F.sum(x * w) + F.sum(x[1:] ** 2) + F.sum(x[i]) + F.sum(x[::2][1] * 3) + F.sum(x[x > 5])
    expected = w + 0.0
    expected[1:] += 2 * x.data[1:]
    for row in (0, 2, 2):
        expected[row] += 1
    expected[2] += 3
    expected[x.data > 5] += 1
    np.testing.assert_allclose(mg.grad(y, x)[0].numpy(), expected, rtol=1e-15)
    recorded, = mg.grad(y, x, create_graph=True)
    np.testing.assert_allclose(recorded.numpy(), expected, rtol=1e-15)
    curvature, = mg.grad(recorded, x, np.ones(x.shape))
    np.testing.assert_array_equal(curvature.numpy(), [[0] * 3, *[[2] * 3] * 3])


@pytest.mark.parametrize("x", [2.0, [2.0], [[2.0]]])
def test_a_tensor_of_one_number_can_be_formatted(x):
    x = leaf(x)
    assert f"{x:.3f}" == "2.000" and f"{x:>6.1e}" == "2.0e+00"
    assert f"{x}" == repr(x) == str(x)


def test_a_tensor_of_many_numbers_is_not_formatted_as_one():
    with pytest.raises(ValueError, match=r"needs one element, .*\(2,\).* has 2"):
        f"{leaf([1.0, 2.0]):.3f}"
