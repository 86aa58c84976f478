"""Rows of a large Tensor, one after the other: their gradients are added into one array."""

import timeit
import tracemalloc

import numpy as np
import pytest

import minigen as mg
from minigen import functional as F
from minigen.gradcheck import gradcheck

N = 400


def test_a_loop_over_rows_makes_no_array_of_zeros_per_row():
    """N arrays of N × N made one after the other would pass the peak unseen: so count the bytes."""
    x = mg.tensor(np.ones((N, N)), requires_grad=True)
    y = sum((x[i] * float(i) for i in range(1, N)), x[0] * 0.0).sum()
    made = []
    zeros = np.zeros
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(np, "zeros", lambda *a, **k: made.append(zeros(*a, **k)) or made[-1])
        tracemalloc.start()
        (g,) = mg.grad(y, x)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    np.testing.assert_array_equal(g.numpy(), np.arange(N)[:, None] * np.ones((N, N)))
    assert sum(array.nbytes for array in made) < 4 * x.numpy().nbytes
    assert peak < 8 * x.numpy().nbytes


@pytest.mark.numpy_only("times NumPy")
def test_a_loop_over_rows_costs_a_few_copies_and_not_one_per_row():
    n = 1000
    x = mg.tensor(np.ones((n, n)), requires_grad=True)
    y = sum((x[i] * float(i) for i in range(1, n)), x[0] * 0.0).sum()
    one_copy = min(timeit.repeat(np.ones((n, n)).copy, number=1, repeat=5))
    assert timeit.timeit(lambda: mg.grad(y, x), number=1) < n / 4 * one_copy


INDICES = [0, slice(1, None, 2), (slice(None), 1), np.array([0, 2, 0]), [1, 1],
           np.array([True, False, True]), (..., -1)]


@pytest.mark.parametrize("index", INDICES, ids=str)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_parts_and_other_uses_of_a_tensor_are_summed(index, dtype):
    value = np.arange(6.0).reshape(3, 2).astype(dtype)
    x = mg.tensor(value, requires_grad=True)
    h = x * 2                                           # a target on the way, and a leaf
    y = (h * h).sum() + (h[index] * 3).sum() + F.sum(h) + (h[index] ** 2).sum()
    gh, gx = mg.grad(y, [h, x])
    slow, _ = mg.grad(y, [h, x], create_graph=True)     # by scatter, the rule itself
    np.testing.assert_allclose(gh.numpy(), slow.numpy(), rtol=1e-6)
    np.testing.assert_allclose(gx.numpy(), 2 * slow.numpy(), rtol=1e-6)
    assert gh.dtype == gx.dtype == np.dtype(dtype)
    assert not np.shares_memory(gh.numpy(), gx.numpy())


def test_a_gradient_that_is_passed_on_is_not_added_into():
    """h = a + b hands one array to both; the parts of a must not show in b's."""
    a, b = (mg.tensor(np.ones((2, 2)), requires_grad=True) for _ in range(2))
    part = a[0].sum() * 5               # older than a + b, so its turn comes after it
    y = part + ((a + b) * np.ones((2, 2))).sum()
    ga, gb = mg.grad(y, [a, b])
    np.testing.assert_array_equal(ga.numpy(), [[6, 6], [1, 1]])
    np.testing.assert_array_equal(gb.numpy(), np.ones((2, 2)))
    gradcheck(lambda a, b: (a + b).sum() + (a[0] * b[1] * a[1]).sum(), [a, b], order=2)
