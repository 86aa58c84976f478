"""PyTorch's answers, live: its value, its gradients for random grad_outputs, and the gradients of
those.

With grad_outputs of ones a mistake in softmax or batch normalisation would not show: their
gradients then sum to 0. What is done with an answer is in tests/references/answers.py.
"""

import numpy as np
import torch

from counterparts import to_torch
from references.answers import TOLERANCE, check, is_float
from references.answers import close as close_arrays

torch.set_num_threads(1)


def numpy(x):
    """Tensors as arrays, alone or in lists and dictionaries."""
    if isinstance(x, dict):
        return {name: numpy(value) for name, value in x.items()}
    if isinstance(x, (list, tuple)):
        return [numpy(value) for value in x]
    return x.detach().numpy(force=True) if isinstance(x, torch.Tensor) else x


def close(found, expected, tolerance, what):
    """references.answers.close, where either may be a tensor of torch's."""
    close_arrays(found, numpy(expected), tolerance, what)


def torch_answer(theirs, inputs, options, second=True, seed=0):
    """What torch makes of `theirs(*inputs, **options)`: float inputs have gradients, float arrays
    in options do not."""
    rng = np.random.default_rng(seed)
    x = [to_torch(a).requires_grad_() if is_float(a) else to_torch(a) for a in inputs]
    options = {name: to_torch(a) if is_float(a) else a for name, a in options.items()}
    y = theirs(*x, **options)
    leaves = [a for a in x if isinstance(a, torch.Tensor) and a.requires_grad]
    grad_outputs = torch.tensor(rng.standard_normal(y.shape), dtype=y.dtype, requires_grad=True)
    gradients = torch.autograd.grad(y, leaves, grad_outputs, create_graph=second)
    directions = [torch.tensor(rng.standard_normal(a.shape), dtype=a.dtype) for a in leaves]
    written = {name: a for name, a in options.items() if isinstance(a, torch.Tensor)}
    answer = dict(value=y, options=written, grad_outputs=grad_outputs, gradients=gradients,
                  directions=directions, second=[])
    if second:
        pairs = [(g, d) for g, d in zip(gradients, directions) if g.requires_grad]
        wanted = [*leaves, grad_outputs]
        found = [None] * len(wanted)
        if pairs:
            outputs, starts = zip(*pairs)
            found = torch.autograd.grad(outputs, wanted, starts, allow_unused=True)
        answer["second"] = [torch.zeros_like(a) if g is None else g for a, g in zip(wanted, found)]
    return {name: numpy(part) for name, part in answer.items()}


def in_dtype(arguments, dtype):
    """Inputs (a list) or options (a dictionary) with their float arrays in `dtype`."""
    if isinstance(arguments, dict):
        return dict(zip(arguments, in_dtype(list(arguments.values()), dtype)))
    return [x.astype(dtype) if is_float(x) else x for x in arguments]


def agree(ours, theirs, inputs, options=None, dtype="float64", second=True, seed=0):
    """Raise unless minigen's `ours(*inputs, **options)` answers as torch's `theirs(...)` does."""
    inputs, options = in_dtype(inputs, dtype), in_dtype(options or {}, dtype)
    answer = torch_answer(theirs, inputs, options, second, seed)
    check(ours, inputs, options, answer, TOLERANCE[dtype])
