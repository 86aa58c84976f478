"""Pooling: the largest or the mean of each window of an image.

Neither needs a rule of its own. The largest is an indexing at the place of the maximum; the mean is
a sum of strided slices. Read next: normalization.py.
"""

import itertools

from .. import errors
from ..backend import array_module
from . import checks
from .conversions import array_or_tensor, constant
from .patches import positions
from .shaping import getitem, pad, reshape


def _slices(kernel, stride, out):
    """For each place (i, j) of the kernel: the slices of x that lie under it, in all positions."""
    return [(..., *(slice(k, k + t * (n - 1) + 1, t) for k, t, n in zip(place, stride, out)))
            for place in itertools.product(*map(range, kernel))]


def max_pool2d(input, kernel_size, stride=None, padding=0):
    """The largest of each window: (N, C, H, W) -> (N, C, H′, W′),
    H′ = (H + 2·padding − kernel) // stride + 1

    stride: kernel_size if left out. ∂L/∂x = g at the place of the maximum (the first, if tied),
    else 0. ValueError: windows that do not fit. TypeError: an input that is not of floats."""
    x, (top, left), slices = _windows("max_pool2d", input, kernel_size, stride, padding)
    array = constant(x)
    checks.require_float_dtype("max_pool2d", array)
    xp = array_module(array)
    border = ((0, 0), (0, 0), (top, top), (left, left))
    lowest = xp.finfo(array.dtype).min                  # above −∞: the padding never wins
    values = xp.pad(xp.maximum(array, lowest), border, constant_values=-float("inf"))
    places = xp.pad(xp.arange(array.size).reshape(array.shape), border)     # in the flat input
    winner = xp.stack([values[s] for s in slices]).argmax(0)
    place = xp.take_along_axis(xp.stack([places[s] for s in slices]), winner[None], 0)[0]
    return getitem(reshape(x, (-1,)), place)


def avg_pool2d(input, kernel_size, stride=None, padding=0):
    """The mean of each window, zeros of the padding counted: (N, C, H, W) -> (N, C, H′, W′), sizes
    as max_pool2d's

    ∂L/∂x = Σ g / (elements of the window), over the windows that hold x. ValueError: windows that
    do not fit."""
    x, (top, left), slices = _windows("avg_pool2d", input, kernel_size, stride, padding)
    padded = pad(x, (left, left, top, top)) if top or left else x
    total = getitem(padded, slices[0])
    for s in slices[1:]:
        total = total + getitem(padded, s)
    return total * (1 / len(slices))


def _windows(name, input, kernel_size, stride, padding):
    """x, the padding for each axis, and the slices for each place of the kernel."""
    x = array_or_tensor(name, input)
    kernel = errors.per_axis(name, "kernel_size", kernel_size, 2, 1)
    stride = kernel if stride is None else errors.per_axis(name, "stride", stride, 2, 1)
    padding = errors.per_axis(name, "padding", padding, 2, 0)
    checks.require_windows(name, x, kernel, padding)
    return x, padding, _slices(kernel, stride, positions(x.shape[2:], kernel, stride, padding))
