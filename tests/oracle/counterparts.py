"""Every operation of minigen.functional beside PyTorch's: how to draw arguments for both, and the
other one's name.

`OPERATIONS[name]` is `(draw, theirs)`. draw(rng) returns `(inputs, options)`: the inputs go to both
as they are, floats with a gradient; an option that is an array goes to each as a copy and is
compared afterwards, since running statistics are written in place. `theirs` takes minigen's option
names. Read next: agreement.py, test_torch_functional.py.
"""

import numpy as np
import torch

from references.answers import with_parameters

T = torch.nn.functional

# What PyTorch cannot be asked about, and why.
NO_COUNTERPART = {
    "dropout":
        "its mask is random: test_torch_functional.py checks what does not depend on the mask",
    "scatter":
        "the reverse of indexing, checked there as its gradient; torch.scatter is something else",
}


# ------------------------------------------------------------------------------------------ drawing

def sizes(rng, dimensions, low=1, high=5):
    return tuple(int(n) for n in rng.integers(low, high, dimensions))


def some(rng, *shape):
    return rng.standard_normal(shape)


def uniform(rng, *shape):
    return rng.random(shape)


def choice(rng, *values):
    return values[rng.integers(len(values))]


def positive(x):
    return np.asarray(np.abs(x) + 0.1)


def probability(x):
    return 1 / (1 + np.exp(-x))


def any_shape(rng):
    return sizes(rng, choice(rng, 1, 2, 3, 4))


def elementwise(prepare=lambda x: x, **options):
    """One input of any shape; an option is a list to choose from."""
    def draw(rng):
        x = prepare(some(rng, *any_shape(rng)))
        return [x], {name: choice(rng, *values) for name, values in options.items()}
    return draw


def broadcast_pair(rng):
    """Two shapes that broadcast: lengths of 1 and missing leading axes, here or there."""
    shape = any_shape(rng)
    pair = [tuple(1 if rng.random() < 0.25 else n for n in shape)[choice(rng, 0, 0, 1):]
            for _ in range(2)]
    return [some(rng, *s) for s in pair]


def pair(prepare=lambda x: x):
    return lambda rng: ([prepare(x) for x in broadcast_pair(rng)], {})


def arithmetic(rng):
    """Two arrays, or an array and a number."""
    x, y = broadcast_pair(rng)
    return choice(rng, [x, y], [x, y], [x, 1.5], [-0.5, y]), {}


def divisions(rng):
    return [positive(x) if isinstance(x, np.ndarray) else x for x in arithmetic(rng)[0]], {}


def powers(rng):
    x, y = broadcast_pair(rng)
    by_number = [[x, p] for p in (2, 3.0, -1.0, 1.0, 0)]
    return choice(rng, [positive(x), y], [positive(x), -0.5], [2.0, y], *by_number), {}


def conditions(rng):
    x, y = broadcast_pair(rng)
    return [np.asarray(rng.random(np.broadcast_shapes(x.shape, y.shape)) < 0.5), x, y], {}


def bounds(rng):
    low, high = choice(rng, (-0.5, 0.5), (None, 0.3), (-0.2, None))
    return [some(rng, *any_shape(rng))], dict(a_min=low, a_max=high)


def reduction(**options):
    """Any axes of any shape, counted from either end."""
    def draw(rng):
        x = some(rng, *(sizes(rng, choice(rng, 1, 2, 3), 2, 5) if "ddof" in options
                        else any_shape(rng)))
        chosen = rng.permutation(x.ndim)[:rng.integers(1, x.ndim + 1)]
        axes = tuple(int(a) - choice(rng, 0, x.ndim) for a in chosen)
        more = {k: choice(rng, *v) for k, v in options.items()}
        axis, keepdims = choice(rng, None, axes[0], axes), choice(rng, True, False)
        return [x], dict(axis=axis, keepdims=keepdims, **more)
    return draw


def one_axis(rng):
    x = some(rng, *any_shape(rng))
    return [x], dict(dim=int(rng.integers(-x.ndim, x.ndim)))


def products(rng):
    m, k, n, batch = *sizes(rng, 3), sizes(rng, choice(rng, 0, 1, 2))
    return [choice(rng, some(rng, *batch, m, k), some(rng, m, k), some(rng, k)),
            choice(rng, some(rng, *batch, k, n), some(rng, 1, k, n), some(rng, k))], {}


def new_shape(rng):
    x = some(rng, *sizes(rng, 3))
    return [x], dict(shape=choice(rng, (-1,), (x.shape[0], -1), x.shape[::-1], (1, x.shape[2], -1)))


def new_order(rng):
    x = some(rng, *any_shape(rng))
    order = tuple(int(a) - choice(rng, 0, x.ndim) for a in rng.permutation(x.ndim))
    return [x], dict(axes=choice(rng, None, order))


def stretched(rng):
    shape = any_shape(rng)
    x = some(rng, *[choice(rng, 1, n) for n in shape])
    return [x], dict(shape=(*choice(rng, (), (2,)), *shape))


def joined(rng):
    shape = any_shape(rng)
    axis = int(rng.integers(-len(shape), len(shape)))
    before, after = shape[:axis % len(shape)], shape[axis % len(shape) + 1:]
    lengths = sizes(rng, choice(rng, 1, 2, 3))
    return [some(rng, *before, n, *after) for n in lengths], dict(axis=axis)


def stacked(rng):
    shape = any_shape(rng)
    axis = int(rng.integers(-len(shape) - 1, len(shape) + 1))
    return [some(rng, *shape) for _ in range(choice(rng, 1, 2, 3))], dict(axis=axis)


def indices(rng):
    x = some(rng, *sizes(rng, 3, 3, 5))
    return [x], dict(index=choice(
        rng, 1, -1, slice(1, None), slice(None, None, 2), None,
        (slice(None), 0), (..., slice(0, 2)), (0, slice(None), None, -1),
        np.array([2, 0, 2, -1]), (slice(None), np.array([[0, 1], [1, 1]])),
        (np.array([0, 1]), slice(1, 3), np.array([2, 2])),
        x > 0, (slice(None), x[0] > 0)))


def to_torch(value):
    """Arrays as tensors of torch's own memory, alone or in a tuple; all else as it is."""
    if isinstance(value, tuple):
        return tuple(to_torch(v) for v in value)
    return torch.tensor(value) if isinstance(value, np.ndarray) else value


def border(rng):
    x = some(rng, *sizes(rng, 4))
    widths = tuple(int(n) for n in rng.integers(0, 3, choice(rng, 2, 4, 6)))
    return [x], dict(pad=widths, value=choice(rng, 0.0, -1.5))


def enlarged(rng):
    x = some(rng, *sizes(rng, choice(rng, 3, 4, 5), 1, 4))
    return [x], dict(scale_factor=choice(rng, 1, 2, 3), mode="nearest")


def lookup(rng):
    entries, features = sizes(rng, 2, 2, 6)
    return [rng.integers(0, entries, any_shape(rng)), some(rng, entries, features)], {}


def dense(rng):
    i, o = sizes(rng, 2)
    x, weight = some(rng, *any_shape(rng)[1:], i), some(rng, o, i)
    return [x, weight, *choice(rng, [some(rng, o)], [])], {}


def convolution(dimensions, transposed=False):
    def draw(rng):
        n, i, o = sizes(rng, 3, 1, 4)
        kernel, stride = sizes(rng, dimensions, 1, 4), sizes(rng, dimensions, 1, 4)
        padding = tuple(int(rng.integers(0, k)) for k in kernel)
        left_over = tuple(int(rng.integers(0, s)) for s in stride)
        if rng.random() < 0.3:                                          # one number for all axes
            kernel, stride = kernel[:1] * dimensions, stride[0]
            padding, left_over = padding[0], left_over[0]
        size = tuple(int(rng.integers(k, k + 4)) for k in kernel)
        weight = some(rng, i, o, *kernel) if transposed else some(rng, o, i, *kernel)
        options = dict(stride=stride, padding=padding)
        if transposed:
            options["output_padding"] = left_over
        return [some(rng, n, i, *size), weight, *choice(rng, [some(rng, o)], [])], options
    return draw


def pooling(rng):
    kernel = choice(rng, 2, 3, (2, 3), (3, 1))
    padding = 0 if kernel == (3, 1) else choice(rng, 0, 1)
    return [some(rng, *sizes(rng, 2, 1, 4), *sizes(rng, 2, 4, 8))], dict(
        kernel_size=kernel, stride=choice(rng, None, 1, (2, 1), 3), padding=padding)


def weight_and_bias(rng, *shape):
    """Both, the weight alone, or neither."""
    return choice(rng, [some(rng, *shape), some(rng, *shape)], [some(rng, *shape)], [])


def batch(rng):
    x = some(rng, *sizes(rng, 2, 2, 5), *sizes(rng, choice(rng, 0, 1, 2, 3))) * 2 + 1
    c = x.shape[1]
    training = choice(rng, True, True, False)
    statistics = dict(running_mean=some(rng, c), running_var=rng.random(c) + 0.5)
    if training and rng.random() < 0.3:
        statistics = dict(running_mean=None, running_var=None)
    parameters = weight_and_bias(rng, c)
    momentum, eps = choice(rng, 0.1, 0.3), choice(rng, 1e-5, 1e-2)
    return [x, *parameters], dict(training=training, momentum=momentum, eps=eps, **statistics)


def instances(rng):
    x = some(rng, *sizes(rng, 2, 1, 4), *sizes(rng, choice(rng, 1, 2, 3), 2, 4)) * 2 + 1
    c = x.shape[1]
    options = dict(running_mean=None, running_var=None)
    options.update(momentum=choice(rng, 0.1, 0.3), eps=choice(rng, 1e-5, 1e-2))
    if rng.random() < 0.8:
        options.update(running_mean=some(rng, c), running_var=rng.random(c) + 0.5)
        options.update(use_input_stats=choice(rng, True, False))
    return [x, *weight_and_bias(rng, c)], options


def layers(rng):
    shape = sizes(rng, choice(rng, 2, 3), 2, 5)
    last = shape[choice(rng, 1, len(shape) - 1):]
    arrays = [some(rng, *shape), *weight_and_bias(rng, *last)]
    return arrays, dict(normalized_shape=last, eps=choice(rng, 1e-5, 1e-2))


def loss(prepare=lambda x: x, target=some):
    def draw(rng):
        shape = any_shape(rng)
        arrays = [prepare(some(rng, *shape)), target(rng, *shape)]
        return arrays, dict(reduction=choice(rng, "mean", "sum", "none"))
    return draw


def classes(rng):
    m, c = sizes(rng, 2, 1, 6)
    arrays = [some(rng, m, c), rng.integers(0, c, m)]
    return arrays, dict(reduction=choice(rng, "mean", "sum", "none"))


# --------------------------------------------------------------------------------- the counterparts

def by_axis(function):
    """A reduction of torch under NumPy's names."""
    def reduced(x, axis, keepdims, **options):
        dim = tuple(range(x.ndim)) if axis is None else axis
        more = {"correction": options["ddof"]} if options else {}
        return function(x, dim, keepdim=keepdims, **more)
    return reduced


OPERATIONS = {
    "add": (arithmetic, lambda x, y: x + y), "subtract": (arithmetic, lambda x, y: x - y),
    "multiply": (arithmetic, lambda x, y: x * y), "divide": (divisions, lambda x, y: x / y),
    "power": (powers, lambda x, p: x ** p), "negative": (elementwise(), torch.neg),
    "exp": (elementwise(), torch.exp), "log": (elementwise(positive), torch.log),
    "log1p": (elementwise(np.abs), torch.log1p), "sqrt": (elementwise(positive), torch.sqrt),
    "square": (elementwise(), torch.square), "abs": (elementwise(), torch.abs),
    "sin": (elementwise(), torch.sin), "cos": (elementwise(), torch.cos),
    "maximum": (pair(), torch.maximum), "minimum": (pair(), torch.minimum),
    "where": (conditions, torch.where),
    "clip": (bounds, lambda x, a_min, a_max: torch.clip(x, a_min, a_max)),

    "relu": (elementwise(), T.relu),
    "leaky_relu": (elementwise(negative_slope=[0.01, 0.2, 1.5, -0.5]), T.leaky_relu),
    "softplus": (elementwise(), T.softplus),
    "logsigmoid": (elementwise(), T.logsigmoid), "sigmoid": (elementwise(), torch.sigmoid),
    "tanh": (elementwise(), torch.tanh),

    "sum": (reduction(), by_axis(torch.sum)), "mean": (reduction(), by_axis(torch.mean)),
    "var": (reduction(ddof=[0, 1]), by_axis(torch.var)),
    "std": (reduction(ddof=[0, 1]), by_axis(torch.std)),
    "max": (reduction(), by_axis(torch.amax)), "min": (reduction(), by_axis(torch.amin)),
    "logsumexp": (reduction(), by_axis(torch.logsumexp)),
    "softmax": (one_axis, T.softmax), "log_softmax": (one_axis, T.log_softmax),

    "matmul": (products, torch.matmul), "linear": (dense, T.linear),
    "reshape": (new_shape, lambda x, shape: x.reshape(shape)),
    "transpose": (new_order, lambda x, axes: x.permute(axes or tuple(range(x.ndim))[::-1])),
    "broadcast_to": (stretched, lambda x, shape: torch.broadcast_to(x, shape)),
    "concatenate": (joined, lambda *arrays, axis: torch.cat(arrays, axis)),
    "stack": (stacked, lambda *arrays, axis: torch.stack(arrays, axis)),
    "getitem": (indices, lambda x, index: x[to_torch(index)]),
    "pad": (border, lambda x, pad, value: T.pad(x, pad, value=value)),
    "interpolate": (enlarged, T.interpolate), "embedding": (lookup, T.embedding),

    **{f"conv{d}d": (convolution(d), getattr(T, f"conv{d}d")) for d in (1, 2, 3)},
    **{f"conv_transpose{d}d": (convolution(d, transposed=True), getattr(T, f"conv_transpose{d}d"))
       for d in (1, 2, 3)},
    "max_pool2d": (pooling, T.max_pool2d), "avg_pool2d": (pooling, T.avg_pool2d),
    "batch_norm": (batch, with_parameters(T.batch_norm)),
    "layer_norm": (layers, with_parameters(T.layer_norm)),
    "instance_norm": (instances, with_parameters(T.instance_norm)),

    "mse_loss": (loss(), T.mse_loss), "l1_loss": (loss(), T.l1_loss),
    "binary_cross_entropy": (loss(probability, uniform), T.binary_cross_entropy),
    "binary_cross_entropy_with_logits": (loss(target=uniform), T.binary_cross_entropy_with_logits),
    "cross_entropy": (classes, T.cross_entropy), "nll_loss": (classes, T.nll_loss),
}
