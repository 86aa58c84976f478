"""How an operation is written and called: its rules below its value; numbers, lists and integers
answered as NumPy would; wrong calls told what came and what was expected."""

import ast
import pathlib

import numpy as np
import pytest

import minigen as mg
from minigen import functional as F

PACKAGE = pathlib.Path(mg.__file__).parent


def leaf(x, dtype="float64"):
    return mg.Tensor(np.asarray(x, dtype), requires_grad=True)


# -------------------------------------------------------------------------- how it is written

def is_operation(node):
    return isinstance(node, ast.FunctionDef) and any(
        getattr(decorator, "id", "") == "operation" for decorator in node.decorator_list)


def is_rules_of(node, name):
    return isinstance(node, ast.Expr) and ast.unparse(node).startswith(f"{name}.gradients(")


def far_from_their_rules(source):
    """The operations whose rules do not begin directly below them: not even a comment between."""
    body, lines = ast.parse(source).body, source.splitlines()
    for node, below in zip(body, [*body[1:], None]):
        if is_operation(node):
            between = lines[node.end_lineno:below.lineno - 1] if below else []
            if below is None or not is_rules_of(below, node.name) or any(map(str.strip, between)):
                yield node.name


FILES = [*sorted((PACKAGE / "functional").glob("*.py")), PACKAGE / "autograd.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_rules_of_an_operation_stand_directly_below_its_value(path):
    assert [*far_from_their_rules(path.read_text(encoding="utf-8"))] == []


def test_rules_elsewhere_are_noticed():
    f, g = "@operation\ndef f(x):\n    return x\n", "@operation\ndef g(x):\n    return x\n"
    rules = "f.gradients(lambda g, y, x: g)\n"
    assert [*far_from_their_rules(f + "\n" + rules)] == []
    assert [*far_from_their_rules(f + g + rules)] == ["f", "g"]
    assert [*far_from_their_rules(f + "# why\n" + rules)] == ["f"]


# --------------------------------------------------------- numbers, lists and integers, as NumPy

UNARY = ["negative", "exp", "log", "log1p", "sqrt", "square", "sin", "cos", "abs", "relu",
         "leaky_relu", "softplus", "logsigmoid", "sigmoid", "tanh",
         "sum", "mean", "var", "std", "max", "min", "logsumexp", "transpose"]
LOSSES = ["mse_loss", "l1_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits"]
GIVEN = [0.5, 1, [0.5, 0.25], [1, 0], [[1, 1], [0, 1]], np.float32(0.5), np.array([1, 0]),
         np.array([[1, 0]], "int32")]


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")        # log 0
@pytest.mark.parametrize("given", GIVEN, ids=repr)
@pytest.mark.parametrize("name", UNARY)
def test_numbers_lists_and_integers_are_answered_as_their_array(name, given):
    found, expected = getattr(F, name)(given), getattr(F, name)(np.asarray(given, "float64"))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("given", GIVEN, ids=repr)
@pytest.mark.parametrize("name", LOSSES)
def test_losses_of_numbers_lists_and_integers(name, given):
    found = getattr(F, name)(given, given)
    array = np.asarray(given, "float64")
    np.testing.assert_allclose(found, getattr(F, name)(array, array), rtol=1e-6)


@pytest.mark.parametrize("name", LOSSES)
def test_a_list_as_a_target_counts_its_elements_also_in_a_recorded_gradient(name):
    x, target = leaf([0.5, 0.25, 0.75]), [1.0, 0.0, 1.0]
    expected = mg.grad(getattr(F, name)(x, np.array(target)), x)[0].numpy()
    found, = mg.grad(getattr(F, name)(x, target), x, create_graph=True)
    np.testing.assert_array_equal(found.numpy(), expected)


LIST = [[[1.0, 2.0], [3.0, 4.0]]]
ON_LISTS = {
    "softmax": lambda x: F.softmax(x, 1), "log_softmax": lambda x: F.log_softmax(x, -1),
    "reshape": lambda x: F.reshape(x, (4,)),
    "broadcast_to": lambda x: F.broadcast_to(x, (3, 1, 2, 2)),
    "getitem": lambda x: F.getitem(x, 0), "scatter": lambda x: F.scatter(x, 0, (2, 1, 2, 2)),
    "concatenate": lambda x: F.concatenate([x, x], 1), "stack": lambda x: F.stack([x, x], 1),
    "pad": lambda x: F.pad(x, (1, 2)), "interpolate": lambda x: F.interpolate(x, scale_factor=2),
    "embedding": lambda x: F.embedding([0, 0], x), "linear": lambda x: F.linear(x, [[1.0, 2.0]]),
    "matmul": lambda x: F.matmul(x, x), "dropout": lambda x: F.dropout(x, 0.0),
    "where": lambda x: F.where([True, False], x, 0.0), "clip": lambda x: F.clip(x, 1.5, 3.5),
    "maximum": lambda x: F.maximum(x, 2.0), "power": lambda x: F.power(x, 2),
    "cross_entropy": lambda x: F.cross_entropy(x[0], [1, 0]),
    "nll_loss": lambda x: F.nll_loss(x[0], [1, 0]),
}


@pytest.mark.parametrize("name", ON_LISTS)
def test_a_list_is_the_array_that_numpy_makes_of_it(name):
    np.testing.assert_array_equal(ON_LISTS[name](LIST), ON_LISTS[name](np.array(LIST)))


@pytest.mark.parametrize("name", ["cross_entropy", "nll_loss"])
def test_labels_may_be_a_list(name):
    x = leaf(np.random.default_rng(0).standard_normal((3, 4)))
    ours, theirs = getattr(F, name)(x, [0, 3, 1]), getattr(F, name)(x, np.array([0, 3, 1]))
    assert ours.item() == theirs.item()
    np.testing.assert_array_equal(mg.grad(ours, x)[0].numpy(), mg.grad(theirs, x)[0].numpy())


# ------------------------------------------------------------------------------- wrong calls

X = np.ones((2, 3))
WRONG = {
    "sum of None": (lambda: F.sum(None), TypeError, "^sum: got None, expected a Tensor"),
    "pad of None": (lambda: F.pad(None, (1, 1)), TypeError, "^pad: got None, expected a Tensor"),
    "loss of None": (lambda: F.mse_loss(X, None), TypeError, "^mse_loss: got None, expected"),
    "logits None": (lambda: F.cross_entropy(None, [0]), TypeError, "^cross_entropy: got None, exp"),
    "dropout of text": (lambda: F.dropout("a"), TypeError, "^dropout: got 'a', expected a Tensor"),
    "ragged list": (lambda: F.embedding([[1], [1, 0]], X), TypeError, "^embedding: "),
    "a rate of 1": (lambda: F.dropout(X, 1.0), ValueError, "^dropout: got p = 1.0, expected 0 <="),
    "a rate in words": (lambda: F.dropout(X, "half"), ValueError, "^dropout: got p = 'half', exp"),
    "a slope in words": (lambda: F.leaky_relu(X, "steep"), ValueError, "^leaky_relu: .*'steep'"),
    "many slopes": (lambda: F.leaky_relu(X, X), TypeError, "^leaky_relu: only .* Python scalars"),
    "an array to join": (lambda: F.concatenate(X), ValueError,
                         r"^concatenate: got float64 \(2, 3\), expected a list of one or more"),
    "nothing to join": (lambda: F.stack([]), ValueError, "^stack: got an empty list, expected"),
    "no axis": (lambda: F.concatenate([X], None), ValueError,
                "^concatenate: got axis None, expected"),
    "shapes to stack": (lambda: F.stack([X, X[0]]), ValueError,
                        r"^stack: got shapes \(2, 3\), \(3,\), expected arrays of one shape"),
    "axis to stack": (lambda: F.stack([X], None), ValueError,
                      r"^stack: got axis None for arrays of shape \(2, 3\), expected .* -3 to 2"),
    "half a border": (lambda: F.pad(X, (1,)), ValueError, r"^pad: got \(1,\) .*\(2, 3\), expected"),
    "border of halves": (lambda: F.pad(X, (0.5, 1)), ValueError, r"^pad: got \(0.5, 1\) for an i"),
    "border in words": (lambda: F.pad(X, ("a", 1)), ValueError, r"^pad: got \('a', 1\) for an inp"),
    "an image to scale": (lambda: F.interpolate(X, scale_factor=2), ValueError,
                          r"^interpolate: got an input of shape \(2, 3\), expected \(N, C, length"),
    "a way to scale": (lambda: F.interpolate(X[None], scale_factor=2, mode="linear"), ValueError,
                       "^interpolate: got mode 'linear', expected \"nearest\""),
    "indices": (lambda: F.embedding(X, X), TypeError,
                "^embedding: got indices of float64, expected integers"),
    "an index": (lambda: F.embedding([0, 2], X), IndexError,
                 "^embedding: got indices from 0 to 2, expected 0 to 1"),
    "a bias": (lambda: F.linear(X, X, X), ValueError,
               r"^linear: got a bias of shape \(2, 3\), expected \(2,\)"),
    "matrices": (lambda: F.matmul(X, X), ValueError,
                 r"^matmul: got shapes \(2, 3\) and \(2, 3\), expected \(\*, m, k\)"),
    "numbers": (lambda: F.matmul(2.0, X), ValueError, r"^matmul: got shapes \(\) and \(2, 3\), ex"),
    "a reduction": (lambda: F.l1_loss(X, X, reduction="avg"), ValueError,
                    "^l1_loss: got reduction 'avg', expected \"mean\""),
    "two shapes": (lambda: F.mse_loss(X, X[:, :1]), ValueError,
                   r"^mse_loss: input of shape \(2, 3\) against target of shape \(2, 1\)"),
    "labels in a Tensor": (lambda: F.cross_entropy(X, leaf([0, 1])), TypeError,
                           "^cross_entropy: got labels as a Tensor, expected an array or list"),
    "labels of floats": (lambda: F.cross_entropy(X, np.ones(2)), TypeError,
                         "^cross_entropy: got labels of float64, expected integers"),
    "a label": (lambda: F.nll_loss(X, [0, 3]), IndexError,
                "^nll_loss: got labels from 0 to 3, expected 0 to 2"),
    "classes": (lambda: F.cross_entropy(X[0], [0]), ValueError,
                r"^cross_entropy: input of shape \(3,\) and target of shape \(1,\), expected"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_call_names_the_operation_what_came_and_what_was_expected(what):
    call, error, message = WRONG[what]
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("factor", [0, -1, 1.5, None, "2", (2,), (2, 2, 2), (2, 1.5),
                                    np.inf, np.nan])
def test_a_scale_factor_is_whole_or_refused(factor):
    message = "^interpolate: got scale_factor .*, expected a whole number >= 1, or 2 of them"
    with pytest.raises(ValueError, match=message):
        F.interpolate(np.ones((1, 1, 2, 2)), scale_factor=factor)


@pytest.mark.parametrize("factor", [(2, 3), [2, 3], (2.0, np.int64(3))])
def test_each_axis_may_have_a_scale_factor_of_its_own(factor):
    x = leaf(np.arange(4.0).reshape(1, 1, 2, 2))
    y = F.interpolate(x, scale_factor=factor)
    np.testing.assert_array_equal(y.numpy(), x.numpy().repeat(2, 2).repeat(3, 3))
    np.testing.assert_array_equal(mg.grad(y, x, np.ones(y.shape))[0].numpy(), np.full(x.shape, 6.0))
