"""minigen against recorded answers of PyTorch: every operation, layer, loss and optimizer, without
PyTorch.

The answers are in references/answers.npz; references/record.py says how they were made.
"""

import inspect

import pytest

import minigen as mg
from references.answers import TOLERANCE, call, check, close, leaf_or_array, load

pytestmark = pytest.mark.host_arrays        # leaf_or_array moves them

F = mg.functional
RECORDS = load()


def named(kind):
    """The records of one kind, each under a name for the test."""
    return [
        pytest.param(r, id=f"{r['name']}-{r['dtype']}-{i}") for i, r in enumerate(RECORDS[kind])
    ]


def recorded(kind):
    return {record["name"] for record in RECORDS[kind]}


def test_nothing_that_torch_has_is_missing_from_the_records():
    assert set(F.__all__) == recorded("operations") | RECORDS["without_counterpart"].keys()
    assert set(mg.layers.__all__) == recorded("layers") | set(RECORDS["layers_without_counterpart"])
    classes = [value for value in vars(mg.optim).values() if inspect.isclass(value)]
    optimizers = {c.__name__ for c in classes
                  if issubclass(c, mg.optim.Optimizer) and c is not mg.optim.Optimizer}
    assert optimizers == recorded("optimizers")


@pytest.mark.parametrize("option, values, names", [
    ("reduction", ["mean", "sum", "none"],
     [name for name in F.__all__ if "loss" in name or "cross_entropy" in name]),
    ("training", [True, False], ["batch_norm"]),
    ("use_input_stats", [True, False], ["instance_norm"]),
    ("keepdims", [True, False], ["sum", "mean", "var", "max", "min", "logsumexp"]),
    ("ddof", [0, 1], ["var", "std"]),
])
def test_every_choice_is_recorded(option, values, names):
    for name in names:
        records = [r for r in RECORDS["operations"] if r["name"] == name]
        assert {r["options"].get(option) for r in records} >= set(values), name


@pytest.mark.parametrize("record", named("operations"))
def test_operation(record):
    tolerance = TOLERANCE[record["dtype"]]
    check(call(record["name"]), record["inputs"], record["options"], record["answer"], tolerance)


@pytest.mark.parametrize("record", named("layers"))
def test_layer(record):
    mg.set_default_dtype(record["dtype"])
    tolerance = TOLERANCE[record["dtype"]]
    layer = getattr(mg.layers, record["name"])(*record["arguments"], **record["options"])
    layer.load_state_dict(record["state"])
    x = leaf_or_array(record["input"])
    y = layer(x)
    close(y, record["value"], tolerance, "value")
    leaves = ([x] if isinstance(x, mg.Tensor) else []) + layer.parameters()
    found = mg.grad(y, leaves, leaf_or_array(record["grad_outputs"]))
    for i, (a, b) in enumerate(zip(found, record["gradients"], strict=True)):
        close(a, b, tolerance, f"gradient {i}")
    for name, array in layer.state_dict().items():
        close(array, record["state_after"][name], tolerance, f"{name} afterwards")
    close(layer.eval()(x), record["value_in_evaluation"], tolerance, "value in evaluation")


@pytest.mark.parametrize("record", named("optimizers"))
def test_optimizer(record):
    parameters = [leaf_or_array(a) for a in record["start"]]
    optimizer = getattr(mg.optim, record["name"])(parameters, **record["options"])
    for gradients, after in zip(record["gradients"], record["path"], strict=True):
        optimizer.step([leaf_or_array(g) for g in gradients])
        for p, expected in zip(parameters, after, strict=True):
            close(p, expected, TOLERANCE[record["dtype"]], "parameter")


def test_a_wrong_answer_is_noticed():
    record = next(r for r in RECORDS["operations"]
                  if r["name"] == "softmax" and r["dtype"] == "float64")
    answer = record["answer"]
    for wrong in (dict(value=answer["value"] + 1e-6), dict(value=answer["value"][None]),
                  dict(gradients=[answer["gradients"][0] + 1e-6]),
                  dict(second=[answer["second"][0] + 1e-6, answer["second"][1]])):
        answered = {**answer, **wrong}
        with pytest.raises(AssertionError):
            check(F.softmax, record["inputs"], record["options"], answered, TOLERANCE["float64"])
