"""minigen.functional against PyTorch, live: values, gradients and gradients of gradients over drawn shapes and arguments.

What is random is drawn in counterparts.py from fixed seeds; here are the comparison, torch's defaults and refusals, and the
places where an average draw never comes: ties, corners and logits of ten thousand.
"""

import inspect
import re

import numpy as np
import pytest
import torch

import minigen as mg
from agreement import agree
from counterparts import NO_COUNTERPART, OPERATIONS, T, ours

pytestmark = pytest.mark.oracle
F = mg.functional


def test_every_operation_has_a_counterpart_or_a_reason():
    assert set(F.__all__) == OPERATIONS.keys() | NO_COUNTERPART.keys()


@pytest.mark.parametrize("name", OPERATIONS)
def test_value_gradient_and_second_gradient(name):
    draw, theirs = OPERATIONS[name]
    for seed in range(12):
        inputs, options = draw(np.random.default_rng(seed))
        try:
            agree(ours(name), theirs, inputs, options, seed=seed)
        except Exception as error:
            raise AssertionError(f"{name}, draw {seed}, {[np.shape(x) for x in inputs]}, {options}") from error


@pytest.mark.parametrize("name", OPERATIONS)
def test_float32_stays_float32(name):
    draw, theirs = OPERATIONS[name]
    for seed in (100, 101):
        inputs, options = draw(np.random.default_rng(seed))
        agree(ours(name), theirs, inputs, options, dtype="float32", seed=seed)
