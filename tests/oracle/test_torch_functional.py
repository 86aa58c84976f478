"""minigen.functional against PyTorch, live: values, gradients, gradients of gradients, over drawn
shapes and arguments.

What is random is drawn in counterparts.py from fixed seeds; corners.py has the places where no draw
comes: ties, corners and logits of ten thousand. Then torch's names and defaults, and that what
minigen does not have is refused.
"""

import inspect
import re

import numpy as np
import pytest
import torch

import minigen as mg
from agreement import agree
from corners import CORNERS, EXTREMES
from counterparts import NO_COUNTERPART, OPERATIONS, T, to_torch
from references.answers import call

pytestmark = pytest.mark.oracle
F = mg.functional


def test_every_operation_has_a_counterpart_or_a_reason():
    assert set(F.__all__) == OPERATIONS.keys() | NO_COUNTERPART.keys()


@pytest.mark.parametrize("name", OPERATIONS)
def test_value_gradient_and_second_gradient(name):
    draw, theirs = OPERATIONS[name]
    for seed in range(20):
        inputs, options = draw(np.random.default_rng(seed))
        try:
            agree(call(name), theirs, inputs, options, seed=seed)
        except Exception as error:      # whatever it is, the draw that led to it is worth knowing
            shapes = [np.shape(x) for x in inputs]
            raise AssertionError(f"{name}, draw {seed}, {shapes}, {options}") from error


@pytest.mark.parametrize("name", OPERATIONS)
def test_float32_stays_float32(name):
    draw, theirs = OPERATIONS[name]
    for seed in (100, 101):
        inputs, options = draw(np.random.default_rng(seed))
        agree(call(name), theirs, inputs, options, dtype="float32", seed=seed)


# ----------------------------------------------------------------- corners, ties and extreme logits

@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name, inputs, options", CORNERS)
def test_corners_and_ties_go_where_torch_sends_them(name, inputs, options, dtype):
    agree(call(name), OPERATIONS[name][1], inputs, options, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name, inputs, options", EXTREMES)
def test_logits_of_ten_thousand(name, inputs, options, dtype):
    """Nothing overflows (a RuntimeWarning is an error here); value and gradients are torch's."""
    agree(call(name), OPERATIONS[name][1], inputs, options, dtype=dtype)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_binary_cross_entropy_of_certain_probabilities(dtype):
    """p = 0 and p = 1: each logarithm stops at −100, and the gradient stays finite (torch's floor
    of 1e-12 is a float32)."""
    p, target = np.array([0, 1, 0, 1, 0, 1], dtype), np.array([0, 1, 1, 0, 0.5, 0.5], dtype)
    ours, theirs = mg.tensor(p, requires_grad=True), torch.tensor(p, requires_grad=True)
    value = F.binary_cross_entropy(ours, target, reduction="none")
    expected = T.binary_cross_entropy(theirs, torch.tensor(target), reduction="none")
    np.testing.assert_allclose(value.numpy(), expected.detach().numpy(), rtol=1e-6)
    expected.sum().backward()
    found = mg.grad(value, ours, np.ones(6))[0].numpy()
    np.testing.assert_allclose(found, theirs.grad.numpy(), rtol=1e-6)


def test_padding_never_wins_a_maximum():
    """A window of −∞ stays −∞: the border of a padded pooling is no element."""
    x = np.full((2, 2, 4, 4), -np.inf)
    x[0, 0, 0, 0] = 5.0
    expected = T.max_pool2d(torch.tensor(x), 2, 2, 1).numpy()
    np.testing.assert_array_equal(F.max_pool2d(x, 2, 2, 1), expected)


def test_softplus_has_no_threshold():
    """Torch's softplus is x itself beyond 20, off by e⁻²⁰ = 2e-9; here it is exact, so they meet to
    that."""
    x = np.array([19.0, 21.0, 30.0])
    expected = T.softplus(torch.tensor(x)).numpy()
    np.testing.assert_allclose(F.softplus(x), expected, rtol=0, atol=2.1e-9)
    np.testing.assert_allclose(F.softplus(x), np.logaddexp(x, 0), rtol=1e-15)


def test_dropout_without_its_randomness():
    x = mg.tensor(np.random.default_rng(0).standard_normal((50, 40)), requires_grad=True)
    for options in (dict(p=0.5, training=False), dict(p=0.0)):
        expected = T.dropout(torch.tensor(x.numpy()), **options).numpy()
        np.testing.assert_array_equal(F.dropout(x, **options).numpy(), expected)
    y = F.dropout(x, p=0.25)
    kept = y.numpy() != 0
    assert abs(kept.mean() - 0.75) < 0.04        # four standard deviations of 2000 draws
    np.testing.assert_allclose(y.numpy()[kept], x.numpy()[kept] / 0.75, rtol=1e-6)
    np.testing.assert_allclose(mg.grad(y, x, np.ones(x.shape))[0].numpy(), kept / 0.75, rtol=1e-6)


# ------------------------------------------------------------------------ names, defaults, refusals

NETWORK = [name for name in F.__all__ if hasattr(T, name)]
# torch's default is None and means something implicit; minigen asks for the number, or says it.
EXPLICIT = {("softmax", "dim"), ("log_softmax", "dim"), ("interpolate", "scale_factor"),
            ("pad", "value")}


def their_parameters(name):
    """Names and defaults of a function of torch.nn.functional; a built-in one has them in its
    docstring."""
    function = getattr(T, name)
    described = re.search(rf"\b{name}\((.*?)\)", function.__doc__ or "")
    if inspect.isfunction(function) and name != "max_pool2d":
        return {p.name: p.default for p in inspect.signature(function).parameters.values()}
    parts = [part.strip().partition("=") for part in described.group(1).split(",")]
    return {name: eval(default) if default else inspect.Parameter.empty
            for name, _, default in parts}


@pytest.mark.parametrize("name", NETWORK)
def test_names_and_defaults_are_those_of_torch(name):
    theirs = their_parameters(name)
    for parameter in inspect.signature(getattr(F, name)).parameters.values():
        assert parameter.name in theirs
        if (name, parameter.name) not in EXPLICIT:
            assert parameter.default == theirs[parameter.name]


@pytest.mark.parametrize("name", [name for name in NETWORK if name != "dropout"])
def test_an_argument_that_only_torch_has_is_a_type_error(name):
    function = getattr(F, name)
    inputs, options = OPERATIONS[name][0](np.random.default_rng(0))
    for surplus in their_parameters(name).keys() - inspect.signature(function).parameters.keys():
        with pytest.raises(TypeError, match=surplus):
            call(name)(*inputs, **options, **{surplus: 1})


def test_every_argument_by_its_name():
    """The calls of torch's documentation, all arguments by keyword."""
    rng = np.random.default_rng(1)
    x, w = rng.standard_normal((2, 3, 6, 5)), rng.standard_normal((4, 3, 3, 2))
    b = rng.standard_normal(4)
    small, p, target = x[:, :, :3, :3], 1 / (1 + np.exp(-x)), rng.random(x.shape)
    statistics = dict(running_mean=b[:3], running_var=np.abs(b[:3]), weight=b[1:], bias=b[:3],
                      momentum=0.2, eps=1e-3)
    window = dict(kernel_size=2, stride=1, padding=1)
    calls = {
        "conv2d": dict(input=x, weight=w, bias=b, stride=(2, 1), padding=1),
        "conv_transpose2d": dict(input=small, weight=w[:3], bias=b[:3], stride=2, padding=1,
                                 output_padding=1),
        "linear": dict(input=x, weight=rng.standard_normal((4, 5)), bias=b),
        "max_pool2d": dict(input=x, **window), "avg_pool2d": dict(input=x, **window),
        "batch_norm": dict(input=x, training=True, **statistics),
        "instance_norm": dict(input=x, use_input_stats=True, **statistics),
        "layer_norm": dict(input=x, normalized_shape=(6, 5), weight=x[0, 0], bias=x[0, 1],
                           eps=1e-3),
        "leaky_relu": dict(input=x, negative_slope=0.2),
        "softmax": dict(input=x, dim=1), "log_softmax": dict(input=x, dim=-1),
        "pad": dict(input=x, pad=(1, 0, 2, 1), value=0.5),
        "interpolate": dict(input=x, scale_factor=2, mode="nearest"),
        "embedding": dict(input=np.array([[1, 0], [2, 1]]), weight=w[:, 0, 0]),
        "mse_loss": dict(input=x, target=target, reduction="sum"),
        "l1_loss": dict(input=x, target=target, reduction="mean"),
        "binary_cross_entropy": dict(input=p, target=target, reduction="none"),
        "binary_cross_entropy_with_logits": dict(input=x, target=target, reduction="sum"),
        "cross_entropy": dict(input=x[:, :, 0, 0], target=np.array([2, 0]), reduction="none"),
        "nll_loss": dict(input=x[:, :, 0, 0], target=np.array([2, 0]), reduction="sum"),
    }
    for name, arguments in calls.items():
        for_torch = {argument: to_torch(value) for argument, value in arguments.items()}
        ours = {argument: np.copy(value) if isinstance(value, np.ndarray) else value
                for argument, value in arguments.items()}
        found, expected = getattr(F, name)(**ours), getattr(T, name)(**for_torch)
        np.testing.assert_allclose(found, expected.numpy(), rtol=1e-12, atol=1e-12, err_msg=name)
