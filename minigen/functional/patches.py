"""The patches of a convolution: which part of x lies under the kernel at each place, and where it
goes back to. What makes convolutions fast is here; not the subject: skip it at a first reading.

Arrays have their channels last *in memory* behind the shape (N, C, *S). A patch then consists of a
few long runs, the product of patches and weight lands in place, and elementwise operations keep the
layout. Patches are made for a few images at a time, in memory that is kept between calls, so that
they stay in the cache: new memory costs more than filling it.

    position   where the kernel lies: one of T = (S + 2p − K) // s + 1 on each axis
    place      one element of the kernel: one of K on each axis
    patch      x at one position: *K places, C channels; as a row of a matrix, K·C numbers
    window     the same patch without a copy: a view, in which an element of x stands many times
Read next: pooling.py.
"""

import itertools
import math
import threading

from ..backend import array_module

# Bytes of patches at a time: a processor works in its cache; on a GPU, launches should be few.
_CHUNK, _GPU_CHUNK = 3 << 20, 256 << 20


class _Kept(threading.local):           # of each thread
    def __init__(self):
        self.arrays = {}


_kept = _Kept()


def _workspace(xp, role, shape, dtype):
    """An uninitialised array in memory that is kept between calls, as large as the largest so far.

    Each thread has its own; so has each library, by the module itself and not by its name."""
    arrays, key, size = _kept.arrays, (xp, role, dtype.char), math.prod(shape)
    if key not in arrays or arrays[key].size < size:
        arrays[key] = xp.empty(size, dtype)
    return arrays[key][:size].reshape(shape)


def channels_last(x):
    """(N, C, *S) -> (N, *S, C), a view."""
    return x.transpose(0, *range(2, x.ndim), 1)


def channels_second(x):
    """(N, *S, C) -> (N, C, *S), a view."""
    return x.transpose(0, x.ndim - 1, *range(1, x.ndim - 1))


def positions(size, kernel, stride, padding):
    """T, the number of positions on each axis: (S + 2p − K) // s + 1."""
    return tuple((s + 2 * p - k) // t + 1 for s, k, t, p in zip(size, kernel, stride, padding))


class Geometry:
    """The lengths of one convolution, and its patches.

    x (N, C, *S), W (O, C, *K), y (N, O, *T). like: an array of the library and dtype to use."""

    def __init__(self, images, channels, size, kernel, stride, padding, like):
        self.images, self.channels, self.size = images, channels, size
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self.out = positions(size, kernel, stride, padding)
        self.per_image = math.prod(self.out)                    # patches
        self.columns = math.prod(kernel) * channels             # numbers in a patch
        self.xp, self.dtype = array_module(like), like.dtype
        image_bytes = max(1, self.per_image * self.columns * self.dtype.itemsize)
        at_a_time = _CHUNK if self.xp.__name__ == "numpy" else _GPU_CHUNK
        self.chunk = max(1, min(images, at_a_time // image_bytes))

    def gather(self, x):
        """For each chunk of x (N, C, *S): its slice of the images, and their patches as the rows of
        a matrix (images · positions, K·C)."""
        x, (padded, inner), (patches, rows) = channels_last(x), self._border(), self._patches()
        windows = self._windows(padded)
        for images, m in self._chunks():
            inner[:m] = x[images]
            patches[:m] = windows[:m]
            yield images, rows[:m * self.per_image]

    def scatter(self, x):
        """The reverse, into x (N, *S, C): for each chunk its slice of the images, and a matrix
        (images · positions, K·C) to be filled, whose rows are then added where the patches lie."""
        (padded, inner), (patches, rows) = self._border(), self._patches()
        for images, m in self._chunks():
            yield images, rows[:m * self.per_image]
            padded[...] = 0
            for place in itertools.product(*map(range, self.kernel)):
                under = (slice(None), *self._under(place))
                every_position = (slice(None),) * (1 + len(place))
                padded[:m][under] += patches[:m][(*every_position, *place)]
            x[images] = inner[:m]

    def _chunks(self):
        for start in range(0, self.images, self.chunk):
            stop = min(start + self.chunk, self.images)
            yield slice(start, stop), stop - start

    def _border(self):
        """Memory for a chunk of x within its padding, channels last, all zero; and its inside."""
        lengths = tuple(s + 2 * p for s, p in zip(self.size, self.padding))
        padded = _workspace(self.xp, "padded", (self.chunk, *lengths, self.channels), self.dtype)
        padded[...] = 0
        inside = (slice(p, p + s) for p, s in zip(self.padding, self.size))
        return padded, padded[(slice(None), *inside)]

    def _patches(self):
        """Memory for a chunk's patches, (images, *T, *K, C), and the same as rows of a matrix."""
        shape = (self.chunk, *self.out, *self.kernel, self.channels)
        patches = _workspace(self.xp, "patches", shape, self.dtype)
        return patches, patches.reshape(-1, self.columns)

    def _windows(self, padded):
        """The patches of `padded` without a copy: (images, *T, *K, C)."""
        image, *inner, channel = padded.strides
        steps = [i * t for i, t in zip(inner, self.stride)]
        shape = (self.chunk, *self.out, *self.kernel, self.channels)
        as_strided = self.xp.lib.stride_tricks.as_strided
        return as_strided(padded, shape, (image, *steps, *inner, channel))

    def _under(self, place):
        """What lies under one place of the kernel, in all positions: a slice for each axis."""
        return (slice(k, k + t * (n - 1) + 1, t) for k, t, n in zip(place, self.stride, self.out))


# ------------------------------------------------------- the three products, a chunk at a time

def _as_matrix(W):
    """(O, C, *K) -> (K·C, O): what patches are multiplied by. A view, if W lies so in memory."""
    return W.transpose(*range(2, W.ndim), 1, 0).reshape(-1, W.shape[0])


def convolve(y, x, W, b, stride, padding):
    """y (N, *T, O) = the convolution, by a matrix product for each chunk of images."""
    geometry = Geometry(*x.shape[:2], x.shape[2:], W.shape[2:], stride, padding, x)
    xp, weight = geometry.xp, _as_matrix(W)
    for images, patches in geometry.gather(x):
        part = y[images].reshape(-1, len(W))
        xp.matmul(patches, weight, out=part)
        if b is not None:
            part += b


def convolve_transposed(y, x, W, b, stride, padding):
    """y (N, *size, C) = the transposed convolution, likewise."""
    geometry = Geometry(len(x), W.shape[1], y.shape[1:-1], W.shape[2:], stride, padding, x)
    xp, weight, outputs, x = geometry.xp, _as_matrix(W).T, len(W), channels_last(x)
    for images, patches in geometry.scatter(y):
        xp.matmul(x[images].reshape(-1, outputs), weight, out=patches)
    if b is not None:
        y += b


def sum_over_positions(y, a, b, stride, padding):
    """y (*K, C, O) = the weight's gradient, likewise."""
    geometry = Geometry(*a.shape[:2], a.shape[2:], y.shape[:-2], stride, padding, a)
    y, b = y.reshape(geometry.columns, -1), channels_last(b)
    y[...] = 0
    for images, patches in geometry.gather(a):
        y += patches.T @ b[images].reshape(-1, y.shape[1])
