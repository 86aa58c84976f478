"""Normalisation: subtract a mean, divide by a standard deviation, scale and shift by learned
numbers.

The three differ only in what is averaged over: batch_norm over the batch and all positions, so one
mean per channel; layer_norm over the last axes of each example; instance_norm over the positions of
each channel of each example. All divide by √(variance + eps), with the variance of exactly what was
averaged (ddof 0). Running statistics are arrays updated in place, as in PyTorch:
r ← (1 − momentum) r + momentum · batch, with the unbiased variance.
Read next: ../layers/__init__.py.
"""

from ..autograd import Tensor, operation
from ..backend import array_module
from . import checks
from .conversions import arrays_or_tensors, constant
from .elementwise import sqrt, square
from .reductions import column_sums, mean
from .shaping import reshape


def _standardize(x, axes, eps):
    """x̂ = (x − mean) / √(var + eps), and the two statistics, with the reduced axes kept."""
    m = mean(x, axes, keepdims=True)
    v = mean(square(x - m), axes, keepdims=True)
    return (x - m) / sqrt(v + eps), m, v


def _along_channels(p, x):
    """p (C,) in a shape that broadcasts against x (N, C, *S)."""
    return reshape(p, (1, -1, *(1,) * (x.ndim - 2)))


# ----------------------------------------------------------------------- batch normalisation, fused

def _plain_batch_norm(x, weight, bias, eps, statistics):
    """y = w (x − mean) / √(var + eps) + b            x (N, C, *S)   w, b (C,)

    Mean and var are over all axes but C. The definition of _batch_norm: second derivatives go
    through it."""
    x_hat, _, _ = _standardize(x, (0, *range(2, x.ndim)), eps)
    return x_hat * _along_channels(weight, x) + _along_channels(bias, x)


def _rows(x):
    """(N, C, *S) -> (N·S, C): a view if the channels lie last in memory, as behind a
    convolution."""
    return x.transpose(0, *range(2, x.ndim), 1).reshape(-1, x.shape[1])


def _like(rows, x):
    """(N·S, C) -> (N, C, *S), the channels last in memory."""
    y = rows.reshape(x.shape[0], *x.shape[2:], x.shape[1])
    return y.transpose(0, x.ndim - 1, *range(1, x.ndim - 1))


def _batch_norm_gradients(g, y, x, w, b, eps, statistics):
    """With x̂ = (x − mean) / s, s = √(var + eps), and n values per channel:

        ∂L/∂b = Σ g        ∂L/∂w = Σ g x̂        ∂L/∂x = (w / s) (g − (Σ g) / n − x̂ (Σ g x̂) / n)

    The last two terms are there because every x moves its channel's mean and variance."""
    xp, g, rows = array_module(x), _rows(g), _rows(x)
    n, one_over_s = len(rows), statistics["inverse"]
    gb = column_sums(g)                                     # Σ g
    gx = rows - statistics["mean"]                          # s x̂, in memory that becomes ∂L/∂x
    gw = xp.einsum("ij,ij->j", g, gx) * one_over_s          # Σ g x̂
    gx *= gw * one_over_s * (-1 / n)                        # − x̂ (Σ g x̂) / n
    gx += g                                                 # g − x̂ (Σ g x̂) / n
    gx -= gb * (1 / n)                                      # g − (Σ g) / n − x̂ (Σ g x̂) / n
    gx *= w * one_over_s                                    # times w / s
    return _like(gx, x), gw, gb


@operation
def _batch_norm(x, weight, bias, eps, statistics):
    """_plain_batch_norm in five passes over one new array. Leaves the mean, the variance and the
    inverse of √(var + eps) in the dict `statistics`. Gradients: see _batch_norm_gradients."""
    xp, rows = array_module(x), _rows(x)
    average = xp.full(len(rows), 1 / len(rows), x.dtype)
    m = average @ rows
    y = rows - m
    v = xp.einsum("ij,ij->j", y, y) * (1 / len(rows))
    statistics.update(mean=m, var=v, inverse=1 / xp.sqrt(v + eps))
    y *= weight * statistics["inverse"]
    y += bias
    return _like(y, x)

_batch_norm.gradients(together=_batch_norm_gradients, inputs=3, definition=_plain_batch_norm)


# ---------------------------------------------------------------------------- the public functions

def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False,
               momentum=0.1, eps=1e-5):
    """(N, C) or (N, C, *S) -> the same: each channel by its batch's statistics (training), else by
    the running ones.

    running_mean, running_var: arrays (C,), updated in place when training (of a Tensor, its data),
    or None. weight, bias (C,). Gradients: see _batch_norm_gradients; with running statistics
    ∂L/∂x = g w / √(running_var + eps). ValueError: shapes that do not fit together, or a single
    value per channel, which has no variance. TypeError: an input that is not of floats."""
    x, weight, bias = arrays_or_tensors("batch_norm", input, weight=weight, bias=bias)
    checks.require_channels("batch_norm", x, 2, weight, running_mean, running_var, weight, bias)
    weight, bias = _or_constant(weight, 1, x), _or_constant(bias, 0, x)
    if training:
        count = checks.require_several("batch_norm", x.shape, x.size // max(x.shape[1], 1))
        statistics = {}
        y = _batch_norm(x, weight, bias, eps, statistics)
        _update(running_mean, running_var, statistics["mean"], statistics["var"], count, momentum)
        return y
    checks.require_statistics("batch_norm", running_mean, running_var, "training")
    m, v = constant(running_mean), constant(running_var)
    checks.require_library_of(constant(x), m, v)
    scale = weight * (1 / array_module(v).sqrt(v + eps))
    shift = bias - m.copy() * scale                 # a copy: the next update of m is in place
    return x * _along_channels(scale, x) + _along_channels(shift, x)


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """(*, *normalized_shape) -> the same: each example by the statistics of its last axes

    weight, bias: of normalized_shape. ∂L/∂x = (g w − mean(g w) − x̂ mean(g w x̂)) / s. ValueError:
    an input that does not end in normalized_shape. TypeError: an input that is not of floats."""
    x, weight, bias = arrays_or_tensors("layer_norm", input, weight=weight, bias=bias)
    shape = checks.require_ending("layer_norm", x, normalized_shape, weight, bias)
    y, _, _ = _standardize(x, tuple(range(x.ndim - len(shape), x.ndim)), eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def instance_norm(input, running_mean=None, running_var=None, weight=None, bias=None,
                  use_input_stats=True, momentum=0.1, eps=1e-5):
    """(N, C, *S) -> the same: each channel of each example by the statistics of its positions (or
    by the running ones)

    Arrays, gradients and errors as in batch_norm, with n the number of positions."""
    x, weight, bias = arrays_or_tensors("instance_norm", input, weight=weight, bias=bias)
    checks.require_channels("instance_norm", x, 3, weight, running_mean, running_var, weight, bias)
    if use_input_stats:
        positions = x.size // max(x.shape[0] * x.shape[1], 1)
        count = checks.require_several("instance_norm", x.shape, positions)
        axes = tuple(range(2, x.ndim))
        y, m, v = _standardize(x, axes, eps)
        batch_mean, batch_var = (constant(s).mean((0, *axes)) for s in (m, v))
        _update(running_mean, running_var, batch_mean, batch_var, count, momentum)
    else:
        checks.require_statistics("instance_norm", running_mean, running_var, "use_input_stats")
        m, v = (_along_channels(constant(r), x) for r in (running_mean, running_var))
        checks.require_library_of(constant(x), m, v)
        y = (x - m) / array_module(v).sqrt(v + eps)
    y = y if weight is None else y * _along_channels(weight, x)
    return y if bias is None else y + _along_channels(bias, x)


def _or_constant(parameter, value, x):
    """The parameter, or as many times `value` as x has channels."""
    if parameter is not None:
        return parameter
    return array_module(constant(x)).full(x.shape[1], value, x.dtype)


def _update(running_mean, running_var, mean, var, count, momentum):
    """r ← (1 − momentum) r + momentum · batch, in place; var, of `count` numbers, made unbiased."""
    checks.require_momentum("running statistics", momentum)
    unbiased = None if running_var is None else var * (count / (count - 1))
    for running, batch in ((running_mean, mean), (running_var, unbiased)):
        if running is not None:
            array = constant(running)
            checks.require_library_of(batch, array)
            array *= 1 - momentum
            array += momentum * batch
            if isinstance(running, Tensor):
                running.written()
