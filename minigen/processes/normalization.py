"""Batch normalisation of a batch whose rows several processes have: by the mean and the variance of
all of them, so that a step does not depend on how many processes share it.

It is what layers.BatchNorm calls in such a step in the place of functional.batch_norm, which knows
nothing of other processes.
"""

from .. import functional as F
from ..autograd import operation
from ..functional import checks, normalization
from ..functional.conversions import arrays_or_tensors, constant


@operation
def mean_over_processes(x, processes):
    """y = Σ wᵣ xᵣ over the processes r, the same in each

    ∂L/∂x = Σ wᵣ gᵣ. Process s differentiates its own part of L = Σ wₛ Lₛ, so there g is ∂Lₛ/∂y. But
    y moves every part: ∂L/∂xᵣ = wᵣ Σ wₛ gₛ. The factor wᵣ comes when the gradients are averaged."""
    return processes.sum(processes.weight * x)


mean_over_processes.gradients(lambda g, y, x, processes: mean_over_processes(g, processes))


def batch_norm(x, running_mean, running_var, weight, bias, training, momentum, eps, processes):
    """functional.batch_norm, by the statistics of all processes' rows if it is training.

    processes: the ParallelTraining that shares the step. The variance is sent when the mean has
    come, since a difference of large numbers, E x² − (E x)², would lose its digits."""
    if not training:
        return F.batch_norm(x, running_mean, running_var, weight, bias, False, momentum, eps)
    x, weight, bias = arrays_or_tensors("batch_norm", x, weight=weight, bias=bias)
    checks.require_channels("batch_norm", x, 2, weight, running_mean, running_var, weight, bias)
    count = round(x.size // max(x.shape[1], 1) / processes.weight)      # in the whole batch
    checks.require_several("batch_norm", x.shape, count)

    axes = (0, *range(2, x.ndim))
    mean = mean_over_processes(F.mean(x, axes, keepdims=True), processes)
    centred = x - mean
    var = mean_over_processes(F.mean(F.square(centred), axes, keepdims=True), processes)
    w, b = (normalization._along_channels(p, x) for p in (weight, bias))
    normalization._update(running_mean, running_var, constant(mean).ravel(), constant(var).ravel(),
                          count, momentum)
    return w * centred / F.sqrt(var + eps) + b
