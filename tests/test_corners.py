"""Corners where the engine once was wrong or gave up: log 0, frozen definitions, views, live
statistics, threads, empty arrays.

PyTorch's answers were recorded by hand where it has one."""

import threading

import numpy as np
import pytest

import minigen as mg
from minigen import functional as F
from minigen.layers import BatchNorm, ConvTranspose2d, Dense, MaxPool2d, Sequential

rng = np.random.default_rng(0)


def leaf(x):
    return mg.tensor(np.asarray(x, "float64"), requires_grad=True)


# ------------------------------------------------------------------------------------------- values

def test_a_wrong_class_may_have_log_probability_minus_infinity():
    logits = leaf([[1.0, 2.0, -np.inf]])
    loss = F.cross_entropy(logits, np.array([0]))
    assert loss.item() == pytest.approx(np.log1p(np.e))        # PyTorch 2.13: 1.3133
    found = mg.grad(loss, logits)[0].numpy()
    np.testing.assert_allclose(found, [[-0.7310586, 0.7310586, 0]], atol=1e-7)


def test_a_probability_that_is_not_a_number_stays_so():
    assert np.isnan(F.binary_cross_entropy(leaf([np.nan, 0.5]), np.ones(2)).item())


def test_logsumexp_of_a_number_and_of_very_large_ones():
    assert F.logsumexp(leaf(3.0)).item() == 3
    x = np.full((2, 3), 3e38, "float32")
    np.testing.assert_allclose(F.logsumexp(x, 1), x[:, 0])
    assert F.logsumexp(x, (0, 1), keepdims=True).shape == (1, 1)


def test_the_mean_of_nothing_is_refused_or_is_not_a_number():
    for loss, target in ((F.mse_loss, np.zeros((0, 2))), (F.nll_loss, np.zeros(0, int))):
        message = f"{loss.__name__}: input of shape .* has no elements, and so no mean"
        with pytest.raises(ValueError, match=message):
            loss(leaf(np.zeros((0, 2))), target)
    x = leaf([2.0])
    with np.errstate(all="ignore"), pytest.warns(RuntimeWarning):
        assert np.isnan(mg.grad(x.var(ddof=1), x)[0].numpy()).all()
    y = leaf(2.0)
    assert mg.grad(F.sum(y, 0), y)[0].item() == 1


# --------------------------------------------------------------------------------- what is recorded

def test_a_definition_is_differentiated_as_it_was_recorded():
    """Batch normalisation's second order goes through its definition, whatever is frozen or
    switched off by now."""
    layer, x = BatchNorm(2), leaf(rng.standard_normal((5, 2)))
    layer.weight.data, layer.bias.data = np.ones(2), np.zeros(2)
    y = F.sum((x + layer(x)) ** 3) + F.sum(layer.weight ** 2)
    wanted = [g.numpy() for g in mg.grad(y, [x, layer.weight], create_graph=True)]
    with mg.no_grad():
        within = mg.grad(y, [x, layer.weight], create_graph=True)
    with mg.frozen(layer):
        frozen = mg.grad(y, [x, layer.weight], create_graph=True)
    for found in (within, frozen):
        for g, expected in zip(found, wanted):
            np.testing.assert_allclose(g.numpy(), expected, rtol=1e-12)


def test_a_result_with_memory_of_its_own_is_not_spoiled_by_an_update_of_what_made_it():
    G, D = Sequential(ConvTranspose2d(2, 3, 3)), Dense(3 * 4 * 4, 1)
    with mg.frozen(G):
        fake = G(mg.randn(2, 2, 2, 2))
    value = D(fake.reshape(2, -1)).mean()
    mg.optim.SGD(G.parameters(), 0.1).step([np.ones(p.shape, p.dtype) for p in G.parameters()])
    assert mg.grad(value, D.parameters())[0].shape == D.weight.shape


def test_a_view_of_a_view_knows_that_its_memory_was_written_to():
    x, w = leaf([1.0, 2.0]), leaf([[1.0], [1.0]])
    loss = F.sum(w * x.reshape(2, 1).detach())
    mg.optim.SGD([x], 1.0).step([np.full(2, 10.0)])
    with pytest.raises(RuntimeError, match="written to since"):
        mg.grad(loss, [w])


def test_a_tape_keeps_the_running_mean_that_it_saw():
    x, mean, var, w = rng.standard_normal((3, 2, 4)), np.zeros(2), np.ones(2), leaf([1.0, 2.0])
    value = F.sum(F.batch_norm(x, mean, var, w, training=False))
    before = mg.grad(value, w)[0].numpy()
    F.batch_norm(5 + x, mean, var, training=True)                   # writes to both, in place
    np.testing.assert_array_equal(mg.grad(value, w)[0].numpy(), before)


def test_each_thread_has_its_own_mode_and_its_own_workspace():
    x = [rng.standard_normal((16, 4, 20, 20)).astype("float32") for _ in range(2)]
    w, found, recorded = rng.standard_normal((6, 4, 3, 3)).astype("float32"), [[], []], []
    wanted = [F.conv2d(part, w) for part in x]

    def work(i):
        recorded.append(F.sum(leaf([1.0])).requires_grad)
        for _ in range(20):
            found[i].append(F.conv2d(x[i], w))

    with mg.no_grad():
        threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert recorded == [True, True]
    for results, expected in zip(found, wanted):
        for y in results:
            np.testing.assert_array_equal(y, expected)


# ---------------------------------------------------------------------------------------- gradients

def test_grad_outputs_of_an_output_given_twice_are_added():
    x = leaf([3.0, 4.0])
    y = x[0]        # 0-d: the sum of two such arrays is a scalar in NumPy, and must become an array
    assert mg.grad([y, y], [x])[0].numpy().tolist() == [2, 0]


def test_a_gradient_can_be_written_to():
    x = leaf([[2.0]])
    (x.sum() * 2).backward()
    x.grad *= 0.5
    assert x.grad.item() == 1


def test_a_condition_that_requires_a_gradient_gets_none():
    c, x = leaf([1.0, 0.0]), leaf([5.0, 6.0])
    F.sum(c * x).backward()
    F.sum(F.where(c, x, 0.0)).backward()
    assert c.grad.tolist() == [5, 6] and x.grad.tolist() == [2, 0]


def test_the_exponent_of_a_number():
    x = leaf([2.0, -1.0])
    np.testing.assert_allclose(mg.grad(F.sum(3.0 ** x), x)[0].numpy(), 3.0 ** x.numpy() * np.log(3))
    np.testing.assert_array_equal(mg.grad(F.sum(0.0 ** leaf([2.0]) + 0 * x), x)[0].numpy(), [0, 0])


# -------------------------------------------------------------------------- wrong calls are refused

def test_data_of_integers_are_refused():
    with pytest.raises(TypeError, match="got an array of int64, expected an array of floats"):
        leaf([1.0, 2.0]).data = np.array([1, 2])


@pytest.mark.parametrize("call, message", [
    (lambda: F.stack([np.ones(3), np.ones(3)], axis=7), "stack: got axis 7"),
    (lambda: F.stack(1.0), "stack: got 1.0, expected a list of one or more arrays"),
    (lambda: F.concatenate([np.ones(3)], axis=None), "concatenate: got axis None"),
    (lambda: F.nll_loss(np.zeros((1, 2)), mg.tensor([0])), "nll_loss: got labels as a Tensor"),
    (lambda: MaxPool2d(2, stride=0), "got stride 0, expected an integer >= 1")])
def test_wrong_calls_say_what_was_wrong(call, message):
    with pytest.raises((TypeError, ValueError), match=message):
        call()


def test_clipping_skips_missing_gradients():
    gradients, norm = mg.optim.clip_norm([np.array([3.0, 4.0]), None], 1.0)
    assert norm == 5 and gradients[1] is None
    np.testing.assert_allclose(gradients[0], [0.6, 0.8], rtol=1e-6)
    assert len(mg.optim.clip_norm((g for g in gradients), 1.0)[0]) == 2    # a generator's first too


def test_the_state_of_an_optimizer_fits_its_parameter_in_any_memory_order():
    """A dense weight lies column by column; the state of its optimizer is given to one that lies
    row by row."""
    def descent(weight):
        p = mg.tensor(np.zeros((2, 3)), requires_grad=True)
        p.data = weight
        return p, mg.optim.SGD([p], 0.1, momentum=0.9)

    g = np.arange(6.0).reshape(2, 3)
    (p, optimizer), (q, other) = descent(np.zeros((3, 2)).T), descent(np.zeros((2, 3)))
    optimizer.step([g])
    q.data = p.data.copy()
    other.load_state_dict(optimizer.state_dict())
    np.testing.assert_array_equal(other.state_dict()["velocity"], g.ravel())
    for p_, o in ((p, optimizer), (q, other)):
        o.step([g])
    np.testing.assert_array_equal(p.numpy(), q.numpy())
