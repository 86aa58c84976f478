"""Every operation and layer against central differences, and the checker against planted errors: it must catch each."""

import os
import subprocess
import sys

import numpy as np
import pytest

import minigen as mg
from minigen import layers, memory
from minigen import functional as F
from minigen.autograd import operation
from minigen.gradcheck import GradientMismatch, __main__, check_parameters, gradcheck, numerical_gradient
from minigen.gradcheck.cases import LAYERS, OPERATIONS, cases, check, values

X = np.array([[0.3, -1.2, 0.7], [1.5, 0.4, -0.6]])


def leaf(array, **options):
    return mg.tensor(np.array(array, "float64"), requires_grad=True, **options)


# ------------------------------------------------------------------------------------------------- the table of cases

@pytest.mark.parametrize("name", [*OPERATIONS, *LAYERS])
def test_gradients_of_first_and_second_order(name):
    assert max(check(name, order=2)) < 1e-6


@pytest.mark.parametrize("name", [*OPERATIONS, *LAYERS])
def test_no_case_is_so_special_that_an_input_has_no_gradient(name):
    for function, inputs in cases(name):
        inputs = [leaf(x) if isinstance(x, np.ndarray) and x.dtype == "float64" else x for x in inputs]
        y = function(*inputs)
        checked = [x for x in inputs if isinstance(x, mg.Tensor)]
        cotangent = np.random.default_rng(1).standard_normal(y.shape)
        assert all(abs(g.numpy()).max() > 1e-3 for g in mg.grad(y, checked, cotangent))


def test_every_operation_and_every_layer_has_a_case():
    public = [getattr(layers, name) for name in layers.__all__]
    assert set(OPERATIONS) == set(F.__all__)
    assert set(LAYERS) == {c.__name__ for c in public if isinstance(c, type)} - {"Layer"}


# -------------------------------------------------------------------------------------------------- planted errors

def planted(forward, *rules, **options):
    wrong = operation(forward)
    wrong.gradients(*rules, **options)
    return wrong


def softmax(x):
    y = np.exp(x - x.max(1, keepdims=True))
    return y / y.sum(1, keepdims=True)


def normalised(x):
    return (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5)


def dropout(x):
    return x * (mg.random.generator().random(x.shape) > 0.5) * 2


def dense(x, W):
    return x @ W.T


W = leaf([[0.5, -0.3, 0.8], [0.1, 0.9, -0.7]], name="W")
W_BEFORE = W.numpy().copy()
W.data = W.data - 0.1

PLANTED = {
    "wrong sign": (planted(lambda a, b: a - b, lambda g, y, a, b: g, lambda g, y, a, b: g), [X, X * 2], "input 1"),
    "missing factor": (planted(lambda x: np.square(x), lambda g, y, x: g * x), [X], "input 0"),
    "missing sum over a broadcast axis":
        (planted(lambda x, b: x + b, lambda g, y, x, b: g, lambda g, y, x, b: g[0]), [X, X[0]], "input 1"),
    "no gradient of softmax": (planted(softmax, lambda g, y, x: g * 0), [X], "input 0"),
    "no gradient of batch normalisation": (planted(normalised, lambda g, y, x: g * 0), [values(4, 2)], "input 0"),
    "batch statistics taken for constants":
        (planted(normalised, lambda g, y, x: g / np.sqrt(x.var(0) + 1e-5)), [values(4, 2)], "input 0"),
    "dropped dropout mask": (planted(dropout, lambda g, y, x: g * 2), [X], "the gradient is .* say 0;"),
    "dropout mask drawn anew": (planted(dropout, lambda g, y, x: dropout(g)), [X], "input 0"),
    "stale weight":
        (planted(dense, lambda g, y, x, W: g @ W_BEFORE, lambda g, y, x, W: g.T @ x), [X, W], "input 0"),
    "rows of the weight's gradient in the wrong order":
        (planted(dense, lambda g, y, x, W: g @ W, lambda g, y, x, W: (g.T @ x)[::-1]), [X, W], "input 1 'W'"),
    "one output of two": (lambda x: [x * 1, planted(lambda x: np.square(x), lambda g, y, x: g)(x)], [X], "input 0"),
    "a path that is cut": (lambda x: x + x.detach(), [X], "say"),
    "no path at all": (lambda x: x.detach() * 2, [X], "the gradient is 0,"),
    "a gradient that is not a number":
        (planted(lambda x: np.square(x), lambda g, y, x: g * np.nan), [X], "the gradient is nan"),
    "a rule that writes into g":
        (planted(lambda x: np.square(x), lambda g, y, x: np.multiply(g, 2 * x, out=g)), [X], "input 0"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_error_is_caught(name):
    function, inputs, message = PLANTED[name]
    with pytest.raises(GradientMismatch, match=message):
        gradcheck(function, inputs)


def test_ones_for_a_cotangent_would_have_missed_two_of_them():
    for function in (softmax, normalised):
        plain_sum = numerical_gradient(lambda: function(x.numpy()).sum(), x := leaf(values(4, 2)))
        assert abs(plain_sum).max() < 1e-8


def test_a_rule_that_is_right_but_not_recorded_is_wrong_in_second_order():
    exp = planted(lambda x: np.exp(x), lambda g, y, x: g * F.constant(y))
    gradcheck(exp, [X], order=1)
    with pytest.raises(GradientMismatch, match=r"of order 2, input 0, index \(\d, \d\)"):
        gradcheck(exp, [X], order=2)


def test_a_gradient_of_the_cotangent_is_checked_in_second_order():
    double = planted(lambda x: 2 * x, lambda g, y, x: 2 * F.constant(g) + 0 * x)
    with pytest.raises(GradientMismatch, match="of order 2, input 1 'cotangent 0'"):
        gradcheck(double, [X], order=2)


def test_the_third_order_too():
    assert len(gradcheck(lambda x: x * x * x * x, [X], order=3)) == 3


# ------------------------------------------------------------------------------- memory, form, writing, randomness

def test_gradients_in_the_memory_of_others_are_caught(monkeypatch):
    monkeypatch.setattr(memory, "own", lambda gradients, seeds: gradients)       # the engine's guard, out of order
    with pytest.raises(GradientMismatch, match="shares its memory with the cotangent"):
        gradcheck(planted(lambda x: 1 * x, lambda g, y, x: g), [X])
    with pytest.raises(GradientMismatch, match="input 1: the gradient shares its memory with another gradient"):
        gradcheck(planted(lambda a, b: a + b, together=lambda g, *_: [g.copy()] * 2, inputs=2), [X, X])
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
    backward = planted(lambda x: np.square(x), lambda g, y, x: np.multiply(g, 2, out=x) * x)
    with pytest.raises(GradientMismatch, match="input 0: the function writes to it"):
        gradcheck(backward, [X])
    with pytest.raises(GradientMismatch, match="input 1: the function writes to it"):
        gradcheck(lambda x, i: x[np.put(i, 0, 0) or i], [x, index])


def test_nothing_is_left_changed():
    x, state = leaf(X * 1e-7), mg.random.generator().bit_generator.state        # 1e-7 + 1e-6 - 1e-6 is not 1e-7
    x.grad = np.ones(3)
    gradcheck(lambda x: F.dropout(x * x), [x], order=2)
    np.testing.assert_array_equal(x.data, X * 1e-7)
    np.testing.assert_array_equal(x.grad, np.ones(3))
    assert x.version == 0 and mg.random.generator().bit_generator.state == state


def test_a_function_with_randomness_of_its_own_is_caught():
    rng = np.random.default_rng(0)
    with pytest.raises(GradientMismatch, match="two calls with the same inputs differ"):
        gradcheck(lambda x: x * rng.standard_normal(3), [X])


# ------------------------------------------------------------------------------------------------------- corners

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
    with pytest.raises(GradientMismatch, match="the gradient is"):      # at slope 0, all of the gap is curvature
        gradcheck(planted(lambda x: 300 * x * x, lambda g, y, x: g * (600 * x + 1)), [np.array([0.0])])


# -------------------------------------------------------------------------------------------------- wrong calls

def test_float32_is_refused_with_advice():
    for function, x in [(F.exp, X.astype("float32")), (F.exp, mg.tensor(X.astype("float32"), requires_grad=True)),
                        (lambda x: mg.autograd.cast(x, "float32"), X)]:
        with pytest.raises(TypeError, match=r'is float32.*float64.*x\.astype\("float64"\)'):
            gradcheck(function, [x])


def test_wrong_calls():
    with pytest.raises(ValueError, match="nothing to check"):
        gradcheck(F.exp, [mg.tensor(X)])
    with pytest.raises(TypeError, match="returned a ndarray, expected Tensors"):
        gradcheck(lambda x: x.numpy(), [X])


# --------------------------------------------------------------------------------------- what may be checked, and how

def test_the_public_names():
    assert (mg.gradcheck, mg.GradientMismatch) == (gradcheck, GradientMismatch)


def test_inputs_of_all_kinds():
    gradcheck(F.exp, X)                                                     # one input needs no list
    gradcheck(lambda x, unused, i, p: (x + unused * 0)[i] ** p, [X, X, np.array([1, 0, 1]), 2])
    gradcheck(lambda x, y: x * y, [x := leaf(X), x])                        # a Tensor twice: the total derivative
    gradcheck(lambda x, constant: (x * constant, x.detach()[0] * 0, constant), [X, mg.tensor(X)])
    gradcheck(F.exp, [np.zeros((0, 3))])


def test_a_large_input_is_checked_along_directions_and_the_wrong_element_found():
    x = np.random.default_rng(0).standard_normal((30, 40))
    assert gradcheck(F.sin, [x], order=2)[0] < 1e-6
    flaw = np.ones((30, 40))
    flaw[17, 23] = 1.01
    with pytest.raises(GradientMismatch, match=r"index \(17, 23\)"):
        gradcheck(planted(lambda x: np.sin(x), lambda g, y, x: g * np.cos(x) * flaw), [x])


def test_the_message_has_both_values_and_the_step():
    double = planted(lambda x: 2.0 * x, lambda g, y, x: g)
    with pytest.raises(GradientMismatch) as caught:
        gradcheck(double, [leaf([0.5], name="z")], eps=1e-5)
    c = np.random.default_rng(0).standard_normal(1)[0]
    for part in ("input 0 'z'", "index (0,)", f"gradient is {c:.8f}", f"say {2 * c:.8f}", "step 1e-05", "allowed is"):
        assert part in str(caught.value)


def test_the_tolerances_are_what_they_say():
    off = planted(lambda x: x * 1.0, lambda g, y, x: g * 1.01)
    assert gradcheck(off, [X], rtol=0.02, atol=0)[0] == pytest.approx(0.01, abs=1e-4)
    for limits in [dict(rtol=0.005, atol=0), dict(rtol=0, atol=1e-4)]:
        with pytest.raises(GradientMismatch):
            gradcheck(off, [X], **limits)


def test_numerical_gradient_of_known_functions():
    x = leaf(X)
    np.testing.assert_allclose(numerical_gradient(lambda: F.sin(x).sum(), x), np.cos(X), atol=1e-9)
    big = leaf([1e6, -3e4])
    np.testing.assert_allclose(numerical_gradient(lambda: float((big.numpy() ** 2).sum()), big), [2e6, -6e4], rtol=1e-6)
    np.testing.assert_array_equal(x.numpy(), X)
    with pytest.raises(ValueError, match=r"shape \(2, 3\), expected one number"):
        numerical_gradient(lambda: x, x)
    with pytest.raises(TypeError, match="float32"):
        numerical_gradient(lambda: 0.0, mg.tensor([1.0]))


# ------------------------------------------------------------------------------------------- a network's gradients

@pytest.fixture
def step():
    """A network, the loss of a step as a function, and its gradients by name."""
    mg.set_default_dtype("float64")
    network = layers.Sequential(layers.Dense(3, 4), layers.Tanh(), layers.Dropout(), layers.Dense(4, 80))

    def loss():
        return F.mean(F.square(network(X)))
    state = mg.random.generator().bit_generator.state
    gradients = mg.grad(loss(), network.parameters())
    mg.random.generator().bit_generator.state = state
    return network, loss, {name: g.numpy() for (name, _), g in zip(network.named_parameters(), gradients)}


def test_every_parameter_of_a_network_is_compared(step):
    network, loss, gradients = step
    before = network.state_dict()
    assert check_parameters(loss, network, gradients) < 1e-5
    assert all((before[name] == array).all() for name, array in network.state_dict().items())


@pytest.mark.parametrize("name", ["0.weight", "0.bias", "3.weight", "3.bias"])
def test_one_wrong_parameter_is_named(step, name):
    network, loss, gradients = step
    gradients[name] = gradients[name] * 1.1
    with pytest.raises(GradientMismatch, match=f"{name!r}, index"):
        check_parameters(loss, network, gradients)


def test_the_names_of_the_gradients_must_be_those_of_the_parameters(step):
    network, loss, gradients = step
    gradients["3.scale"] = gradients.pop("3.bias")
    with pytest.raises(GradientMismatch, match=r"without a gradient: \['3.bias'\], without a parameter: \['3.scale'\]"):
        check_parameters(loss, network, gradients)


# --------------------------------------------------------------------------------------------- the command line

def run(*names):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return subprocess.run([sys.executable, "-W", "error", "-m", "minigen.gradcheck", *names],
                          capture_output=True, text=True, env=environment)


def test_the_table():
    done = run("add", "Dense")
    assert (done.returncode, done.stderr) == (0, "")
    title, add, dense, total = done.stdout.splitlines()
    assert title.endswith("first order  second order") and add.startswith("add   ") and add.endswith("  right")
    assert dense.startswith("Dense ") and len(add) == len(dense) and total == "2 of 2 right"


def test_the_table_goes_on_after_an_error_and_the_exit_status_tells(monkeypatch, capsys):
    wrong = planted(lambda x: np.square(x), lambda g, y, x: g * x)
    monkeypatch.setitem(OPERATIONS, "square", [(wrong, [X])])
    assert __main__.main(["square", "exp"]) == 1
    assert "square  WRONG: gradcheck, input 0" in (printed := capsys.readouterr().out)
    assert printed.endswith("1 of 2 right; wrong: square\n")
    with pytest.raises(SystemExit, match="unknown: sqare; known are add"):
        __main__.main(["sqare"])
