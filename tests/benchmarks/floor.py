"""What a step would take if nothing but its matrix products cost anything, and they ran at the best
rate that this processor reaches.

The products are read off the list of calls of the compiled step (minigen/replay/compiled.py).
"""

import math
import time

import numpy as np
from threadpoolctl import threadpool_limits

import minigen as mg
from minigen.functional.chunks import convolve, convolve_transposed, sum_over_positions


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
    return sum(map(_operations, *zip(*calls_of(step)))) / rate


def calls_of(step):
    """The list of calls of a step, compiled: pairs (function, arguments)."""
    compiled = mg.compiled(step)
    compiled()
    return compiled.recordings[0].program.calls


def _operations(function, arguments):
    """Multiplications and additions of a call, if it is a matrix product or a convolution."""
    function = getattr(function, "func", function)
    if function in (convolve, convolve_transposed, sum_over_positions):
        W, x = (arguments[0], arguments[2]) if function is sum_over_positions else (
            arguments[2], arguments[0] if function is convolve else arguments[1])
        positions = x.size // W.shape[0 if function is not sum_over_positions else -1]
        return 2 * positions * W.size
    if function in (np.dot, np.matmul):
        a, b = arguments[:2]
        return 2 * math.prod(a.shape) * b.shape[-1] if b.ndim > 1 else 2 * a.size
    return 0
