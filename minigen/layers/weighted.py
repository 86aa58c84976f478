"""Layers with weights: dense, convolutions, their transposes, and a table of vectors.

Each is its parameters and one call of the operation of the same name in functional, where value and gradients stand.
Read next: normalization.py.
"""

import math

from .. import functional as F
from .. import random
from ..backend import asarray, default_dtype
from ..errors import integer, per_axis
from .initialisers import normal, pytorch
from .layer import Layer, parameter


def _values(name, shape, init):
    """The array that `init` makes, in the default dtype."""
    if not callable(init):
        raise TypeError(f"{name}: got init = {init!r}, expected a function of a shape, as in minigen.layers.initialisers")
    values = asarray(init(shape), dtype=default_dtype())
    if values.shape != shape:
        raise ValueError(f"{name}: init made an array of shape {values.shape}, expected {shape}")
    return values


def _weight(name, shape, init):
    """A weight (out, in, *kernel), lying in memory as (*kernel, in, out): the order in which products read it."""
    order = (*range(2, len(shape)), 1, 0)
    stored = _values(name, shape, init).transpose(order).copy(order="C")
    return parameter(stored.transpose(len(shape) - 1, len(shape) - 2, *range(len(shape) - 2)))


def _bias(size, fan_in, init):
    """PyTorch's U(±1/√fan_in) beside PyTorch's weights, else zeros."""
    bound = 1 / math.sqrt(fan_in) if init is pytorch else 0.0
    return parameter(random.uniform(-bound, bound, (size,)))


class Dense(Layer):
    """y = x Wᵀ + b: (m, inputs) -> (m, outputs)      weight (outputs, inputs), bias (outputs,)

    init: where the weight starts, a function of its shape (minigen.layers.initialisers)."""

    def __init__(self, inputs, outputs, bias=True, init=pytorch):
        integer("Dense", 1, inputs=inputs, outputs=outputs)
        self.inputs, self.outputs = inputs, outputs
        self.weight = _weight("Dense", (outputs, inputs), init)
        self.bias = _bias(outputs, inputs, init) if bias else None

    def forward(self, x):
        return F.linear(x, self.weight, self.bias)

    def describe(self):
        return f"Dense({self.inputs}, {self.outputs}{', bias=False' if self.bias is None else ''})"


class _Convolution(Layer):
    """What the convolution layers share: their sizes, weight (out, in, *kernel) and bias."""

    transposed, dimensions = False, 2

    def __init__(self, inputs, outputs, kernel, stride=1, padding=0, output_padding=0, bias=True, init=pytorch):
        name = type(self).__name__
        integer(name, 1, inputs=inputs, outputs=outputs)
        kernel = per_axis(name, "kernel", kernel, self.dimensions, 1)
        for what, value, least in (("stride", stride, 1), ("padding", padding, 0), ("output_padding", output_padding, 0)):
            per_axis(name, what, value, self.dimensions, least)
        if output_padding and not self.transposed:
            raise TypeError(f"{name}: output_padding is for transposed convolutions")
        self.inputs, self.outputs, self.kernel, self.stride, self.padding = inputs, outputs, kernel, stride, padding
        self.output_padding = output_padding
        shape = (inputs, outputs, *kernel) if self.transposed else (outputs, inputs, *kernel)
        self.weight = _weight(name, shape, init)
        self.bias = _bias(outputs, math.prod(shape[1:]), init) if bias else None

    def forward(self, x):
        if self.transposed:
            operation = (F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d)[self.dimensions - 1]
            return operation(x, self.weight, self.bias, self.stride, self.padding, self.output_padding)
        return (F.conv1d, F.conv2d, F.conv3d)[self.dimensions - 1](x, self.weight, self.bias, self.stride, self.padding)

    def describe(self):
        kernel = self.kernel[0] if len(set(self.kernel)) == 1 else self.kernel
        more = "".join(f", {name}={getattr(self, name)}" for name, usual in (("stride", 1), ("padding", 0), ("output_padding", 0))
                       if getattr(self, name) != usual)
        return f"{type(self).__name__}({self.inputs}, {self.outputs}, {kernel}{more}{', bias=False' if self.bias is None else ''})"


class Conv1d(_Convolution):
    """(m, inputs, W) -> (m, outputs, W'); sizes and gradients: functional.conv1d. weight (outputs, inputs, kernel)"""
    dimensions = 1


class Conv2d(_Convolution):
    """(m, inputs, H, W) -> (m, outputs, H', W'); sizes and gradients: functional.conv2d. weight (outputs, inputs, kh, kw)"""
    dimensions = 2


class Conv3d(_Convolution):
    """(m, inputs, D, H, W) -> (m, outputs, D', H', W'); functional.conv3d. weight (outputs, inputs, kd, kh, kw)"""
    dimensions = 3


class ConvTranspose1d(_Convolution):
    """(m, inputs, W) -> (m, outputs, W'); functional.conv_transpose1d. weight (inputs, outputs, kernel)"""
    dimensions, transposed = 1, True


class ConvTranspose2d(_Convolution):
    """(m, inputs, H, W) -> (m, outputs, H', W'); functional.conv_transpose2d. weight (inputs, outputs, kh, kw)"""
    dimensions, transposed = 2, True


class ConvTranspose3d(_Convolution):
    """(m, inputs, D, H, W) -> (m, outputs, D', H', W'); functional.conv_transpose3d. weight (inputs, outputs, kd, kh, kw)"""
    dimensions, transposed = 3, True


class Embedding(Layer):
    """A vector for each of `entries` integers: indices of any shape -> that shape + (features,). weight (entries, features)"""

    def __init__(self, entries, features, init=normal(1.0)):
        integer("Embedding", 1, entries=entries, features=features)
        self.weight = parameter(_values("Embedding", (entries, features), init).copy())

    def forward(self, indices):
        return F.embedding(indices, self.weight)

    def describe(self):
        return f"Embedding({self.weight.shape[0]}, {self.weight.shape[1]})"
