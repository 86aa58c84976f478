"""The state of a layer: the names of its parameters and buffers, saving and loading them."""

import numpy as np
import pytest

import minigen as mg
from minigen import layers as L
from test_layers import array, dcgan_generator


def names(layer):
    return [name for name, _ in layer.named_parameters()]


# ------------------------------------------------------------------------------- names and state

PYTORCHS = [                                                    # without num_batches_tracked
    ("0.weight", (32, 10)),
    ("2.weight", (8,)), ("2.bias", (8,)), ("2.running_mean", (8,)), ("2.running_var", (8,)),
    ("4.0.weight", (8, 4, 4, 4)),
    ("4.1.weight", (4,)), ("4.1.bias", (4,)), ("4.1.running_mean", (4,)), ("4.1.running_var", (4,)),
    ("5.weight", (4, 1, 4, 4)), ("5.bias", (1,))]


def test_state_dict_has_pytorchs_names_shapes_and_order():
    state = dcgan_generator().state_dict()
    assert [(name, array.shape) for name, array in state.items()] == PYTORCHS


def test_parameters_are_named_as_in_state_dict_and_without_the_statistics():
    G = dcgan_generator()
    assert names(G) == [name for name, _ in PYTORCHS if "running" not in name]
    assert [name for name, _ in G.named_buffers()] == [n for n, _ in PYTORCHS if "running" in n]
    assert all(name == p.name for name, p in G.named_parameters())
    assert [id(p) for p in G.parameters()] == [id(p) for _, p in G.named_parameters()]


def test_state_dict_is_a_copy():
    dense = L.Dense(3, 2)
    before = dense.state_dict()
    before["weight"] += 1
    dense.bias.data = dense.bias.data + 1
    assert not np.array_equal(dense.state_dict()["weight"], before["weight"])
    assert not np.array_equal(dense.state_dict()["bias"], before["bias"])


WRAPS = {"arrays": np.asarray, "tensors": mg.tensor, "float64": lambda a: a.astype("float64")}


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_load_state_dict_makes_two_networks_equal(wrap):
    G, other = dcgan_generator(), dcgan_generator()
    G(array(4, 10))                                             # moves the running statistics
    state = {name: wrap(a) for name, a in G.state_dict().items()}
    other.load_state_dict(state | {"2.num_batches_tracked": np.array(7)})
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
    "text": (lambda s: s.update({"1.running_var": np.array(["one", "two"])}),
             "no numbers: 1.running_var .*'one'"),
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
        network.load_state_dict({"0.weight": np.zeros((2, 2)), "0.bias": np.zeros(3),
                                 "fc.weight": np.zeros(1)})
    for line in ("0.weight is (2, 2), expected (2, 3)", "0.bias is (3,), expected (2,)",
                 "surplus: fc.weight (1,)", "missing: 1.weight (2,)", "missing: 1.bias (2,)",
                 "missing: 1.running_mean (2,)", "missing: 1.running_var (2,)"):
        assert line in str(error.value)


# ---------------------------------------------------------------------- one weight in two layers

def tied():
    """A decoder that uses the encoder's weight, and an activation that stands in two places."""
    network = L.Sequential(L.Dense(3, 3), L.Tanh(), L.Dense(3, 3))
    network[2].weight = network[0].weight
    return L.Sequential(network, network[1], network[0])


def test_a_weight_used_in_two_layers_is_listed_once_and_saved_under_all_its_names():
    network = tied()
    assert names(network) == ["0.0.weight", "0.0.bias", "0.2.bias"]
    assert list(network.state_dict()) == ["0.0.weight", "0.0.bias", "0.2.weight", "0.2.bias",
                                          "2.weight", "2.bias"]
    x = array(4, 3)
    mg.optim.SGD(network.parameters(), 0.1).step(mg.grad(network(x).sum(), network.parameters()))
    assert network[0][0].weight is network[0][2].weight
    assert f"{9 + 3 + 3}" in str(network).splitlines()[0]
    with mg.frozen(network):
        assert not network[2].weight.requires_grad
    assert network[2].weight.requires_grad


def test_a_shared_weight_is_loaded_and_stays_shared():
    network, other, x = tied(), tied(), array(4, 3)
    other.load_state_dict(network.state_dict())
    np.testing.assert_array_equal(other(x).numpy(), network(x).numpy())
    assert other[0][0].weight is other[0][2].weight


def test_two_values_for_one_weight_are_refused_and_nothing_is_loaded():
    network = tied()
    before = network.state_dict()
    state = {name: a + (name == "0.2.weight") for name, a in before.items()}
    with pytest.raises(ValueError, match="two values for one array: 0.0.weight and 0.2.weight"):
        network.load_state_dict(state)
    for name, a in network.state_dict().items():
        np.testing.assert_array_equal(a, before[name])
