"""Every test starts from the same seed, dtype and backend.

    pytest                                  on NumPy
    MINIGEN_BACKEND=cupy pytest             the same tests on a GPU
    MINIGEN_BACKEND=strict-cupy pytest      the same tests on the strict stand-in for CuPy

On CuPy the arrays that a test makes are moved over (host_numpy.py). Two marks, on a test or on a
whole file, make exceptions: host_arrays leaves a test's arrays where they are, since what it tests
takes NumPy's on every backend (data, metrics, checkpoints), or since it moves them itself; and
numpy_only("why") is skipped there, and so counted.
"""

import contextlib
import os
import pathlib
import sys

# the arrays here are small, and pytest -n 2 fills both cores; read at NumPy's import
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

TESTS = pathlib.Path(__file__).parent
STAND_IN = [str(TESTS / "stand_in"), str(TESTS)]
if os.environ.get("MINIGEN_BACKEND") == "strict-cupy":      # the processes that tests start, and
    inherited = os.environ.get("PYTHONPATH", "")            # pytest's own workers, find it too
    os.environ["PYTHONPATH"] = os.pathsep.join([*STAND_IN, inherited])
    os.environ["MINIGEN_BACKEND"] = "cupy"
if STAND_IN[0] in os.environ.get("PYTHONPATH", "").split(os.pathsep):
    sys.path[:0] = STAND_IN

import pytest
from host_numpy import arrays_moved, crossed

import minigen as mg

ON_CUPY = os.environ.get("MINIGEN_BACKEND") == "cupy"


@pytest.fixture(autouse=True)
def fresh_state(request):
    mg.seed(0)
    with arrays_moved(request.module) if _are_moved(request.node) else contextlib.nullcontext():
        yield
    mg.set_default_dtype("float32")


def _are_moved(item):
    """Whether the arrays of a test are CuPy's."""
    return ON_CUPY and not item.get_closest_marker("host_arrays")


def pytest_runtest_setup(item):
    mark = item.get_closest_marker("numpy_only")
    if mark and ON_CUPY:
        pytest.skip(f"about NumPy alone: {mark.args[0]}")


def pytest_pyfunc_call(pyfuncitem):
    """The arrays among a test's parameters, too; returns None, and pytest goes on to call it."""
    if _are_moved(pyfuncitem):
        pyfuncitem.funcargs.update({name: crossed(x) for name, x in pyfuncitem.funcargs.items()})
