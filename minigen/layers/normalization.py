"""Normalisation layers: a scale that starts at 1, a shift that starts at 0, and for BatchNorm the running statistics.

Read next: stateless.py.
"""

from .. import functional as F
from ..backend import current, default_dtype
from ..errors import integer
from .layer import Layer, parameter


class BatchNorm(Layer):
    """(m, features) or (m, features, *S) -> the same, normalised over the batch and all positions. weight, bias (features,)

    In training it uses the batch's statistics and moves the running ones towards them; in evaluation, the running ones.
    Frozen, it uses the batch's and leaves the running ones alone: a network that is not learning must not change."""

    def __init__(self, features, momentum=0.1, eps=1e-5):
        integer("BatchNorm", 1, features=features)
        self.momentum, self.eps = momentum, eps
        xp, dtype = current(), default_dtype()
        self.weight = parameter(xp.ones(features, dtype))
        self.bias = parameter(xp.zeros(features, dtype))
        self.running_mean = xp.zeros(features, dtype)
        self.running_var = xp.ones(features, dtype)

    def forward(self, x):
        frozen = self.training and not self.weight.requires_grad
        statistics = (None, None) if frozen else (self.running_mean, self.running_var)
        return F.batch_norm(x, *statistics, self.weight, self.bias, self.training, self.momentum, self.eps)

    def describe(self):
        return f"BatchNorm({self.weight.shape[0]})"


class LayerNorm(Layer):
    """(m, *, *shape) -> the same, each example normalised over its last axes, `shape`. weight, bias of that shape"""

    def __init__(self, shape, eps=1e-5):
        self.shape, self.eps = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,), eps
        for n in self.shape or (0,):
            integer("LayerNorm", 1, shape=n)
        self.weight = parameter(current().ones(self.shape, default_dtype()))
        self.bias = parameter(current().zeros(self.shape, default_dtype()))

    def forward(self, x):
        return F.layer_norm(x, self.shape, self.weight, self.bias, self.eps)

    def describe(self):
        return f"LayerNorm({self.shape[0] if len(self.shape) == 1 else self.shape})"


class InstanceNorm(Layer):
    """(m, features, *S) -> the same, each channel of each example normalised over its positions. No parameters, as in PyTorch"""

    def __init__(self, features, eps=1e-5):
        integer("InstanceNorm", 1, features=features)
        self.features, self.eps = features, eps

    def forward(self, x):
        if x.ndim < 3 or x.shape[1] != self.features:
            raise ValueError(f"got shape {tuple(x.shape)}, expected (m, {self.features}, *S)")
        return F.instance_norm(x, eps=self.eps)

    def describe(self):
        return f"InstanceNorm({self.features})"
