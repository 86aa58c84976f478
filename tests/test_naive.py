"""The slow, obvious definitions as the oracle: every sum of a convolution, pooling or normalisation
written as a loop.

A convolution is a list of terms, y[i] += x[j] · W[k], and `terms` is that list: seven loops in two
dimensions. The value, the transpose and both gradients are four ways of reading it. float64; no two
axes have the same length, so that none can be taken for another.
"""

import itertools
import math

import numpy as np
import pytest

import minigen as mg
from minigen.functional import convolution

F = mg.functional
CLOSE = dict(rtol=1e-12, atol=1e-12)

GEOMETRIES = [    # size, kernel, stride, padding
    ((7,), (3,), (1,), (0,)),
    ((9,), (4,), (3,), (2,)),
    ((5,), (1,), (2,), (0,)),
    ((5, 6), (3, 2), (1, 1), (0, 0)),
    ((7, 5), (4, 3), (2, 2), (1, 1)),
    ((6, 9), (2, 5), (3, 1), (0, 2)),
    ((3, 4, 5), (2, 3, 2), (1, 1, 1), (0, 0, 0)),
    ((4, 5, 3), (3, 2, 2), (2, 1, 2), (1, 0, 1)),
]
IMAGES = 2
CHANNELS = [(3, 2), (1, 2), (1, 5)]     # of x and y: one lies otherwise, five are scattered
every_geometry = pytest.mark.parametrize("size, kernel, stride, padding", GEOMETRIES)
every_channels = pytest.mark.parametrize("channels", CHANNELS, ids=str)


def output_size(size, kernel, stride, padding):
    """How many places a kernel takes on each axis, counted one by one."""
    return tuple(
        len(range(-p, s + p - k + 1, t)) for s, k, t, p in zip(size, kernel, stride, padding))


def terms(channels, size, kernel, stride, padding):
    """The definition that stands in the package, for the number of images here."""
    return convolution.terms(IMAGES, *channels, size, kernel, stride, padding)


def test_the_terms_are_as_many_as_places_of_the_kernel_within_x():
    """Counted independently, axis by axis: for each position, the places that are not padding."""
    for size, kernel, stride, padding in GEOMETRIES:
        pairs = 1
        for s, k, t, p in zip(size, kernel, stride, padding):
            pairs *= sum(0 <= start + i < s for start in range(-p, s + p - k + 1, t)
                         for i in range(k))
        found = list(terms((3, 2), size, kernel, stride, padding))
        assert len(found) == len(set(found)) == IMAGES * 3 * 2 * pairs


def case(channels, size, kernel, stride, padding):
    """Random x, W, y (or a cotangent of y) of one geometry, and its function names."""
    rng, (inputs, outputs) = np.random.default_rng(3), channels
    x = rng.standard_normal((IMAGES, inputs, *size))
    W = rng.standard_normal((outputs, inputs, *kernel))
    y = rng.standard_normal((IMAGES, outputs, *output_size(size, kernel, stride, padding)))
    return x, W, y, getattr(F, f"conv{len(size)}d"), getattr(F, f"conv_transpose{len(size)}d")


def by_channel(b, x):
    return b.reshape(1, -1, *[1] * (x.ndim - 2))


@every_channels
@every_geometry
def test_convolution_and_its_gradients_by_seven_loops(channels, size, kernel, stride, padding):
    x, W, g, conv, _ = case(channels, size, kernel, stride, padding)
    b = np.arange(channels[1]) - 0.5
    y, gx, gW = np.zeros_like(g), np.zeros_like(x), np.zeros_like(W)
    for i, j, k in terms(channels, size, kernel, stride, padding):
        y[i] += x[j] * W[k]
        gx[j] += g[i] * W[k]
        gW[k] += g[i] * x[j]
    np.testing.assert_allclose(conv(x, W, b, stride=stride, padding=padding), y + by_channel(b, y),
                               **CLOSE)
    leaves = [mg.tensor(a, requires_grad=True) for a in (x, W, b)]
    found = mg.grad(conv(*leaves, stride=stride, padding=padding), leaves, g)
    for ours, theirs in zip(found, (gx, gW, g.sum((0, *range(2, g.ndim))))):
        np.testing.assert_allclose(ours.numpy(), theirs, **CLOSE)


@every_channels
@every_geometry
def test_transposed_convolution_scatters_the_same_terms(channels, size, kernel, stride, padding):
    x, W, y, _, conv_transpose = case(channels, size, kernel, stride, padding)
    b, x = np.arange(channels[0]) - 0.5, np.zeros_like(x)
    for i, j, k in terms(channels, size, kernel, stride, padding):
        x[j] += y[i] * W[k]
    left_over = tuple((s + 2 * p - k) % t for s, k, t, p in zip(size, kernel, stride, padding))
    ours = conv_transpose(y, W, b, stride=stride, padding=padding, output_padding=left_over)
    np.testing.assert_allclose(ours, x + by_channel(b, x), **CLOSE)


@pytest.mark.parametrize("kernel, stride, padding", [
    ((2, 2), None, (0, 0)), ((3, 2), (2, 1), (1, 1)), ((2, 3), (3, 3), (1, 0))])
def test_pooling_window_by_window(kernel, stride, padding):
    x = np.random.default_rng(4).standard_normal((2, 3, 7, 6))
    steps = stride or kernel
    largest = np.zeros((2, 3, *output_size((7, 6), kernel, steps, padding)))
    average = np.zeros_like(largest)
    for n, c, i, j in np.ndindex(largest.shape):
        window = [
            x[n, c, h, w]
            for h in range(i * steps[0] - padding[0], i * steps[0] - padding[0] + kernel[0])
            if 0 <= h < 7
            for w in range(j * steps[1] - padding[1], j * steps[1] - padding[1] + kernel[1])
            if 0 <= w < 6
        ]
        largest[n, c, i, j] = max(window)
        # the zeros of the padding count
        average[n, c, i, j] = sum(window) / math.prod(kernel)
    np.testing.assert_array_equal(F.max_pool2d(x, kernel, stride, padding), largest)
    np.testing.assert_allclose(F.avg_pool2d(x, kernel, stride, padding), average, **CLOSE)


def standardized(values, eps=1e-5):
    """(v − mean) / √(variance + eps) of a flat list of numbers."""
    mean = sum(values) / len(values)
    variance = sum((v - mean) ** 2 for v in values) / len(values)
    return [(v - mean) / math.sqrt(variance + eps) for v in values], mean, variance


def test_batch_norm_channel_by_channel():
    x = np.random.default_rng(5).standard_normal((3, 4, 2, 5)) * 3 + 1
    weight, bias = np.array([1.0, 2.0, -1.0, 0.5]), np.array([0.0, 1.0, 2.0, 3.0])
    running_mean, running_var = np.full(4, 10.0), np.full(4, 20.0)
    expected, means, variances = np.zeros_like(x), [], []
    for c in range(4):
        values, mean, variance = standardized(list(x[:, c].ravel()))
        expected[:, c] = np.reshape(values, (3, 2, 5)) * weight[c] + bias[c]
        means.append(0.9 * 10 + 0.1 * mean)
        # 30 values a channel: the unbiased variance
        variances.append(0.9 * 20 + 0.1 * variance * 30 / 29)
    y = F.batch_norm(x, running_mean, running_var, weight, bias, training=True)
    np.testing.assert_allclose(y, expected, **CLOSE)
    np.testing.assert_allclose(running_mean, means, **CLOSE)
    np.testing.assert_allclose(running_var, variances, **CLOSE)


def test_layer_norm_example_by_example_and_instance_norm_image_by_image():
    x = np.random.default_rng(6).standard_normal((3, 2, 2, 4))
    weight, bias = np.random.default_rng(7).standard_normal((2, 2, 2, 4))
    by_example = np.stack(
        [np.reshape(standardized(list(e.ravel()))[0], e.shape) * weight + bias for e in x])
    np.testing.assert_allclose(F.layer_norm(x, (2, 2, 4), weight, bias), by_example, **CLOSE)
    by_image = np.array(
        [[np.reshape(standardized(list(image.ravel()))[0], image.shape) for image in e] for e in x])
    np.testing.assert_allclose(F.instance_norm(x), by_image, **CLOSE)


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (300, 2), (300, 100)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "bool"])
def test_column_sums_count_what_a_small_integer_cannot_hold(dtype, shape):
    x = np.random.default_rng(9).integers(0, 2, shape).astype(dtype)
    np.testing.assert_array_equal(F.sum(x, 0), [sum(int(v) for v in column) for column in x.T])


def test_nearest_interpolation_asks_each_output_where_it_came_from():
    x = np.random.default_rng(8).standard_normal((2, 2, 3, 2))
    y = np.zeros((2, 2, 9, 6))
    for n, c, i, j in np.ndindex(y.shape):
        y[n, c, i, j] = x[n, c, i // 3, j // 3]
    np.testing.assert_array_equal(F.interpolate(x, scale_factor=3), y)


def test_embedding_row_by_row_and_its_gradient_place_by_place():
    rng = np.random.default_rng(9)
    weight, indices, g = rng.standard_normal(
        (5, 3)), rng.integers(0, 5, (2, 4)), rng.standard_normal((2, 4, 3))
    rows, gradient = np.zeros((2, 4, 3)), np.zeros_like(weight)
    for i, j in np.ndindex(indices.shape):
        rows[i, j] = weight[indices[i, j]]
        # a row looked up twice gets both
        gradient[indices[i, j]] += g[i, j]
    leaf = mg.tensor(weight, requires_grad=True)
    np.testing.assert_array_equal(F.embedding(indices, weight), rows)
    np.testing.assert_allclose(
        mg.grad(F.embedding(indices, leaf), leaf, g)[0].numpy(), gradient, **CLOSE)
