"""Layers with weights: dense, convolutions, their transposes, and a table of vectors.

Each is its parameters and one call of the operation in functional that has its value and gradients.
`init` says where a weight starts: a function of its shape, as in initialisers.py.
Read next: normalization.py.
"""

import math

from .. import functional as F
from .. import random
from ..backend import asarray, default_dtype
from ..errors import integer, per_axis
from .initialisers import normal, pytorch
from .layer import Layer, parameter


class Dense(Layer):
    """y = x Wᵀ + b: (m, inputs) -> (m, outputs)      weight (outputs, inputs), bias (outputs,)"""

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
    """What the convolution layers share; each names its operation and its number of dimensions.

    kernel, stride, padding: an integer, or one for each dimension.
    weight (outputs, inputs, *kernel), bias (outputs,)"""

    transposed = False

    def __init__(self, inputs, outputs, kernel, stride=1, padding=0, output_padding=0, bias=True,
                 init=pytorch):
        name = type(self).__name__
        integer(name, 1, inputs=inputs, outputs=outputs)
        kernel = per_axis(name, "kernel", kernel, self.dimensions, least=1)
        per_axis(name, "stride", stride, self.dimensions, least=1)
        per_axis(name, "padding", padding, self.dimensions, least=0)
        per_axis(name, "output_padding", output_padding, self.dimensions, least=0)
        if output_padding and not self.transposed:
            raise TypeError(f"{name}: output_padding is for transposed convolutions")
        self.inputs, self.outputs, self.kernel = inputs, outputs, kernel
        self.stride, self.padding, self.output_padding = stride, padding, output_padding
        shape = (inputs, outputs, *kernel) if self.transposed else (outputs, inputs, *kernel)
        self.weight = _weight(name, shape, init)
        self.bias = _bias(outputs, math.prod(shape[1:]), init) if bias else None

    def forward(self, x):
        return self.operation(x, self.weight, self.bias, self.stride, self.padding)

    def describe(self):
        kernel = self.kernel[0] if len(set(self.kernel)) == 1 else self.kernel
        bias = self.bias is not None
        options = [("stride", self.stride, 1), ("padding", self.padding, 0),
                   ("output_padding", self.output_padding, 0), ("bias", bias, True)]
        unusual = "".join(f", {name}={value}" for name, value, usual in options if value != usual)
        return f"{type(self).__name__}({self.inputs}, {self.outputs}, {kernel}{unusual})"


class _TransposedConvolution(_Convolution):
    """The same for the transposed ones: weight (inputs, outputs, *kernel), bias (outputs,)

    output_padding: how much is added to one side of the output, smaller than the stride."""

    transposed = True

    def forward(self, x):
        return self.operation(x, self.weight, self.bias, self.stride, self.padding,
                              self.output_padding)


class Conv1d(_Convolution):
    """(m, inputs, W) -> (m, outputs, W'). weight (outputs, inputs, kernel).

    See functional.conv1d"""

    operation, dimensions = staticmethod(F.conv1d), 1


class Conv2d(_Convolution):
    """(m, inputs, H, W) -> (m, outputs, H', W'). weight (outputs, inputs, kh, kw).

    See functional.conv2d"""

    operation, dimensions = staticmethod(F.conv2d), 2


class Conv3d(_Convolution):
    """(m, inputs, D, H, W) -> (m, outputs, D', H', W'). weight (outputs, inputs, kd, kh, kw).

    See functional.conv3d"""

    operation, dimensions = staticmethod(F.conv3d), 3


class ConvTranspose1d(_TransposedConvolution):
    """(m, inputs, W) -> (m, outputs, W'). weight (inputs, outputs, kernel).

    See functional.conv_transpose1d"""

    operation, dimensions = staticmethod(F.conv_transpose1d), 1


class ConvTranspose2d(_TransposedConvolution):
    """(m, inputs, H, W) -> (m, outputs, H', W'). weight (inputs, outputs, kh, kw).

    See functional.conv_transpose2d"""

    operation, dimensions = staticmethod(F.conv_transpose2d), 2


class ConvTranspose3d(_TransposedConvolution):
    """(m, inputs, D, H, W) -> (m, outputs, D', H', W'). weight (inputs, outputs, kd, kh, kw).

    See functional.conv_transpose3d"""

    operation, dimensions = staticmethod(F.conv_transpose3d), 3


class Embedding(Layer):
    """A vector for each of `entries` integers: indices of any shape -> that shape + (features,).

    weight (entries, features). IndexError: an index outside 0 to entries − 1."""

    def __init__(self, entries, features, init=normal(1.0)):
        integer("Embedding", 1, entries=entries, features=features)
        self.weight = parameter(_values("Embedding", (entries, features), init).copy())

    def forward(self, indices):
        return F.embedding(indices, self.weight)

    def describe(self):
        return f"Embedding({self.weight.shape[0]}, {self.weight.shape[1]})"


# ----------------------------------------------------------------------------- where weights start

def _weight(name, shape, init):
    """A weight (out, in, *kernel), in memory (*kernel, in, out): in the order products read it."""
    order = (*range(2, len(shape)), 1, 0)
    stored = _values(name, shape, init).transpose(order).copy(order="C")
    return parameter(stored.transpose(len(shape) - 1, len(shape) - 2, *range(len(shape) - 2)))


def _bias(size, fan_in, init):
    """PyTorch's U(±1/√fan_in) beside PyTorch's weights, else zeros."""
    bound = 1 / math.sqrt(fan_in) if init is pytorch else 0.0
    return parameter(random.uniform(-bound, bound, (size,)))


def _values(name, shape, init):
    """The array that `init` makes, in the default dtype."""
    if not callable(init):
        raise TypeError(f"{name}: got init = {init!r}, expected a function of a shape, "
                        "as in minigen.layers.initialisers")
    values = asarray(init(shape), dtype=default_dtype())
    if values.shape != shape:
        raise ValueError(f"{name}: init made an array of shape {values.shape}, expected {shape}")
    return values
