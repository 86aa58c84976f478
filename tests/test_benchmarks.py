"""The yardstick itself: sides answer, the floor counts what it says, the picture is drawn."""

import pathlib
import sys

import numpy as np
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "benchmarks"))

import benchmark  # noqa: E402
import floor  # noqa: E402
import picture  # noqa: E402
import turns  # noqa: E402

import minigen as mg  # noqa: E402
from minigen.layers import Conv2d  # noqa: E402

pytestmark = pytest.mark.numpy_only("what is timed is NumPy")


def test_the_floor_counts_every_product_of_the_8_3_8_step():
    """A product of (m, k) and (k, n) is 2 m k n operations: two layers forward, two weights and one
    input backward, and two sums over the batch as products with ones."""
    layer = 2 * 8 * 8 * 3
    expected = 2 * layer + 3 * layer + 2 * 8 * 8 + 2 * 8 * 3
    assert floor.floor_of(benchmark.STEPS["autoencoder"](), rate=1.0) == expected


def test_the_floor_counts_a_convolution_its_transpose_and_its_weights_gradient():
    """Each of the three: 2 operations for every place of the kernel at every position."""
    convolution, x = Conv2d(3, 5, 4, 2, 1), mg.randn(2, 3, 8, 8)

    def step():
        inside = mg.tensor(x, requires_grad=True)
        return mg.grad(convolution(inside).sum(), [inside, convolution.weight])

    each = 2 * (2 * 4 * 4) * (5 * 3 * 4 * 4)
    assert floor.floor_of(step, rate=1.0) == 3 * each


@pytest.mark.parametrize("side", ["minigen", "compiled"])
def test_a_side_answers_from_a_process_of_its_own(side):
    found = turns.Side(side, "autoencoder", threads=1)
    try:
        seconds, used = found.burst()
        assert 0 < seconds < 0.1 and used > 0 and found.memory >= 0
    finally:
        found.close()
    assert found.process.returncode == 0


def test_a_side_that_is_not_there_is_left_out(capsys):
    assert turns.available(["nobody"], "no workload", threads=1) == []
    assert "nobody is left out" in capsys.readouterr().err


def test_medians_and_the_picture(tmp_path):
    assert turns.middle([3.0, 1.0, 2.0]) == (2.0, 1.5, 2.5)
    assert turns.middle([1.0]) == (1.0, 1.0, 1.0)
    rows = {"minigen": (1.0, 0.9, 1.1, 2.0, 3.0), "torch": (2.0, 1.9, 2.1, 1.0, 80.0)}
    picture.draw({"one system": rows, "another": rows}, "a processor", tmp_path / "speed.png")
    assert (tmp_path / "speed.png").stat().st_size > 5000
    assert np.isfinite(floor.peak_rate(1, size=64, bursts=2))
