"""The three matrix products of convolution.py, a few images at a time.

Each function fills its first argument. What it equals is the line of `convolution.terms` in its
docstring; tests/test_naive.py compares them. Not the subject: skim it at a first reading.
Read next: pooling.py.
"""

from .. import parallel
from ..backend import array_module
from ..modes import at_every_step, mode
from .patches import Geometry, channels_last, workspace
from .weave import Weave

_MOST = 4       # as many times y's channels may x have, for its patches to be worth gathering
_SUMS = 8       # products of a weight's gradient kept at once, whatever the number of threads


def _make(calls):
    """Make calls (function, arguments), in any order: each fills its first argument, an array. On
    the host they are shared by the cores; a GPU has its own. A compiled step has each in its
    list."""
    if mode.program is None and array_module(calls[0][1][0]).__name__ == "numpy":
        parallel.each(lambda call: call[0](*call[1]), calls)
    else:
        for function, arguments in calls:
            at_every_step(function, *arguments)


def _as_matrix(W):
    """(O, C, *K) -> (K·C, O): what patches are multiplied by. A view, if W lies so in memory."""
    return W.transpose(*range(2, W.ndim), 1, 0).reshape(-1, W.shape[0])


def convolve(y, x, W, b, stride, padding):
    """y[i] += x[j] W[k], + b        y (N, *T, O)   x (N, C, *S)   W (O, C, *K)   b (O,) or None"""
    geometry = Geometry(x, x.shape[1:], W.shape[2:], stride, padding)
    x, weight = channels_last(x), _as_matrix(W)

    def some(y, x, weight, b):
        rows = y.reshape(-1, y.shape[-1])
        array_module(x).matmul(geometry.gather(x), weight, out=rows)
        if b is not None:
            rows += b

    _make([(some, (y[i], x[i], weight, b)) for i in geometry.chunks(len(W))])


def sum_over_positions(y, a, b, stride, padding):
    """y[k] += b[i] a[j]        y (*K, C, O)   a (N, C, *S)   b (N, O, *T)"""
    geometry = Geometry(a, a.shape[1:], y.shape[:-2], stride, padding)
    a, b, y = channels_last(a), channels_last(b), y.reshape(-1, y.shape[-1])
    chunks = geometry.chunks()
    n = min(_SUMS, len(chunks))
    sums = array_module(a).empty((n, *y.shape), a.dtype)

    def product(y, a, b):
        array_module(a).matmul(geometry.gather(a).T, b.reshape(-1, b.shape[-1]), out=y)

    def one(y, first, *others):
        product(y, *first)
        for pair in others:
            more = workspace(y, "product", y.shape)
            product(more, *pair)
            y += more

    def add(y, sums):
        half = _SUMS // 2
        sums[:max(n - half, 0)] += sums[half:]
        sums[:half].sum(0, out=y)

    _make([(one, (sums[i], *[(a[c], b[c]) for c in chunks[i::n]])) for i in range(n)])
    rows = -(-len(y) // n)
    _make([(add, (y[i:i + rows], sums[:, i:i + rows])) for i in range(0, len(y), rows)])


def convolve_transposed(y, x, W, b, stride, padding):
    """y[j] += x[i] W[k], + b        y (N, *S, C)   x (N, O, *T)   W (O, C, *K)   b (C,) or None

    The rows of a product are added where the patches lie; or the other way round, see weave.py:
    that writes each number once, but its patches are of x, and with more than four times as many
    channels in x as in y they cost more than they save. (On a GPU launches count, and the first
    way has fewer.)"""
    geometry = Geometry(x, (y.shape[-1], *y.shape[1:-1]), W.shape[2:], stride, padding)
    x = channels_last(x)

    def scattered(y, x, weight, b):
        rows = x.reshape(-1, x.shape[-1])
        array_module(x).matmul(rows, weight, out=geometry.memory(y))
        geometry.scatter(y)
        if b is not None:
            y += b

    if len(W) <= _MOST * W.shape[1] and geometry.on_host:
        weave = Weave(geometry, x, W)
        some, weight = weave.some, weave.weight(W)
    else:
        some, weight = scattered, _as_matrix(W).T
    _make([(some, (y[i], x[i], weight, b)) for i in geometry.chunks(len(W))])
