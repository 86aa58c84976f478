"""What people do wrong first, and what they are told."""

import numpy as np
import pytest

import minigen as mg
import strict_cupy

V = np.array([1.0, 2.0])


def leaf(x=V):
    return mg.tensor(x, requires_grad=True)


@pytest.mark.parametrize("data, came", [(np.array([1, 2, 3]), "an array of int64"),
                                        (np.array([True]), "an array of bool"),
                                        ([1.0, 2.0], "a list"), (2.0, "a float"),
                                        (np.float64(2), "a numpy.float64"), (None, "a NoneType")])
def test_the_class_tensor_takes_arrays_of_floats(data, came):
    with pytest.raises(TypeError, match=f"^Tensor: got {came}, .*minigen.tensor.* converts"):
        mg.Tensor(data, requires_grad=True)
    assert mg.Tensor(V.astype("float32")).dtype == np.float32


def test_a_gradient_that_was_asked_for_without_create_graph_says_so():
    x = leaf()
    (g,) = mg.grad((x ** 3).sum(), x)
    for ask in (lambda: mg.grad(g.sum(), x), lambda: g.sum().backward()):
        with pytest.raises(RuntimeError, match="create_graph=True"):
            ask()
    with pytest.raises(RuntimeError, match="create_graph=True"):
        mg.grad((g * x).sum() - (g * x).sum().detach() + leaf().sum(), [leaf()])


def test_an_input_that_no_output_depends_on_is_none_where_that_is_allowed():
    x, other = leaf(), leaf()
    y = (x * x).sum()
    found = mg.grad(y, [other, x], allow_unused=True)
    assert found[0] is None
    np.testing.assert_array_equal(found[1].numpy(), 2 * V)
    assert mg.grad(y, [x, other], create_graph=True, allow_unused=True)[1] is None
    with pytest.raises(RuntimeError, match="no output depends on input.*allow_unused=True"):
        mg.grad(y, other)


def test_a_stranger_is_named_with_its_module_and_a_way():
    class Stranger:
        def numpy(self):
            return V

    Stranger.__module__, Stranger.__qualname__ = "torch", "Tensor"
    with pytest.raises(TypeError, match=r"^add: got a torch\.Tensor, expected a minigen Tensor"
                                        r".*x\.numpy\(\)"):
        leaf() + Stranger()
    with pytest.raises(TypeError, match="^multiply: got a str"):
        leaf() * "2"


@pytest.mark.numpy_only("calls NumPy's own functions with a Tensor")
def test_a_function_of_numpy_says_what_to_write():
    x, array = leaf(), V.copy()
    for call in (lambda: np.exp(x), lambda: np.add(x, V), lambda: np.add.reduce(x)):
        with pytest.raises(TypeError, match=r"^(exp|add) .*write minigen\.functional\..*x\.numpy"):
            call()
    with pytest.raises(TypeError, match="an array cannot take a Tensor in place"):
        array += x


def test_an_array_on_the_left_is_left_to_the_tensor():
    x = leaf()
    for y, expected in ((V + x, 2 * V), (V - x, 0 * V), (V * x, V * V), (V / x, V / V),
                        (V ** x, V ** V), (V @ x, V @ V), (np.float64(3) * x, 3 * V)):
        assert type(y) is mg.Tensor and y.requires_grad
        np.testing.assert_allclose(y.numpy(), expected)
    for mask, expected in ((V < x + 1, V < V + 1), (V >= x, V >= V), (V == x, V == V)):
        np.testing.assert_array_equal(mask, expected)


def test_an_array_on_the_left_is_left_to_the_tensor_on_the_stand_in_too():
    with strict_cupy.installed() as cupy:
        x, array = leaf(), cupy.asarray(V)
        for y, expected in ((array + x, 2 * V), (array / x, V / V), (array @ x, V @ V)):
            assert type(y) is mg.Tensor
            np.testing.assert_allclose(y.numpy(), expected)
        np.testing.assert_array_equal(mg.to_numpy(array < x + 1), V < V + 1)


def test_a_tensor_of_one_number_takes_a_format():
    assert f"{mg.tensor(2.0):.3f}" == "2.000" and f"{leaf([1.5]):6.1f}" == "   1.5"
    assert f"{leaf()}" == repr(leaf())
    with pytest.raises(ValueError, match="item.. needs one element"):
        f"{leaf():.3f}"


@pytest.mark.parametrize("call", [np.sum, np.mean, np.std, lambda x: np.concatenate([x, x])])
def test_a_function_of_numpy_that_is_no_ufunc_says_so_too(call):
    with pytest.raises(TypeError, match=r"of NumPy or CuPy does not take a Tensor"):
        call(leaf())


def test_an_argument_that_is_an_array_is_not_printed_page_after_page():
    X = np.ones((100, 7), "float32")
    G, D = mg.layers.Dense(2, 2), mg.layers.Dense(2, 1)
    with pytest.raises(ValueError, match=r"k = an array of shape \(100, 7\)"):
        mg.trainers.GANTrainer(G, D, mg.optim.SGD(G.parameters(), 0.1),
                               mg.optim.SGD(D.parameters(), 0.1), k=X)


def test_an_anomaly_is_named_where_a_part_is_taken():
    x = leaf()
    with mg.detect_anomaly(), pytest.raises(mg.NonFiniteError, match="^getitem: its gradient"):
        mg.grad(x[0], x, np.array(np.inf))


@pytest.mark.parametrize("make", [lambda p: mg.optim.SGD(p, mg.tensor(0.1)),
                                  lambda p: mg.optim.SGD(p, 0.1, momentum="a"),
                                  lambda p: mg.optim.Adam(p, betas=0.9),
                                  lambda p: mg.optim.RMSprop(p, alpha=None)])
def test_an_optimizers_numbers_are_numbers(make):
    with pytest.raises((TypeError, ValueError), match="(SGD|Adam|RMSprop): got .*expected"):
        make([leaf()])
