"""The gradient checker against planted errors, shared memory, written inputs and corners."""

import operator

import numpy as np
import pytest

import minigen as mg
from minigen import functional as F
from minigen import memory
from minigen.gradcheck import GradientMismatch, gradcheck, numerical_gradient
from minigen.gradcheck.cases import values
from test_gradcheck import X, leaf, planted

# --------------------------------------------------------------------------------- planted errors

def softmax(x):
    y = np.exp(x - x.max(1, keepdims=True))
    return y / y.sum(1, keepdims=True)


def normalised(x):
    return (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)


def dropout(x):
    return x * mg.backend.asarray(mg.random.generator().random(x.shape) > 0.5) * 2


def dense(x, W):
    return x @ W.T


W = leaf([[0.5, -0.3, 0.8], [0.1, 0.9, -0.7]], name="W")
W_BEFORE = W.numpy().copy()
W.data = W.data - 0.1

PLANTED = {
    "wrong sign":
        (planted(lambda a, b: a - b, lambda g, y, a, b: g, lambda g, y, a, b: g),
         [X, X * 2], "input 1"),
    "missing factor": (planted(lambda x: np.square(x), lambda g, y, x: g * x), [X], "input 0"),
    "missing sum over a broadcast axis":
        (planted(lambda x, b: x + b, lambda g, y, x, b: g, lambda g, y, x, b: g[0]),
         [X, X[0]], "input 1"),
    "no gradient of softmax": (planted(softmax, lambda g, y, x: g * 0), [X], "input 0"),
    "no gradient of batch normalisation":
        (planted(normalised, lambda g, y, x: g * 0), [values(4, 2)], "input 0"),
    "batch statistics taken for constants":
        (planted(normalised, lambda g, y, x: g / np.sqrt(x.var(0) + 1e-5)),
         [values(4, 2)], "input 0"),
    "dropped dropout mask":
        (planted(dropout, lambda g, y, x: g * 2), [X], "the gradient is .* say 0;"),
    "dropout mask drawn anew": (planted(dropout, lambda g, y, x: dropout(g)), [X], "input 0"),
    "stale weight":
        (planted(dense, lambda g, y, x, W: g @ W_BEFORE, lambda g, y, x, W: g.T @ x),
         [X, W], "input 0"),
    "rows of the weight's gradient in the wrong order":
        (planted(dense, lambda g, y, x, W: g @ W, lambda g, y, x, W: (g.T @ x)[::-1]),
         [X, W], "input 1 'W'"),
    "one output of two":
        (lambda x: [x * 1, planted(lambda x: np.square(x), lambda g, y, x: g)(x)], [X], "input 0"),
    "a path that is cut": (lambda x: x + x.detach(), [X], "say"),
    "no path at all": (lambda x: x.detach() * 2, [X], "the gradient is 0,"),
    "a gradient that is not a number":
        (planted(lambda x: np.square(x), lambda g, y, x: g * np.nan), [X], "the gradient is nan"),
    "a rule that writes into g":
        (planted(lambda x: np.square(x), lambda g, y, x: operator.imul(g, 2 * x)), [X], "input 0"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_error_is_caught(name):
    function, inputs, message = PLANTED[name]
    with pytest.raises(GradientMismatch, match=message):
        gradcheck(function, inputs)


def test_ones_for_grad_outputs_would_have_missed_two_of_them():
    for function in (softmax, normalised):
        plain_sum = numerical_gradient(lambda: function(x.data).sum(), x := leaf(values(4, 2)))
        assert abs(plain_sum).max() < 1e-8


def test_a_rule_that_is_right_but_not_recorded_is_wrong_in_second_order():
    exp = planted(lambda x: np.exp(x), lambda g, y, x: g * F.constant(y))
    gradcheck(exp, [X], order=1)
    with pytest.raises(GradientMismatch, match=r"of order 2, input 0, index \(\d, \d\)"):
        gradcheck(exp, [X], order=2)


def test_a_gradient_of_the_grad_outputs_is_checked_in_second_order():
    double = planted(lambda x: 2 * x, lambda g, y, x: 2 * F.constant(g) + 0 * x)
    with pytest.raises(GradientMismatch, match="of order 2, input 1 'grad_outputs 0'"):
        gradcheck(double, [X], order=2)


def test_the_third_order_too():
    assert len(gradcheck(lambda x: x * x * x * x, [X], order=3)) == 3


# ------------------------------------------------------------- memory, form, writing, randomness

def test_gradients_in_the_memory_of_others_are_caught(monkeypatch):
    monkeypatch.setattr(memory, "own", lambda gradients, *_: gradients)    # the engine's guard, off
    with pytest.raises(GradientMismatch, match="shares its memory with grad_outputs"):
        gradcheck(planted(lambda x: 1 * x, lambda g, y, x: g), [X])
    twice = planted(lambda a, b: a + b, together=lambda g, *_: [g.copy()] * 2, inputs=2)
    with pytest.raises(GradientMismatch, match="input 1: .* its memory with another gradient"):
        gradcheck(twice, [X, X])
    with pytest.raises(GradientMismatch, match="shares its memory with an input"):
        gradcheck(planted(lambda x: np.square(x), lambda g, y, x: x), [X])


@pytest.mark.parametrize("wrong", [np.ones((3, 2)), np.ones((2, 3), "float32"), np.ones(())])
def test_a_gradient_of_another_shape_or_dtype_is_caught(monkeypatch, wrong):
    monkeypatch.setitem(gradcheck.__globals__, "grad", lambda *_, **__: [mg.autograd.Tensor(wrong)])
    with pytest.raises(GradientMismatch, match=r"expected float64 \(2, 3\)"):
        gradcheck(F.exp, [X])


def test_a_function_that_writes_to_its_input_is_caught_and_the_input_restored():
    def one_element(x):
        x.data[0, 1] = 5.0
        return x * 2

    def after_use(x):
        y = x * x
        x.data = x.data + 1
        return y

    x, index = leaf(X, name="x"), np.array([1, 0])
    for forward in (one_element, after_use):
        with pytest.raises(GradientMismatch, match="input 0 'x': the function writes to it"):
            gradcheck(forward, [x])
        np.testing.assert_array_equal(x.numpy(), X)
    backward = planted(lambda x: np.square(x), lambda g, y, x: operator.imul(x, 2) * g)
    with pytest.raises(GradientMismatch, match="input 0: the function writes to it"):
        gradcheck(backward, [X])
    with pytest.raises(GradientMismatch, match="input 1: the function writes to it"):
        gradcheck(lambda x, i: x[i.put(0, 0) or i], [x, index])


def test_nothing_is_left_changed():
    x = leaf(X * 1e-7)                                          # 1e-7 + 1e-6 - 1e-6 is not 1e-7
    state = mg.random.generator().bit_generator.state
    x.grad = np.ones(3)
    gradcheck(lambda x: F.dropout(x * x), [x], order=2)
    np.testing.assert_array_equal(x.data, X * 1e-7)
    np.testing.assert_array_equal(x.grad, np.ones(3))
    assert x.version == 0 and mg.random.generator().bit_generator.state == state


def test_a_function_with_randomness_of_its_own_is_caught():
    rng = np.random.default_rng(0)
    with pytest.raises(GradientMismatch, match="two calls with the same inputs differ"):
        gradcheck(lambda x: x * rng.standard_normal(3), [X])


# --------------------------------------------------------------------------------------- corners

@pytest.mark.parametrize("at", [0.0, 2e-7, -3.4e-7, 9e-7])
def test_a_corner_is_reported_as_such(at):
    with pytest.raises(GradientMismatch, match=r"index \(1,\): not differentiable here"):
        gradcheck(F.relu, [np.array([1.0, at])])


def test_a_jump_is_reported_as_such():
    with pytest.raises(GradientMismatch, match="not differentiable here"):
        gradcheck(lambda x: x + (x > 0.5), [np.array([0.5, 1.0])])


def test_curvature_is_no_corner():
    steep = planted(lambda x: 300 * x * x, lambda g, y, x: g * 601 * x)
    with pytest.raises(GradientMismatch, match="the gradient is"):
        gradcheck(steep, [np.array([0.3, -0.4])])
    flat = planted(lambda x: 300 * x * x, lambda g, y, x: g * (600 * x + 1))
    with pytest.raises(GradientMismatch, match="the gradient is"):     # all of the gap is curvature
        gradcheck(flat, [np.array([0.0])])
