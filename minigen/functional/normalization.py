"""Normalisation: subtract a mean, divide by a standard deviation, scale and shift by learned numbers.

The three differ only in what is averaged over: batch_norm over the batch and all positions, so one mean per channel;
layer_norm over the last axes of each example; instance_norm over the positions of each channel of each example. All divide
by √(variance + eps), with the variance of exactly what was averaged (ddof 0). The running statistics, where there are any,
are arrays updated in place: r ← (1 − momentum) r + momentum · batch, with the unbiased variance, as in PyTorch.
Read next: layers/normalization.py.
"""

from .. import errors
from ..autograd import operation
from ..backend import array_module
from .elementwise import constant, sqrt, square
from .reductions import column_sums, mean
from .shaping import reshape


def _standardized(x, axes, eps):
    """(x − mean) / √(var + eps), and the two statistics, with the reduced axes kept."""
    m = mean(x, axes, keepdims=True)
    v = mean(square(x - m), axes, keepdims=True)
    return (x - m) / sqrt(v + eps), m, v


# ----------------------------------------------------------------------------- batch normalisation, fused

def _plain_batch_norm(x, weight, bias, eps, statistics):
    """y = w (x − mean) / √(var + eps) + b            x (N, C, *S)   w, b (C,)   mean and var over all axes but C"""
    y, _, _ = _standardized(x, (0, *range(2, x.ndim)), eps)
    shape = (1, -1, *(1,) * (x.ndim - 2))
    return y * reshape(weight, shape) + reshape(bias, shape)


def _rows(x):
    """(N, C, *S) -> (N·S, C): a view where the channels lie last in memory, as they do behind a convolution."""
    return x.transpose(0, *range(2, x.ndim), 1).reshape(-1, x.shape[1])


def _like(rows, x):
    """(N·S, C) -> (N, C, *S), the channels last in memory."""
    y = rows.reshape(x.shape[0], *x.shape[2:], x.shape[1])
    return y.transpose(0, x.ndim - 1, *range(1, x.ndim - 1))


@operation
def _batch_norm(x, weight, bias, eps, statistics):
    """_plain_batch_norm in five passes over one new array. Leaves mean, var and 1/√(var + eps) in `statistics`."""
    xp, rows = array_module(x), _rows(x)
    average = xp.full(len(rows), 1 / len(rows), x.dtype)
    m = average @ rows
    y = rows - m
    v = xp.einsum("ij,ij->j", y, y) * (1 / len(rows))
    statistics.update(mean=m, var=v, inverse=1 / xp.sqrt(v + eps))
    y *= weight * statistics["inverse"]
    y += bias
    return _like(y, x)


def _batch_norm_gradients(g, y, x, weight, bias, eps, statistics):
    """With x̂ = (x − mean)/s, s = √(var + eps), n values per channel:
        ∂L/∂b = Σ g        ∂L/∂w = Σ g x̂        ∂L/∂x = (w/s) (g − (Σ g)/n − x̂ (Σ g x̂)/n)
    The last two terms are there because every x moves its channel's mean and variance."""
    xp, g, rows = array_module(x), _rows(g), _rows(x)
    n, inverse = len(rows), statistics["inverse"]
    gb = column_sums(g)
    gx = rows - statistics["mean"]
    gw = xp.einsum("ij,ij->j", g, gx) * inverse
    gx *= gw * inverse * (-1 / n)
    gx += g
    gx -= gb * (1 / n)
    gx *= weight * inverse
    return _like(gx, x), gw, gb


_batch_norm.gradients(together=_batch_norm_gradients, inputs=3, definition=_plain_batch_norm)


# ----------------------------------------------------------------------------------- the public functions

def batch_norm(input, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """(N, C) or (N, C, *S) -> the same: each channel by its batch's statistics (training), else by the running ones.

    running_mean, running_var: arrays (C,), updated in place when training, or None. weight, bias (C,). Gradients: see
    _batch_norm_gradients; with running statistics ∂L/∂x = g w / √(running_var + eps). ValueError: shapes that do not meet,
    or a single value per channel, which has no variance."""
    _check("batch_norm", input, 2, weight, running_mean, running_var, weight, bias)
    count = input.size // max(input.shape[1], 1)
    if training and count < 2:
        raise ValueError(f"batch_norm: input of shape {input.shape} has {count} value per channel, "
                         "and a variance needs two or more. If this is what is left at the end of "
                         "an epoch: Batches(..., drop_last=True)")
    weight, bias = _or_constant(weight, 1, input), _or_constant(bias, 0, input)
    if training:
        statistics = {}
        y = _batch_norm(input, weight, bias, eps, statistics)
        _update(running_mean, running_var, statistics["mean"], statistics["var"] * (count / (count - 1)), momentum)
        return y
    if running_mean is None or running_var is None:
        raise ValueError("batch_norm: running_mean and running_var are needed when training is False")
    shape = (1, -1, *(1,) * (input.ndim - 2))
    scale = weight * (1 / array_module(running_var).sqrt(running_var + eps))
    return input * reshape(scale, shape) + reshape(bias - running_mean.copy() * scale, shape)   # the next update is in place


def layer_norm(input, normalized_shape, weight=None, bias=None, eps=1e-5):
    """(*, *normalized_shape) -> the same: each example by the statistics of its last axes; weight, bias of that shape

    ∂L/∂x = (g w − mean(g w) − x̂ mean(g w x̂)) / s. ValueError: an input that does not end in normalized_shape."""
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    ends = shape and tuple(input.shape[-len(shape):]) == shape
    if not ends or not input.size or input.dtype.kind != "f" or weight is not None and weight.dtype != input.dtype:
        raise errors.input_error("layer_norm", input, f"(*, {', '.join(map(str, shape))})", weight)
    for name, p in (("weight", weight), ("bias", bias)):
        if p is not None and tuple(p.shape) != shape:
            raise ValueError(f"layer_norm: {name} of shape {p.shape}, expected {shape}")
    y, _, _ = _standardized(input, tuple(range(input.ndim - len(shape), input.ndim)), eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def instance_norm(input, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5):
    """(N, C, *S) -> the same: each channel of each example by the statistics of its positions (or by the running ones)

    Arrays and gradients as in batch_norm, with n the number of positions. ValueError as there."""
    _check("instance_norm", input, 3, weight, running_mean, running_var, weight, bias)
    shape, axes = (1, -1, *(1,) * (input.ndim - 2)), tuple(range(2, input.ndim))
    if use_input_stats:
        count = input.size // max(input.shape[0] * input.shape[1], 1)
        if count < 2:
            raise ValueError(f"instance_norm: input of shape {input.shape} has {count} position per channel, and a variance needs two")
        y, m, v = _standardized(input, axes, eps)
        batch_mean, batch_var = (constant(s).mean((0, *axes)) for s in (m, v))
        _update(running_mean, running_var, batch_mean, batch_var * (count / (count - 1)), momentum)
    elif running_mean is None or running_var is None:
        raise ValueError("instance_norm: running_mean and running_var are needed when use_input_stats is False")
    else:
        deviation = array_module(running_var).sqrt(running_var + eps)
        y = (input - running_mean.reshape(shape)) / deviation.reshape(shape)
    y = y if weight is None else y * reshape(weight, shape)
    return y if bias is None else y + reshape(bias, shape)


def _check(name, input, least, weight, *per_channel):
    if input.ndim < least or not input.size or input.dtype.kind != "f" or weight is not None and weight.dtype != input.dtype:
        raise errors.input_error(name, input, "(N, C, *S)" if least == 3 else "(N, C) or (N, C, *S)", weight)
    for p in per_channel:
        if p is not None and tuple(p.shape) != (input.shape[1],):
            raise ValueError(f"{name}: input of shape {input.shape} has {input.shape[1]} channels, but a parameter or running "
                             f"statistic has shape {tuple(p.shape)}, expected ({input.shape[1]},)")


def _or_constant(parameter, value, input):
    return array_module(constant(input)).full(input.shape[1], value, input.dtype) if parameter is None else parameter


def _update(running_mean, running_var, mean, var, momentum):
    for running, batch in ((running_mean, mean), (running_var, var)):
        if running is not None:
            running *= 1 - momentum
            running += momentum * batch
