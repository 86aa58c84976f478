"""The arrays of every test are of the library in use: what `np` is in a test that runs on CuPy.

A test makes its arrays with NumPy, np.ones(3) or np.random.default_rng(0).random(3). On NumPy that
is all. On CuPy (see conftest.py) NumPy still computes them, on the host, and each is then moved by
minigen.backend.asarray; and what a test gives to a function of np, say an array of CuPy to
np.testing.assert_allclose, is brought to the host first. Arrays that a test module or the
parameters of a test hold are moved as well. So a test reads as a user writes, and minigen is given
arrays of one library, as it demands.
"""

import contextlib
import functools
import sys
import types

import numpy

import minigen as mg
from strict_cupy_rules import DTYPES

def moved(x):
    """x, with the arrays in it in the library in use."""
    return _each(x, lambda a: mg.backend.asarray(a) if a.dtype.name in DTYPES else a,
                 numpy.ndarray)


def on_the_host(x):
    """x, with the arrays in it as arrays of NumPy."""
    return _each(x, mg.to_numpy, mg.backend.xp.ndarray)


def _each(x, change, kind):
    if isinstance(x, kind):
        return change(x)
    if type(x) is dict:
        parts = {name: _each(part, change, kind) for name, part in x.items()}
        return parts if any(parts[name] is not part for name, part in x.items()) else x
    if isinstance(x, (list, tuple)):
        parts = [_each(part, change, kind) for part in x]
        if any(part is not old for part, old in zip(parts, x)):
            return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    return x                    # itself, if there are no arrays in it


class HostNumPy:
    """NumPy, a part of it (np.random) or a generator: functions take arrays of either library and
    give arrays of the one in use."""

    def __init__(self, original):
        self._original = original

    def __getattr__(self, name):
        value = getattr(self._original, name)
        if value is numpy.ndarray:
            return mg.backend.xp.ndarray
        if isinstance(value, types.ModuleType) or isinstance(value, numpy.random.Generator):
            return HostNumPy(value)
        return _crossing(value) if callable(value) and not isinstance(value, type) else value


def _crossing(function):
    @functools.wraps(function, updated=())
    def call(*args, **kwargs):
        given = [_uncrossed(on_the_host(x)) for x in args]
        result = function(*given, **{name: on_the_host(x) for name, x in kwargs.items()})
        return HostNumPy(result) if isinstance(result, numpy.random.Generator) else moved(result)
    return call


def _uncrossed(x):
    """A function that NumPy is given to call: what it returns has to be on the host."""
    if isinstance(x, types.FunctionType):
        return lambda *args: on_the_host(x(*moved(args)))
    return x


def crossed(x):
    """x as a test is to have it: NumPy and its generators crossing, arrays moved."""
    if x is numpy or isinstance(x, numpy.random.Generator):
        return HostNumPy(x)
    if callable(x) and getattr(x, "__module__", None) == "numpy" and not isinstance(x, type):
        return _crossing(x)
    return moved(x)


@contextlib.contextmanager
def arrays_moved(module):
    """While a test of this module runs: its `np`, its arrays and its generators are crossing, and
    so is the `np` of the test modules whose helpers it may use."""
    changed = []
    for other in [module for name, module in sys.modules.items() if name.startswith("test_")]:
        for name, value in list(vars(other).items()):
            if value is numpy or (other is module and not name.startswith("__")):
                changed.append((vars(other), name, value, crossed(value)))
    for space, name, _, after in changed:
        space[name] = after
    try:
        yield
    finally:
        for space, name, before, after in changed:
            if space.get(name) is after:
                space[name] = before
