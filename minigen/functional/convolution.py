"""Convolution and its gradients, for one, two and three dimensions and every stride.

A convolution is a sum of terms, each of which joins one place i of y, one place j of x and one
place k of the weight W. Three lines say it all: for every term (i, j, k),

    y[i]  += x[j] W[k]          the convolution
    gx[j] += g[i] W[k]          ∂L/∂x, where g = ∂L/∂y: the transposed convolution
    gW[k] += g[i] x[j]          ∂L/∂W

`terms` lists them, and is the definition that the tests compare with. Each line is linear in both
of its factors and joins the same three arrays, so the gradient of each with respect to a factor is
again one of the three: they are closed under differentiation, to any order. A transposed
convolution (a generator's upsampling layer) is just the second line run forwards.

To be fast, each is one matrix product. The patch of x under the kernel, written as a row, times the
kernel as one column per output channel, is one position of y; all positions at once,

    patches (positions, K·C)   @   weight (K·C, O)   =   y (positions, O)

with K elements in the kernel, C and O channels. The second line multiplies y by the transposed
weight and adds the rows back where the patches lie; the third multiplies patchesᵀ by y.
Read next: patches.py.
"""

import itertools

from .. import errors
from ..autograd import operation
from ..backend import array_module
from . import checks
from .chunks import convolve, convolve_transposed, sum_over_positions
from .conversions import arrays_or_tensors
from .patches import channels_second, positions
from .reductions import column_sums
from .shaping import reshape, transpose


def terms(images, inputs, outputs, size, kernel, stride, padding):
    """Every term of a convolution: (i, j, k), its places in y (images, outputs, *T), in x (images,
    inputs, *size) and in W (outputs, inputs, *kernel). What would lie in the padding is zero, and
    left out."""
    T = positions(size, kernel, stride, padding)
    for n, o, c in itertools.product(range(images), range(outputs), range(inputs)):
        for position in itertools.product(*map(range, T)):
            for place in itertools.product(*map(range, kernel)):
                at = tuple(t * s + k - p for t, s, k, p in zip(position, stride, place, padding))
                if all(0 <= a < length for a, length in zip(at, size)):
                    yield (n, o, *position), (n, c, *at), (o, c, *place)


def _per_channel(g):
    """Σ over the batch and all positions, for each channel: ∂L/∂bias."""
    rows = reshape(transpose(g, (0, *range(2, g.ndim), 1)), (-1, g.shape[1]))
    return column_sums(rows)


@operation
def _convolution(x, W, b, stride, padding):
    """For every term (i, j, k): y[i] += x[j] W[k], and + b
    x (N, C, *S)   W (O, C, *K)   b (O,)   y (N, O, *T)"""
    T = positions(x.shape[2:], W.shape[2:], stride, padding)
    y = array_module(x).empty((len(x), *T, len(W)), x.dtype)
    convolve(y, x, W, b, stride, padding)
    return channels_second(y)

_convolution.gradients(
    lambda g, y, x, W, b, stride, padding: _transposed(g, W, None, stride, padding, x.shape[2:]),
    lambda g, y, x, W, b, stride, padding: _weight_gradient(x, g, stride, padding, W.shape[2:]),
    lambda g, y, x, W, b, stride, padding: _per_channel(g))


@operation
def _transposed(x, W, b, stride, padding, size):
    """For every term (i, j, k): y[j] += x[i] W[k], and + b
    x (N, O, *T)   W (O, C, *K)   b (C,)   y (N, C, *size)"""
    y = array_module(x).empty((len(x), *size, W.shape[1]), x.dtype)
    convolve_transposed(y, x, W, b, stride, padding)
    return channels_second(y)

_transposed.gradients(
    lambda g, y, x, W, b, stride, padding, size: _convolution(g, W, None, stride, padding),
    lambda g, y, x, W, b, stride, padding, size:
    _weight_gradient(g, x, stride, padding, W.shape[2:]),
    lambda g, y, x, W, b, stride, padding, size: _per_channel(g))


@operation
def _weight_gradient(a, b, stride, padding, kernel):
    """For every term (i, j, k): y[k] += b[i] a[j]
    a (N, C, *S)   b (N, O, *T)   y (O, C, *kernel)"""
    axes, channels, outputs = len(kernel), a.shape[1], b.shape[1]
    y = array_module(a).empty((*kernel, channels, outputs), a.dtype)
    sum_over_positions(y, a, b, stride, padding)
    return y.transpose(axes + 1, axes, *range(axes))

_weight_gradient.gradients(
    lambda g, y, a, b, stride, padding, kernel:
    _transposed(b, g, None, stride, padding, a.shape[2:]),
    lambda g, y, a, b, stride, padding, kernel: _convolution(a, g, None, stride, padding))


# ---------------------------------------------------------------------------- the public functions

def conv1d(input, weight, bias=None, stride=1, padding=0):
    """y = x convolved with W, + b
    x (N, in, L)   W (out, in, k)   b (out,)   y (N, out, L′)

    L′ = (L + 2·padding − k) // stride + 1. conv2d says the rest."""
    return _convolution(*_arguments("conv1d", 1, input, weight, bias, stride, padding))


def conv2d(input, weight, bias=None, stride=1, padding=0):
    """y = x convolved with W, + b
    x (N, in, H, W)   W (out, in, kh, kw)   b (out,)   y (N, out, H′, W′)

    H′ = (H + 2·padding − kh) // stride + 1, and W′ likewise. As everywhere in this field it is the
    cross-correlation (the kernel is not flipped), with zeros as padding. stride, padding: an
    integer, or one per axis.

    ∂L/∂x = g sent back through W, a transposed convolution        ∂L/∂W = (patches of x)ᵀ g
    ∂L/∂b = Σ g over batch and positions

    ValueError: shapes that do not fit together. TypeError: x and W of two dtypes."""
    return _convolution(*_arguments("conv2d", 2, input, weight, bias, stride, padding))


def conv3d(input, weight, bias=None, stride=1, padding=0):
    """y = x convolved with W, + b
    x (N, in, D, H, W)   W (out, in, kd, kh, kw)   b (out,)   y (N, out, D′, H′, W′)

    D′ = (D + 2·padding − kd) // stride + 1, H′ and W′ likewise. conv2d says the rest."""
    return _convolution(*_arguments("conv3d", 3, input, weight, bias, stride, padding))


def conv_transpose1d(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    """y = x sent back through a convolution with W, + b
    x (N, in, L)   W (in, out, k)   b (out,)   y (N, out, L′)

    L′ = (L − 1)·stride − 2·padding + k + output_padding. conv_transpose2d says the rest."""
    return _transposed(*_transposed_arguments("conv_transpose1d", 1, input, weight, bias, stride,
                                              padding, output_padding))


def conv_transpose2d(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    """y = x sent back through a convolution with W, + b
    x (N, in, H, W)   W (in, out, kh, kw)   b (out,)   y (N, out, H′, W′)

    H′ = (H − 1)·stride − 2·padding + kh + output_padding, and W′ likewise: the size that the
    convolution would have had to have. Each of the three is an integer, or one per axis.

    ∂L/∂x = g convolved with W        ∂L/∂W = (patches of g)ᵀ x
    ∂L/∂b = Σ g over batch and positions

    ValueError: shapes that do not fit together. TypeError: x and W of two dtypes."""
    return _transposed(*_transposed_arguments("conv_transpose2d", 2, input, weight, bias, stride,
                                              padding, output_padding))


def conv_transpose3d(input, weight, bias=None, stride=1, padding=0, output_padding=0):
    """y = x sent back through a convolution with W, + b
    x (N, in, D, H, W)   W (in, out, kd, kh, kw)   b (out,)   y (N, out, D′, H′, W′)

    D′ = (D − 1)·stride − 2·padding + kd + output_padding, H′, W′ likewise. See conv_transpose2d."""
    return _transposed(*_transposed_arguments("conv_transpose3d", 3, input, weight, bias, stride,
                                              padding, output_padding))


def _arguments(name, axes, input, weight, bias, stride, padding):
    """x, W, b, and stride and padding for each axis: the arguments of _convolution."""
    x, W, b = arrays_or_tensors(name, input, weight, bias=bias)
    checks.require_convolution(name, axes, x, W, b, "(out, in, *kernel)")
    stride = errors.per_axis(name, "stride", stride, axes, 1)
    padding = errors.per_axis(name, "padding", padding, axes, 0)
    checks.require_kernel_fits(name, x.shape, padding, W.shape[2:])
    return x, W, b, stride, padding


def _transposed_arguments(name, axes, input, weight, bias, stride, padding, output_padding):
    """The arguments of _transposed: the last is the size of y, which has to be at least 1."""
    x, W, b = arrays_or_tensors(name, input, weight, bias=bias)
    checks.require_convolution(name, axes, x, W, b, "(in, out, *kernel)")
    stride = errors.per_axis(name, "stride", stride, axes, 1)
    padding = errors.per_axis(name, "padding", padding, axes, 0)
    extra = errors.per_axis(name, "output_padding", output_padding, axes, 0)
    size = tuple((t - 1) * s - 2 * p + k + e for t, s, p, k, e
                 in zip(x.shape[2:], stride, padding, W.shape[2:], extra))
    checks.require_output(name, x.shape, stride, padding, extra, size)
    return x, W, b, stride, padding, size
