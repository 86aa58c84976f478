"""Work shared by threads: what is computed does not depend on how many there are."""

import os
import signal
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from minigen import parallel
from minigen.functional import chunks, patches
from minigen.functional.patches import positions

pytestmark = pytest.mark.numpy_only("the threads of the host")

PROGRAM = """
import hashlib, threadpoolctl
import minigen as mg
from minigen import parallel
x, W, V = mg.randn(40, 8, 30, 30), mg.randn(16, 8, 4, 4), mg.randn(8, 16, 3, 3)
inputs = [mg.tensor(a, requires_grad=True) for a in (x, W, V)]
y = mg.functional.conv_transpose2d(mg.functional.conv2d(inputs[0], inputs[1], stride=2, padding=1),
                                   inputs[2].transpose(1, 0, 2, 3), stride=2)
found = [y.data, *(g.data for g in mg.grad((y * y).sum(), inputs))]
print(parallel.threads())
print(*[hashlib.sha1(a.tobytes()).hexdigest() for a in found])
print({library["num_threads"] for library in threadpoolctl.threadpool_info()
       if library["user_api"] == "blas"})
"""


def run(threads):
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], text=True, capture_output=True, check=True,
        env={**os.environ, "OPENBLAS_NUM_THREADS": str(threads)}).stdout.splitlines()


def test_convolutions_are_bit_for_bit_the_same_on_one_two_and_three_threads():
    """Three: where the machine has as many."""
    one, two, three = run(1), run(2), run(3)
    assert one[0] == "1" and int(two[0]) == min(2, os.cpu_count())
    assert one[1] == two[1] == three[1]
    assert one[2] == two[2] == "{1}"                    # no thread that spins is left


@pytest.fixture
def two_threads(monkeypatch):
    monkeypatch.setattr(parallel, "_helpers", [parallel._Helper()])


def test_each_item_is_worked_on_once(two_threads):
    done = []
    parallel.each(done.append, [*range(200)])
    assert sorted(done) == [*range(200)]


def test_ctrl_c_while_the_caller_waits_is_raised_when_the_helper_is_done(two_threads):
    done = []

    def slow():
        time.sleep(0.05)                        # by now the caller waits
        signal.pthread_kill(threading.main_thread().ident, signal.SIGINT)
        time.sleep(0.05)
        done.append("helper")

    with pytest.raises(KeyboardInterrupt):
        parallel.at_once([lambda: None, slow])
    assert done == ["helper"]
    assert parallel.at_once([lambda: done.append("caller"), lambda: time.sleep(0.05)])
    assert done == ["helper", "caller"]


@pytest.mark.parametrize("at", [0, 1, 57, 99])
def test_an_error_in_any_thread_is_raised_and_the_next_work_is_done(two_threads, at):
    def work(i):
        if i == at:
            raise KeyError(i)
    with pytest.raises(KeyError, match=str(at)):
        parallel.each(work, [*range(100)])
    done = []
    parallel.each(done.append, [1, 2, 3])
    assert sorted(done) == [1, 2, 3]


def test_work_within_work_and_a_second_caller_do_not_wait_for_the_helpers(two_threads):
    done, entered, leave = [], threading.Event(), threading.Event()

    def slow(i):
        entered.set()
        assert leave.wait(20)

    first = threading.Thread(target=parallel.each, args=(slow, [1, 2]))
    first.start()
    assert entered.wait(20)
    parallel.each(lambda i: parallel.each(done.append, [i, -i]), [1, 2])
    assert sorted(done) == [-2, -1, 1, 2]
    leave.set()
    first.join()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_works_alone(two_threads):
    child = os.fork()
    if not child:
        done = []
        parallel.each(done.append, [1, 2, 3])
        os._exit(0 if done == [1, 2, 3] else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("kernel, stride, padding", [
    (4, 2, 1), (3, 1, 1), (3, 2, 0), (5, 3, 2), (1, 2, 0), (2, 3, 1), (1, 1, 0), (2, 5, 0)])
@pytest.mark.parametrize("bias", [False, True])
def test_what_is_woven_is_the_scattered_sum(kernel, stride, padding, bias, monkeypatch):
    """The plain form is the scatter, which test_naive.py compares with the terms one by one."""
    rng = np.random.default_rng(kernel)
    size, W = (11, 12), rng.normal(size=(3, 5, kernel, kernel))
    T = positions(size, W.shape[2:], (stride,) * 2, (padding,) * 2)
    x, b = rng.normal(size=(7, 3, *T)), rng.normal(size=5) if bias else None

    def result():
        y = np.full((7, *size, 5), np.nan)
        chunks.convolve_transposed(y, x, W, b, (stride,) * 2, (padding,) * 2)
        return y

    woven = result()
    monkeypatch.setattr(chunks, "_MOST", 0)
    np.testing.assert_allclose(woven, result(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("transposed", [False, True])
def test_a_weight_that_lies_otherwise_is_laid_out_once(transposed, monkeypatch):
    """64 images in several calls; W as a user would give it, its rows by output."""
    laid, as_matrix = [], chunks._as_matrix
    monkeypatch.setattr(chunks, "_as_matrix", lambda W: laid.append(1) or as_matrix(W))
    monkeypatch.setattr(chunks, "_MOST", 0)
    W, x = np.ones((128, 64, 4, 4)), np.ones((64, 64, 14, 14))
    y = np.ones((64, 7, 7, 128)).transpose(0, 3, 1, 2)
    if transposed:
        chunks.convolve_transposed(np.empty((64, 14, 14, 64)), y, W, None, (2, 2), (1, 1))
    else:
        chunks.convolve(np.empty((64, 7, 7, 128)), x, W, None, (2, 2), (1, 1))
    assert laid == [1]


@pytest.mark.parametrize("images", [1, 2, 5, 8, 9, 12, 19])
def test_a_weights_gradient_in_many_parts_is_that_in_one(images, monkeypatch):
    """An image in each; that in one part test_naive.py compares with the terms one by one."""
    rng = np.random.default_rng(images)
    x, g = rng.normal(size=(images, 3, 7, 6)), rng.normal(size=(images, 2, 3, 3))

    def result():
        y = np.full((4, 3, 3, 2), np.nan)
        chunks.sum_over_positions(y, x, g, (2, 2), (1, 1))
        return y

    whole = result()
    monkeypatch.setattr(patches, "_CHUNK", 1)
    np.testing.assert_allclose(result(), whole, rtol=1e-12, atol=1e-12)
