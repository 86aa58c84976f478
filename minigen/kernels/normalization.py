"""Kernels of batch normalisation: of its value, its gradients and its running statistics.

The rows are (N·S, C), one column for each channel. A sum over the rows is a product with ones.
"""

import functools

from ..backend import array_module
from ..functional import fast, normalization
from .kernel import in_place_of, kernel, new


@functools.lru_cache(maxsize=64)
def _ones(xp, device, n, dtype):
    return xp.ones(n, dtype)


@in_place_of(fast, "column_sums")
def column_sums(x):
    """x.sum(0) as the product 1ᵀ x, as on the host, but with ones of each device. A sum over the
    rows of a tall matrix would keep few processors busy.
    (With CUPY_TF32=1 in the environment it is rounded like every product: to ten bits.)"""
    return _ones(array_module(x), x.device.id, len(x), x.dtype).dot(x)


@kernel("T x, T total, T share", "T d", "T apart = x - total * share; d = apart * apart")
def squared_distance(x, total, share):
    """(x − mean)², with the mean as total · share"""
    return (x - total * share) ** 2


@kernel("T x, T total, T squares, T w, T b, T share, T eps, int32 columns",
        "T y, raw T m, raw T v, raw T inverse", """
    T mean = total * share, variance = squares * share, one_over = T(1) / sqrt(variance + eps);
    y = (x - mean) * (w * one_over) + b;
    if (i < columns) { m[i] = mean; v[i] = variance; inverse[i] = one_over; }""")
def standardized(x, total, squares, w, b, share, eps, columns):
    """w (x − mean) / √(var + eps) + b; and, by the first row, mean, var and 1 / √(var + eps)"""
    m, v = total * share, squares * share
    inverse = 1 / (v + eps) ** 0.5
    return (x - m) * (w * inverse) + b, m, v, inverse


@kernel("T g, T x, T m, T inverse", "T y", "y = g * ((x - m) * inverse)")
def times_standardized(g, x, m, inverse):
    return g * ((x - m) * inverse)


@kernel("T g, T x, T m, T inverse, T w, T gb, T gw, T share", "T gx",
        "gx = (w * inverse) * (g - gb * share - (x - m) * inverse * (gw * share))")
def standardized_gradient(g, x, m, inverse, w, gb, gw, share):
    return (w * inverse) * (g - gb * share - (x - m) * inverse * (gw * share))


@kernel("T m, T v, T running_m, T running_v, T momentum, T unbiased", "T new_m, T new_v",
        "new_m = (T(1) - momentum) * running_m + momentum * m;"
        "new_v = (T(1) - momentum) * running_v + momentum * (v * unbiased)")
def running(m, v, running_m, running_v, momentum, unbiased):
    return ((1 - momentum) * running_m + momentum * m,
            (1 - momentum) * running_v + momentum * (v * unbiased))


@in_place_of(normalization._batch_norm, "forward")
def _batch_norm(x, weight, bias, eps, statistics):
    rows = normalization._rows(x)
    share, total = 1 / len(rows), column_sums(rows)
    squares = column_sums(squared_distance(rows, total, share, new(rows)))
    y, m, v, inverse = new(rows), new(total), new(total), new(total)
    standardized(rows, total, squares, weight, bias, share, eps, len(m), y, m, v, inverse)
    statistics.update(mean=m, var=v, inverse=inverse)
    return normalization._like(y, x)


@in_place_of(normalization._batch_norm, "together")
def _batch_norm_gradients(g, y, x, w, b, eps, statistics):
    g, rows = normalization._rows(g), normalization._rows(x)
    m, inverse, share = statistics["mean"], statistics["inverse"], 1 / len(rows)
    gb = column_sums(g)
    gw = column_sums(times_standardized(g, rows, m, inverse, new(rows)))
    gx = standardized_gradient(g, rows, m, inverse, w, gb, gw, share, new(rows))
    return normalization._like(gx, x), gw, gb


_either_is_none = normalization._update


@in_place_of(normalization, "_update")
def _update(running_mean, running_var, mean, var, count, momentum):
    if running_mean is None or running_var is None:
        return _either_is_none(running_mean, running_var, mean, var, count, momentum)
    normalization.checks.require_momentum("running statistics", momentum)
    running(mean, var, running_mean, running_var, momentum, count / (count - 1),
            running_mean, running_var)
