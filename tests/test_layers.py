"""Layers: their shapes, their formulas, their modes, where their weights start, what they print."""

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
    (lambda: L.ConvTranspose2d(3, 5, 3, stride=2, padding=1, output_padding=1),
     (2, 3, 4, 3), (2, 5, 8, 6)),
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
    np.testing.assert_array_equal(table(indices).numpy(), table.weight.data[indices])


@pytest.mark.parametrize("layer, formula", [
    (L.ReLU(), lambda x: np.maximum(x, 0)),
    (L.LeakyReLU(), lambda x: np.where(x > 0, x, 0.2 * x)),
    (L.LeakyReLU(0.01), lambda x: np.where(x > 0, x, 0.01 * x)),
    (L.Softplus(), lambda x: np.log1p(np.exp(x))), (L.Sigmoid(), lambda x: 1 / (1 + np.exp(-x))),
    (L.Tanh(), np.tanh)])
def test_activations_are_their_formulas(layer, formula):
    x = array(4, 3).astype("float64")
    np.testing.assert_allclose(layer(x), formula(x), rtol=1e-12)


# ----------------------------------------------------------------------------------------- modes

def test_train_and_eval_reach_every_layer_and_return_it():
    inner = L.Sequential(L.Dropout())
    network = L.Sequential(L.BatchNorm(2), inner)
    parts = [network, network[0], inner, inner[0]]
    assert network.eval() is network and not any(layer.training for layer in parts)
    assert network.train() is network and all(layer.training for layer in parts)


def test_dropout_drops_and_scales_in_training_and_does_nothing_in_evaluation():
    dropout, x = L.Dropout(0.25), np.ones((200, 200), "float32")
    y = dropout(x)
    assert set(np.unique(y).tolist()) == {0, float(np.float32(1 / 0.75))}
    assert abs((y == 0).mean() - 0.25) < 4 * (0.25 * 0.75 / x.size) ** 0.5
    assert (dropout.eval()(x) == 1).all()


def test_batch_norm_uses_the_batch_in_training_and_moves_the_running_statistics():
    norm, x = L.BatchNorm(3), 5 * array(8, 3, 2) + 2
    y = norm(x).numpy()
    np.testing.assert_allclose(y.mean((0, 2)), 0, atol=1e-6)
    np.testing.assert_allclose(y.var((0, 2)), 1, rtol=1e-4)
    np.testing.assert_allclose(norm.running_mean, 0.1 * x.mean((0, 2)), rtol=1e-5)
    unbiased = x.var((0, 2), ddof=1)                                        # as in PyTorch
    np.testing.assert_allclose(norm.running_var, 0.9 + 0.1 * unbiased, rtol=1e-5)


def test_batch_norm_uses_the_running_statistics_in_evaluation_and_leaves_them_alone():
    norm, x = L.BatchNorm(3, eps=0.5).eval(), array(8, 3)
    norm.load_state_dict({"weight": np.full(3, 2.0), "bias": np.ones(3),
                          "running_mean": np.array([1, 2, 3]), "running_var": np.array([4, 5, 6])})
    before = norm.state_dict()
    expected = before["weight"] * (x - np.array([1, 2, 3])) / np.sqrt(np.array([4, 5, 6]) + 0.5) + 1
    np.testing.assert_allclose(norm(x).numpy(), expected, rtol=1e-5)
    one = norm(x[:1]).numpy()                                   # one example is enough
    np.testing.assert_allclose(one, expected[:1], rtol=1e-5)
    for name, a in norm.state_dict().items():
        np.testing.assert_array_equal(a, before[name])


def test_frozen_batch_norm_uses_the_batch_and_leaves_the_running_statistics_alone():
    norm, x = L.BatchNorm(3), array(8, 3)
    trained = L.BatchNorm(3)(x).numpy()
    with mg.frozen(norm):
        np.testing.assert_array_equal(norm(x).numpy(), trained)
        assert (norm.running_mean == 0).all() and (norm.running_var == 1).all()
        evaluated = norm.eval()(x).numpy()                      # with the running ones, as always
        np.testing.assert_allclose(evaluated, x, rtol=1e-4)
    norm.train()(x)
    assert norm.running_mean.any()                              # thawed, it learns again


# ---------------------------------------------------------------------------- what a person sees

def dcgan_generator():
    return L.Sequential(
        L.Dense(10, 32, bias=False), L.Reshape(8, 2, 2), L.BatchNorm(8), L.ReLU(),
        L.Sequential(L.ConvTranspose2d(8, 4, 4, stride=2, padding=1, bias=False), L.BatchNorm(4)),
        L.ConvTranspose2d(4, 1, 4, stride=2, padding=1), L.Tanh())


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
    printed = str(L.Sequential(L.Dense(3, 2), L.ReLU())).splitlines()
    assert [line.split() for line in printed] == [
        ["Sequential", "8"], ["0:", "Dense(3,", "2)", "8"], ["1:", "ReLU()"]]


OPTIONS = [
    (L.Conv2d(1, 2, (3, 2), padding=(1, 0)), "Conv2d(1, 2, (3, 2), padding=(1, 0))"),
    (L.ConvTranspose1d(1, 2, 3, stride=2, output_padding=1, bias=False),
     "ConvTranspose1d(1, 2, 3, stride=2, output_padding=1, bias=False)"),
    (L.AvgPool2d(2, stride=1, padding=1), "AvgPool2d(2, stride=1, padding=1)"),
    (L.MaxPool2d((2, 3)), "MaxPool2d((2, 3))"), (L.Reshape((3, 4)), "Reshape(3, 4)"),
    (L.LeakyReLU(0.1), "LeakyReLU(0.1)"), (L.Dropout(0.1), "Dropout(0.1)"),
    (L.Upsample(3), "Upsample(3)"), (L.Embedding(5, 2), "Embedding(5, 2)")]


@pytest.mark.parametrize("layer, call", OPTIONS, ids=[call for _, call in OPTIONS])
def test_a_layer_prints_the_call_that_makes_it(layer, call):
    assert layer.describe() == call


# -------------------------------------------------------------------------- where the weights start

CONVOLUTION = (60, 40, 4, 4)                                    # fan_in 640
UNIFORM = {                                                     # initialiser -> its bound
    "pytorch": (initialisers.pytorch, 1 / np.sqrt(640)),
    "uniform": (initialisers.uniform(0.3), 0.3),
}
NORMAL = {                                                      # initialiser -> its mean and std
    "he": (initialisers.he, 0, np.sqrt(2 / 640)),
    "normal": (initialisers.normal(0.02), 0, 0.02),
    "normal with a mean": (initialisers.normal(0.02, mean=1.0), 1, 0.02),
}


@pytest.mark.parametrize("init, bound", UNIFORM.values(), ids=UNIFORM)
def test_uniform_initialisers(init, bound):
    weight = init(CONVOLUTION)
    assert weight.shape == CONVOLUTION and weight.dtype == np.float32
    numbers = mg.to_numpy(weight).ravel()
    assert stats.kstest(numbers, stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-3


@pytest.mark.parametrize("init, mean, std", NORMAL.values(), ids=NORMAL)
def test_normal_initialisers(init, mean, std):
    weight = init(CONVOLUTION)
    assert weight.shape == CONVOLUTION and weight.dtype == np.float32
    assert stats.kstest(mg.to_numpy(weight).ravel(), stats.norm(mean, std).cdf).pvalue > 1e-3


@pytest.mark.parametrize("layer, fan_in", [
    (L.Dense(400, 300), 400), (L.Conv2d(40, 60, 4), 640), (L.Conv1d(40, 60, 4), 160),
    (L.ConvTranspose2d(60, 40, 4), 640)])
def test_layers_start_where_pytorchs_do(layer, fan_in):
    bound = 1 / np.sqrt(fan_in)
    for p in layer.parameters():
        assert stats.kstest(p.numpy().ravel(), stats.uniform(-bound, 2 * bound).cdf).pvalue > 1e-3


def test_embeddings_start_as_pytorchs_do():
    weight = L.Embedding(300, 100).weight.numpy()
    assert stats.kstest(mg.to_numpy(weight).ravel(), stats.norm(0, 1).cdf).pvalue > 1e-3


def test_another_initialiser_leaves_the_biases_at_zero():
    layer = L.ConvTranspose2d(3, 2, 4, init=initialisers.normal(0.02))
    assert (layer.bias.numpy() == 0).all() and 0.01 < layer.weight.numpy().std() < 0.03


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("make", [lambda init: L.Dense(3, 2, init=init),
                                  lambda init: L.Embedding(2, 3, init=init)])
def test_your_own_initialiser_is_a_function_of_the_shape_and_its_array_is_copied(make, dtype):
    mine = np.arange(6, dtype=dtype).reshape(2, 3)
    layer = make(lambda shape: mine)
    assert layer.weight.dtype == np.float32 and (layer.weight.data == mine).all()
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


def test_sequential_takes_functions_indices_and_len():
    network = L.Sequential(L.Dense(3, 2), lambda x: x * 2, L.Tanh())
    x = array(4, 3)
    np.testing.assert_array_equal(network(x).numpy(), np.tanh(network[0](x).numpy() * 2))
    assert len(network) == 3 and isinstance(network[-1], L.Tanh)
