"""Every test starts from the same seed, dtype and backend."""

import pytest

import minigen as mg


@pytest.fixture(autouse=True)
def fresh_state():
    mg.seed(0)
    yield
    mg.set_default_dtype("float32")
