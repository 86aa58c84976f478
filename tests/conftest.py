"""Every test starts from the same seed, dtype and backend."""

import os

# the arrays here are small, and pytest -n 2 fills both cores; read at NumPy's import
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

import minigen as mg


@pytest.fixture(autouse=True)
def fresh_state():
    mg.seed(0)
    yield
    mg.set_default_dtype("float32")
