"""Every operation and every layer, with inputs on which its gradients can be checked.

No input is near a corner and no two of its numbers are equal, by construction: `values` is a
shuffled grid without 0. So a maximum has one winner and a ReLU one side, and strict tolerances hold
for all. A new operation or layer needs an entry here, or the tests fail. Read next: __main__.py.
"""

import contextlib
import math

import numpy

from .. import backend, layers
from .. import functional as F
from . import gradcheck

_rng = numpy.random.default_rng(0)


def values(*shape, low=-1.3, high=1.3, rng=_rng):
    """Numbers from low to high, equally spaced and shuffled; none near 0 if low = −high."""
    count = math.prod(shape)
    even = count + count % 2
    grid = low + (high - low) * (numpy.arange(even) + 0.5) / even
    return rng.permutation(grid)[:count].reshape(shape)


def apart(*shapes):
    """Arrays of values, none twice among all of them."""
    sizes = [math.prod(shape) for shape in shapes]
    pieces = numpy.split(values(sum(sizes)), numpy.cumsum(sizes)[:-1])
    return [piece.reshape(shape) for piece, shape in zip(pieces, shapes)]


def probabilities(*shape):
    return values(*shape, low=0.1, high=0.9)


def integers(*numbers):
    return numpy.array(numbers)


def like(x, numbers):
    """Constants for x: an array of its dtype, in the library in use."""
    return backend.asarray(numpy.array(numbers), dtype=x.dtype)


def statistics(x):
    """The running mean and variance of two features."""
    return like(x, [0.3, -0.2]), like(x, [0.5, 2.0])


MASK = numpy.array([[True, False, True], [False, False, True]])

# name -> one or more (function, inputs); arrays of floats are checked, all others are constants
OPERATIONS = {
    # elementwise
    "add": [(F.add, [values(2, 3), values(3)])],
    "subtract": [(F.subtract, [values(2, 1), values(3)])],
    "multiply": [(F.multiply, [values(2, 3), values()])],
    "divide": [(F.divide, [values(3), values(2, 3)])],
    "negative": [(F.negative, [values(2, 3)])],
    "power": [(F.power, [values(2, 3, low=0.3, high=2.0), values(3)]),
              (lambda x: F.power(x, 3), [values(2, 3)])],
    "exp": [(F.exp, [values(2, 3)])],
    "log": [(F.log, [values(2, 3, low=0.3, high=2.0)])],
    "log1p": [(F.log1p, [values(2, 3, low=-0.7, high=2.0)])],
    "sqrt": [(F.sqrt, [values(2, 3, low=0.3, high=2.0)])],
    "square": [(F.square, [values(2, 3)])],
    "sin": [(F.sin, [values(2, 3)])],
    "cos": [(F.cos, [values(2, 3)])],
    "abs": [(F.abs, [values(2, 3)])],
    "maximum": [(F.maximum, apart((2, 3), (3,)))],
    "minimum": [(F.minimum, apart((2, 1), (3,)))],
    "where": [(F.where, [MASK, values(2, 3), values(3)])],
    "clip": [(lambda x: F.clip(x, -0.5, 0.8), [values(2, 3)]),
             (lambda x: F.clip(x, a_max=0.1), [values(2, 3)])],
    "relu": [(F.relu, [values(2, 3)])],
    "leaky_relu": [(lambda x: F.leaky_relu(x, 0.2), [values(2, 3)])],
    "softplus": [(F.softplus, [values(2, 3)])],
    "logsigmoid": [(F.logsigmoid, [values(2, 3)])],
    "sigmoid": [(F.sigmoid, [values(2, 3)])],
    "tanh": [(F.tanh, [values(2, 3)])],
    "dropout": [(lambda x: F.dropout(x, 0.4), [values(4, 5)])],
    # reductions
    "sum": [(F.sum, [values(2, 3)]), (lambda x: F.sum(x, 0), [values(4, 3)]),
            (lambda x: F.sum(x, (0, -1), keepdims=True), [values(2, 3, 2)])],
    "mean": [(F.mean, [values(2, 3)]), (lambda x: F.mean(x, (0, 2)), [values(2, 3, 2)])],
    "var": [(F.var, [values(2, 3)]), (lambda x: F.var(x, (0, 2), ddof=1), [values(2, 3, 2)])],
    "std": [(F.std, [values(2, 3)]),
            (lambda x: F.std(x, 1, ddof=1, keepdims=True), [values(2, 3)])],
    "max": [(F.max, [values(2, 3)]), (lambda x: F.max(x, (0, 2)), [values(2, 3, 2)])],
    "min": [(F.min, [values(2, 3)]), (lambda x: F.min(x, 1, keepdims=True), [values(2, 3, 2)])],
    "logsumexp": [(F.logsumexp, [values(2, 3)]), (lambda x: F.logsumexp(x, 1), [values(2, 3, 2)])],
    "softmax": [(lambda x: F.softmax(x, 1), [values(2, 4)])],
    "log_softmax": [(lambda x: F.log_softmax(x, 0), [values(4, 2)])],
    # shaping
    "reshape": [(lambda x: F.reshape(x, (3, -1)), [values(2, 3)])],
    "transpose": [(F.transpose, [values(2, 3)]),
                  (lambda x: F.transpose(x, (1, -1, 0)), [values(2, 3, 2)])],
    "broadcast_to": [(lambda x: F.broadcast_to(x, (2, 4, 3)), [values(4, 1)])],
    "getitem": [(lambda x: x[1:, None, ::-2], [values(3, 4)]),
                (lambda x: x[..., -1], [values(2, 3)]),
                (lambda x, i, j: x[i, j],                                   # [0, 1] twice
                 [values(3, 4), integers(0, 2, 0), integers(1, 1, 1)]),
                (lambda x, mask: x[mask], [values(2, 3), MASK])],
    "scatter": [(lambda x, i: F.scatter(x, i, (4, 2)), [values(3, 2), integers(2, 0, 2)]),
                (lambda x: F.scatter(x, (slice(None), 1), (2, 3)), [values(2)])],
    "concatenate": [(lambda x, y: F.concatenate([x, y], -1), [values(2, 3), values(2, 1)])],
    "stack": [(lambda x, y: F.stack([x, y], 1), [values(2, 3), values(2, 3)])],
    "pad": [(lambda x: F.pad(x, (1, 2, 0, 1), value=0.5), [values(2, 3)])],
    "interpolate": [(lambda x: F.interpolate(x, scale_factor=2), [values(1, 2, 2, 3)])],
    "embedding": [(F.embedding, [integers([1, 0], [1, 3]), values(4, 2)])],
    # linear
    "linear": [(F.linear, [values(4, 3), values(2, 3), values(2)]),
               (F.linear, [values(2, 2, 3), values(2, 3)])],
    "matmul": [(F.matmul, [values(2, 1, 2, 3), values(2, 3, 2)]),
               (F.matmul, [values(3), values(3, 2)]), (F.matmul, [values(3), values(3)])],
    # losses
    "mse_loss": [(F.mse_loss, [values(2, 3), values(2, 3)])],
    "l1_loss": [(lambda x, t: F.l1_loss(x, t, reduction="sum"), apart((2, 3), (2, 3)))],
    "binary_cross_entropy_with_logits": [(F.binary_cross_entropy_with_logits,
                                          [values(2, 3), probabilities(2, 3)])],
    "binary_cross_entropy": [(lambda p, t: F.binary_cross_entropy(p, t, reduction="none"),
                              [probabilities(2, 3), probabilities(2, 3)])],
    "nll_loss": [(F.nll_loss, [values(3, 4), integers(1, 0, 1)])],
    "cross_entropy": [(lambda x, t: F.cross_entropy(x, t, reduction="none"),
                       [values(3, 4), integers(1, 0, 1)])],
    # convolution
    "conv1d": [(lambda *given: F.conv1d(*given, stride=2, padding=1),
                [values(2, 2, 5), values(3, 2, 3), values(3)])],
    "conv2d": [(lambda *given: F.conv2d(*given, stride=(2, 1), padding=(0, 1)),
                [values(2, 2, 4, 3), values(2, 2, 2, 3), values(2)]),
               (F.conv2d, [values(1, 1, 3, 3), values(2, 1, 2, 2)])],
    "conv3d": [(lambda *given: F.conv3d(*given, stride=(1, 2, 1), padding=(0, 1, 0)),
                [values(1, 2, 2, 3, 2), values(2, 2, 2, 2, 1), values(2)])],
    "conv_transpose1d": [
        (lambda *given: F.conv_transpose1d(*given, stride=2, padding=1, output_padding=1),
         [values(2, 2, 3), values(2, 3, 3), values(3)])],
    "conv_transpose2d": [(lambda *given: F.conv_transpose2d(*given, stride=(2, 1), padding=(1, 0)),
                          [values(2, 2, 2, 2), values(2, 2, 3, 2), values(2)]),
                         (F.conv_transpose2d, [values(1, 2, 2, 2), values(2, 1, 2, 2)])],
    "conv_transpose3d": [(lambda *given: F.conv_transpose3d(*given, stride=(1, 2, 1)),
                          [values(1, 2, 2, 2, 1), values(2, 2, 1, 2, 2), values(2)])],
    # pooling
    "max_pool2d": [(lambda x: F.max_pool2d(x, 2), [values(2, 2, 4, 4)]),
                   (lambda x: F.max_pool2d(x, (2, 3), 1, 1), [values(1, 1, 3, 4)])],
    "avg_pool2d": [(lambda x: F.avg_pool2d(x, (2, 3), 2, 1), [values(1, 2, 3, 4)])],
    # normalization
    "batch_norm": [(lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
                    [values(5, 2), values(2), values(2)]),
                   (lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
                    [values(2, 2, 2, 2), values(2), values(2)]),
                   (lambda x, w, b: F.batch_norm(x, *statistics(x), w, b),
                    [values(3, 2), values(2), values(2)])],
    "layer_norm": [(lambda x, w, b: F.layer_norm(x, (2, 3), w, b),
                    [values(2, 2, 3), values(2, 3), values(2, 3)])],
    "instance_norm": [(lambda x, w, b: F.instance_norm(x, weight=w, bias=b),
                       [values(2, 2, 3, 2), values(2), values(2)]),
                      (lambda x: F.instance_norm(x, *statistics(x), use_input_stats=False),
                       [values(2, 2, 3)])],
}

# name -> (how to make the layer, its input)
LAYERS = {
    "Dense": (lambda: layers.Dense(3, 2), values(4, 3)),
    "Embedding": (lambda: layers.Embedding(4, 2), integers([1, 0], [1, 3])),
    "Conv1d": (lambda: layers.Conv1d(2, 3, 3, stride=2, padding=1), values(2, 2, 5)),
    "Conv2d": (lambda: layers.Conv2d(2, 2, 3, padding=1), values(2, 2, 3, 2)),
    "Conv3d": (lambda: layers.Conv3d(1, 2, 2), values(2, 1, 2, 3, 2)),
    "ConvTranspose1d": (lambda: layers.ConvTranspose1d(2, 3, 3, stride=2, output_padding=1),
                        values(2, 2, 3)),
    "ConvTranspose2d": (lambda: layers.ConvTranspose2d(2, 2, 3, stride=2, padding=1),
                        values(2, 2, 2, 2)),
    "ConvTranspose3d": (lambda: layers.ConvTranspose3d(2, 1, 2), values(1, 2, 2, 2, 1)),
    "BatchNorm": (lambda: layers.BatchNorm(2), values(2, 2, 3)),
    "InstanceNorm": (lambda: layers.InstanceNorm(2), values(2, 2, 3)),
    "ReLU": (lambda: layers.ReLU(), values(2, 3)),
    "LeakyReLU": (lambda: layers.LeakyReLU(), values(2, 3)),
    "Softplus": (lambda: layers.Softplus(), values(2, 3)),
    "Sigmoid": (lambda: layers.Sigmoid(), values(2, 3)),
    "Tanh": (lambda: layers.Tanh(), values(2, 3)),
    "Dropout": (lambda: layers.Dropout(0.4), values(4, 5)),
    "MaxPool2d": (lambda: layers.MaxPool2d(2), values(1, 2, 4, 4)),
    "AvgPool2d": (lambda: layers.AvgPool2d(2), values(1, 2, 4, 4)),
    "Upsample": (lambda: layers.Upsample(2), values(1, 2, 2, 2)),
    "Flatten": (lambda: layers.Flatten(), values(2, 2, 3)),
    "Reshape": (lambda: layers.Reshape(3, 2), values(2, 6)),
    "Sequential": (lambda: layers.Sequential(layers.Dense(3, 4), layers.Tanh(), layers.BatchNorm(4),
                                             layers.Dense(4, 1)), values(4, 3)),
}


def cases(name):
    """The (function, inputs) of an operation, or of a layer with its parameters as inputs.

    The parameters are moved from where they start: there scales are 1 and shifts 0, and one could
    be taken for another."""
    if name in OPERATIONS:
        return OPERATIONS[name]
    (make, x), rng = LAYERS[name], numpy.random.default_rng(0)
    with _float64():
        layer = make()
    for p in layer.parameters():
        p.data[...] = like(p, values(*p.shape, rng=rng))
    return [(lambda x, *parameters: layer(x), [x, *layer.parameters()])]


def check(name, order=2):
    """gradcheck, a hundred times stricter than usual: the worst relative error of each order."""
    found = [gradcheck(function, inputs, atol=1e-7, rtol=1e-5, order=order)
             for function, inputs in cases(name)]
    return [max(errors) for errors in zip(*found)]


@contextlib.contextmanager
def _float64():
    before = backend.default_dtype()
    backend.set_default_dtype("float64")
    try:
        yield
    finally:
        backend.set_default_dtype(before)
