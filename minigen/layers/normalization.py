"""Normalisation layers: mean 0 and variance 1, over the batch or over each image.

Read next: stateless.py.
"""

import math
import numbers

from .. import functional as F
from ..backend import current, default_dtype
from ..errors import integer
from ..modes import mode
from .layer import Layer, parameter


class BatchNorm(Layer):
    """Normalises over the batch and all positions: (m, features) or (m, features, *S) -> the same.

    weight, the scale, starts at 1 and bias, the shift, at 0; with the running statistics all are
    (features,). momentum: the share of the batch in the new running statistics, from 0 to 1.
    eps >= 0 is added to the variance.

    In training it uses the batch's statistics and moves the running ones towards them; in
    evaluation it uses the running ones. Frozen, it uses the batch's and leaves the running ones
    alone: a network that is not learning must not change.

    Where several processes share a step (mg.parallel_training), the batch is that of all: its mean
    and variance are sent round, two small messages forward and two back.

    A bias in the layer before is subtracted with the mean: it learns nothing (bias=False)."""

    def __init__(self, features, momentum=0.1, eps=1e-5):
        integer("BatchNorm", 1, features=features)
        _between("BatchNorm", "momentum", momentum, 0, 1)
        _between("BatchNorm", "eps", eps, 0, math.inf)
        self.momentum, self.eps = momentum, eps
        xp, dtype = current(), default_dtype()
        self.weight = parameter(xp.ones(features, dtype))
        self.bias = parameter(xp.zeros(features, dtype))
        self.running_mean = xp.zeros(features, dtype)
        self.running_var = xp.ones(features, dtype)

    def forward(self, x):
        frozen = self.training and not self.weight.requires_grad
        statistics = (None, None) if frozen else (self.running_mean, self.running_var)
        batch_norm = F.batch_norm if mode.sharing is None else mode.sharing.batch_norm
        return batch_norm(x, *statistics, self.weight, self.bias, self.training, self.momentum,
                          self.eps)

    def describe(self):
        return f"BatchNorm({self.weight.shape[0]})"


class InstanceNorm(Layer):
    """Normalises each channel of each example over its positions: (m, features, *S) -> the same.

    It has no parameters and no running statistics, as PyTorch's by default. eps >= 0 is added to
    the variance."""

    def __init__(self, features, eps=1e-5):
        integer("InstanceNorm", 1, features=features)
        _between("InstanceNorm", "eps", eps, 0, math.inf)
        self.features, self.eps = features, eps

    def forward(self, x):
        if x.ndim < 3 or x.shape[1] != self.features:
            raise ValueError(f"got shape {tuple(x.shape)}, expected (m, {self.features}, *S)")
        return F.instance_norm(x, eps=self.eps)

    def describe(self):
        return f"InstanceNorm({self.features})"


def _between(name, what, value, least, most):
    """ValueError unless least <= value <= most and value is a finite number."""
    if not (isinstance(value, numbers.Real) and least <= value <= most and value < math.inf):
        wanted = f"from {least} to {most}" if most < math.inf else f">= {least} and finite"
        raise ValueError(f"{name}: got {what} = {value!r}, expected a number {wanted}")
