"""The patches of a convolution: which part of x lies under the kernel at each place, and where it
goes back to. What makes convolutions fast is here; not the subject: skim it at a first reading.

Arrays have their channels last *in memory* behind the shape (N, C, *S). A patch then consists of a
few long runs, the product of patches and weight lands in place, and elementwise operations keep the
layout. Patches are made for a few images at a time, in memory that is kept between calls, so that
they stay in the cache: new memory costs more than filling it.

    position   where the kernel lies: one of T = (S + 2p − K) // s + 1 on each axis
    place      one element of the kernel: one of K on each axis
    patch      x at one position: *K places, C channels; as a row of a matrix, K·C numbers
    window     the same patch without a copy: a view, in which an element of x stands many times
Read next: weave.py.
"""

import itertools
import math
import threading

from ..backend import array_module

# Bytes of patches at a time: a processor works in its cache; on a GPU, launches should be few.
_CHUNK, _GPU_CHUNK = 1664 << 10, 256 << 20


class _Kept(threading.local):           # of each thread
    def __init__(self):
        self.arrays = {}


_kept = _Kept()


def workspace(like, role, shape):
    """An uninitialised array, of the library and dtype of `like`, in memory that is kept between
    calls, as large as the largest so far.

    Each thread has its own, and so has each device of each library."""
    device = getattr(like.device, "id", "cpu")
    xp, arrays, size = array_module(like), _kept.arrays, math.prod(shape)
    key = xp, device, role, like.dtype.char
    if key not in arrays or arrays[key].size < size:
        arrays[key] = xp.empty(size, like.dtype)
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

    x (N, C, *S) with C, *S = lengths, W (O, C, *K), y (N, O, *T). like: an array of as many images,
    of the library and dtype to use."""

    def __init__(self, like, lengths, kernel, stride, padding):
        self.channels, *self.size = lengths
        self.kernel, self.stride, self.padding = kernel, stride, padding
        self.out = positions(self.size, self.kernel, stride, padding)
        self.per_image = math.prod(self.out)                        # patches
        self.columns = math.prod(self.kernel) * self.channels       # numbers in a patch
        self.images, self.itemsize = len(like), like.dtype.itemsize
        self.on_host = array_module(like).__name__ == "numpy"

    def chunks(self, outputs=0):
        """Slices of the images, whose patches together are of the size that is best; or their
        outputs, if these are larger, and then as many slices of one length for each of two
        threads."""
        per_image = self.per_image * max(self.columns, outputs) * self.itemsize
        at_a_time = _CHUNK if self.on_host else _GPU_CHUNK
        length = max(1, min(self.images, at_a_time // max(1, per_image)))
        if outputs and (count := -(-self.images // length)) > 1:
            length = -(-self.images // (count + count % 2))
        return [slice(start, min(start + length, self.images))
                for start in range(0, self.images, length)]

    def gather(self, x):
        """The patches of some images (m, *S, C), as the rows of a matrix (m · positions, K·C)."""
        padded, inside = self._border(x)
        inside[...] = x
        self._patches(x)[...] = windows(padded, self.out, self.kernel, self.stride)
        return self.memory(x)

    def scatter(self, x):
        """The reverse: into some images (m, *S, C), the rows of memory(x) where the patches lie."""
        padded, inside = self._border(x)
        patches = self._patches(x)
        for place in itertools.product(*map(range, self.kernel)):
            under = (slice(None), *self._under(place))
            every_position = (slice(None),) * (1 + len(place))
            padded[under] += patches[(*every_position, *place)]
        x[...] = inside

    def memory(self, x):
        """Memory for the patches of some images (m, *S, C) as the rows of a matrix, the same until
        the next call of this thread.

        With one channel its columns lie together: a row would consist of runs of a few numbers."""
        shape = len(x) * self.per_image, self.columns
        if self.channels > 1 or not self.on_host:
            return workspace(x, "patches", shape)
        return workspace(x, "patches", shape[::-1]).T

    def _patches(self, x):
        """The same memory as patches (m, *T, *K, C)."""
        rows = self.memory(x)
        if rows.flags.c_contiguous:
            return rows.reshape(len(x), *self.out, *self.kernel, self.channels)
        axes = len(self.kernel)
        places = rows.T.reshape(*self.kernel, self.channels, len(x), *self.out)
        return places.transpose(*range(axes + 1, 2 * axes + 2), *range(axes + 1))

    def _border(self, x):
        """Memory for some images (m, *S, C) within their padding, all zero; and its inside."""
        lengths = tuple(s + 2 * p for s, p in zip(self.size, self.padding))
        padded = workspace(x, "padded", (len(x), *lengths, self.channels))
        padded[...] = 0
        inside = (slice(p, p + s) for p, s in zip(self.padding, self.size))
        return padded, padded[(slice(None), *inside)]

    def _under(self, place):
        """What lies under one place of the kernel, in all positions: a slice for each axis."""
        return (slice(k, k + t * (n - 1) + 1, t) for k, t, n in zip(place, self.stride, self.out))


def windows(padded, out, kernel, stride):
    """The patches of images (m, *S, C) without a copy: (m, *T, *K, C)."""
    image, *inner, channel = padded.strides
    steps = [i * t for i, t in zip(inner, stride)]
    as_strided = array_module(padded).lib.stride_tricks.as_strided
    return as_strided(padded, (len(padded), *out, *kernel, padded.shape[-1]),
                      (image, *steps, *inner, channel))
