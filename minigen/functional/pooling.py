"""Pooling: the largest or the mean of each window of an image.

Neither needs a rule of its own. The largest is an indexing at the place of the maximum; the mean is a sum of strided
slices. Read next: normalization.py.
"""

import itertools

from ..backend import array_module
from ..errors import per_axis
from .elementwise import constant
from .shaping import getitem, pad, reshape


def _windows(name, input, kernel_size, stride, padding):
    if input.ndim != 4:
        raise ValueError(f"{name}: got shape {input.shape}, expected (N, C, H, W)")
    kernel = per_axis(name, "kernel_size", kernel_size, 2, 1)
    stride = kernel if stride is None else per_axis(name, "stride", stride, 2, 1)
    padding = per_axis(name, "padding", padding, 2, 0)
    if any(2 * p > k for p, k in zip(padding, kernel)) or any(s + 2 * p < k for s, p, k in zip(input.shape[2:], padding, kernel)):
        raise ValueError(f"{name}: kernel {kernel} with padding {padding} does not fit an input of shape {input.shape}")
    out = tuple((s + 2 * p - k) // t + 1 for s, p, k, t in zip(input.shape[2:], padding, kernel, stride))
    slices = [(..., slice(i, i + stride[0] * (out[0] - 1) + 1, stride[0]), slice(j, j + stride[1] * (out[1] - 1) + 1, stride[1]))
              for i, j in itertools.product(range(kernel[0]), range(kernel[1]))]
    return padding, slices


def max_pool2d(input, kernel_size, stride=None, padding=0):
    """The largest of each window: (N, C, H, W) -> (N, C, H', W'), H' = (H + 2·padding − kernel) // stride + 1

    stride: kernel_size if left out. ∂L/∂x = g at the place of the maximum (the first, if tied), else 0."""
    (top, left), slices = _windows("max_pool2d", input, kernel_size, stride, padding)
    x = constant(input)
    xp = array_module(x)
    border = ((0, 0), (0, 0), (top, top), (left, left))
    values = xp.pad(xp.maximum(x, xp.finfo(x.dtype).min), border, constant_values=-float("inf"))      # the padding never wins
    places = xp.pad(xp.arange(x.size).reshape(x.shape), border)             # where each element lies in the flat input
    winner = xp.stack([values[s] for s in slices]).argmax(0)
    place = xp.take_along_axis(xp.stack([places[s] for s in slices]), winner[None], 0)[0]
    return getitem(reshape(input, (-1,)), place)


def avg_pool2d(input, kernel_size, stride=None, padding=0):
    """The mean of each window, zeros of the padding counted: (N, C, H, W) -> (N, C, H', W'), sizes as max_pool2d's

    ∂L/∂x = Σ g / (elements of the window), over the windows that hold x."""
    (top, left), slices = _windows("avg_pool2d", input, kernel_size, stride, padding)
    padded = pad(input, (left, left, top, top)) if top or left else input
    total = getitem(padded, slices[0])
    for s in slices[1:]:
        total = total + getitem(padded, s)
    return total * (1 / len(slices))
