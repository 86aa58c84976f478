"""minigen.layers against PyTorch's modules, weights carried over by state dict: outputs, gradients,
statistics.

Then a DCGAN's two networks as wholes, to the gradient of a gradient penalty, and where new weights
start.
"""

import numpy as np
import pytest
import torch

import minigen as mg
from agreement import close, numpy
from counterpart_layers import (
    LAYERS, NO_COUNTERPART, arrays, both, default_dtype, discriminator, generator, label)
from references.answers import grad_or_zero

pytestmark = pytest.mark.oracle
TOLERANCE = {"float64": 1e-10, "float32": 3e-5}


@pytest.fixture(autouse=True)
def same_weights_in_every_run():
    torch.manual_seed(0)


def input_for(shape, dtype, rng):
    """An array for minigen and a tensor for torch; indices need no gradient."""
    if isinstance(shape, np.ndarray):
        return shape, torch.tensor(shape)
    x = rng.standard_normal(shape).astype(dtype)
    return mg.tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)


def compare(ours, theirs, shape, dtype, seed=0):
    """Outputs, the gradients of the input and of every parameter, and the statistics afterwards."""
    rng, tolerance = np.random.default_rng(seed), TOLERANCE[dtype]
    x, u = input_for(shape, dtype, rng)
    y, v = ours(x), theirs(u)
    close(y, v, tolerance, "output")
    names = [name for name, _ in ours.named_parameters()]
    assert names == [name for name, _ in theirs.named_parameters()]
    leaves = ([x] if isinstance(x, mg.Tensor) else []) + ours.parameters()
    their_leaves = ([u] if u.requires_grad else []) + list(theirs.parameters())
    g = rng.standard_normal(y.shape).astype(dtype)
    found, expected = mg.grad(y, leaves, g), torch.autograd.grad(v, their_leaves, torch.tensor(g))
    for what, a, b in zip(["input"] * (len(leaves) - len(names)) + names, found, expected,
                          strict=True):
        close(a, b, tolerance, f"gradient of {what}")
    for name, value in arrays(theirs).items():
        if "num_batches" not in name:
            close(ours.state_dict()[name], value, tolerance, f"{name} afterwards")


def test_every_layer_has_a_counterpart_or_a_reason():
    assert set(mg.layers.__all__) == {entry[0] for entry in LAYERS} | NO_COUNTERPART


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("entry", LAYERS, ids=label)
def test_layer(entry, dtype):
    name, arguments, options, module, shape = entry
    with default_dtype(dtype):
        ours, theirs = both(getattr(mg.layers, name)(*arguments, **options), module())
    keys = [key for key in theirs.state_dict() if key != "num_batches_tracked"]
    assert list(ours.state_dict()) == keys
    compare(ours, theirs, shape, dtype)
    compare(ours.eval(), theirs.eval(), shape, dtype, seed=1)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("network, shape", [(generator, (7, 6)), (discriminator, (7, 1, 8, 8))])
def test_dcgan_network(network, shape, dtype):
    with default_dtype(dtype):
        ours, theirs = network()
    expected = {"1.weight", "1.running_mean", "2.running_var", "3.running_mean"}
    assert expected & ours.state_dict().keys()
    for seed in range(2):        # the second pass starts from moved statistics
        compare(ours, theirs, shape, dtype, seed)
    compare(ours.eval(), theirs.eval(), shape, dtype, seed=2)


def test_a_list_of_layers_and_a_shared_weight_have_torchs_names():
    class Theirs(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden = torch.nn.ModuleList([torch.nn.Linear(3, 3), torch.nn.Linear(3, 3)])
            self.heads = torch.nn.ModuleDict({"mu": torch.nn.Linear(3, 1)})
            self.hidden[1].weight = self.hidden[0].weight

    ours, theirs = mg.layers.Layer(), Theirs()
    ours.hidden = [mg.layers.Dense(3, 3), mg.layers.Dense(3, 3)]
    ours.heads = {"mu": mg.layers.Dense(3, 1)}
    ours.hidden[1].weight = ours.hidden[0].weight
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    both(ours, theirs)
    close(ours.hidden[1].weight, theirs.hidden[1].weight, 0, "the shared weight")


def test_state_dict_comes_back_unchanged_and_loads_into_torch():
    ours, theirs = generator()
    state = arrays(theirs)
    for name, array in ours.state_dict().items():
        np.testing.assert_array_equal(array, state[name])
    ours.load_state_dict({name: array + 1 for name, array in state.items()})
    state = {name: torch.tensor(array) for name, array in ours.state_dict().items()}
    theirs.load_state_dict(state, strict=False)
    x = np.random.default_rng(0).standard_normal((5, 6)).astype("float32")
    close(ours(x), theirs(torch.tensor(x)), 1e-5, "output with torch given minigen's weights")


def test_gradient_penalty_through_the_discriminator():
    """WGAN-GP: the gradient, with respect to every parameter, of (‖∂D/∂x‖ − 1)²; batch
    normalisation is in the way."""
    with default_dtype("float64"):
        ours, theirs = discriminator()
    image = np.random.default_rng(0).standard_normal((5, 1, 8, 8))
    x, u = mg.tensor(image, requires_grad=True), torch.tensor(image, requires_grad=True)
    slope, = mg.grad(ours(x), x, np.ones((5, 1)), create_graph=True)
    penalty = ((((slope ** 2).reshape(5, -1)).sum(axis=1) ** 0.5 - 1) ** 2).mean()
    their_slope, = torch.autograd.grad(theirs(u).sum(), u, create_graph=True)
    their_penalty = ((their_slope.flatten(1).norm(dim=1) - 1) ** 2).mean()
    close(penalty, their_penalty, 1e-12, "penalty")
    expected = torch.autograd.grad(their_penalty, [*theirs.parameters(), u], allow_unused=True)
    for (name, leaf), b in zip([*ours.named_parameters(), ("input", x)], expected):
        expected = np.zeros(leaf.shape) if b is None else b
        close(grad_or_zero(penalty, leaf), expected, 1e-10, f"gradient of {name}")


@pytest.mark.parametrize("name, arguments, module", [
    ("Dense", (300, 200), torch.nn.Linear),
    ("Conv2d", (30, 40, 5), torch.nn.Conv2d),
    ("ConvTranspose2d", (30, 40, 5), torch.nn.ConvTranspose2d),
    ("Embedding", (200, 100), torch.nn.Embedding),
])
def test_new_weights_are_spread_like_torchs(name, arguments, module):
    ours, theirs = getattr(mg.layers, name)(*arguments), module(*arguments)
    w, v = ours.weight.numpy(), numpy(theirs.weight)
    assert w.std() == pytest.approx(v.std(), rel=0.03) and abs(w.mean()) < 0.03 * w.std()
    if name != "Embedding":        # the others are uniform, and end where torch's end
        assert np.abs(w).max() == pytest.approx(np.abs(v).max(), rel=0.01)
        largest, expected = (np.abs(numpy(b)).max() for b in (ours.bias.numpy(), theirs.bias))
        assert largest == pytest.approx(expected, rel=0.1)
