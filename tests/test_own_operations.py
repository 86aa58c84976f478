"""A mistake in an operation that somebody writes is blamed on that operation, and says which
input."""

import numpy as np
import pytest

import minigen as mg
from minigen.autograd import operation


def twice(*rules, **more):
    """y = a + b as an operation of one's own, with the rules that a test wants."""
    @operation
    def added(a, b):
        return a + b

    if rules or more:
        added.gradients(*rules, **more)
    return added


def gradient(f, create_graph=False):
    a, b = (mg.tensor(np.ones((2, 3)), requires_grad=True) for _ in range(2))
    return mg.grad(f(a, b).sum(), [a, b], create_graph=create_graph)


def right(g, y, a, b):
    return g


WRONG = {
    "another shape": lambda g, y, a, b: g[:1, :2],
    "a shape that would need stretching": lambda g, y, a, b: g.sum(0),
    "None": lambda g, y, a, b: None,
    "a list": lambda g, y, a, b: [1.0, 2.0],
    "text": lambda g, y, a, b: "g",
    "a number": lambda g, y, a, b: 1.0,
}


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("wrong", WRONG)
def test_what_a_rule_returned_is_named_with_its_operation_and_input(wrong, create_graph):
    message = r"^added: the rule of input 1 returned .*, expected .* input's shape, \(2, 3\)"
    with pytest.raises(TypeError, match=message):
        gradient(twice(right, WRONG[wrong]), create_graph)


@pytest.mark.parametrize("found", [None, [1.0], "gg"])
@pytest.mark.parametrize("create_graph", [False, True])
def test_a_rule_for_all_inputs_returns_one_gradient_for_each(found, create_graph):
    f = twice(together=lambda g, y, a, b: found, inputs=2)
    with pytest.raises(TypeError, match="^added: its rule returned .*, expected a list of 2"):
        gradient(f, create_graph)


def test_an_operation_without_rules_says_what_to_write():
    with pytest.raises(TypeError, match=r"^added has no gradients yet: .* added\.gradients\(rule"):
        gradient(twice())


def test_a_gradient_with_more_axes_than_its_input_is_summed():
    f = twice(lambda g, y, a, b: np.ones((4, 2, 3)), right)
    np.testing.assert_array_equal(gradient(f)[0].numpy(), np.full((2, 3), 4.0))


@pytest.mark.parametrize("value", [[1.0], None, "text"])
def test_a_function_that_returns_no_array_is_named(value):
    @operation
    def strange(a):
        return value

    strange.gradients(lambda g, y, a: g)
    with pytest.raises(TypeError, match="^strange: its function returned a .*, expected an array"):
        strange(mg.tensor([1.0], requires_grad=True))


def test_a_rule_too_few_is_found_when_the_function_meets_a_tensor():
    @operation
    def product(a, b):
        return a * b

    product.gradients(lambda g, y, a, b: g * b)
    x = mg.tensor([1.0], requires_grad=True)
    with pytest.raises(TypeError, match="^product: .* Has every input that may be a Tensor a rule"):
        product(x, x)


def test_a_constant_gradient_is_a_tensor_where_it_is_recorded():
    f = twice(lambda g, y, a, b: np.ones((2, 3)), right)
    assert all(isinstance(g, mg.Tensor) for g in gradient(f, create_graph=True))


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("wrong", [lambda g, y: g, lambda g, y, a, b: g.nope,
                                   lambda g, y, a, b: np.ones(5) @ np.ones(7)])
def test_a_rule_that_raises_is_named(wrong, create_graph):
    with pytest.raises((TypeError, AttributeError, ValueError),
                       match="^added: one of its rules failed: "):
        gradient(twice(wrong, right), create_graph)


def test_a_function_may_return_a_python_number():
    @operation
    def count(a):
        return a.size

    count.gradients(lambda g, y, a: 0 * a)
    assert count(mg.tensor([1.0, 2.0])).numpy() == 2
