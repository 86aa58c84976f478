"""PyTorch's answers, and whether minigen gives the same. Nothing here imports PyTorch.

An answer is a dictionary of arrays: `value`, the `gradients` for `grad_outputs`, and `second`, the
gradients of ⟨gradients, directions⟩ with respect to every input and to grad_outputs. The oracle
tests make answers live; record.py writes some to answers.npz, and tests/test_references.py reads
them where PyTorch is not installed.
"""

import json
import os
import pathlib

import numpy as np

import minigen as mg

PATH = pathlib.Path(__file__).with_name("answers.npz")
# Relative to the largest element of what is compared, or to 1 if that is larger.
TOLERANCE = {"float64": 1e-10, "float32": 2e-5}


def is_float(x):
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def close(found, expected, tolerance, what):
    """Same shape, same dtype, and equal to `tolerance` of the largest expected element, or of 1."""
    found = mg.to_numpy(found)
    assert found.shape == expected.shape and found.dtype == expected.dtype, \
        f"{what}: got {found.dtype} {found.shape}, expected {expected.dtype} {expected.shape}"
    largest = max(1.0, np.abs(expected).max(initial=0)) if expected.dtype.kind == "f" else 1.0
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * largest, err_msg=what)


def call(name):
    """A function of minigen.functional that takes the arrays of a list one by one, and parameters
    directly behind the input."""
    function = getattr(mg.functional, name)
    if name in ("concatenate", "stack"):
        return lambda *arrays, **options: function(list(arrays), **options)
    return with_parameters(function) if name.endswith("_norm") else function


def with_parameters(function):
    """A normalisation with weight and bias directly behind the input."""
    def normalise(x, weight=None, bias=None, **options):
        return function(x, weight=weight, bias=bias, **options)
    return normalise


def leaf_or_array(x):
    """A float array as a leaf of its own dtype, other arrays in the library in use, everything else
    as it is."""
    if is_float(x):
        return mg.Tensor(mg.backend.asarray(x.copy()), requires_grad=True)
    if isinstance(x, np.ndarray):
        return mg.backend.asarray(x)
    return tuple(map(leaf_or_array, x)) if isinstance(x, tuple) else x


def check(function, inputs, options, answer, tolerance):
    """Raise unless `function(*inputs, **options)` gives this answer; the gradients both computed
    and recorded."""
    x = [leaf_or_array(a) for a in inputs]
    options = {name: mg.backend.asarray(a.copy()) if is_float(a) else leaf_or_array(a)
               for name, a in options.items()}
    y = function(*x, **options)
    close(y, answer["value"], tolerance, "value")
    for name, a in answer["options"].items():        # running statistics are written in place
        close(options[name], a, tolerance, f"{name} afterwards")
    leaves = [a for a in x if isinstance(a, mg.Tensor)]
    grad_outputs = leaf_or_array(answer["grad_outputs"])
    for i, (a, b) in enumerate(zip(mg.grad(y, leaves, grad_outputs), answer["gradients"],
                                   strict=True)):
        close(a, b, tolerance, f"gradient of input {i}")
    if not answer["second"]:
        return
    found = mg.grad(y, leaves, grad_outputs, create_graph=True)
    for i, (a, b) in enumerate(zip(found, answer["gradients"])):
        close(a, b, tolerance, f"recorded gradient of input {i}")
    directions = [leaf_or_array(d) for d in answer["directions"]]
    names = [*(f"input {i}" for i in range(len(leaves))), "grad_outputs"]
    for name, leaf, b in zip(names, [*leaves, grad_outputs], answer["second"], strict=True):
        second = grad_or_zero(found, leaf, directions)
        close(second, b, 20 * tolerance, f"gradient of the gradient with respect to {name}")


def grad_or_zero(outputs, leaf, grad_outputs=None):
    """mg.grad for a second gradient: one that is zero everywhere may be absent from the graph."""
    g, = mg.grad(outputs, leaf, grad_outputs, allow_unused=True)
    return np.zeros(leaf.shape, leaf.dtype) if g is None else g


# ----------------------------------------------------------------------------------------- the file

def save(records):
    """Write `records` (dictionaries, lists, tuples, arrays, slices, numbers, text) as one text and
    one flat array."""
    numbers, size = [], 0

    def put(value):
        nonlocal size
        if isinstance(value, (np.ndarray, np.generic)):
            value = np.asarray(value)
            numbers.append(value.astype("float64").ravel())
            size += value.size
            return {"array": [size - value.size, list(value.shape), str(value.dtype)]}
        if isinstance(value, (tuple, slice)):
            parts = (value.start, value.stop, value.step) if isinstance(value, slice) else value
            return {type(value).__name__: [put(part) for part in parts]}
        if value is Ellipsis:
            return {"ellipsis": []}
        if isinstance(value, dict):
            return {"dict": [[name, put(part)] for name, part in value.items()]}
        return [put(part) for part in value] if isinstance(value, list) else value

    text = json.dumps(put(records))
    unfinished = PATH.with_suffix(".tmp.npz")
    np.savez_compressed(unfinished, text=np.array(text.encode()), numbers=np.concatenate(numbers))
    os.replace(unfinished, PATH)


def load():
    """What save was given."""
    with np.load(PATH) as file:
        text, numbers = file["text"].item(), file["numbers"]

    def take(value):
        if isinstance(value, list):
            return [take(part) for part in value]
        if not isinstance(value, dict):
            return value
        (kind, parts), = value.items()
        if kind == "array":
            start, shape, dtype = parts
            return numbers[start:start + int(np.prod(shape))].reshape(shape).astype(dtype)
        if kind == "dict":
            return {name: take(part) for name, part in parts}
        make = {"tuple": tuple, "slice": lambda p: slice(*p), "ellipsis": lambda p: ...}[kind]
        return make(take(parts))

    return take(json.loads(text))
