"""Convolution, its transpose and its weight gradient: one engine for one, two and three dimensions and every stride.

What a convolution is, in a picture. Take the patch of x under the kernel, written as a row; the kernel, one column for
each output channel; their product is one position of y. All positions at once are one matrix product:

        patches (positions, K·C)   @   weight (K·C, O)   =   y (positions, O)          K: kernel, C and O: channels

The three arrays meet in one number, L(x, W, y) = Σ y · (x convolved with W). It is linear in each of them, so it has three
derivatives, and they are the three operations of this file:

        ∂L/∂y = _convolution(x, W)           gather the patches, multiply by the weight
        ∂L/∂x = _transposed(y, W)            multiply by the weight, scatter the patches back: each lands where it was taken from
        ∂L/∂W = _weight_gradient(x, y)       gather the patches, multiply by y

The gradient of each with respect to one of its inputs is therefore one of the other two: the three are closed under
differentiation, to any order. A transposed convolution (a generator's upsampling layer) is just ∂L/∂x run forwards.

What makes it fast: arrays with the channels last *in memory* behind the shape (N, C, *S). A patch is then K long runs, the
product lands in place, and elementwise operations keep the layout. Patches are made for a few images at a time, in memory
that is kept between calls, so they stay in the cache. Read next: pooling.py.
"""

import itertools
import math
import threading

from .. import errors
from ..autograd import operation
from ..backend import array_module
from ..errors import per_axis
from .reductions import column_sums
from .shaping import reshape, transpose

_PATCH_BYTES = {"numpy": 3 << 20, "cupy": 256 << 20}        # a chunk of patches: the CPU's cache; on a GPU, few launches
_workspaces = threading.local()


def _workspace(xp, role, shape, dtype):
    """An uninitialised array in memory that is kept between calls, as large as the largest: new memory costs more than filling
    it. Each thread has its own."""
    kept, key, size = vars(_workspaces), (xp.__name__, role, str(dtype)), math.prod(shape)
    if key not in kept or kept[key].size < size:
        kept[key] = xp.empty(size, dtype)
    return kept[key][:size].reshape(shape)


class _Geometry:
    """The lengths of one convolution, and its patches: x (N, C, *S), W (O, C, *K), y (N, O, *T), T = (S + 2p − K) // s + 1."""

    def __init__(self, images, channels, size, kernel, stride, padding, like):
        self.n, self.c, self.size, self.kernel, self.stride, self.padding = images, channels, size, kernel, stride, padding
        self.out = tuple((s + 2 * p - k) // t + 1 for s, k, t, p in zip(size, kernel, stride, padding))
        self.columns, self.positions = math.prod(kernel) * channels, math.prod(self.out)
        self.xp, self.dtype = array_module(like), like.dtype
        bytes_per_image = self.positions * self.columns * self.dtype.itemsize
        chunk = _PATCH_BYTES[self.xp.__name__] // bytes_per_image if bytes_per_image else images
        self.chunk = max(1, min(images, chunk))

    def chunks(self):
        for start in range(0, self.n, self.chunk):
            yield slice(start, min(start + self.chunk, self.n))

    def border(self):
        """A chunk of x with its padding, channels last, all zero; and its inner part."""
        sizes = tuple(s + 2 * p for s, p in zip(self.size, self.padding))
        padded = _workspace(self.xp, "padded", (self.chunk, *sizes, self.c), self.dtype)
        padded[...] = 0
        return padded, padded[(slice(None), *(slice(p, p + s) for p, s in zip(self.padding, self.size)))]

    def patch_rows(self):
        """Memory for a chunk's patches: as (images, *T, *K, C), and as the rows of a matrix."""
        patches = _workspace(self.xp, "patches", (self.chunk, *self.out, *self.kernel, self.c), self.dtype)
        return patches, patches.reshape(-1, self.columns)

    def windows(self, padded):
        """The patches of `padded` as a view (images, *T, *K, C): no copy, each element stands in several."""
        n, *inner, c = padded.strides
        steps = [i * t for i, t in zip(inner, self.stride)]
        return self.xp.lib.stride_tricks.as_strided(padded, (self.chunk, *self.out, *self.kernel, self.c), (n, *steps, *inner, c))

    def gather(self, x):
        """For each chunk: the slice of images, and their patches as rows (images · positions, K·C)."""
        x, (padded, inner), (patches, rows) = _channels_last(x), self.border(), self.patch_rows()
        windows = self.windows(padded)
        for images in self.chunks():
            m = images.stop - images.start
            inner[:m] = x[images]
            patches[:m] = windows[:m]
            yield images, rows[:m * self.positions]

    def places(self):
        """For each place of the kernel: where its elements of all patches lie in `padded`, and which elements they are."""
        for place in itertools.product(*map(range, self.kernel)):
            spots = (slice(k, k + s * (t - 1) + 1, s) for k, s, t in zip(place, self.stride, self.out))
            yield (slice(None), *spots), (slice(None), *(slice(None),) * len(place), *place)


def _channels_last(x):
    return x.transpose(0, *range(2, x.ndim), 1)


def _channels_second(x):
    return x.transpose(0, x.ndim - 1, *range(1, x.ndim - 1))


def _as_matrix(W):
    """(O, C, *K) -> (K·C, O), the columns the patches are multiplied by (no copy if it lies so in memory)."""
    return W.transpose(*range(2, W.ndim), 1, 0).reshape(-1, W.shape[0])


@operation
def _convolution(x, W, b, stride, padding):
    """y = x convolved with W, + b            x (N, C, *S)   W (O, C, *K)   b (O,)   y (N, O, *T)"""
    at = _Geometry(*x.shape[:2], x.shape[2:], W.shape[2:], stride, padding, x)
    y = at.xp.empty((at.n, *at.out, W.shape[0]), x.dtype)
    weight = _as_matrix(W)
    for images, patches in at.gather(x):
        part = y[images].reshape(-1, W.shape[0])
        at.xp.matmul(patches, weight, out=part)
        if b is not None:
            part += b
    return _channels_second(y)


@operation
def _transposed(y, W, b, stride, padding, size):
    """x = ∂/∂x Σ y · (x convolved with W), + b            y (N, O, *T)   W (O, C, *K)   b (C,)   x (N, C, *size)"""
    at = _Geometry(y.shape[0], W.shape[1], size, W.shape[2:], stride, padding, y)
    y, weight = _channels_last(y), _as_matrix(W).T
    x = at.xp.empty((at.n, *size, at.c), y.dtype)
    (padded, inner), (patches, rows) = at.border(), at.patch_rows()
    for images in at.chunks():
        m = images.stop - images.start
        at.xp.matmul(y[images].reshape(-1, W.shape[0]), weight, out=rows[:m * at.positions])
        padded[...] = 0
        for spots, elements in at.places():
            padded[:m][spots] += patches[:m][elements]
        x[images] = inner[:m]
    if b is not None:
        x += b
    return _channels_second(x)


@operation
def _weight_gradient(x, y, stride, padding, kernel):
    """W = ∂/∂W Σ y · (x convolved with W)            x (N, C, *S)   y (N, O, *T)   W (O, C, *kernel)"""
    at = _Geometry(*x.shape[:2], x.shape[2:], kernel, stride, padding, x)
    outputs = y.shape[1]
    y = _channels_last(y)
    total = at.xp.zeros((at.columns, outputs), x.dtype)
    for images, patches in at.gather(x):
        total += patches.T @ y[images].reshape(-1, outputs)
    return total.reshape(*kernel, at.c, outputs).transpose(len(kernel) + 1, len(kernel), *range(len(kernel)))


def _per_channel(g):
    """Σ over the batch and all positions, for each channel."""
    return column_sums(reshape(transpose(g, (0, *range(2, g.ndim), 1)), (-1, g.shape[1])))


_convolution.gradients(
    lambda g, y, x, W, b, stride, padding: _transposed(g, W, None, stride, padding, x.shape[2:]),
    lambda g, y, x, W, b, stride, padding: _weight_gradient(x, g, stride, padding, W.shape[2:]),
    lambda g, y, x, W, b, stride, padding: _per_channel(g))
_transposed.gradients(
    lambda g, x, y, W, b, stride, padding, size: _convolution(g, W, None, stride, padding),
    lambda g, x, y, W, b, stride, padding, size: _weight_gradient(g, y, stride, padding, W.shape[2:]),
    lambda g, x, y, W, b, stride, padding, size: _per_channel(g))
_weight_gradient.gradients(
    lambda g, W, x, y, stride, padding, kernel: _transposed(y, g, None, stride, padding, x.shape[2:]),
    lambda g, W, x, y, stride, padding, kernel: _convolution(x, g, None, stride, padding))


# --------------------------------------------------------------------------------- the public functions

def _check(name, input, weight, bias, dimensions, channel_axis):
    axes = ", ".join("DHW"[3 - dimensions:])
    sides = "(out, in, *kernel)" if channel_axis else "(in, out, *kernel)"
    fits = input.ndim == weight.ndim == dimensions + 2 and input.shape[1] == weight.shape[channel_axis]
    if not fits or not input.size or input.dtype != weight.dtype:
        raise errors.input_error(name, input, f"(N, in, {axes}) where the weight's {sides} is {weight.shape}", weight)
    if bias is not None and bias.shape != (weight.shape[1 - channel_axis],):
        raise ValueError(f"{name}: bias of shape {bias.shape}, expected ({weight.shape[1 - channel_axis]},)")


def _conv(name, dimensions):
    def conv(input, weight, bias=None, stride=1, padding=0):
        _check(name, input, weight, bias, dimensions, 1)
        stride = per_axis(name, "stride", stride, dimensions, 1)
        padding = per_axis(name, "padding", padding, dimensions, 0)
        if any(s + 2 * p < k for s, p, k in zip(input.shape[2:], padding, weight.shape[2:])):
            raise ValueError(f"{name}: input of shape {input.shape} with padding {padding} is smaller than the kernel {weight.shape[2:]}")
        return _convolution(input, weight, bias, stride, padding)
    axes = ", ".join("DHW"[3 - dimensions:])
    conv.__name__ = conv.__qualname__ = name
    conv.__doc__ = f"""Convolution (cross-correlation, as everywhere in this field) over {dimensions} axes, with zero padding.

    input (N, in, {axes}), weight (out, in, *kernel), bias (out,) -> (N, out, *T), T = (S + 2·padding − kernel) // stride + 1.
    stride, padding: an int, or one per axis. ∂L/∂input is the transposed convolution of g, ∂L/∂weight the product of the
    patches with g, ∂L/∂bias the sum of g over batch and positions. ValueError where shapes do not meet."""
    return conv


def _conv_transpose(name, dimensions):
    def conv_transpose(input, weight, bias=None, stride=1, padding=0, output_padding=0):
        _check(name, input, weight, bias, dimensions, 0)
        stride = per_axis(name, "stride", stride, dimensions, 1)
        padding = per_axis(name, "padding", padding, dimensions, 0)
        extra = per_axis(name, "output_padding", output_padding, dimensions, 0)
        if any(e >= s for e, s in zip(extra, stride)):
            raise ValueError(f"{name}: output_padding {output_padding} must be smaller than stride {stride}")
        size = tuple((t - 1) * s - 2 * p + k + e
                     for t, s, p, k, e in zip(input.shape[2:], stride, padding, weight.shape[2:], extra))
        if min(size) < 1:
            raise ValueError(f"{name}: input of shape {input.shape} with padding {padding} leaves an output of size {size}")
        return _transposed(input, weight, bias, stride, padding, size)
    axes = ", ".join("DHW"[3 - dimensions:])
    conv_transpose.__name__ = conv_transpose.__qualname__ = name
    conv_transpose.__doc__ = f"""Transposed convolution over {dimensions} axes: the gradient of a convolution, run forwards.

    input (N, in, {axes}), weight (in, out, *kernel), bias (out,) -> (N, out, *S),
    S = (T − 1)·stride − 2·padding + kernel + output_padding. ∂L/∂input is the convolution of g, ∂L/∂weight the product of the
    patches of g with input, ∂L/∂bias the sum of g over batch and positions. ValueError where shapes do not meet."""
    return conv_transpose


conv1d, conv2d, conv3d = (_conv(f"conv{d}d", d) for d in (1, 2, 3))
conv_transpose1d, conv_transpose2d, conv_transpose3d = (_conv_transpose(f"conv_transpose{d}d", d) for d in (1, 2, 3))
