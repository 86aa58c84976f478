"""The node tests that ONNX publishes for every operation of its standard, for the operations
minigen has too.

An adapter maps a node's attributes and inputs to one call of minigen.functional, and raises
`Missing` for what minigen does not have (dilation, groups, integers as numbers, …). Those cases are
listed by name in onnx_missing.py, and the list must be exactly right: nothing is left out silently,
and nothing stays on it that works.
"""

import math
import warnings

import numpy as np
import pytest

import minigen as mg
from onnx_missing import NOT_COMPARED

pytestmark = pytest.mark.oracle
F = mg.functional


class Missing(Exception):
    """Something of ONNX that minigen does not have."""


def need(ok, reason):
    if not ok:
        raise Missing(reason)


def refuse_dilation_and_groups(a):
    need(set(a.pop("dilations", [1])) == {1}, "dilation")
    need(a.pop("group", 1) == 1, "groups")
    need(a.pop("auto_pad", b"NOTSET") == b"NOTSET", "padding worked out from the output's size")
    need("output_shape" not in a, "padding worked out from the output's size")
    a.pop("kernel_shape", None)


def stride_and_padding(a, dimensions):
    pads = a.pop("pads", [0] * 2 * dimensions)
    need(pads[:dimensions] == pads[dimensions:], "padding that differs before and after")
    return dict(stride=tuple(a.pop("strides", [1] * dimensions)), padding=tuple(pads[:dimensions]))


def conv(a, x, w, b=None):
    refuse_dilation_and_groups(a)
    return getattr(F, f"conv{x.ndim - 2}d")(x, w, b, **stride_and_padding(a, x.ndim - 2))


def conv_transpose(a, x, w, b=None):
    refuse_dilation_and_groups(a)
    options = stride_and_padding(a, x.ndim - 2)
    options["output_padding"] = tuple(a.pop("output_padding", [0] * (x.ndim - 2)))
    return getattr(F, f"conv_transpose{x.ndim - 2}d")(x, w, b, **options)


def pool(function):
    def pooled(a, x):
        kernel = tuple(a["kernel_shape"])
        need(len(kernel) == 2, "pooling in one or three dimensions")
        need(a.pop("ceil_mode", 0) == 0, "sizes rounded up")
        refuse_dilation_and_groups(a)
        a.pop("storage_order", None)        # of the indices, an output minigen does not return
        where = stride_and_padding(a, 2)
        counted = a.pop("count_include_pad", 0)
        is_whole = function is F.max_pool2d or counted or not any(where["padding"])
        need(is_whole, "averages that leave the padding out")
        fits = all(2 * p <= k for p, k in zip(where["padding"], kernel))
        need(fits, "padding of more than half the kernel, as in PyTorch")
        return function(x, kernel, **where)
    return pooled


def reduce(function):
    def reduced(a, x, axes=None):
        keepdims, noop = bool(a.pop("keepdims", 1)), a.pop("noop_with_empty_axes", 0)
        axis = None if axes is None or not axes.size else tuple(axes.tolist())
        has_value = math.prod(x.shape) or function not in (F.max, F.min, F.logsumexp)
        need(has_value, "the value of an empty maximum, minimum or logarithm")
        return function(x, axis=() if axis is None and noop else axis, keepdims=keepdims)
    return reduced


def gemm(a, A, B, C=0.0):
    A = A.T if a.pop("transA", 0) else A
    B = B.T if a.pop("transB", 0) else B
    return a.pop("alpha", 1.0) * F.matmul(A, B) + a.pop("beta", 1.0) * C


def fold(function):
    def folded(a, *inputs):
        y = inputs[0]
        for x in inputs[1:]:
            y = function(y, x)
        return y
    return folded


def clip(a, x, low=None, high=None):
    low, high = (None if bound is None else bound.item() for bound in (low, high))
    return F.clip(x, low, high)


def reshape(a, x, shape):
    keep_zeros, shape = a.pop("allowzero", 0), shape.tolist()
    return F.reshape(x, tuple(n if n or keep_zeros else x.shape[i] for i, n in enumerate(shape)))


def pad(a, x, pads, value=None, axes=None):
    need(a.pop("mode", b"constant") == b"constant", "padding by anything but a constant")
    axes = list(range(x.ndim)) if axes is None else [int(i) % x.ndim for i in axes]
    widths = {axis: (int(pads[i]), int(pads[i + len(axes)])) for i, axis in enumerate(axes)}
    last_first = range(x.ndim)[::-1]                                            # as in PyTorch
    pairs = [n for axis in last_first for n in widths.get(axis, (0, 0))]
    return F.pad(x, pairs, value=0.0 if value is None else value.item())


def batch_norm(a, x, scale, bias, mean, var):
    """ONNX's running variance is the biased one, PyTorch's and minigen's the unbiased: it is not
    compared."""
    mean, var, momentum = mean.numpy().copy(), var.numpy().copy(), 1 - a.pop("momentum", 0.9)
    training = bool(a.pop("training_mode", 0))
    y = F.batch_norm(x, mean, var, scale, bias, training, momentum, a.pop("epsilon", 1e-5))
    return (y, mean) if training else y


def layer_norm(a, x, scale, bias=None):
    axis = a.pop("axis", -1) % x.ndim
    return F.layer_norm(x, x.shape[axis:], scale, bias, a.pop("epsilon", 1e-5))


def labels(loss):
    def labelled(a, x, target, weight=None):
        need(x.ndim == 2, "labels for every position of an image")
        need(weight is None, "weights of classes")
        need("ignore_index" not in a, "labels to ignore")
        return loss(x, target, reduction=a.pop("reduction", b"mean").decode())
    return labelled


def expand(a, x, shape):
    return F.broadcast_to(x, np.broadcast_shapes(x.shape, tuple(shape.tolist())))


def slices(a, x, starts, ends, axes=None, steps=None):
    axes = range(x.ndim) if axes is None else axes.tolist()
    index = [slice(None)] * x.ndim
    for i, axis in enumerate(axes):
        index[axis] = slice(int(starts[i]), int(ends[i]), None if steps is None else int(steps[i]))
    return x[tuple(index)]


def gather_nd(a, x, indices):
    need(a.pop("batch_dims", 0) == 0, "indices of one axis for each example")
    return x[tuple(indices[..., i] for i in range(indices.shape[-1]))]


def simple(function, **names):
    """One call; `names` maps ONNX attributes to (minigen's name, ONNX's default)."""
    def call(a, *inputs):
        options = {ours: a.pop(theirs, default) for theirs, (ours, default) in names.items()}
        return function(*inputs, **options)
    return call


def instance_norm(a, x, scale, bias):
    return F.instance_norm(x, weight=scale, bias=bias, eps=a.pop("epsilon", 1e-5))


def sum_of_squares(x, **options):
    return F.sum(F.square(x), **options)


ADAPTERS = {
    "Add": simple(F.add), "Sub": simple(F.subtract),
    "Mul": simple(F.multiply), "Div": simple(F.divide),
    "Pow": simple(F.power), "Neg": simple(F.negative), "Exp": simple(F.exp), "Log": simple(F.log),
    "Sqrt": simple(F.sqrt), "Abs": simple(F.abs), "Sin": simple(F.sin), "Cos": simple(F.cos),
    "Max": fold(F.maximum), "Min": fold(F.minimum), "Sum": fold(F.add),
    "Where": simple(F.where), "Clip": clip,
    "Relu": simple(F.relu), "LeakyRelu": simple(F.leaky_relu, alpha=("negative_slope", 0.01)),
    "Softplus": simple(F.softplus),
    "Sigmoid": simple(F.sigmoid), "Tanh": simple(F.tanh),
    "Softmax": simple(F.softmax, axis=("dim", -1)),
    "LogSoftmax": simple(F.log_softmax, axis=("dim", -1)),
    "ReduceSum": reduce(F.sum), "ReduceMean": reduce(F.mean),
    "ReduceMax": reduce(F.max), "ReduceMin": reduce(F.min),
    "ReduceLogSumExp": reduce(F.logsumexp), "ReduceSumSquare": reduce(sum_of_squares),
    "MatMul": simple(F.matmul), "Gemm": gemm,
    "Reshape": reshape, "Transpose": simple(F.transpose, perm=("axes", None)), "Expand": expand,
    "Flatten": lambda a, x: F.reshape(x, (math.prod(x.shape[:a.pop("axis", 1)]), -1)),
    "Concat": lambda a, *inputs: F.concatenate(list(inputs), a.pop("axis")),
    "Pad": pad, "Slice": slices, "GatherND": gather_nd,
    "Gather": lambda a, x, indices: x[(slice(None),) * a.pop("axis", 0) + (indices,)],
    "Conv": conv, "ConvTranspose": conv_transpose,
    "MaxPool": pool(F.max_pool2d), "AveragePool": pool(F.avg_pool2d),
    "GlobalAveragePool": lambda a, x: F.avg_pool2d(x, x.shape[2:]),
    "GlobalMaxPool": lambda a, x: F.max_pool2d(x, x.shape[2:]),
    "BatchNormalization": batch_norm, "LayerNormalization": layer_norm,
    "InstanceNormalization": instance_norm,
    "NegativeLogLikelihoodLoss": labels(F.nll_loss),
    "SoftmaxCrossEntropyLoss": labels(F.cross_entropy),
}


def published():
    """ONNX's node tests, made by its own code, one node of an operation in ADAPTERS each."""
    from onnx.backend.test.case.node import collect_testcases
    with warnings.catch_warnings():        # of making the cases, not of running them
        warnings.simplefilter("ignore")
        cases = collect_testcases(None)
    graphs = [case.model.graph for case in cases]
    return [case for case, graph in zip(cases, graphs)
            if len(graph.node) == 1 and graph.node[0].op_type in ADAPTERS]


def compare(case):
    """Run one case; Missing, if minigen does not have it."""
    from onnx import helper
    node, (inputs, expected) = case.model.graph.node[0], case.data_sets[0]
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    given = iter(inputs)
    arrays = [next(given) if name else None for name in node.input]        # "" is an input left out
    arguments = []
    for i, x in enumerate(arrays):
        if x is not None and x.dtype in (np.float32, np.float64):
            x = mg.tensor(x, requires_grad=True)
        elif i == 0 or node.op_type in ("Max", "Min", "Pow"):
            need(node.op_type == "Where", "numbers that are neither float32 nor float64")
        arguments.append(x)
    found = ADAPTERS[node.op_type](attributes, *arguments)
    assert not attributes, f"{case.name}: attributes {attributes} were not looked at"
    for ours, theirs in zip(found if isinstance(found, tuple) else (found,), expected):
        ours = mg.to_numpy(ours)
        assert ours.shape == theirs.shape and ours.dtype == theirs.dtype, case.name
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=2e-6, err_msg=case.name)


def test_published_node_tests():
    compared, missing, operations = [], {}, set()
    for case in published():
        try:
            compare(case)
            compared.append(case.name)
            operations.add(case.model.graph.node[0].op_type)
        except Missing as reason:
            missing[case.name] = str(reason)
    unlisted = {name: reason for name, reason in missing.items()
                if NOT_COMPARED.get(name) != reason}
    assert not unlisted
    assert not NOT_COMPARED.keys() & set(compared), "these work: take them off the list"
    assert operations == ADAPTERS.keys()
    assert len(compared) >= 200
