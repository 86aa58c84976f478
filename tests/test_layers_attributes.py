"""What the attributes of a layer are to it: parameters, buffers, children, or nothing."""

import copy
import pickle

import numpy as np
import pytest

import minigen as mg
from minigen import layers as L
from minigen.layers.layer import parameter
from test_layers import array
from test_layers_state import names


# ------------------------------------------------------------------ a subclass, and what it keeps

class Encoder(L.Layer):
    """A trunk with two heads, as a variational autoencoder has. It keeps much of what it sees."""

    def __init__(self):
        self.layers = L.Sequential(L.Dense(6, 4), L.BatchNorm(4), L.Tanh())
        self.mu, self.log_var = L.Dense(4, 2), L.Dense(4, 2)
        self.scale = mg.tensor(1.0, requires_grad=True)
        self.shift = mg.tensor(0.5)                                         # a constant

    def forward(self, x):
        h = self.layers(x) * self.scale + self.shift
        self.input, self.code, self.noise = x, h, mg.randn(3)
        self.latent = mg.tensor(np.ones(2), requires_grad=True)
        self.last, self.outputs = self.mu, [self.mu(h), self.log_var(h)]
        return tuple(self.outputs)


OWN = ["scale", "layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias",
       "mu.weight", "mu.bias", "log_var.weight", "log_var.bias"]


def test_a_subclass_has_names_state_modes_and_gradients_like_any_layer():
    encoder = Encoder()
    assert names(encoder) == OWN and "layers.1.running_var" in encoder.state_dict()
    mu, log_var = encoder(array(5, 6))
    assert mu.shape == log_var.shape == (5, 2)
    gradients = mg.grad((mu * log_var).sum(), encoder.parameters())
    assert all(g.numpy().any() for g in gradients)
    encoder.eval()
    assert not encoder.layers[1].training
    other = Encoder()
    other.load_state_dict(encoder.state_dict())
    x = array(3, 6)
    np.testing.assert_array_equal(other.eval()(x)[1].numpy(), encoder(x)[1].numpy())


def test_a_subclass_prints_its_parts():
    lines = str(Encoder()).splitlines()
    assert [line.split()[0] for line in lines] == ["Encoder()", "layers:", "0:", "1:", "2:",
                                                   "mu:", "log_var:"]
    assert lines[0].split()[-1] == "57"


def input_leaf():
    return mg.tensor(array(5, 6), requires_grad=True)


KEPT_FROM = {"a constant": lambda: array(5, 6), "a leaf": input_leaf,
             "a computed Tensor": lambda: input_leaf() * 2}


@pytest.mark.parametrize("given", KEPT_FROM.values(), ids=KEPT_FROM)
def test_what_forward_keeps_is_no_part_of_the_state(given):
    encoder = Encoder()
    before = list(encoder.state_dict())
    for _ in range(2):
        mu, log_var = encoder(given())
        assert names(encoder) == OWN and list(encoder.state_dict()) == before
        assert len(str(encoder).splitlines()) == 7 and encoder.code.shape == (5, 4)
    loss = (mu * log_var).sum()
    mg.optim.SGD(encoder.parameters(), 0.1).step(mg.grad(loss, encoder.parameters()))
    Encoder().load_state_dict(encoder.state_dict())


def test_what_forward_writes_to_a_buffer_stays_one():
    class Counter(L.Layer):
        def __init__(self):
            self.calls = np.zeros(1)

        def forward(self, x):
            self.calls = self.calls + 1
            return x

    counter = Counter()
    counter(array(1)), counter(array(1))
    assert counter.state_dict() == {"calls": 2}


def test_a_computed_or_a_constant_tensor_is_no_parameter():
    layer = L.Layer()
    layer.learned, layer.made = parameter(array(2)), mg.tensor(array(3), requires_grad=True)
    layer.constant, layer.computed = mg.tensor(array(4)), layer.learned * 2
    assert names(layer) == list(layer.state_dict()) == ["learned", "made"]


def test_frozen_parameters_are_still_parameters():
    encoder = Encoder()
    with mg.frozen(encoder):
        assert names(encoder) == OWN and not any(p.requires_grad for p in encoder.parameters())
        assert "frozen" in str(encoder)
    assert all(p.requires_grad for p in encoder.parameters())


def test_a_copy_has_parameters_of_its_own():
    encoder = Encoder()
    for other in (copy.deepcopy(encoder), pickle.loads(pickle.dumps(encoder))):
        assert names(other) == OWN
        other.scale.data = other.scale.data + 1
        other.extra = parameter(array(1))
        assert encoder.scale.item() == 1 and names(encoder) == OWN and "extra" in names(other)


# --------------------------------------------------------------- something in a parameter's place

IN_PLACE_OF_A_WEIGHT = {
    "an array": lambda dense: np.ones((2, 3), "float32"), "a list": lambda dense: [[1.0] * 3] * 2,
    "a float": lambda dense: 1.0, "a computed Tensor": lambda dense: dense.weight * 0.5,
    "a Tensor without requires_grad": lambda dense: mg.tensor(np.ones((2, 3))),
    "a Dense": lambda dense: L.Dense(3, 2)}


@pytest.mark.parametrize("kind, make", IN_PLACE_OF_A_WEIGHT.items(), ids=IN_PLACE_OF_A_WEIGHT)
def test_what_would_never_be_trained_is_refused_in_a_parameters_place(kind, make):
    dense = L.Dense(3, 2)
    weight = dense.weight
    with pytest.raises(TypeError, match=rf"^Dense\(3, 2\): weight is a parameter, and {kind} in "
                                        r"its place .* \.weight\.data = array.*requires_grad=True"):
        dense.weight = make(dense)
    assert dense.weight is weight


def test_the_ways_out_that_the_message_names_work():
    dense, x = L.Dense(3, 2), array(4, 3)
    dense.weight.data = np.ones((2, 3), "float32")
    dense.bias = mg.tensor([0.0, 0.0], requires_grad=True)
    optimizer = mg.optim.SGD(dense.parameters(), 0.1)
    assert names(dense) == ["weight", "bias"]
    np.testing.assert_allclose(dense(x).numpy(), np.tile(x.sum(1, keepdims=True), 2), rtol=1e-5)
    optimizer.step(mg.grad(dense(x).sum(), dense.parameters()))
    assert (dense.weight.numpy() != 1).all() and (dense.bias.numpy() != 0).all()


def test_a_parameter_may_be_taken_away():
    dense = L.Dense(3, 2)
    dense.bias = None
    assert names(dense) == list(dense.state_dict()) == ["weight"] and "bias=False" in str(dense)
    del dense.weight
    assert names(dense) == []


# ------------------------------------------------------------------- layers in a list, tuple, dict

class Stack(L.Layer):
    def __init__(self):
        self.hidden = []                                                    # filled afterwards
        for _ in range(2):
            self.hidden.append(L.Dense(3, 3))
        self.pair = (L.BatchNorm(3), L.Dropout())
        self.heads = {"mu": L.Dense(3, 1), "blocks": [[L.Dense(3, 1)]]}
        self.sizes, self.words = [3, 3], {"a": "b"}

    def forward(self, x):
        for layer in [*self.hidden, *self.pair]:
            x = layer(x)
        return self.heads["mu"](x) + self.heads["blocks"][0][0](x)


STACKED = ["hidden.0.weight", "hidden.0.bias", "hidden.1.weight", "hidden.1.bias", "pair.0.weight",
           "pair.0.bias", "heads.mu.weight", "heads.mu.bias", "heads.blocks.0.0.weight",
           "heads.blocks.0.0.bias"]


def test_layers_in_lists_tuples_and_dicts_have_parameters_state_and_modes():
    stack, x = Stack(), array(5, 3)
    assert names(stack) == STACKED
    assert sorted({*stack.state_dict()} - {*STACKED}) == ["pair.0.running_mean",
                                                          "pair.0.running_var"]
    before = stack(x).numpy()
    mg.optim.SGD(stack.parameters(), 0.1).step(mg.grad((stack(x) * 2).sum(), stack.parameters()))
    assert not np.allclose(stack(x).numpy(), before)
    assert not stack.eval().pair[1].training and stack.train().pair[0].training
    other = Stack()
    other.load_state_dict(stack.state_dict())
    np.testing.assert_array_equal(other.eval()(x).numpy(), stack.eval()(x).numpy())


def test_layers_in_lists_are_frozen_and_printed():
    stack = Stack()
    with mg.frozen(stack):
        assert not any(p.requires_grad for p in stack.hidden[1].parameters())
        assert str(stack).count("frozen") == 6
    lines = [line.split()[0] for line in str(stack).splitlines()]
    assert lines == ["Stack()", "hidden.0:", "hidden.1:", "pair.0:", "pair.1:", "heads.mu:",
                     "heads.blocks.0.0:"]
