"""The engine: the order of the walk, sums over paths, broadcasting undone, what is recorded, and
what is refused.

Oracles that owe nothing to the engine: closed forms, counting (each copy that broadcasting or
indexing made sends its cotangent back), and the complex step, f(x + ih).imag / h, which is exact to
rounding.
"""

import contextlib
import itertools
import operator
import sys
import weakref

import numpy as np
import pytest
import strict_cupy

import minigen as mg
from minigen import functional as F
from minigen import layers
from minigen.autograd import Tensor, operation
from minigen.gradcheck import gradcheck
from minigen.gradcheck.cases import OPERATIONS, cases


def leaf(array, **options):
    return mg.tensor(np.array(array, "float64"), requires_grad=True, **options)


def derivative(y, x):
    """dy/dx of scalars, as a number."""
    return mg.grad(y, x)[0].item()


def counted(shape, places, cotangent):
    """Σ of the cotangents at each place: the gradient of an operation that copies element places[i]
    to i."""
    size = np.prod(shape, dtype=int)
    return np.bincount(places.ravel(), np.ravel(cotangent), size).reshape(shape)


# ------------------------------------------------------------------------------- graphs of any form

def test_the_counterexample_of_the_module():
    a = leaf(3.0)
    b = a + a
    c = b * b
    assert derivative(c, a) == 8 * 3.0


def test_a_diamond_with_arms_of_different_length():
    x = leaf(0.7)
    long = F.exp(F.sin(F.square(x)))
    y = long * x + long
    expected = np.exp(np.sin(0.49)) * (1 + 1.7 * np.cos(0.49) * 1.4)
    assert derivative(y, x) == pytest.approx(expected, rel=1e-14)


def test_a_ladder_of_diamonds_costs_its_length_and_not_its_paths():
    x = y = leaf(1.0)
    for _ in range(200):                        # 2²⁰⁰ paths
        y = y * 0.5 + y * 0.5
    assert derivative(y, x) == 1.0


@pytest.mark.parametrize("seed", range(20))
def test_random_graphs_against_the_complex_step(seed):
    """Each node is a random function of random earlier nodes; one program runs on Tensors and on
    complex numbers."""
    unary = [("sin", np.sin), ("exp", lambda z: np.exp(z)), ("square", np.square),
             ("negative", np.negative)]
    binary = [("add", np.add), ("subtract", np.subtract), ("multiply", np.multiply)]

    def run(inputs, module):
        rng, nodes = np.random.default_rng(seed), list(inputs)
        for _ in range(12):
            name, plain = (unary + binary)[rng.integers(7)]
            places = rng.integers(len(nodes), size=1 if (name, plain) in unary else 2)
            chosen = [nodes[i] for i in places.tolist()]
            nodes.append((getattr(F, name) if module is F else plain)(*(z * 0.5 for z in chosen)))
        return nodes[-1] + nodes[-2] * nodes[-3]
    inputs = np.random.default_rng(seed + 100).uniform(-1, 1, 3)
    leaves = [leaf(v) for v in inputs]
    y = run(leaves, F) + sum(leaves)            # so that every input is used
    for i, g in enumerate(mg.grad(y, leaves)):
        step = run(inputs + 1e-30j * (np.arange(3) == i), np).imag / 1e-30 + 1
        assert g.item() == pytest.approx(step, rel=1e-12)


# ------------------------------------------------------------------------------------- broadcasting

SHAPES = [(), (1,), (3,), (1, 1), (2, 1), (1, 3), (2, 3), (4, 1, 1), (4, 1, 3), (1, 2, 1),
          (4, 2, 1), (4, 2, 3)]


@pytest.mark.parametrize("left, right", list(itertools.product(SHAPES, SHAPES)), ids=str)
def test_every_pair_of_shapes(left, right):
    rng = np.random.default_rng(0)
    x, y = leaf(rng.standard_normal(left)), leaf(rng.standard_normal(right))
    z = x * y
    c = rng.standard_normal(z.shape)
    for t, other, g in zip((x, y), (y, x), mg.grad(z, [x, y], c)):
        places = np.broadcast_to(np.arange(t.size).reshape(t.shape), z.shape)
        expected = counted(t.shape, places, np.multiply(c, other.numpy()))
        np.testing.assert_allclose(g.numpy(), expected, rtol=1e-13, atol=1e-14)


# ------------------------------------------------------------------------------- backward and .grad

def test_grad_adds_up_over_tapes_and_leaves_what_was_read_alone():
    x = leaf([1.0, 2.0])
    (x * x).backward(np.ones(2))
    first = x.grad
    (3 * x).backward(np.ones(2))
    np.testing.assert_array_equal(x.grad, [5.0, 7.0])
    np.testing.assert_array_equal(first, [2.0, 4.0])


def test_a_second_backward_is_an_error_unless_the_tape_is_kept():
    x = leaf(2.0)
    y = x ** 3
    y.backward(retain_graph=True)
    y.backward()
    # twice 12, not three times: inner gradients do not pile up
    assert x.grad == 24.0
    with pytest.raises(RuntimeError, match="freed by an earlier backward.*retain_graph=True"):
        y.backward()
    with pytest.raises(RuntimeError, match="freed"):
        mg.grad(y, x)


def test_a_shared_part_that_was_freed_is_an_error_too():
    x = leaf(2.0)
    shared = x * x
    a, b = shared + 1, shared * 2
    a.backward()
    with pytest.raises(RuntimeError, match="freed"):
        b.backward()
    assert x.grad == 4.0


@pytest.mark.parametrize("shape", [(), (1,), (2, 3)])
def test_every_gradient_is_an_array_of_its_shape(shape):
    x = leaf(np.ones(shape))
    for _ in range(2):
        F.sum(x * x + x).backward()
        assert type(x.grad) is np.ndarray and x.grad.shape == shape
    assert type(mg.grad(F.sum(x * x + x), x)[0].data) is np.ndarray


def test_only_leaves_get_a_grad_and_constants_get_none():
    x, constant = leaf(2.0), mg.tensor(3.0)
    y = x * constant
    (y * y).backward()
    assert (x.grad, y.grad, constant.grad) == (36.0, None, None)


def test_backward_starts_where_it_is_told():
    x = leaf([1.0, 2.0])
    (x * x).backward([10.0, 100.0])
    np.testing.assert_array_equal(x.grad, [20.0, 400.0])
    x.backward(np.ones(2))
    np.testing.assert_array_equal(x.grad, [21.0, 401.0])
    one = leaf([3.0])
    (one * one).backward()                      # one element needs no start, whatever its shape
    np.testing.assert_array_equal(one.grad, [6.0])


def test_wrong_starts():
    x = leaf([1.0, 2.0], name="x")
    with pytest.raises(ValueError, match="made by multiply.* is not a scalar: pass grad_outputs"):
        (x * x).backward()
    with pytest.raises(ValueError,
                       match=r"has shape \(3,\), expected that of Tensor\(shape=\(2,\)"):
        (x * x).backward(np.ones(3))
    with pytest.raises(RuntimeError, match="not computed from anything that requires a gradient"):
        mg.tensor([1.0]).backward()


# ------------------------------------------------------------------------------------- minigen.grad

def test_grad_is_pure():
    x = leaf([1.0, 2.0])
    y = F.sum(x * x)
    for _ in range(2):
        np.testing.assert_array_equal(mg.grad(y, [x])[0].numpy(), [2.0, 4.0])
    assert x.grad is None and not mg.grad(y, [x])[0].requires_grad
    y.backward()


def test_grad_of_inner_tensors_of_the_same_one_twice_and_of_the_output():
    x = leaf(3.0)
    y = x * x
    z = y * y
    assert [g.item() for g in mg.grad(z, [y, x, x, z])] == [18.0, 108.0, 108.0, 1.0]


def test_grad_stops_at_an_inner_tensor_only_if_nothing_further_is_asked():
    x = leaf(3.0)
    y = operation(lambda x: x * 1)
    y.gradients(lambda g, *_: pytest.fail("this rule leads to no input that was asked for"))
    inner = y(x)
    assert derivative(inner * 2, inner) == 2.0


def test_grad_of_several_outputs():
    x = leaf([1.0, 2.0])
    total = mg.grad([F.sum(x), x * x], x, [2.0, np.array([1.0, 10.0])])[0]
    np.testing.assert_array_equal(total.numpy(), [4.0, 42.0])
    y = F.sum(x * x)
    np.testing.assert_array_equal(mg.grad([y, y], x)[0].numpy(), [4.0, 8.0])


def test_grad_names_the_input_that_nothing_depends_on():
    x, other = leaf(1.0), leaf(1.0, name="other")
    with pytest.raises(RuntimeError, match="no output depends on input .*name='other'"):
        mg.grad(x * 2, [x, other])


def test_wrong_calls_of_grad():
    x = leaf([1.0, 2.0])
    with pytest.raises(TypeError, match="expected Tensors"):
        mg.grad(F.sum(x), [np.ones(2)])
    with pytest.raises(TypeError, match="as many grad_outputs as outputs"):
        mg.grad(F.sum(x), x, [1.0, 2.0])
    with pytest.raises(ValueError, match="not a scalar"):
        mg.grad(x * x, x)
    with pytest.raises(ValueError, match=r"shape \(3,\)"):
        mg.grad(x * x, x, np.ones(3))


def test_derivatives_of_a_polynomial_to_the_end():
    x = leaf(1.5)
    y, found = x ** 4, []
    for _ in range(4):
        y = mg.grad(y, x, create_graph=True)[0]
        found.append(y.item())
    assert found == pytest.approx([4 * 1.5**3, 12 * 1.5**2, 24 * 1.5, 24])


def test_the_hessian_of_a_known_function():
    x = leaf([0.3, 1.1, -0.4])
    y = F.sum(F.sin(x)) * F.sum(x * x)
    (g,) = mg.grad(y, x, create_graph=True)
    hessian = np.array([mg.grad(g[i], x)[0].numpy() for i in range(3)])
    v, s = x.numpy(), np.sin(x.numpy()).sum()
    cross = np.outer(np.cos(v), 2 * v)
    np.testing.assert_allclose(hessian,
                               np.diag(-np.sin(v) * (v @ v) + 2 * s) + cross + cross.T, rtol=1e-13)


def test_the_gradient_penalty_of_a_small_critic():
    mg.set_default_dtype("float64")
    critic = layers.Sequential(layers.Dense(2, 4), layers.Tanh(), layers.Dense(4, 1))

    def penalty(x, *_):
        (g,) = mg.grad(F.sum(critic(x)), x, create_graph=True)
        return F.mean(F.square(F.sqrt(F.sum(g * g, 1)) - 1))
    bias = critic.parameters()[-1]              # moves no slope of the critic: without a gradient
    gradcheck(penalty,
              [leaf([[0.3, -1.0], [0.8, 0.5]]), *[p for p in critic.parameters() if p is not bias]])


def test_a_dense_layer_on_a_constant_input_to_second_order():
    mg.set_default_dtype("float64")
    # an array, not a Tensor: rules get it as it is
    x = np.random.default_rng(0).standard_normal((5, 3))

    def slope(weight, bias):
        return mg.grad(F.sum(F.tanh(F.linear(x, weight, bias))), [weight, bias], create_graph=True)
    gradcheck(slope, [leaf([[0.3, -1.0, 0.2], [0.8, 0.5, -0.4]]), leaf([0.1, -0.2])])


# --------------------------------------------------------------- no_grad, frozen, detach, constants

def test_no_grad_records_nothing_and_ends_with_the_block():
    x = leaf(1.0)
    with pytest.raises(ZeroDivisionError), mg.no_grad():
        with mg.no_grad():
            pass
        y = x * 2
        assert not y.requires_grad and y.creator is None
        1 / 0
    assert (x * 2).requires_grad


@pytest.fixture
def dense():
    mg.set_default_dtype("float64")
    return layers.Dense(3, 2)


def test_a_frozen_network_lets_gradients_through_and_gets_none(dense):
    x = leaf(np.ones((1, 3)))
    with mg.frozen(dense):
        assert not any(p.requires_grad for p in dense.parameters())
        y = F.sum(dense(x))
    assert all(p.requires_grad for p in dense.parameters())
    with pytest.raises(RuntimeError, match="no output depends on input"):
        mg.grad(y, dense.parameters())
    # outside the block: what counts is when it was recorded
    y.backward()
    np.testing.assert_allclose(x.grad, dense.weight.numpy().sum(0, keepdims=True))
    assert [p.grad for p in dense.parameters()] == [None, None]


def test_what_was_recorded_before_the_freeze_keeps_its_gradients(dense):
    y = F.sum(dense(mg.tensor(np.ones((1, 3)))))
    with mg.frozen(dense):
        y.backward()
    np.testing.assert_array_equal(dense.bias.grad, np.ones(2))


def test_frozen_blocks_nest_and_give_back_what_was(dense):
    dense.bias.requires_grad = False
    with pytest.raises(ZeroDivisionError), mg.frozen(dense, dense):
        with mg.frozen(dense):
            pass
        assert not dense.weight.requires_grad
        1 / 0
    assert dense.weight.requires_grad and not dense.bias.requires_grad


def test_a_frozen_network_of_constants_is_not_recorded(dense):
    with mg.frozen(dense):
        assert dense(mg.tensor(np.ones((1, 3)))).creator is None


def test_detach_cuts():
    x = leaf(3.0, name="x")
    assert derivative(x * x.detach(), x) == 3.0
    assert not x.detach().requires_grad and x.detach().name == "x"


def test_rules_run_only_for_inputs_that_want_a_gradient():
    product = operation(lambda x, y: x * y)
    product.gradients(lambda g, z, x, y: g * y, lambda *_: pytest.fail("y is a constant"))
    x = leaf(2.0)
    assert derivative(product(x, mg.tensor(5.0)), x) == derivative(product(x, 5.0), x) == 5.0


# ----------------------------------------------------------------------------------------- versions

def write(p):
    p.data -= 0.1


def optimize(p):
    mg.optim.SGD([p], 0.1).step([np.ones(p.shape)])


@pytest.mark.parametrize("update", [write, optimize])
@pytest.mark.parametrize("freeze", [False, True])
def test_a_stale_weight_is_caught_and_named(dense, update, freeze):
    """D stepped before G's backward pass: the gradient would mix old activations with new
    weights."""
    dense.weight.name = "D.weight"
    x = leaf(np.ones((1, 3)))
    with mg.frozen(dense) if freeze else contextlib.nullcontext():
        y = F.sum(dense(x))
    update(dense.weight)
    for attempt in (y.backward, lambda: mg.grad(y, x)):
        with pytest.raises(
                RuntimeError,
                match=r"linear used .*D.weight.* written to since \(version 0 then, 1 now\)"):
            attempt()
    F.sum(dense(x)).backward()                  # a forward pass with the new weight is in order


@pytest.mark.parametrize(
    "constant", [lambda W: W.detach(), lambda W: W.reshape(2, 2), lambda W: W.T[1:].detach()])
def test_a_constant_in_the_memory_of_a_parameter_shares_its_version(constant):
    x, W = leaf([1.0, 2.0]), mg.tensor(np.ones((2, 2)))
    y = F.sum(x * constant(W))
    write(W)
    with pytest.raises(RuntimeError, match="multiply used .* written to since"):
        mg.grad(y, x)


def test_a_write_to_some_elements_is_told_by_written():
    x = leaf([1.0, 2.0])
    y = F.sum(x * x)
    x.data[0] = 5.0
    x.written()
    with pytest.raises(RuntimeError, match="written to since"):
        y.backward()


@pytest.mark.parametrize("start", [2.0, [2.0, 3.0]])
def test_a_write_after_the_backward_pass_is_in_order(start):
    x = leaf(start)
    for _ in range(3):
        x.grad = None
        F.sum(x * x).backward()
        x.data = x.data - 0.25 * x.grad
    np.testing.assert_allclose(x.numpy(), np.array(start) / 8)
    assert x.version == 3


def test_what_was_computed_cannot_be_written_to():
    x = leaf([1.0, 2.0])
    y = x * 2
    with pytest.raises(RuntimeError,
                       match="made by multiply.* was computed, and the tape needs its value"):
        y.data = np.zeros(2)
    for wrong in (np.zeros(3), 5.0, [1.0, 2.0]):
        with pytest.raises(
                ValueError,
                match=r"^data of Tensor\(shape=\(2,\).* expected an array of that shape"):
            x.data = wrong
    with pytest.raises(TypeError, match="cannot be assigned into.*functional.where"):
        x[0] = 5.0


# ------------------------------------------------------------------------- arrays, numbers, Tensors

OPERATORS = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv,
             "**": operator.pow, "@": operator.matmul}


@pytest.mark.parametrize("sign", OPERATORS)
def test_operators_of_arrays_and_tensors_on_either_side(sign):
    a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.5, 1.5], [2.0, 3.0]])
    apply, expected = OPERATORS[sign], OPERATORS[sign](a, b)
    for left, right in [(leaf(a), leaf(b)), (a, leaf(b)), (leaf(a), b)]:
        found = apply(left, right)
        assert type(found) is Tensor and found.requires_grad
        np.testing.assert_allclose(found.numpy(), expected, rtol=1e-15)


NUMBERS = [2, 2.0, True, np.float64(2), np.float32(2), np.int64(2), np.array(2.0)]


@pytest.mark.parametrize("sign", [s for s in OPERATORS if s != "@"])
@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: type(number).__name__)
def test_numbers_keep_float32(sign, number):
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    for y in (OPERATORS[sign](x, number), OPERATORS[sign](number, x)):
        assert type(y) is Tensor and y.dtype == "float32"
        assert mg.grad(y, x, np.ones(2))[0].dtype == "float32"


@pytest.mark.numpy_only("x.numpy() is the array itself")
def test_a_tensor_becomes_an_array_only_when_told():
    x = leaf([1.0, 2.0])
    for attempt in (lambda: np.asarray(x), lambda: np.array([x, x]),
                    lambda: np.concatenate([x, x])):
        with pytest.raises(TypeError, match=r"x\.numpy\(\)"):
            attempt()
    assert type(x.numpy()) is np.ndarray and mg.to_numpy(x) is x.numpy()


def test_operations_of_arrays_are_arrays():
    for name in OPERATIONS:
        for function, inputs in cases(name):
            assert type(function(*map(mg.backend.asarray, inputs))) is np.ndarray, name


def test_tensors_are_made_by_copying():
    a = np.array([1.0, 2.0])
    x = mg.tensor(a)
    a[0] = 9.0
    assert x.numpy()[0] == 1.0
    assert not np.shares_memory(mg.tensor(x).data, x.data)


def test_the_dtypes_of_new_tensors():
    doubles = [np.float64([1]), mg.tensor(np.float64([1]))]
    others = [np.float32([1]), np.int64([1]), [True], [1.0], 1]
    assert {mg.tensor(a).dtype.name for a in doubles} == {"float64"}
    assert {mg.tensor(a).dtype.name for a in others} == {"float32"}
    mg.set_default_dtype("float64")
    assert {mg.tensor(a).dtype.name for a in others} == {"float64"}
    for wrong in ([1j], ["a"], [None]):
        with pytest.raises(TypeError, match="tensor: got dtype .*, expected real numbers"):
            mg.tensor(wrong)


def test_numbers_out_of_tensors():
    one, two = leaf([1.5]), leaf([1.5, 2.5])
    assert (float(one), int(one), bool(one), one.item(), len(two)) == (1.5, 1, True, 1.5, 2)
    with pytest.raises(ValueError, match="item.. needs one element, .* has 2"):
        float(two)
    with pytest.raises(TypeError, match="has no length"):
        len(leaf(1.0))


def test_comparisons_are_masks():
    x = leaf([1.0, 2.0, 3.0])
    for found, expected in [(x > 2, [0, 0, 1]), (x >= 2.0, [0, 1, 1]), (2 > x, [1, 0, 0]),
                            (x == 2, [0, 1, 0]), (x <= leaf([1.0, 9, 0]), [1, 1, 0]),
                            (x != np.array([1, 2, 0]), [0, 0, 1])]:
        assert type(found) is np.ndarray
        np.testing.assert_array_equal(found, expected)


INDICES = [0, -1, slice(1, None), slice(None, None, -2), None, ..., (1, 2), (slice(None), -1),
           (..., None, 0), (slice(2), None, 1), np.array([0, 2, 0, 0]), [2, 1],
           (np.array([0, 1, 0]), np.array([3, 3, 3])), (slice(None), [1, 1]),
           (np.array([[0], [2]]), np.array([1, 1])), np.array([True, False, True]),
           (slice(1), np.array([False, True, True, True])), np.arange(12).reshape(3, 4) % 2 == 0]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_indexing(index):
    x = leaf(np.random.default_rng(0).standard_normal((3, 4)))
    y = x[index]
    np.testing.assert_array_equal(y.numpy(), x.data[index])
    c = np.random.default_rng(1).standard_normal(y.shape)
    expected = counted(x.shape, np.arange(12).reshape(3, 4)[index], c)
    np.testing.assert_allclose(mg.grad(y, x, c)[0].numpy(), expected, rtol=1e-14)


def test_methods_are_the_operations_of_the_same_name():
    x = leaf([[1.0, 2.0, 3.0], [4.0, 5.0, 7.0]])
    for name in "sum mean var std max min exp log sqrt square abs relu sigmoid tanh".split():
        np.testing.assert_array_equal(getattr(x, name)().numpy(), getattr(F, name)(x.numpy()))
    assert x.sum(axis=0, keepdims=True).shape == (1, 3) and x.max(1).shape == (2,)
    for y in (x.reshape(3, 2), x.reshape((3, -1)), x.T, x.transpose(1, 0)):
        assert y.shape == (3, 2)
    assert x.flatten().shape == (6,) and x.clip(2, 3).numpy().max() == 3
    assert [row.shape for row in x] == [(3,), (3,)] and "made by multiply" in repr(x * 2)


# --------------------------------------------------------------------------------- memory and depth

def test_a_chain_of_20000_operations():
    assert sys.getrecursionlimit() < 20000
    for use in (lambda y: y.backward(), lambda y: mg.grad(y, x), lambda y: None):
        x = y = leaf(1.0)
        for _ in range(20000):
            y = y + 0.5
        use(y)
        del y                                   # freeing it must not recurse either


def test_a_long_chain_to_second_order():
    x = y = leaf(1.0)
    for _ in range(2000):
        y = y * 1.001
    (g,) = mg.grad(y * y, x, create_graph=True)
    assert derivative(g, x) == pytest.approx(2 * 1.001**4000)


def test_backward_frees_the_tape():
    x = leaf([1.0, 2.0])
    inner = x * x
    y = F.sum(F.exp(inner))
    watched = weakref.ref(inner)
    del inner
    assert watched() is not None
    y.backward()
    assert watched() is None


JOINS = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: b - a,
    "twice": lambda a, b: a + a + b,
    "reshape": lambda a, b: a.reshape(3, 2).reshape(2, 3) + b,
    "transpose": lambda a, b: (a.T + b.T).T,
    "concatenate": lambda a, b: F.concatenate([a, b])[:2] + b,
    "stack": lambda a, b: F.sum(F.stack([a, b]), 0),
    "getitem": lambda a, b: a[:] + b[::-1],
    "broadcast_to": lambda a, b: F.broadcast_to(a, (2, 3)) + b,
}


@pytest.mark.parametrize("array", [
    np.array, pytest.param(lambda a: np.ndarray(a.shape, buffer=bytearray(a)), marks=[
        pytest.mark.numpy_only("an array in Python's memory")])], ids=["own", "foreign"])
@pytest.mark.parametrize("name", JOINS)
def test_every_gradient_has_memory_of_its_own(name, array):
    a, b, seed = leaf(np.ones((2, 3))), leaf(np.ones((2, 3))), array(np.ones((2, 3)))
    y = JOINS[name](a, b)
    found = [g.data for g in mg.grad(y, [a, b, y], seed)]
    y.backward(seed)
    for one, other in itertools.combinations([seed, a.data, b.data, a.grad, b.grad, *found], 2):
        assert not mg.backend.xp.shares_memory(one, other)
    # none keeps a larger array alive, and all can be written to
    for g in (a.grad, b.grad, *found):
        assert (g if g.base is None else g.base).size == g.size
        g += 1


# -------------------------------------------------------------------------------- dtypes, anomalies

@pytest.mark.parametrize("name", OPERATIONS)
def test_float32_stays_float32(name):
    for function, inputs in cases(name):
        given = [
            mg.tensor(x.astype("float32"), requires_grad=True) if x.dtype == "float64"
            else mg.backend.asarray(x) for x in inputs
        ]
        leaves = [x for x in given if type(x) is Tensor]
        y = function(*given)
        first = mg.grad(y, leaves, np.ones(y.shape), create_graph=True)
        assert {y.dtype.name, *(g.dtype.name for g in first)} == {"float32"}
        curved = [g for g in first if g.requires_grad]
        if curved:
            total = F.sum(F.concatenate([g.reshape(-1) for g in curved]))
            total = total + sum(F.sum(x) for x in leaves)
            assert {g.dtype.name for g in mg.grad(total, leaves)} == {"float32"}


def test_gradients_have_the_dtype_of_their_input():
    x, y = mg.tensor([1.0, 2.0], requires_grad=True), leaf([3.0, 4.0])
    assert [g.dtype.name for g in mg.grad(F.sum(x * y), [x, y])] == ["float32", "float64"]


def test_anomalies_are_named_where_they_first_appear():
    x = leaf([0.0, 1.0])
    with np.errstate(all="ignore"), mg.detect_anomaly():
        with pytest.raises(mg.NonFiniteError,
                           match=r"^log: its value, of shape \(2,\), is the first that is not"):
            F.exp(F.log(x))
        y = F.sum(F.sqrt(x))
        for attempt in (lambda: mg.grad(y, x), lambda: mg.grad(y, x, create_graph=True),
                        y.backward):
            with pytest.raises(mg.NonFiniteError, match="(sqrt|divide): its (gradient|value)"):
                attempt()
    with np.errstate(all="ignore"):             # outside the block nobody looks
        assert np.isinf(F.log(x).numpy()[0])


# -------------------------------------------------------------------------------------- wrong calls

V, M = leaf([1.0, 2.0]), leaf([[1.0, 2.0], [3.0, 4.0]])

FIRST = F.subtract.sort.__self__.names[0]
WRONG = {
    "unknown argument":
    (lambda: F.relu(V, inplace=True), TypeError, r"^relu\(input\): .*unexpected .*'inplace\'"),
    "torch's, not here": (lambda: F.conv2d(M, M, dilation=2), TypeError, "conv2d.* 'dilation'"),
    "of a method": (lambda: V.sum(keepdim=True), TypeError, "^sum.* unexpected .*'keepdim'"),
    "missing": (lambda: F.softmax(V), TypeError, r"^softmax\(\) missing .*'dim'"),
    "given twice":
    (lambda: F.subtract(V, V, **{FIRST: V}), TypeError, "^subtract.* multiple values"),
    "too many": (lambda: F.add(V, V, V), TypeError, "^add.*: too many positional arguments"),
    "text": (lambda: V + "a", TypeError,
             "^add: got a str, expected a minigen Tensor, an array or a number"),
    "None": (lambda: V * None, TypeError, "^multiply: "),
    "shapes of a sum": (lambda: V + np.ones(3), ValueError, r"^add: .*\(2,\).*\(3,\)"),
    "shapes of a product": (lambda: V @ np.ones((3, 2)), ValueError,
                            r"^matmul: .*\(2,\).*\(3, 2\)"),
    "shapes of a layer": (lambda: F.linear(M, np.ones((3, 3))), ValueError,
                          r"^linear: .*\(2, 2\).*\(3, 3\)"),
    "shapes of a loss": (lambda: F.mse_loss(V, np.ones((2, 1))), ValueError,
                         r"^mse_loss: .*\(2,\).*\(2, 1\)"),
    "reshape": (lambda: V.reshape(3), ValueError, r"^reshape: .*\(2,\)"),
    "axis": (lambda: V.sum(5), (ValueError, IndexError), "^sum: axis 5 is out of"),
    "index": (lambda: V[5], IndexError, "^getitem: .*5"),
    "axes": (lambda: M.transpose(0, 0, 1), ValueError, "^transpose: "),
    "joined": (lambda: F.concatenate([V, M]), ValueError, "concatenate: "),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_call_names_the_operation_and_what_came(name):
    call, error, message = WRONG[name]
    with pytest.raises(error, match=message):
        call()


@pytest.mark.numpy_only("has arrays of both libraries, made before and within")
def test_arrays_of_two_libraries_are_an_error_that_names_both():
    there = None
    with strict_cupy.installed() as cupy:
        there = mg.tensor(np.ones(2), requires_grad=True)
        for mixed in (lambda: V * there, lambda: there + np.ones(2),
                      lambda: F.linear(M, there.reshape(1, 2))):
            with pytest.raises(mg.BackendError,
                               match=r"numpy\(2.*cupy\w*\(|cupy\w*\(.*numpy\(2.*minigen.tensor"):
                mixed()
        assert type((there * 2).data) is cupy.ndarray
