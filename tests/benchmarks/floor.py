"""What a step would take if nothing but its matrix products cost anything, and they ran at the best
rate that this processor reaches.

The products are read off the list of calls of the compiled step (minigen/replay/compiled.py), those
of convolutions counted while it is recorded.
"""

import contextlib
import math
import time
from unittest import mock

import numpy as np
from threadpoolctl import threadpool_limits

import minigen as mg
from minigen.functional import convolution


def peak_rate(threads, size=1024, bursts=20):
    """Floating-point operations per second of the best of many square products in float32."""
    a = np.random.default_rng(0).random((size, size), dtype="float32")
    out = np.empty_like(a)
    with threadpool_limits(threads):
        return 2 * size ** 3 / min(_seconds(lambda: np.matmul(a, a, out=out))
                                   for _ in range(bursts))


def _seconds(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def floor_of(step, rate):
    """Seconds that the products of one step take at this rate."""
    counted = []
    with contextlib.ExitStack() as blocks:
        for name in ("convolve", "convolve_transposed", "sum_over_positions"):
            blocks.enter_context(_counting(name, counted))
        calls = calls_of(step)
    return (sum(counted) + sum(map(_operations, *zip(*calls)))) / rate


def _counting(name, counted):
    """Inside the block each call of this product of a convolution appends its multiplications and
    additions to `counted`."""
    function = getattr(convolution, name)

    def counting(y, a, b, *rest):
        W, outputs = (y, b) if name == "sum_over_positions" else (b, y if name == "convolve" else a)
        channels = outputs.shape[-1 if name == "convolve" else 1]
        counted.append(2 * W.size * (outputs.size // channels))
        function(y, a, b, *rest)
    return mock.patch.object(convolution, name, counting)


def calls_of(step):
    """The list of calls of a step, compiled: pairs (function, arguments)."""
    compiled = mg.compiled(step)
    compiled()
    return compiled.recordings[0].program.calls


def _operations(function, arguments):
    """Multiplications and additions of a call, if it is a matrix product."""
    function = getattr(function, "func", function)
    if function in (np.dot, np.matmul):
        a, b = arguments[:2]
        return 2 * math.prod(a.shape) * b.shape[-1] if b.ndim > 1 else 2 * a.size
    return 0
