"""Layers: their shapes, their state, their modes, where their weights start, and what they say to a wrong call."""

import re

import numpy as np
import pytest
from scipy import stats

import minigen as mg
from minigen import layers as L
from minigen.layers import initialisers


def array(*shape):
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


SHAPES = [                                  # layer, shape in, shape out (the sizes are PyTorch's)
    (lambda: L.Dense(3, 5), (2, 3), (2, 5)),
    (lambda: L.Dense(3, 5, bias=False), (2, 4, 3), (2, 4, 5)),
    (lambda: L.Conv1d(3, 5, 4, stride=2, padding=1), (2, 3, 8), (2, 5, 4)),
    (lambda: L.Conv2d(3, 5, 4, stride=2, padding=1), (2, 3, 8, 6), (2, 5, 4, 3)),
    (lambda: L.Conv2d(3, 5, (3, 2), stride=(2, 1), padding=(0, 1)), (2, 3, 8, 6), (2, 5, 3, 7)),
    (lambda: L.Conv3d(3, 5, 2), (2, 3, 4, 5, 6), (2, 5, 3, 4, 5)),
    (lambda: L.ConvTranspose1d(3, 5, 4, stride=2, padding=1), (2, 3, 4), (2, 5, 8)),
    (lambda: L.ConvTranspose2d(3, 5, 4, stride=2, padding=1), (2, 3, 4, 3), (2, 5, 8, 6)),
    (lambda: L.ConvTranspose2d(3, 5, 3, stride=2, padding=1, output_padding=1), (2, 3, 4, 3), (2, 5, 8, 6)),
    (lambda: L.ConvTranspose3d(3, 5, 2), (2, 3, 4, 5, 6), (2, 5, 5, 6, 7)),
    (lambda: L.BatchNorm(3), (2, 3), (2, 3)),
    (lambda: L.BatchNorm(3), (2, 3, 4, 5), (2, 3, 4, 5)),
    (lambda: L.InstanceNorm(3), (2, 3, 4, 5), (2, 3, 4, 5)),
    (lambda: L.MaxPool2d(2), (2, 3, 8, 6), (2, 3, 4, 3)),
    (lambda: L.AvgPool2d(3, stride=2, padding=1), (2, 3, 8, 6), (2, 3, 4, 3)),
    (lambda: L.Upsample(2), (2, 3, 4, 5), (2, 3, 8, 10)),
    (lambda: L.Flatten(), (2, 3, 4), (2, 12)),
    (lambda: L.Reshape(3, 4), (2, 12), (2, 3, 4)),
    (lambda: L.Reshape((3, 2, 2)), (2, 12), (2, 3, 2, 2)),
    (lambda: L.Dropout(), (2, 3), (2, 3)),
    *[(activation, (2, 3), (2, 3))
      for activation in (L.ReLU, L.LeakyReLU, L.Softplus, L.Sigmoid, L.Tanh)],
]


@pytest.mark.parametrize("make, given, expected", SHAPES)
@pytest.mark.parametrize("wrap", [np.asarray, mg.tensor], ids=["array", "tensor"])
def test_shape_and_dtype_of_the_output(make, given, expected, wrap):
    y = make()(wrap(array(*given)))
    assert y.shape == expected and y.dtype == np.float32


def test_embedding_is_a_table_of_rows():
    table = L.Embedding(5, 2)
    indices = np.array([[0, 4, 4], [2, 0, 1]])
    np.testing.assert_array_equal(table(indices).numpy(), table.weight.numpy()[indices])


@pytest.mark.parametrize("layer, formula", [
    (L.ReLU(), lambda x: np.maximum(x, 0)), (L.LeakyReLU(), lambda x: np.where(x > 0, x, 0.2 * x)),
    (L.LeakyReLU(0.01), lambda x: np.where(x > 0, x, 0.01 * x)),
    (L.Softplus(), lambda x: np.log1p(np.exp(x))), (L.Sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
    (L.Tanh(), np.tanh)])
def test_activations_are_their_formulas(layer, formula):
    x = array(4, 3).astype("float64")
    np.testing.assert_allclose(layer(x), formula(x), rtol=1e-12)


# ------------------------------------------------------------------------------------ names and state

def dcgan_generator():
    return L.Sequential(L.Dense(10, 32, bias=False), L.Reshape(8, 2, 2), L.BatchNorm(8), L.ReLU(),
                        L.Sequential(L.ConvTranspose2d(8, 4, 4, stride=2, padding=1, bias=False), L.BatchNorm(4)),
                        L.ConvTranspose2d(4, 1, 4, stride=2, padding=1), L.Tanh())


PYTORCHS = [("0.weight", (32, 10)), ("2.weight", (8,)), ("2.bias", (8,)), ("2.running_mean", (8,)),
            ("2.running_var", (8,)),
            ("4.0.weight", (8, 4, 4, 4)), ("4.1.weight", (4,)), ("4.1.bias", (4,)), ("4.1.running_mean", (4,)),
            ("4.1.running_var", (4,)), ("5.weight", (4, 1, 4, 4)), ("5.bias", (1,))]      # without num_batches_tracked


def test_state_dict_has_pytorchs_names_shapes_and_order():
    state = dcgan_generator().state_dict()
    assert [(name, array.shape) for name, array in state.items()] == PYTORCHS


def test_parameters_are_named_as_in_state_dict_and_without_the_statistics():
    G = dcgan_generator()
    assert [name for name, _ in G.named_parameters()] == [name for name, _ in PYTORCHS if "running" not in name]
    assert all(name == p.name for name, p in G.named_parameters())
    assert [id(p) for p in G.parameters()] == [id(p) for _, p in G.named_parameters()]


def test_state_dict_is_a_copy():
    dense = L.Dense(3, 2)
    before = dense.state_dict()
    before["weight"] += 1
    dense.bias.data = dense.bias.data + 1
    assert not np.array_equal(dense.state_dict()["weight"], before["weight"])
    assert not np.array_equal(dense.state_dict()["bias"], before["bias"])


@pytest.mark.parametrize("wrap", [np.asarray, mg.tensor, np.float64], ids=["arrays", "tensors", "float64"])
def test_load_state_dict_makes_two_networks_equal(wrap):
    G, other = dcgan_generator(), dcgan_generator()
    G(array(4, 10))                                             # moves the running statistics
    state = {name: wrap(a) for name, a in G.state_dict().items()} | {"2.num_batches_tracked": np.array(7)}
    other.load_state_dict(state)
    for name, a in other.state_dict().items():
        np.testing.assert_array_equal(a, G.state_dict()[name])
        assert a.dtype == np.float32
    x = array(4, 10)
    np.testing.assert_array_equal(other.eval()(x).numpy(), G.eval()(x).numpy())


def test_load_state_dict_keeps_no_reference_to_what_was_given():
    dense = L.Dense(3, 2)
    state = dense.state_dict()
    dense.load_state_dict(state)
    state["weight"][...] = 0
    assert dense.weight.numpy().any()


def test_load_state_dict_raises_the_version_so_that_an_old_tape_is_refused():
    dense = L.Dense(3, 2)
    y = dense(mg.tensor(array(4, 3), requires_grad=True)).sum()
    dense.load_state_dict(dense.state_dict())
    with pytest.raises(RuntimeError, match="linear used .* was written to since"):
        y.backward()


WRONG_STATES = {
    "missing": (lambda s: s.pop("1.bias"), r"missing: 1.bias \(2,\)"),
    "surplus": (lambda s: s.update({"7.weight": np.zeros((3, 1))}), r"surplus: 7.weight \(3, 1\)"),
    "shape": (lambda s: s.update({"0.weight": np.zeros((3, 2))}),
              r"wrong shape: 0.weight is \(3, 2\), expected \(2, 3\)"),
    "transposed": (lambda s: s.update({"1.running_mean": np.zeros((1, 2))}),
                   r"1.running_mean is \(1, 2\), expected \(2,\)"),
    "text": (lambda s: s.update({"1.running_var": np.array(["one", "two"])}), "'one'"),
    "no array": (lambda s: s.update({"1.bias": [0.0, 0.0]}), r"1.bias is a list, expected \(2,\)"),
}


@pytest.mark.parametrize("spoil, message", WRONG_STATES.values(), ids=WRONG_STATES)
def test_a_state_that_does_not_fit_is_refused_and_nothing_is_loaded(spoil, message):
    network = L.Sequential(L.Dense(3, 2), L.BatchNorm(2))
    before = network.state_dict()
    state = {name: a + 1 for name, a in before.items()}
    spoil(state)
    with pytest.raises(ValueError, match=message):
        network.load_state_dict(state)
    for name, a in network.state_dict().items():
        np.testing.assert_array_equal(a, before[name])


def test_everything_that_does_not_fit_is_listed_at_once():
    network = L.Sequential(L.Dense(3, 2), L.BatchNorm(2))
    with pytest.raises(ValueError, match="nothing was loaded") as error:
        network.load_state_dict({"0.weight": np.zeros((2, 2)), "0.bias": np.zeros(3), "fc.weight": np.zeros(1)})
    for line in ("0.weight is (2, 2), expected (2, 3)", "0.bias is (3,), expected (2,)", "surplus: fc.weight (1,)",
                 "missing: 1.weight (2,)", "missing: 1.bias (2,)", "missing: 1.running_mean (2,)",
                 "missing: 1.running_var (2,)"):
        assert line in str(error.value)


# --------------------------------------------------------------------------------------------- modes

def test_train_and_eval_reach_every_layer_and_return_it():
    inner = L.Sequential(L.Dropout())
    network = L.Sequential(L.BatchNorm(2), inner)
    parts = [network, network[0], inner, inner[0]]
    assert network.eval() is network and not any(layer.training for layer in parts)
    assert network.train() is network and all(layer.training for layer in parts)


def test_dropout_drops_and_scales_in_training_and_does_nothing_in_evaluation():
    dropout, x = L.Dropout(0.25), np.ones((200, 200), "float32")
    y = dropout(x)
    assert set(np.unique(y)) == {0, np.float32(1 / 0.75)}
    assert abs((y == 0).mean() - 0.25) < 4 * (0.25 * 0.75 / x.size) ** 0.5
    assert (dropout.eval()(x) == 1).all()


def test_batch_norm_uses_the_batch_in_training_and_moves_the_running_statistics():
    norm, x = L.BatchNorm(3), 5 * array(8, 3, 2) + 2
    y = norm(x).numpy()
    np.testing.assert_allclose(y.mean((0, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(y.var((0, 2)), 1, rtol=1e-4)
    np.testing.assert_allclose(norm.running_mean, 0.1 * x.mean((0, 2)), rtol=1e-5)
    np.testing.assert_allclose(norm.running_var, 0.9 + 0.1 * x.var((0, 2), ddof=1),
                               rtol=1e-5)      # unbiased, as in PyTorch


def test_batch_norm_uses_the_running_statistics_in_evaluation_and_leaves_them_alone():
    norm, x = L.BatchNorm(3, eps=0.5).eval(), array(8, 3)
    norm.load_state_dict({"weight": np.full(3, 2.0), "bias": np.ones(3), "running_mean": np.array([1, 2, 3]),
                          "running_var": np.array([4, 5, 6])})
    before = norm.state_dict()
    expected = before["weight"] * (x - [1, 2, 3]) / np.sqrt(np.array([4, 5, 6]) + 0.5) + 1
    np.testing.assert_allclose(norm(x).numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(norm(x[:1]).numpy(), expected[:1], rtol=1e-5)        # one example will do
    for name, a in norm.state_dict().items():
        np.testing.assert_array_equal(a, before[name])


def test_frozen_batch_norm_uses_the_batch_and_leaves_the_running_statistics_alone():
    norm, x = L.BatchNorm(3), array(8, 3)
    trained = L.BatchNorm(3)(x).numpy()
    with mg.frozen(norm):
        np.testing.assert_array_equal(norm(x).numpy(), trained)
        assert (norm.running_mean == 0).all() and (norm.running_var == 1).all()
        np.testing.assert_allclose(norm.eval()(x).numpy(), x, rtol=1e-4)    # in evaluation the running ones, as ever
    norm.train()(x)
    assert norm.running_mean.any()                              # thawed, it learns again


# -------------------------------------------------------------------------------- what a person sees

def test_printing_a_model_shows_calls_shapes_counts_and_what_is_frozen():
    G = dcgan_generator()
    G(array(4, 10))
    with mg.frozen(G[4]):
        assert str(G) + "\n" == """\
Sequential                                                        m×1×8×8  921
  0: Dense(10, 32, bias=False)                                    m×32     320
  1: Reshape(8, 2, 2)                                             m×8×2×2
  2: BatchNorm(8)                                                 m×8×2×2   16
  3: ReLU()                                                       m×8×2×2
  4: Sequential                                                   m×4×4×4  520  frozen
    0: ConvTranspose2d(8, 4, 4, stride=2, padding=1, bias=False)  m×4×4×4  512  frozen
    1: BatchNorm(4)                                               m×4×4×4    8  frozen
  5: ConvTranspose2d(4, 1, 4, stride=2, padding=1)                m×1×8×8   65
  6: Tanh()                                                       m×1×8×8
"""


def test_before_the_first_call_no_shapes_are_shown():
    assert [line.split() for line in str(L.Sequential(L.Dense(3, 2), L.ReLU())).splitlines()] == [
        ["Sequential", "8"], ["0:", "Dense(3,", "2)", "8"], ["1:", "ReLU()"]]


# ------------------------------------------------------------------------------ where the weights start

CONVOLUTION = (60, 40, 4, 4)                                    # fan_in 640
UNIFORM = {                                                     # initialiser -> its bound
    "pytorch": (initialisers.pytorch, 1 / np.sqrt(640)),
    "uniform": (initialisers.uniform(0.3), 0.3),
}
NORMAL = {                                                      # initialiser -> its mean and standard deviation
    "he": (initialisers.he, 0, np.sqrt(2 / 640)),
    "normal": (initialisers.normal(0.02), 0, 0.02),
    "normal with a mean": (initialisers.normal(0.02, mean=1.0), 1, 0.02),
}


@pytest.mark.parametrize("init, bound", UNIFORM.values(), ids=UNIFORM)
def test_uniform_initialisers(init, bound):
    weight = init(CONVOLUTION)
    assert weight.shape == CONVOLUTION and weight.dtype == np.float32
    assert stats.kstest(weight.ravel(), stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-3


@pytest.mark.parametrize("init, mean, std", NORMAL.values(), ids=NORMAL)
def test_normal_initialisers(init, mean, std):
    weight = init(CONVOLUTION)
    assert weight.shape == CONVOLUTION and weight.dtype == np.float32
    assert stats.kstest(weight.ravel(), stats.norm(mean, std).cdf).pvalue > 1e-3


@pytest.mark.parametrize("layer, fan_in", [
    (L.Dense(400, 300), 400), (L.Conv2d(40, 60, 4), 640), (L.Conv1d(40, 60, 4), 160),
    (L.ConvTranspose2d(60, 40, 4), 640)])
def test_layers_start_where_pytorchs_do(layer, fan_in):
    bound = 1 / np.sqrt(fan_in)
    for p in layer.parameters():
        assert stats.kstest(p.numpy().ravel(), stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-3


def test_embeddings_start_as_pytorchs_do():
    assert stats.kstest(L.Embedding(300, 100).weight.numpy().ravel(), stats.norm(0, 1).cdf).pvalue > 1e-3


def test_another_initialiser_leaves_the_biases_at_zero():
    layer = L.ConvTranspose2d(3, 2, 4, init=initialisers.normal(0.02))
    assert (layer.bias.numpy() == 0).all() and 0.01 < layer.weight.numpy().std() < 0.03


def test_an_initialiser_of_ones_own_is_a_function_of_the_shape_and_its_array_is_copied():
    for mine in (np.arange(6.0).reshape(2, 3), np.arange(6, dtype="float32").reshape(2, 3)):
        for layer in (L.Dense(3, 2, init=lambda shape: mine), L.Embedding(2, 3, init=lambda shape: mine)):
            assert layer.weight.dtype == np.float32 and (layer.weight.numpy() == mine).all()
            layer.weight.data[...] = 0
            assert mine.any()


def test_a_seed_gives_the_same_weights_and_default_dtype_decides_their_digits():
    weights = []
    for _ in range(2):
        mg.seed(3)
        weights.append(L.Dense(4, 3).weight.numpy())
    np.testing.assert_array_equal(*weights)
    mg.set_default_dtype("float64")
    assert {a.dtype for a in dcgan_generator().state_dict().values()} == {np.dtype("float64")}


# -------------------------------------------------------------------------------- a layer of one's own

class Encoder(L.Layer):
    """A trunk with two heads, as a variational autoencoder has."""

    def __init__(self):
        self.layers = L.Sequential(L.Dense(6, 4), L.BatchNorm(4), L.Tanh())
        self.mu, self.log_var = L.Dense(4, 2), L.Dense(4, 2)
        self.scale = mg.tensor(1.0, requires_grad=True)

    def forward(self, x):
        h = self.layers(x) * self.scale
        return self.mu(h), self.log_var(h)


def test_a_subclass_has_names_state_modes_and_gradients_like_any_layer():
    encoder = Encoder()
    assert [name for name, _ in encoder.named_parameters()] == [
        "scale", "layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias",
        "mu.weight", "mu.bias", "log_var.weight", "log_var.bias"]
    assert "layers.1.running_var" in encoder.state_dict()
    mu, log_var = encoder(array(5, 6))
    assert mu.shape == log_var.shape == (5, 2)
    gradients = mg.grad((mu * log_var).sum(), encoder.parameters())
    assert all(g.numpy().any() for g in gradients)
    encoder.eval()
    assert not encoder.layers[1].training
    other = Encoder()
    other.load_state_dict(encoder.state_dict())
    np.testing.assert_array_equal(other.eval()(array(3, 6))[1].numpy(), encoder(array(3, 6))[1].numpy())


def test_a_subclass_prints_its_parts():
    lines = str(Encoder()).splitlines()
    assert [line.split("  ")[0] or line.split()[0] for line in lines][0] == "Encoder()"
    assert [line.split()[0] for line in lines] == ["Encoder()", "layers:", "0:", "1:", "2:", "mu:", "log_var:"]
    assert lines[0].split()[-1] == "57"


def test_sequential_takes_functions_indices_and_len():
    network = L.Sequential(L.Dense(3, 2), lambda x: x * 2, L.Tanh())
    x = array(4, 3)
    np.testing.assert_array_equal(network(x).numpy(), np.tanh(network[0](x).numpy() * 2))
    assert len(network) == 3 and isinstance(network[-1], L.Tanh)


# ------------------------------------------------------------------------------------------ wrong calls

WRONG_SHAPES = [                                                # layer, shape given, what the message says is wanted
    (L.Dense(3, 5), (2, 4), r"\(\*, in\) .* \(5, 3\)"), (L.Dense(3, 5), (), r"\(\*, in\) .* \(5, 3\)"),
    (L.Conv1d(3, 5, 4), (2, 4, 8), r"\(N, in, W\) .* \(5, 3, 4\)"), (L.Conv1d(3, 5, 4), (2, 3), r"\(N, in, W\)"),
    (L.Conv2d(3, 5, 4), (2, 1, 8, 8), r"\(N, in, H, W\) .* \(5, 3, 4, 4\)"),
    (L.Conv2d(3, 5, 4), (3, 8, 8), r"\(N, in, H, W\)"),
    (L.Conv2d(3, 5, 4), (2, 3, 3, 8), r"smaller than the kernel \(4, 4\)"),
    (L.Conv3d(3, 5, 2), (2, 3, 8, 8), r"\(N, in, D, H, W\) .* \(5, 3, 2, 2, 2\)"),
    (L.ConvTranspose1d(3, 5, 4), (2, 5, 8), r"\(N, in, W\) .* \(3, 5, 4\)"),
    (L.ConvTranspose2d(3, 5, 4), (2, 5, 8, 8), r"\(N, in, H, W\) .* \(3, 5, 4, 4\)"),
    (L.ConvTranspose2d(3, 5, 1, padding=2), (2, 3, 4, 4), r"leaves an output of size"),
    (L.ConvTranspose3d(3, 5, 2), (2, 3, 8, 8), r"\(N, in, D, H, W\) .* \(3, 5, 2, 2, 2\)"),
    (L.BatchNorm(3), (2, 4), r"\(3,\)"), (L.BatchNorm(3), (3,), r"\(N, C"), (L.BatchNorm(3), (1, 3), "two or more"),
    (L.InstanceNorm(3), (2, 3), r"\(m, 3, \*S\)"), (L.InstanceNorm(3), (2, 4, 5, 5), r"\(m, 3, \*S\)"),
    (L.InstanceNorm(3), (2, 3, 1, 1), "needs two"),
    (L.MaxPool2d(2), (2, 3, 8), r"\(N, C, H, W\)"), (L.MaxPool2d(2), (2, 3, 1, 1), r"kernel \(2, 2\)"),
    (L.AvgPool2d(2), (8, 8), r"\(N, C, H, W\)"), (L.Upsample(2), (2, 3), r"\(N, C, length\)"),
    (L.Flatten(), (), r"\(m, ...\)"), (L.Reshape(3, 4), (2, 11), r"\(3, 4\)"), (L.Reshape(3, 4), (), r"\(3, 4\)"),
]
ALL_LAYERS = [(make(), given) for make, given, _ in SHAPES] + [(L.Embedding(5, 2), (2, 3))]


def named(layer):
    return "^" + re.escape(layer.describe()) + ": "


@pytest.mark.parametrize("layer, given, wanted", WRONG_SHAPES,
                         ids=lambda x: x.describe() if isinstance(x, L.Layer) else None)
def test_a_wrong_shape_names_the_layer_what_came_and_what_it_wants(layer, given, wanted):
    for x in (array(*given), mg.tensor(array(*given))):
        with pytest.raises(ValueError, match=named(layer)) as error:
            layer(x)
        assert str(given) in str(error.value) and re.search(wanted, str(error.value))


@pytest.mark.parametrize("layer, given", ALL_LAYERS, ids=lambda x: x.describe() if isinstance(x, L.Layer) else None)
def test_what_is_no_array_is_refused(layer, given):
    for x in (None, "text", np):
        with pytest.raises(TypeError, match=named(layer) + f"got a {type(x).__name__}, expected a Tensor or an array"):
            layer(x)


@pytest.mark.parametrize("layer, given", [(layer, given) for layer, given in ALL_LAYERS if layer.parameters()],
                         ids=lambda x: x.describe() if isinstance(x, L.Layer) else None)
def test_another_dtype_than_the_weights_is_refused(layer, given):
    for dtype in ("float64", "float32" if isinstance(layer, L.Embedding) else "int64"):
        with pytest.raises(TypeError, match=named(layer) + f".*{dtype}.*expected"):
            layer(np.ones(given, dtype))


@pytest.mark.parametrize("layer, given", [(layer, given) for layer, given in ALL_LAYERS
                                          if layer.parameters() and not isinstance(layer, L.Embedding)],
                         ids=lambda x: x.describe() if isinstance(x, L.Layer) else None)
def test_an_empty_batch_is_refused_in_both_modes(layer, given):
    for mode in (True, False):
        with pytest.raises(ValueError, match=named(layer) + r".*\(0, "):
            layer.train(mode)(array(0, *given[1:]))
    layer.train()


def test_labels_out_of_range_are_refused():
    with pytest.raises(IndexError, match=r"^Embedding\(5, 2\): .*from 0 to 5, expected 0 to 4"):
        L.Embedding(5, 2)(np.array([0, 5]))


def test_in_a_stack_the_layer_where_it_happened_is_named():
    with pytest.raises(ValueError, match=r"^Dense\(5, 2\): .*\(2, 4\)"):
        L.Sequential(L.Dense(3, 4), L.Sequential(L.ReLU(), L.Dense(5, 2)))(array(2, 3))


WRONG_SIZES = [
    (lambda: L.Dense(0, 2), "Dense: got inputs = 0"), (lambda: L.Dense(3, -1), "Dense: got outputs = -1"),
    (lambda: L.Dense(3, 2.5), "Dense: got outputs = 2.5"), (lambda: L.Dense("3", 2), "Dense: got inputs = '3'"),
    (lambda: L.Conv2d(1, 2, 0), "Conv2d: got kernel 0"),
    (lambda: L.Conv2d(1, 2, (3, 3, 3)), r"Conv2d: got kernel \(3, 3, 3\)"),
    (lambda: L.Conv2d(1, 2, 2.5), "Conv2d: got kernel 2.5"),
    (lambda: L.Conv2d(1, 2, 3, stride=0), "Conv2d: got stride 0"),
    (lambda: L.Conv3d(1, 2, 3, padding=-1), "Conv3d: got padding -1"),
    (lambda: L.ConvTranspose1d(1, 2, 3, output_padding=-1), "ConvTranspose1d: got output_padding -1"),
    (lambda: L.BatchNorm(0), "BatchNorm: got features = 0"), 
    (lambda: L.InstanceNorm(-1), "InstanceNorm: got features = -1"),
    (lambda: L.Embedding(0, 3), "Embedding: got entries = 0"), (lambda: L.Dropout(1.0), "Dropout: got p = 1.0"),
    (lambda: L.Dropout(float("nan")), "Dropout: got p = nan"), (lambda: L.MaxPool2d(0), "MaxPool2d: got kernel_size 0"),
    (lambda: L.AvgPool2d(2, padding=-1), "AvgPool2d: got padding -1"),
    (lambda: L.Upsample(0), "Upsample: got scale_factor = 0"),
    (lambda: L.Upsample(1.5), "Upsample: got scale_factor = 1.5"),
    (lambda: L.Reshape(0, 3), r"Reshape: got shape \(0, 3\)"),
    (lambda: L.Dense(3, 2, init=lambda shape: np.zeros(3)),
     r"Dense: init made an array of shape \(3,\), expected \(2, 3\)"),
]


@pytest.mark.parametrize("make, message", WRONG_SIZES, ids=[message for _, message in WRONG_SIZES])
def test_a_wrong_size_is_named_when_the_layer_is_made(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize("make, message", [
    (lambda: L.Dense(3, 2, activation="relu"), "activation"), (lambda: L.Conv2d(1, 1, 3, dilation=2), "dilation"),
    (lambda: L.Conv2d(1, 1, 3, output_padding=1), "output_padding is for transposed"),
    (lambda: L.ReLU(0.2), "argument"),
    (lambda: L.Dense(3, 2, init="he"), "Dense: got init = 'he', expected a function of a shape"),
    (lambda: L.Sequential(L.ReLU(), "tanh"), "Sequential: layer 1 is a str, expected a layer"),
    (lambda: L.ReLU()(array(1), 3), "argument")])
def test_an_unknown_argument_is_an_error(make, message):
    with pytest.raises(TypeError, match=message):
        make()
