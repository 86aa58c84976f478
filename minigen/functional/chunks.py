"""The three matrix products of convolution.py, a few images at a time, shared by the cores.

Each function fills its first argument. What it equals is the line of `convolution.terms` in its
docstring; tests/test_naive.py compares them. Not the subject: skim it at a first reading.
Read next: pooling.py.
"""

import itertools
import math

from .. import parallel
from .patches import Geometry, channels_last, windows, workspace

_MOST = 4       # as many times y's channels may x have, for its patches to be worth gathering
_SUMS = 4       # the parts of a weight's gradient, added in order, whatever the number of threads


def _each(xp, function, items):
    """By all cores, on the host; a GPU has its own."""
    if xp.__name__ == "numpy":
        parallel.each(function, items)
    else:
        for item in items:
            function(item)


def _as_matrix(W):
    """(O, C, *K) -> (K·C, O): what patches are multiplied by. A view, if W lies so in memory."""
    return W.transpose(*range(2, W.ndim), 1, 0).reshape(-1, W.shape[0])


def convolve(y, x, W, b, stride, padding):
    """y[i] += x[j] W[k], + b        y (N, *T, O)   x (N, C, *S)   W (O, C, *K)   b (O,) or None"""
    geometry = Geometry(*x.shape[:2], x.shape[2:], W.shape[2:], stride, padding, x)
    xp, weight, x = geometry.xp, _as_matrix(W), channels_last(x)

    def some(images):
        part = y[images].reshape(-1, len(W))
        xp.matmul(geometry.gather(x[images]), weight, out=part)
        if b is not None:
            part += b

    _each(xp, some, geometry.chunks(len(W)))


def sum_over_positions(y, a, b, stride, padding):
    """y[k] += b[i] a[j]        y (*K, C, O)   a (N, C, *S)   b (N, O, *T)"""
    geometry = Geometry(*a.shape[:2], a.shape[2:], y.shape[:-2], stride, padding, a)
    xp, outputs, a, b = geometry.xp, b.shape[1], channels_last(a), channels_last(b)
    chunks = geometry.chunks()
    sums = xp.zeros((min(_SUMS, len(chunks)), geometry.columns, outputs), a.dtype)

    def one(i):
        product = workspace(a, "product", sums[i].shape)
        for images in chunks[i::len(sums)]:
            xp.matmul(geometry.gather(a[images]).T, b[images].reshape(-1, outputs), out=product)
            sums[i] += product

    _each(xp, one, [*range(len(sums))])
    y[...] = sums.sum(0).reshape(y.shape)


def convolve_transposed(y, x, W, b, stride, padding):
    """y[j] += x[i] W[k], + b        y (N, *S, C)   x (N, O, *T)   W (O, C, *K)   b (C,) or None

    The rows of a product are added where the patches lie; or the other way round, see _Phase: that
    writes each number once, but its patches are of x, and with more than four times as many
    channels in x as in y they cost more than they save. (On a GPU launches count, and the first
    way has fewer.)"""
    geometry = Geometry(len(x), W.shape[1], y.shape[1:-1], W.shape[2:], stride, padding, x)
    xp, outputs, x = geometry.xp, len(W), channels_last(x)
    if outputs <= _MOST * W.shape[1] and xp.__name__ == "numpy":
        return _gather_phases(y, x, W, b, geometry)
    weight = _as_matrix(W).T

    def some(images):
        patches = geometry.memory(len(x[images]))
        xp.matmul(x[images].reshape(-1, outputs), weight, out=patches)
        geometry.scatter(y[images])
        if b is not None:
            y[images] += b

    _each(xp, some, geometry.chunks(len(W)))


class _Phase:
    """Every s-th number of y along each axis, from one start on.

    Into y[r + s u] go the x[i] W[k] with i s + k − p = r + s u. So k − (r + p) is a multiple of s:
    k is one of the places f, f + s, ... of the kernel, f = (r + p) mod s, and with the q-th of them

        i = u + c − q,  c = (r + p − f) / s:        y[r + s u] = Σ x[u + c − q] W[f + s q]

    which is a convolution of stride 1 of x with these places of the kernel, the last one first."""

    def __init__(self, start, y, W, stride, padding):
        first = [(r + p) % s for r, p, s in zip(start, padding, stride)]
        every = [slice(f, None, s) for f, s in zip(first, stride)]
        W = W[(slice(None), slice(None), *every)][(..., *(slice(None, None, -1),) * len(start))]
        self.kernel, self.weight = W.shape[2:], _as_matrix(W.swapaxes(0, 1))
        self.target = (slice(None), *(slice(r, None, s) for r, s in zip(start, stride)))
        self.out = y[self.target].shape[1:-1]
        self.begin = [(r + p - f) // s - q + 1                  # i where u = 0, at the last place
                      for r, p, f, s, q in zip(start, padding, first, stride, self.kernel)]

    def reach(self, lengths):
        """By how much it looks beyond x, before and behind it, along each axis."""
        ends = [b + u + q - 1 for b, u, q in zip(self.begin, self.out, self.kernel)]
        return [-b for b in self.begin], [e - n for e, n in zip(ends, lengths)]


def _gather_phases(y, x, W, b, geometry):
    xp, lengths, stride = geometry.xp, x.shape[1:-1], geometry.stride
    phases = [_Phase(start, y, W, stride, geometry.padding)
              for start in itertools.product(*map(range, stride))]
    phases = [phase for phase in phases if math.prod(phase.out)]
    reaches = [phase.reach(lengths) for phase in phases if math.prod(phase.kernel)]
    before, behind = ([max(0, *axis) for axis in zip([0] * len(lengths), *sides)]
                      for sides in (zip(*reaches) if reaches else ((), ())))

    def some(images):
        m = len(x[images])
        shape = (m, *(p + n + q for p, n, q in zip(before, lengths, behind)), len(W))
        padded = workspace(x, "padded", shape)
        padded[...] = 0
        padded[(slice(None), *(slice(p, p + n) for p, n in zip(before, lengths)))] = x[images]
        for phase in phases:
            part = workspace(x, "part", (m, *phase.out, y.shape[-1]))
            if math.prod(phase.kernel):
                at = (slice(None), *(slice(p + first, None)
                                     for p, first in zip(before, phase.begin)))
                patches = workspace(x, "patches", (m, *phase.out, *phase.kernel, len(W)))
                patches[...] = windows(padded[at], phase.out, phase.kernel, (1,) * len(stride))
                xp.matmul(patches.reshape(-1, len(phase.weight)), phase.weight,
                          out=part.reshape(-1, y.shape[-1]))
            else:                               # a stride longer than the kernel leaves gaps
                part[...] = 0
            if b is not None:
                part += b
            y[images][phase.target] = part

    _each(xp, some, geometry.chunks(len(W)))
