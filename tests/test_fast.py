"""Each function of functional/fast.py against the plain expression its docstring begins with."""

import numpy as np
import pytest

import minigen as mg
from minigen.functional import fast

SHAPES = [(), (1,), (5,), (3, 4), (0, 3), (50, 50), (2, 3, 4)]
RNG = np.random.default_rng(0)


def inputs(shape, dtype):
    """Numbers of every size and sign, among them 0, −0, ±∞ and NaN where there is room."""
    x = RNG.standard_normal(shape) * 10.0 ** RNG.integers(-6, 3, shape)
    x = np.asarray(x, dtype)
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan], dtype)
    x.reshape(-1)[:5] = special[:x.size]
    return x


ELEMENTWISE = {
    "positive_part": (fast.positive_part, lambda x: np.maximum(x, 0)),
    "log1p_exp": (fast.log1p_exp, lambda x: np.log1p(np.exp(-abs(x.astype("longdouble"))))),
    **{f"bent_at_zero {s}": (lambda x, s=s: fast.bent_at_zero(x, s),
                             lambda x, s=s: np.where(x > 0, x, s * x)) for s in (0.2, 1.5, -0.5)},
    **{f"times_slopes {s}": (lambda x, s=s: fast.times_slopes(np.sign(x) - 3, x, s),
                             lambda x, s=s: (np.sign(x) - 3) * np.where(x > 0, 1, s))
       for s in (0.2, 0.0, 1.5, -0.5)},
    "number": (fast.number, lambda x: x),
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_elementwise(name, dtype, shape):
    ours, plain = ELEMENTWISE[name]
    x = inputs(shape, dtype)
    found, expected = np.asarray(ours(x)), np.asarray(plain(x)).astype(dtype)
    assert found.dtype == x.dtype and found.shape == x.shape
    np.testing.assert_allclose(found, expected, rtol=4 * np.finfo(dtype).eps,
                               atol=np.finfo(dtype).tiny)


@pytest.mark.numpy_only("a GPU has no longdouble to compare with")
@pytest.mark.parametrize("count", [1, 2047, 2048, 5000])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_log1p_exp_is_as_exact_for_many_numbers_as_for_few(count, dtype):
    """To three units in the last place of an answer computed with more digits, tails included."""
    x = np.linspace(-80, 80, count).astype(dtype)
    expected = np.log1p(np.exp(-abs(x.astype("longdouble"))))
    error = abs(fast.log1p_exp(x) - expected) / expected
    assert error.max() < 3 * np.finfo(dtype).eps


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shapes", [((3, 4), (4, 2)), ((0, 4), (4, 2)), ((2, 3, 4), (4, 2)),
                                    ((2, 3, 4), (2, 4, 2))])
def test_product(shapes, dtype):
    a, b = (RNG.standard_normal(shape).astype(dtype) for shape in shapes)
    np.testing.assert_allclose(fast.product(a, b), a @ b, rtol=1e-5, atol=1e-6)
    found = fast.product(mg.tensor(a, requires_grad=True), b)
    assert found.requires_grad
    np.testing.assert_allclose(found.numpy(), a @ b, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(1, 1), (0, 3), (3, 0), (300, 7)])
def test_column_sums(shape, dtype):
    x = RNG.standard_normal(shape).astype(dtype)
    np.testing.assert_allclose(fast.column_sums(x), x.sum(0), rtol=1e-5, atol=1e-5)
    assert fast.column_sums(x).dtype == x.dtype


def test_number_of_a_tensor_stays_on_the_tape():
    g = mg.tensor(2.0, requires_grad=True)
    assert mg.grad(fast.number(g) * 3, g)[0].item() == 3


@pytest.mark.numpy_only("the bits of NumPy's own mean")
@pytest.mark.parametrize("axis", [None, 0, 1, (0, 1)])
@pytest.mark.parametrize("shape", [(1, 1), (3, 4), (256, 1), (64, 300)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_average_is_numpys_mean_bit_for_bit(shape, axis, dtype):
    x = RNG.standard_normal(shape).astype(dtype)
    n = x.size if axis in (None, (0, 1)) else shape[axis]
    for keepdims in (False, True):
        found, expected = fast.average(x, axis, keepdims, n), x.mean(axis, keepdims=keepdims)
        assert found.dtype == expected.dtype and found.tobytes() == expected.tobytes()
