"""Long calls of a program cut in two, for two threads: a large product, where that gives the same
bits, and a long elementwise call."""

import functools

import numpy

from .waits import waits_for

_LARGE = 200e-6         # seconds of a product that is worth cutting
_LONG = 60e-6           # ... and of an elementwise call


def in_halves(call, changed, time):
    """[(call, what it changes, seconds)], or two of them, for two threads."""
    function, arguments = call
    operation = getattr(function, "func", function)
    if time >= _LARGE and operation is numpy.dot and [x.ndim for x in arguments] == [2, 2]:
        halves = _halves_of_product(*arguments, *changed)
    elif time >= _LONG and _is_elementwise(operation) and changed[0].ndim:
        halves = _halves_of_array(function, arguments, *changed)
    else:
        halves = None
    return [(*half, time / 2) for half in halves] if halves else [(call, changed, time)]


def _is_elementwise(operation):
    ufunc = isinstance(operation, numpy.ufunc) and operation.signature is None      # no matmul
    return ufunc or operation is numpy.copyto


def _halves_of_product(x, w, y):
    """The columns of x @ w, cut in two; None where that gives other bits."""
    middle = (w.shape[1] // 2 + 15) // 16 * 16
    parts = slice(0, middle), slice(middle, None)
    a, b, whole, cut = _random(x), _random(w), numpy.empty_like(y), numpy.empty_like(y)
    numpy.dot(a, b, out=whole)
    for part in parts:
        numpy.matmul(a, b[:, part], out=cut[:, part])
    if whole.tobytes() == cut.tobytes():
        return [((functools.partial(numpy.matmul, out=y[:, part]), (x, w[:, part])), [y[:, part]])
                for part in parts]


def _halves_of_array(function, arguments, y):
    """An elementwise call that fills y, cut in two along the axis that is slowest in memory; None
    where one half would change what the other reads."""
    axis = max(range(y.ndim), key=lambda axis: y.strides[axis])
    middle, halves = y.shape[axis] // 2, []
    for part in (slice(0, middle), slice(middle, None)):
        def half(x):
            along = getattr(x, "ndim", 0) == y.ndim and x.shape[axis] == y.shape[axis]
            return x[(slice(None),) * axis + (part,)] if along else x

        options = {name: half(x) for name, x in getattr(function, "keywords", {}).items()}
        smaller = functools.partial(getattr(function, "func", function), **options)
        halves.append(((smaller, tuple(map(half, arguments))), [half(y)]))
    return None if any(waits_for(*zip(*halves))) else halves


def _random(like):
    """Numbers that lie in memory as those of `like` do."""
    array = numpy.empty_like(like)
    array[...] = numpy.random.default_rng(0).random(like.shape, "float32")
    return array
