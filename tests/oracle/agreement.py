"""One comparison for every operation: minigen and PyTorch on the same arrays, to the gradient of the gradient.

`agree` compares the value; the gradient of every float input for a random cotangent, both as plain arrays and recorded
(`create_graph`); then, for random directions, the gradient of those gradients with respect to every input and to the
cotangent. Ones as a cotangent would hide softmax and batch normalisation, whose gradients sum to nothing.
"""

import numpy as np
import torch

import minigen as mg
from counterparts import to_torch

torch.set_num_threads(1)
TOLERANCE = {"float64": 1e-10, "float32": 2e-5}         # of the largest element of what is compared, and of 1


def close(found, expected, tolerance, what):
    """Same shape, same dtype, and equal to `tolerance` of the largest expected element (not less than of 1)."""
    expected = expected.detach().numpy(force=True) if isinstance(expected, torch.Tensor) else expected
    found = mg.to_numpy(found)
    assert found.shape == expected.shape and found.dtype == expected.dtype, \
        f"{what}: minigen {found.dtype} {found.shape}, torch {expected.dtype} {expected.shape}"
    largest = max(1.0, np.abs(expected).max(initial=0)) if expected.dtype.kind == "f" else 1.0
    np.testing.assert_allclose(found, expected, rtol=0, atol=tolerance * largest, err_msg=what)


def is_float(x):
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def cast(x, dtype):
    return x.astype(dtype) if is_float(x) else x


def agree(ours, theirs, inputs, options=None, dtype="float64", second=True, seed=0):
    """Raise unless `ours(*inputs, **options)` and `theirs(...)` agree in value and gradients; see the top of this file."""
    rng, tolerance, options = np.random.default_rng(seed), TOLERANCE[dtype], options or {}
    inputs = [cast(x, dtype) for x in inputs]
    options = {name: cast(x, dtype) for name, x in options.items()}
    x = [mg.tensor(a, requires_grad=True) if is_float(a) else a for a in inputs]
    u = [to_torch(a).requires_grad_() if is_float(a) else to_torch(a) for a in inputs]
    our_options = {name: a.copy() if isinstance(a, np.ndarray) else a for name, a in options.items()}
    their_options = {name: to_torch(a) if is_float(a) else a for name, a in options.items()}
    y, v = ours(*x, **our_options), theirs(*u, **their_options)
    close(y, v, tolerance, "value")
    for name, a in our_options.items():
        if is_float(a):
            close(a, their_options[name], tolerance, f"{name} afterwards")

    leaves = [a for a in x if isinstance(a, mg.Tensor)]
    their_leaves = [a for a in u if isinstance(a, torch.Tensor) and a.requires_grad]
    cotangent = np.asarray(rng.standard_normal(y.shape), dtype)
    g, h = mg.tensor(cotangent, requires_grad=True), torch.tensor(cotangent, requires_grad=True)
    expected = torch.autograd.grad(v, their_leaves, h, create_graph=True)
    for i, (a, b) in enumerate(zip(mg.grad(y, leaves, cotangent), expected)):
        close(a, b, tolerance, f"gradient of input {i}")
    if not second:
        return
    found = mg.grad(y, leaves, g, create_graph=True)
    for i, (a, b) in enumerate(zip(found, expected)):
        close(a, b, tolerance, f"recorded gradient of input {i}")

    directions = [np.asarray(rng.standard_normal(a.shape), dtype) for a in leaves]
    pairs = [(a, torch.tensor(d)) for a, d in zip(expected, directions) if a.requires_grad]
    expected = torch.autograd.grad([a for a, _ in pairs], their_leaves + [h], [d for _, d in pairs], allow_unused=True) if pairs else [None] * (len(leaves) + 1)
    for i, (leaf, b) in enumerate(zip(leaves + [g], expected)):
        what = f"gradient of the gradient with respect to {f'input {i}' if leaf is not g else 'the cotangent'}"
        try:
            a = mg.grad(found, leaf, directions)[0]
        except RuntimeError as error:           # by the contract, a second gradient that is zero everywhere may be absent
            assert "no output depends" in str(error), what
            a = np.zeros(leaf.shape, dtype)
        close(a, np.zeros(leaf.shape, dtype) if b is None else b, 20 * tolerance, what)
