"""Every operation and every layer against central differences, and how the checker is called."""

import os
import subprocess
import sys

import numpy as np
import pytest

import minigen as mg
from minigen import layers
from minigen import functional as F
from minigen.autograd import operation
from minigen.gradcheck import (GradientMismatch, __main__, check_parameters, gradcheck,
                               numerical_gradient)
from minigen.gradcheck import cases as case_module
from minigen.gradcheck.cases import LAYERS, OPERATIONS, cases, check

X = np.array([[0.3, -1.2, 0.7], [1.5, 0.4, -0.6]])


def leaf(array, **options):
    return mg.tensor(np.array(array, "float64"), requires_grad=True, **options)


def planted(forward, *rules, **options):
    wrong = operation(forward)
    wrong.gradients(*rules, **options)
    return wrong


# ------------------------------------------------------------------------------ the table of cases

@pytest.mark.parametrize("name", [*OPERATIONS, *LAYERS])
def test_gradients_of_first_and_second_order(name):
    assert max(check(name, order=2)) < 1e-6


@pytest.mark.parametrize("name", [*OPERATIONS, *LAYERS])
def test_no_case_is_so_special_that_an_input_has_no_gradient(name):
    for function, inputs in cases(name):
        inputs = [x if isinstance(x, mg.Tensor) else leaf(x) if x.dtype == "float64"
                  else mg.backend.asarray(x) for x in inputs]
        y = function(*inputs)
        checked = [x for x in inputs if isinstance(x, mg.Tensor)]
        c = np.random.default_rng(1).standard_normal(y.shape)
        assert all(abs(g.numpy()).max() > 1e-3 for g in mg.grad(y, checked, c))


def test_every_operation_and_every_layer_has_a_case():
    public = [getattr(layers, name) for name in layers.__all__]
    assert set(OPERATIONS) == set(F.__all__)
    assert set(LAYERS) == {c.__name__ for c in public if isinstance(c, type)} - {"Layer"}


# ----------------------------------------------------------------------------------- wrong calls

def test_float32_is_refused_with_advice():
    single = X.astype("float32")
    for function, x in [(F.exp, single), (F.exp, mg.tensor(single, requires_grad=True)),
                        (lambda x: mg.autograd.cast(x, "float32"), X)]:
        with pytest.raises(TypeError, match=r'is float32.*float64.*x\.astype\("float64"\)'):
            gradcheck(function, [x])


def test_wrong_calls():
    with pytest.raises(ValueError, match="nothing to check"):
        gradcheck(F.exp, [mg.tensor(X)])
    with pytest.raises(TypeError, match="returned a ndarray, expected Tensors"):
        gradcheck(lambda x: x.numpy(), [X])


# -------------------------------------------------------------------- what may be checked, and how

def test_the_public_names():
    assert (mg.gradcheck, mg.GradientMismatch) == (gradcheck, GradientMismatch)


def test_inputs_of_all_kinds():
    gradcheck(F.exp, X)                                                 # one input needs no list
    gradcheck(lambda x, unused, i, p: (x + unused * 0)[i] ** p, [X, X, np.array([1, 0, 1]), 2])
    gradcheck(lambda x, y: x * y, [x := leaf(X), x])                   # twice: the total derivative
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
    for part in ("input 0 'z'", "index (0,)", f"gradient is {c:.8f}", f"say {2 * c:.8f}",
                 "step 1e-05", "allowed is"):
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
    measured = numerical_gradient(lambda: float((big.numpy() ** 2).sum()), big)
    np.testing.assert_allclose(measured, [2e6, -6e4], rtol=1e-6)
    np.testing.assert_array_equal(x.numpy(), X)
    with pytest.raises(ValueError, match=r"shape \(2, 3\), expected one number"):
        numerical_gradient(lambda: x, x)
    with pytest.raises(TypeError, match="float32"):
        numerical_gradient(lambda: 0.0, mg.tensor([1.0]))


# ------------------------------------------------------------------------ a network's gradients

@pytest.fixture
def step():
    """A network, the loss of a step as a function, and its gradients by name."""
    mg.set_default_dtype("float64")
    network = layers.Sequential(layers.Dense(3, 4), layers.Tanh(), layers.Dropout(),
                                layers.Dense(4, 80))

    def loss():
        return F.mean(F.square(network(X)))
    state = mg.random.generator().bit_generator.state
    names = [name for name, _ in network.named_parameters()]
    gradients = [g.numpy() for g in mg.grad(loss(), network.parameters())]
    mg.random.generator().bit_generator.state = state
    return network, loss, dict(zip(names, gradients))


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
    with pytest.raises(GradientMismatch, match=r"without a gradient: \['3.bias'\], "
                                               r"without a parameter: \['3.scale'\]"):
        check_parameters(loss, network, gradients)


# ------------------------------------------------------------------------------ the command line

def run(*names):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    return subprocess.run([sys.executable, "-W", "error", "-m", "minigen.gradcheck", *names],
                          capture_output=True, text=True, env=environment)


def test_the_table():
    done = run("add", "Dense")
    assert (done.returncode, done.stderr) == (0, "")
    title, add, dense, total = done.stdout.splitlines()
    assert title.endswith("first order  second order")
    assert add.startswith("add   ") and add.endswith("  right")
    assert dense.startswith("Dense ") and len(add) == len(dense) and total == "2 of 2 right"


def test_the_table_goes_on_after_an_error_and_the_exit_status_tells(monkeypatch, capsys):
    wrong = planted(lambda x: np.square(x), lambda g, y, x: g * x)
    monkeypatch.setitem(case_module.OPERATIONS, "square", [(wrong, [X])])
    assert __main__.main(["square", "exp"]) == 1
    assert "square  WRONG: gradcheck, input 0" in (printed := capsys.readouterr().out)
    assert printed.endswith("1 of 2 right; wrong: square\n")
    with pytest.raises(SystemExit, match="unknown: sqare; known are add"):
        __main__.main(["sqare"])
