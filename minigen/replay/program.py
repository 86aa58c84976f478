"""The list of calls that a compiled step consists of, and its memory.

What is only a view (a transpose, a slice) is no call: memory stays where it is, so the view made
while recording stays right.
"""

import functools
import time

import numpy

from .. import parallel, random
from ..memory import owner_of
from ..modes import during, mode
from .arrays import Array, CompileError, arrays_in, plain
from .schedule import scheduled
from .waits import CHECKED, IN_ORDER


class Program:
    """`calls`: pairs (function, arguments), to be called one after the other.  effects: of each
    the arrays that it changes.  own: the ids of the arrays that are the program's own memory.
    optimizers: the attributes of those whose numbers are made anew at every replay.

    Memory is used again when nothing in the step refers to it any more, as in an ordinary run:
    `pools` has the free blocks of each size. (The one that is free for longest first: whoever
    writes to a block waits for whoever reads it, and that may be another thread.)"""

    def __init__(self):
        self.calls, self.effects, self.pools, self.optimizers = [], [], {}, []
        self.own = set()
        self.seconds = None             # the shortest time of each call so far
        self.shared = None              # makes the calls by several threads, see schedule.py

    def replay(self):
        if self.shared is None:
            for function, arguments in self.calls:
                function(*arguments)
        else:
            self.shared()

    def replay_timed(self):
        """The same, one after the other, and by the clock."""
        times = [time.perf_counter()]
        for function, arguments in self.calls:
            function(*arguments)
            times.append(time.perf_counter())
        seconds = numpy.diff(times)
        self.seconds = seconds if self.seconds is None else numpy.minimum(self.seconds, seconds)

    def share(self):
        """From now on by several threads, where that is quicker."""
        if parallel.threads() > 1 and self.calls:
            self.shared = scheduled(self.calls, self.effects, self.seconds, self.own)

    def note(self, function, arguments, *changed):
        self.calls.append((function, arguments))
        self.effects.append(changed)

    def memory(self, like):
        """A new array of the shape, dtype and order in memory of `like`, a dense one."""
        pool = self.pools.setdefault(like.nbytes, [])
        block = pool.pop(0) if pool else _aligned(like.nbytes)
        self.own.add(id(owner_of(block)))
        return Array(numpy.ndarray(like.shape, like.dtype, block, 0, like.strides), None, pool)

    def call(self, function, *arguments, **options):
        """Carry out function(*arguments, **options), and note it unless the result is a view."""
        given, named = plain(arguments), plain(options)
        y = function(*given, **named)
        y = numpy.asarray(y) if isinstance(y, numpy.generic) else y
        if not isinstance(y, numpy.ndarray):
            raise CompileError(f"a compiled step called numpy.{function.__name__}, which returned "
                               f"a {type(y).__name__}: only arrays can be recorded")
        for x in arrays_in(arguments):
            if y.base is not None and numpy.may_share_memory(x.array, y):
                return Array(y, x if x.root is None else x.root)
        result = self.memory(numpy.empty_like(y))
        result.array[...] = y
        if isinstance(function, numpy.ufunc) and not named:
            self._ufunc(function, given, result.array)
        elif function is numpy.reshape:                 # not a view: a copy, row by row
            target = result.array.reshape(given[0].shape)
            self.note(numpy.copyto, (target, given[0]), target)
        elif isinstance(function, numpy.ufunc) or function in _WITH_OUT:
            self.note(functools.partial(function, out=result.array, **named), given, result.array)
        else:
            self.note(_store, (result.array, function, given, named), result.array)
        return result

    def _ufunc(self, function, given, target):
        """Note the quickest form: the result by position, and a number as a 0-d array (of the
        arrays' dtype, which NumPy would make of it at every call)."""
        dtypes = {x.dtype for x in given if isinstance(x, numpy.ndarray)}
        if len(dtypes) == 1 and (dtype := dtypes.pop()).kind == "f":
            given = [numpy.array(x, dtype) if type(x) in (int, float) else x for x in given]
        if function in (numpy.maximum, numpy.minimum):              # these take no result so
            self.note(functools.partial(function, out=target), given, target)
        else:
            self.note(function, (*given, target), target)

    def reduce(self, ufunc, x, axis=None, keepdims=False):
        """Sum, product, extreme ... over axes."""
        y = numpy.asarray(ufunc.reduce(x.array, axis, None, None, keepdims))
        result = self.memory(numpy.empty_like(y))
        result.array[...] = y
        self.note(ufunc.reduce, (x.array, axis, None, result.array, keepdims), result.array)
        return result

    def into(self, function, arguments, options, target):
        """The same for a result that goes into memory that is there: y += x."""
        if isinstance(function, numpy.ufunc) and not options:
            function(*plain(arguments), out=plain(target))
            self._ufunc(function, plain(arguments), plain(target))
        else:
            call = functools.partial(function, **plain(options), out=plain(target))
            call(*plain(arguments))
            self.note(call, plain(arguments), plain(target))
        return target

    def write(self, function, arguments):
        """Carry out and note a call that writes to its first argument."""
        given = self._done(function, arguments)
        self.note(function, given, given[0])

    def checked(self, function, arguments):
        """See modes.checked."""
        self.note(function, self._done(function, arguments), CHECKED)

    def _done(self, function, arguments):
        """Carry out a call, which is not looked into; its arguments, as arrays of NumPy."""
        given = plain(arguments)
        with during([mode], "program", None):
            function(*given)
        return given

    def numbers(self, function, dtype):
        """See modes.anew."""
        arrays = [Array(numpy.array(value, dtype)) for value in function()]
        self.optimizers.append(vars(function.__self__))
        self.note(_write_anew, (function, plain(arrays)), *plain(arrays), IN_ORDER)
        return arrays

    def draw(self, method, size, dtype):
        """Random numbers: the same method of minigen's generator, at every replay."""
        result = self.memory(numpy.empty(size, dtype))
        _draw(method, result.array)
        self.note(_draw, (method, result.array), result.array, IN_ORDER)
        return result


def _aligned(size):
    """`size` bytes that begin where a line of the cache does."""
    block = numpy.empty(size + 64, "uint8")
    start = -block.ctypes.data % 64
    return block[start:start + size]


_WITH_OUT = {numpy.dot, numpy.einsum, numpy.concatenate, numpy.stack, numpy.clip, numpy.mean,
             numpy.var, numpy.std}              # the functions that can write to given memory


def _store(target, function, arguments, options):
    target[...] = function(*arguments, **options)


def _write_anew(function, arrays):
    for array, value in zip(arrays, function()):
        array.fill(value)


def _draw(method, target):
    generator = getattr(random.generator(), "generator", random.generator())
    getattr(generator, method)(dtype=target.dtype, out=target)
