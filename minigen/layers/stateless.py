"""Layers without parameters: activations, dropout, pooling, and changes of shape. Read next: ../optim.py."""

import numbers

from .. import functional as F
from ..errors import integer, per_axis
from .layer import Layer


class ReLU(Layer):
    """max(x, 0)"""

    forward = staticmethod(F.relu)


class LeakyReLU(Layer):
    """x where x > 0, else slope · x; DCGAN's slope is 0.2, and the default"""

    def __init__(self, negative_slope=0.2):
        self.negative_slope = negative_slope

    def forward(self, x):
        return F.leaky_relu(x, self.negative_slope)

    def describe(self):
        return f"LeakyReLU({self.negative_slope})"


class ELU(Layer):
    """x where x > 0, else α (eˣ − 1)"""

    def __init__(self, alpha=1.0):
        self.alpha = alpha

    def forward(self, x):
        return F.elu(x, self.alpha)


class Softplus(Layer):
    """log(1 + eˣ)"""

    forward = staticmethod(F.softplus)


class Sigmoid(Layer):
    """1 / (1 + e⁻ˣ)"""

    forward = staticmethod(F.sigmoid)


class Tanh(Layer):
    """tanh x"""

    forward = staticmethod(F.tanh)


class Softmax(Layer):
    """eˣ / Σ eˣ along the last axis"""

    def forward(self, x):
        return F.softmax(x, -1)


class Dropout(Layer):
    """Each element zero with probability p in training, the others divided by 1 − p"""

    def __init__(self, p=0.5):
        if not 0 <= p < 1:
            raise ValueError(f"Dropout: got p = {p}, expected 0 <= p < 1")
        self.p = p

    def forward(self, x):
        return F.dropout(x, self.p, self.training)

    def describe(self):
        return f"Dropout({self.p})"


class MaxPool2d(Layer):
    """The largest of each window: (m, C, H, W) -> (m, C, H', W'); functional.max_pool2d"""

    operation = staticmethod(F.max_pool2d)

    def __init__(self, kernel_size, stride=None, padding=0):
        name = type(self).__name__
        for what, value, least in (("kernel_size", kernel_size, 1), ("stride", kernel_size if stride is None else stride, 1), ("padding", padding, 0)):
            per_axis(name, what, value, 2, least)
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding

    def forward(self, x):
        return self.operation(x, self.kernel_size, self.stride, self.padding)

    def describe(self):
        more = "".join(f", {name}={value}" for name, value, usual in (("stride", self.stride, None), ("padding", self.padding, 0))
                       if value != usual)
        return f"{type(self).__name__}({self.kernel_size}{more})"


class AvgPool2d(MaxPool2d):
    """The mean of each window: (m, C, H, W) -> (m, C, H', W'); functional.avg_pool2d"""

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
    """(m, *) -> (m, *shape)"""

    def __init__(self, *shape):
        self.shape = tuple(shape[0]) if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape
        if not all(isinstance(n, numbers.Integral) and (n > 0 or n == -1) for n in self.shape):
            raise ValueError(f"Reshape: got shape {self.shape}, expected integers >= 1; one may be -1")

    def forward(self, x):
        try:
            return x.reshape(x.shape[0], *self.shape)
        except (IndexError, ValueError) as error:
            raise ValueError(f"got shape {tuple(x.shape)}, expected (m, ...) with the elements of {self.shape} for each of the m "
                             "examples, not empty") from error

    def describe(self):
        return f"Reshape{self.shape}"


class Flatten(Reshape):
    """(m, *S) -> (m, product of S)"""

    def __init__(self):
        super().__init__(-1)

    def describe(self):
        return "Flatten()"
