"""An optimizer's copy moves the copy's weights and nothing else; schedules and rates are
checked."""

import copy
import math
import pickle

import numpy as np
import pytest

import minigen as mg
from minigen.layers import Conv2d, Dense, Flatten, ReLU, Sequential

OPTIMIZERS = {
    "SGD": lambda p: mg.optim.SGD(p, 0.1),
    "SGD, momentum": lambda p: mg.optim.SGD(p, 0.1, momentum=0.9),
    "SGD, linear decay": lambda p: mg.optim.SGD(p, mg.optim.linear_decay(0.1, 2, 8), momentum=0.9),
    "RMSprop": lambda p: mg.optim.RMSprop(p, 0.01),
    "Adam, cosine decay": lambda p: mg.optim.Adam(p, mg.optim.cosine_decay(0.01, 9)),
    "Adam, weight decay": lambda p: mg.optim.Adam(p, 0.01, weight_decay=0.1),
}
WAYS = {"deepcopy": copy.deepcopy, "pickle": lambda pair: pickle.loads(pickle.dumps(pair))}
NETWORKS = {            # a convolution's weight does not lie in memory as a copy of it would
    "dense": lambda: Sequential(Dense(12, 4), ReLU(), Dense(4, 2)),
    "convolutions": lambda: Sequential(Conv2d(3, 4, 2), ReLU(), Conv2d(4, 2, 1), Flatten()),
}
X = np.random.default_rng(0).standard_normal((5, 3, 2, 2)).astype("float32")


def descend(network, optimizer, steps):
    x = X if isinstance(network[0], Conv2d) else X.reshape(5, 12)
    for _ in range(steps):
        loss = (network(x) ** 2).mean()
        optimizer.step(mg.grad(loss, network.parameters()))


def weights(network):
    return [p.numpy().copy() for p in network.parameters()]


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("kind", OPTIMIZERS)
@pytest.mark.parametrize("make", NETWORKS)
def test_a_copy_goes_on_as_the_original_would_and_leaves_it_alone(make, kind, way):
    network = NETWORKS[make]()
    optimizer = OPTIMIZERS[kind](network.parameters())
    descend(network, optimizer, 3)
    before, state = weights(network), optimizer.state_dict()

    twin, twins_optimizer = WAYS[way]((network, optimizer))
    descend(twin, twins_optimizer, 4)
    for p, old in zip(network.parameters(), before):
        np.testing.assert_array_equal(p.numpy(), old)
    for name, value in optimizer.state_dict().items():
        np.testing.assert_array_equal(value, state[name])

    descend(network, optimizer, 4)
    for p, q in zip(network.parameters(), twin.parameters()):
        np.testing.assert_array_equal(p.numpy(), q.numpy())


@pytest.mark.parametrize("rate", [-0.1, math.nan, math.inf])
def test_a_schedule_s_bad_rate_is_refused_with_its_step_before_anything_moves(rate):
    layer = Dense(2, 1)
    optimizer = mg.optim.SGD(layer.parameters(), lambda step: 0.1 if step < 2 else rate)
    gradients = [np.ones(p.shape, "float32") for p in layer.parameters()]
    optimizer.step(gradients)
    optimizer.step(gradients)
    before = weights(layer)
    with pytest.raises(ValueError,
                       match=r"SGD, step 2: got lr = .*, expected a finite number >= 0"):
        optimizer.step(gradients)
    for p, old in zip(layer.parameters(), before):
        np.testing.assert_array_equal(p.numpy(), old)
    assert optimizer.steps == 2


def test_a_layer_in_place_of_its_parameters_says_what_to_give():
    with pytest.raises(TypeError, match=r"SGD: got a Dense as parameters.*layer\.parameters\(\)"):
        mg.optim.SGD(Dense(2, 1), 0.1)
    with pytest.raises(TypeError, match="SGD: got lr = 'fast', expected a number"):
        mg.optim.SGD(Dense(2, 1).parameters(), "fast")
