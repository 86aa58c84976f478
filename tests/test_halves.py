"""Long calls of a recorded step cut in two: the same bits, whichever half is first."""

import functools

import numpy as np
import pytest

from minigen import parallel
from minigen.replay import halves

pytestmark = pytest.mark.numpy_only("the threads of the host")


@pytest.mark.parametrize("m, n, k", [(64, 784, 512), (128, 400, 784), (784, 128, 400), (5, 3, 40)])
@pytest.mark.parametrize("transposed", [False, True])
def test_a_large_product_is_cut_in_two(m, n, k, transposed):
    rng = np.random.default_rng(0)
    x = rng.random((n, m), "float32").T if transposed else rng.random((m, n), "float32")
    w, y = rng.random((n, k), "float32"), np.empty((m, k), "float32")
    parallel.threads()
    parts = halves.in_halves((functools.partial(np.dot, out=y), (x, w)), [y], 1.0)
    assert [seconds for _, _, seconds in parts] == [0.5, 0.5]
    for (function, arguments), (changed,), _ in parts:
        assert np.shares_memory(changed, y)
        function(*arguments)
    assert y.tobytes() == np.dot(x, w).tobytes()


def test_a_product_whose_halves_have_other_bits_is_left_whole(monkeypatch):
    x, w, y = np.ones((64, 64)), np.ones((64, 64)), np.empty((64, 64))
    call = functools.partial(np.dot, out=y), (x, w)
    monkeypatch.setattr(np, "matmul", lambda a, b, out: np.add(a @ b, 1e-12, out=out))
    assert halves.in_halves(call, [y], 1.0) == [(call, [y], 1.0)]


def elementwise():
    """name -> (function, arguments, what it changes): forms in which a program has them."""
    x, y = (np.random.default_rng(i).random((6, 5, 4), "float32") for i in range(2))
    channels_last = np.empty((6, 4, 5), "float32").transpose(0, 2, 1)
    columns, row = np.empty((4, 5, 6), "float32").T, np.ones(4, "float32")
    one, wide = np.float32(3), np.ones((1, 5, 4), "float32")
    return {
        "result by position": (np.add, (x, y, channels_last), channels_last),
        "result by name": (functools.partial(np.maximum, out=columns), (x, one), columns),
        "in place": (np.multiply, (x, row, x), x),
        "one along the axis": (np.subtract, (x, wide, channels_last), channels_last),
        "with a condition": (functools.partial(np.add, out=columns, where=x > 0.5), (x, y),
                             columns),
        "copied": (np.copyto, (columns, x, "unsafe"), columns),
        "compared": (np.greater, (x, y, mask := np.empty(x.shape, bool)), mask),
    }


@pytest.mark.parametrize("name", elementwise())
def test_a_long_elementwise_call_is_cut_in_two(name):
    function, arguments, y = elementwise()[name]
    y[...] = 0 if name != "in place" else y
    before = y.copy()
    function(*arguments)
    whole = y.tobytes()
    y[...] = before
    two = halves.in_halves((function, arguments), [y], 1.0)
    assert [seconds for _, _, seconds in two] == [0.5, 0.5]
    assert sum(part.size for _, (part,), _ in two) == y.size
    assert not np.shares_memory(two[0][1][0], two[1][1][0])
    for (half, given), _, _ in two[::-1]:                   # in either order
        half(*given)
    assert y.tobytes() == whole


def test_a_call_that_reads_what_its_other_half_would_change_is_left_whole():
    x = np.ones(100)
    call = np.add, (x[1:], x[:-1], x[1:])
    assert len(halves.in_halves(call, [x[1:]], 1.0)) == 1
    assert len(halves.in_halves((np.matmul, (np.ones((9, 9)),) * 2), [np.ones((9, 9))], 1.0)) == 1
