"""Layers without parameters: activations, dropout, pooling, changes of shape.

Read next: ../optim.py.
"""

import numbers

from .. import functional as F
from ..errors import fraction, integer, per_axis
from .layer import Layer


class ReLU(Layer):
    """max(x, 0)"""

    forward = staticmethod(F.relu)


class LeakyReLU(Layer):
    """x where x > 0, else slope · x. The default slope is DCGAN's, 0.2 (PyTorch's is 0.01)."""

    def __init__(self, negative_slope=0.2):
        self.negative_slope = negative_slope

    def forward(self, x):
        return F.leaky_relu(x, self.negative_slope)

    def describe(self):
        return f"LeakyReLU({self.negative_slope})"


class Softplus(Layer):
    """log(1 + eˣ)"""

    forward = staticmethod(F.softplus)


class Sigmoid(Layer):
    """1 / (1 + e⁻ˣ)"""

    forward = staticmethod(F.sigmoid)


class Tanh(Layer):
    """tanh x"""

    forward = staticmethod(F.tanh)


class Dropout(Layer):
    """In training, each element is set to 0 with probability p, the others are divided by 1 − p."""

    def __init__(self, p=0.5):
        fraction("Dropout", p=p)
        self.p = p

    def forward(self, x):
        return F.dropout(x, self.p, self.training)

    def describe(self):
        return f"Dropout({self.p})"


class MaxPool2d(Layer):
    """The largest of each window: (m, C, H, W) -> (m, C, H', W'). See functional.max_pool2d

    kernel_size, stride (if left out, kernel_size), padding: an integer, or one for each axis."""

    operation = staticmethod(F.max_pool2d)

    def __init__(self, kernel_size, stride=None, padding=0):
        name = type(self).__name__
        per_axis(name, "kernel_size", kernel_size, 2, least=1)
        per_axis(name, "stride", kernel_size if stride is None else stride, 2, least=1)
        per_axis(name, "padding", padding, 2, least=0)
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x):
        return self.operation(x, self.kernel_size, self.stride, self.padding)

    def describe(self):
        stride = "" if self.stride is None else f", stride={self.stride}"
        padding = f", padding={self.padding}" if self.padding else ""
        return f"{type(self).__name__}({self.kernel_size}{stride}{padding})"


class AvgPool2d(MaxPool2d):
    """The mean of each window: (m, C, H, W) -> (m, C, H', W'). See functional.avg_pool2d"""

    operation = staticmethod(F.avg_pool2d)


class Upsample(Layer):
    """Each element becomes a block of itself: (m, C, *S) -> (m, C, *(factor · S))"""

    def __init__(self, scale_factor=2):
        integer("Upsample", 1, scale_factor=scale_factor)
        self.scale_factor = scale_factor

    def forward(self, x):
        return F.interpolate(x, scale_factor=self.scale_factor)

    def describe(self):
        return f"Upsample({self.scale_factor})"


class Reshape(Layer):
    """(m, *) -> (m, *shape). One of the integers may be -1: it follows from the others."""

    def __init__(self, *shape):
        one_tuple = len(shape) == 1 and isinstance(shape[0], (tuple, list))
        self.shape = tuple(shape[0]) if one_tuple else shape
        if not all(isinstance(n, numbers.Integral) and (n > 0 or n == -1) for n in self.shape):
            raise ValueError(f"Reshape: got shape {self.shape}, expected integers >= 1; "
                             "one may be -1")

    def forward(self, x):
        try:
            return x.reshape(x.shape[0], *self.shape)
        except (IndexError, ValueError) as error:
            raise ValueError(f"got shape {tuple(x.shape)}, expected (m, ...), not empty, with the "
                             f"elements of {self.shape} for each of the m examples") from error

    def describe(self):
        return f"Reshape{self.shape}"


class Flatten(Reshape):
    """(m, *S) -> (m, product of S)"""

    def __init__(self):
        super().__init__(-1)

    def describe(self):
        return "Flatten()"
