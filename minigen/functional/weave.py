"""A transposed convolution as a convolution of stride 1, whose results are laid side by side.

Along one axis, in y[j] += x[i] W[k] with j + p = s i + k, let j + p = s a + f, f < s. Then k is
f + s q for a q = 0, 1, ..., and i is a − q:

    y[s a + f − p] = Σ_q x[a − q] W[f + s q]

For each a there are s results, f = 0, 1, ...: neighbours in y (Shi et al., arXiv:1609.05158). Each
number of y is written once, where the plain way adds products to it, one for each place of the
kernel. Not the subject: skim it at a first reading. Read next: chunks.py.
"""

import itertools
import math
import operator

from ..backend import array_module
from .patches import windows, workspace


class Weave:
    """The lengths for one geometry.  y (m, *S, C)   x (m, *T, O)   W (O, C, *K)

    kernel: Q, the number of places q, K / s rounded up; where W has no place f + s q it is 0.
    out: A, the number of places a, from `first` on."""

    def __init__(self, geometry, x, W):
        self.outputs, self.channels, *self.lengths = W.shape
        self.stride, self.padding, self.size = geometry.stride, geometry.padding, geometry.size
        self.kernel = [-(-k // s) for k, s in zip(self.lengths, self.stride)]
        self.columns = math.prod(self.kernel) * self.outputs
        self.first = [p // s for p, s in zip(self.padding, self.stride)]
        self.out = [(p + n - 1) // s + 1 - a
                    for p, n, s, a in zip(self.padding, self.size, self.stride, self.first)]
        begin = [a + 1 - q for a, q in zip(self.first, self.kernel)]    # of the windows, in x
        end = [min(a + t, n) for a, t, n in zip(self.first, self.out, x.shape[1:])]
        self.used = (slice(None), *(slice(max(i, 0), e) for i, e in zip(begin, end)))
        self.inside = (slice(None), *(slice(max(-i, 0), e - i) for i, e in zip(begin, end)))

    def weight(self, W):
        """(O, C, *K) -> (s₀, s₁···C, Q·O): W[f + s q], the last q first, since i is a − q."""
        lengths = tuple(map(operator.mul, self.kernel, self.stride))
        if lengths != W.shape[2:]:
            whole = array_module(W).zeros((*W.shape[:2], *lengths), W.dtype)
            whole[(..., *map(slice, W.shape[2:]))] = W
            W = whole
        apart = W.reshape(*W.shape[:2], *itertools.chain(*zip(self.kernel, self.stride)))
        last_first = [slice(None, None, -1), slice(None)] * len(self.kernel)
        q, f = range(2, apart.ndim, 2), range(3, apart.ndim, 2)
        apart = apart[(slice(None), slice(None), *last_first)].transpose(*f, 1, *q, 0)
        return apart.reshape(self.stride[0], -1, self.columns)

    def some(self, y, x, weight, b):
        """Fill y from x, some images; b (C,) or None. On the first axis what is no place of the
        kernel is left out, and so is what the padding cuts off."""
        patches = self._patches(x)
        for f in range(self.stride[0]):
            j = (f - self.padding[0]) % self.stride[0]
            rows = y[:, j::self.stride[0]].swapaxes(0, 1)
            a = (j + self.padding[0]) // self.stride[0] - self.first[0]
            places = len(range(f, self.lengths[0], self.stride[0]))
            left_out = self.columns - self.columns // self.kernel[0] * places
            part = workspace(x, "part", (len(rows), len(x), *self.out[1:], *self.stride[1:],
                                         self.channels))
            array_module(x).matmul(
                patches[a:a + len(rows)].reshape(-1, self.columns)[:, left_out:],
                weight[f, :, left_out:].T, out=part.reshape(-1, weight.shape[1]))
            if b is not None:
                part += b
            rows[...] = self._side_by_side(part)

    def _patches(self, x):
        """x[a − q], for all a and q: (A₀, all other places a of all images, Q·O)."""
        lengths = [a + q - 1 for a, q in zip(self.out, self.kernel)]
        padded = workspace(x, "padded", (len(x), *lengths, self.outputs))
        padded[...] = 0
        padded[self.inside] = x[self.used]
        patches = workspace(x, "patches", (self.out[0], len(x), *self.out[1:], *self.kernel,
                                           self.outputs))
        patches[...] = windows(padded, self.out, self.kernel, (1,) * len(self.out)).swapaxes(0, 1)
        return patches.reshape(self.out[0], -1, self.columns)

    def _side_by_side(self, part):
        """(n, m, *A, *s, C) -> (n, m, *S, C), for all axes but the first"""
        axes = len(self.out) - 1
        a, f = range(2, 2 + axes), range(2 + axes, 2 + 2 * axes)
        woven = part.transpose(0, 1, *itertools.chain(*zip(a, f)), part.ndim - 1)
        lengths = map(operator.mul, self.out[1:], self.stride[1:])
        woven = woven.reshape(*part.shape[:2], *lengths, self.channels)
        return woven[(..., *(slice(p % s, p % s + n) for p, s, n in
                             zip(self.padding[1:], self.stride[1:], self.size[1:])), slice(None))]
