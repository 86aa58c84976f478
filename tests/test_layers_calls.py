"""Wrong calls of layers: the message names the layer, what came and what was expected."""

import re

import numpy as np
import pytest

import minigen as mg
from minigen import layers as L
from test_layers import SHAPES, array

ALL_LAYERS = [(make(), given) for make, given, _ in SHAPES] + [(L.Embedding(5, 2), (2, 3))]
WITH_WEIGHTS = [(layer, given) for layer, given in ALL_LAYERS if layer.parameters()]


def label(x):
    return x.describe() if isinstance(x, L.Layer) else None


def named(layer):
    return "^" + re.escape(layer.describe()) + ": "


# ----------------------------------------------------------------------------- when it is called

CONV = r"\(N, in, H, W\) .* \(5, 3, 4, 4\)"
WRONG_SHAPES = [                                                # layer, shape given, what is wanted
    (L.Dense(3, 5), (2, 4), r"\(\*, in\) .* \(5, 3\)"),
    (L.Dense(3, 5), (), r"\(\*, in\) .* \(5, 3\)"),
    (L.Conv1d(3, 5, 4), (2, 4, 8), r"\(N, in, W\) .* \(5, 3, 4\)"),
    (L.Conv1d(3, 5, 4), (2, 3), r"\(N, in, W\)"),
    (L.Conv2d(3, 5, 4), (2, 1, 8, 8), CONV), (L.Conv2d(3, 5, 4), (3, 8, 8), CONV),
    (L.Conv2d(3, 5, 4), (2, 3, 3, 8), r"smaller than the kernel \(4, 4\)"),
    (L.Conv3d(3, 5, 2), (2, 3, 8, 8), r"\(N, in, D, H, W\) .* \(5, 3, 2, 2, 2\)"),
    (L.ConvTranspose1d(3, 5, 4), (2, 5, 8), r"\(N, in, W\) .* \(3, 5, 4\)"),
    (L.ConvTranspose2d(3, 5, 4), (2, 5, 8, 8), r"\(N, in, H, W\) .* \(3, 5, 4, 4\)"),
    (L.ConvTranspose2d(3, 5, 1, padding=2), (2, 3, 4, 4), r"leaves an output of size"),
    (L.ConvTranspose3d(3, 5, 2), (2, 3, 8, 8), r"\(N, in, D, H, W\) .* \(3, 5, 2, 2, 2\)"),
    (L.BatchNorm(3), (2, 4), r"\(3,\)"), (L.BatchNorm(3), (3,), r"\(N, C"),
    (L.BatchNorm(3), (1, 3), "two or more"),
    (L.InstanceNorm(3), (2, 3), r"\(m, 3, \*S\)"),
    (L.InstanceNorm(3), (2, 4, 5, 5), r"\(m, 3, \*S\)"),
    (L.InstanceNorm(3), (2, 3, 1, 1), "needs two"),
    (L.MaxPool2d(2), (2, 3, 8), r"\(N, C, H, W\)"),
    (L.MaxPool2d(2), (2, 3, 1, 1), r"kernel \(2, 2\)"),
    (L.AvgPool2d(2), (8, 8), r"\(N, C, H, W\)"), (L.Upsample(2), (2, 3), r"\(N, C, length\)"),
    (L.Flatten(), (), r"\(m, ...\)"),
    (L.Reshape(3, 4), (2, 11), r"\(3, 4\)"), (L.Reshape(3, 4), (), r"\(3, 4\)"),
]


@pytest.mark.parametrize("layer, given, wanted", WRONG_SHAPES, ids=label)
def test_a_wrong_shape_names_the_layer_what_came_and_what_it_wants(layer, given, wanted):
    for x in (array(*given), mg.tensor(array(*given))):
        with pytest.raises(ValueError, match=named(layer)) as error:
            layer(x)
        assert str(given) in str(error.value) and re.search(wanted, str(error.value))


@pytest.mark.parametrize("layer, given", ALL_LAYERS, ids=label)
def test_what_is_no_array_is_refused(layer, given):
    for x in (None, "text", pytest):
        expected = named(layer) + f"got a {type(x).__name__}, expected a Tensor or an array"
        with pytest.raises(TypeError, match=expected):
            layer(x)


@pytest.mark.parametrize("layer, given", WITH_WEIGHTS, ids=label)
def test_a_list_is_refused_by_every_layer_with_weights(layer, given):
    for x in (np.ones(given).tolist(), [], [[1, 2], [3]]):
        with pytest.raises((TypeError, ValueError), match=named(layer) + "got a list, expected"):
            layer(x)


@pytest.mark.parametrize("layer, given", WITH_WEIGHTS, ids=label)
def test_another_dtype_than_the_weights_is_refused(layer, given):
    for dtype in ("float64", "float32" if isinstance(layer, L.Embedding) else "int64"):
        with pytest.raises(TypeError, match=named(layer) + f".*{dtype}.*expected"):
            layer(np.ones(given, dtype))


OF_FLOATS = [(make, given) for make, given, _ in SHAPES if make().parameters()]


@pytest.mark.parametrize("make, given", OF_FLOATS, ids=[label(make()) for make, _ in OF_FLOATS])
@pytest.mark.parametrize("own, other", [("float32", "float64"), ("float64", "float32"),
                                        ("float32", "int64"), ("float64", "float16")])
def test_the_advice_about_dtypes_helps(make, given, own, other):
    mg.set_default_dtype(own)
    layer, x = make(), np.ones(given, other)
    with pytest.raises(TypeError, match=named(layer)) as error:
        layer(x)
    assert f'x.astype("{own}")' in str(error.value)
    assert layer(x.astype(own)).dtype == own
    advice = f'minigen.set_default_dtype("{other}") before the layer is made'
    assert (advice in str(error.value)) == (other in ("float32", "float64"))
    if advice in str(error.value):
        mg.set_default_dtype(other)
        assert make()(x).dtype == other


@pytest.mark.parametrize("layer, given", [pair for pair in WITH_WEIGHTS
                                          if not isinstance(pair[0], L.Embedding)], ids=label)
def test_an_empty_batch_is_refused_in_both_modes(layer, given):
    for mode in (True, False):
        with pytest.raises(ValueError, match=named(layer) + r".*\(0, "):
            layer.train(mode)(array(0, *given[1:]))
    layer.train()


def test_labels_out_of_range_are_refused():
    with pytest.raises(IndexError, match=r"^Embedding\(5, 2\): .*from 0 to 5, expected 0 to 4"):
        L.Embedding(5, 2)(np.array([0, 5]))


def test_in_a_stack_the_layer_where_it_happened_is_named():
    stack = L.Sequential(L.Dense(3, 4), L.Sequential(L.ReLU(), L.Dense(5, 2)))
    with pytest.raises(ValueError, match=r"^Dense\(5, 2\): linear: .*\(2, 4\)"):
        stack(array(2, 3))
    with pytest.raises(TypeError, match=r"^Dense\(3, 4\): got a list"):
        stack([1.0, 2.0, 3.0])


class Pairs(L.Layer):
    """A layer around another that takes a pair, as a generator given labels does."""

    def __init__(self):
        self.inner = L.Dense(3, 2)

    def forward(self, pair):
        x, y = pair
        return self.inner(x) + y.reshape(-1, 1)


def test_a_layer_around_others_names_itself_when_it_is_to_blame():
    assert Pairs()((array(4, 3), array(4))).shape == (4, 2)
    with pytest.raises(TypeError, match=r"^Pairs\(\): got a int, expected a Tensor or an array"):
        Pairs()(3)
    with pytest.raises(ValueError, match=r"^Pairs\(\): add: .*\(5, 1\)"):
        Pairs()((array(4, 3), array(5)))
    with pytest.raises(ValueError, match=r"^Dense\(3, 2\): linear"):
        Pairs()((array(4, 4), array(4)))
    with pytest.raises(AttributeError, match=r"^Layer\(\): .*forward"):
        L.Layer()(array(2))


# ------------------------------------------------------------------------------- when it is made

NAN = float("nan")
WRONG_SIZES = [
    (lambda: L.Dense(0, 2), "Dense: got inputs = 0"),
    (lambda: L.Dense(3, -1), "Dense: got outputs = -1"),
    (lambda: L.Dense(3, 2.5), "Dense: got outputs = 2.5"),
    (lambda: L.Dense("3", 2), "Dense: got inputs = '3'"),
    (lambda: L.Conv2d(1, 2, 0), "Conv2d: got kernel 0"),
    (lambda: L.Conv2d(1, 2, (3, 3, 3)), r"Conv2d: got kernel \(3, 3, 3\)"),
    (lambda: L.Conv2d(1, 2, 2.5), "Conv2d: got kernel 2.5"),
    (lambda: L.Conv2d(1, 2, 3, stride=0), "Conv2d: got stride 0"),
    (lambda: L.Conv3d(1, 2, 3, padding=-1), "Conv3d: got padding -1"),
    (lambda: L.ConvTranspose1d(1, 2, 3, output_padding=-1),
     "ConvTranspose1d: got output_padding -1"),
    (lambda: L.BatchNorm(0), "BatchNorm: got features = 0"),
    *[(lambda m=m: L.BatchNorm(1, momentum=m), f"BatchNorm: got momentum = {m!r}, expected a number"
       " from 0 to 1") for m in (None, "0.1", -0.1, 1.5, NAN, [0.1])],
    *[(lambda eps=eps: L.BatchNorm(1, eps=eps), f"BatchNorm: got eps = {eps!r}, expected a number"
       " >= 0") for eps in (None, -1e-5, NAN, float("inf"))],
    (lambda: L.InstanceNorm(1, eps=None), "InstanceNorm: got eps = None"),
    (lambda: L.InstanceNorm(-1), "InstanceNorm: got features = -1"),
    (lambda: L.Embedding(0, 3), "Embedding: got entries = 0"),
    *[(lambda p=p: L.Dropout(p), f"Dropout: got p = {p!r}") for p in (1.0, -0.1, NAN, None, "0.5")],
    (lambda: L.MaxPool2d(0), "MaxPool2d: got kernel_size 0"),
    (lambda: L.AvgPool2d(2, padding=-1), "AvgPool2d: got padding -1"),
    (lambda: L.Upsample(0), "Upsample: got scale_factor = 0"),
    (lambda: L.Upsample(1.5), "Upsample: got scale_factor = 1.5"),
    (lambda: L.Reshape(0, 3), r"Reshape: got shape \(0, 3\)"),
    (lambda: L.Dense(3, 2, init=lambda shape: np.zeros(3)),
     r"Dense: init made an array of shape \(3,\), expected \(2, 3\)"),
]


@pytest.mark.parametrize("make, message", WRONG_SIZES, ids=[message for _, message in WRONG_SIZES])
def test_a_wrong_size_is_named_when_the_layer_is_made(make, message):
    with pytest.raises(ValueError, match=message if "[" not in message else re.escape(message)):
        make()


def test_the_ends_of_the_range_are_allowed():
    for momentum in (0, 1, np.float32(0.5)):
        assert L.BatchNorm(2, momentum=momentum, eps=0)(array(4, 2)).shape == (4, 2)


@pytest.mark.parametrize("make, message", [
    (lambda: L.Dense(3, 2, activation="relu"), "activation"),
    (lambda: L.Conv2d(1, 1, 3, dilation=2), "dilation"),
    (lambda: L.Conv2d(1, 1, 3, output_padding=1), "output_padding is for transposed"),
    (lambda: L.ReLU(0.2), "argument"),
    (lambda: L.Dense(3, 2, init="he"), "Dense: got init = 'he', expected a function of a shape"),
    (lambda: L.Sequential(L.ReLU(), "tanh"), "Sequential: layer 1 is a str, expected a layer"),
    (lambda: L.ReLU()(array(1), 3), "argument")])
def test_an_unknown_argument_is_an_error(make, message):
    with pytest.raises(TypeError, match=message):
        make()
