"""Which thread makes which call of a program, and what it waits for: two halves of a large product,
a convolution's images, the pieces of an optimizer, the weight's and the input's gradient, D on real
and D on fake can be computed at once.

    halves      a large product is cut in two, where that gives the same bits, and a long
                elementwise call
    waits_for   two calls may be made at once if neither changes what the other uses; otherwise the
                later one waits
    dealt       the calls, dealt to the threads by the time that each took (list scheduling, Graham
                1969): the thread that is free first takes, of the calls that it could begin first,
                the one with the longest way to the end behind it
    shared      the threads make their calls; where one waits for a call of another thread, it
                sleeps on a lock

Every call is the one that was recorded, so that every bit is the same, by whichever thread and
whenever it is made. Calls that are IN_ORDER (random draws, counters) stay in their order. A check,
which may raise, divides what lasts: before it all earlier calls have changed the weights, and no
later one has; only the program's own memory may be ahead.
"""

import collections
import functools
import itertools
import threading

import numpy

from .. import parallel
from ..memory import owner_of

IN_ORDER = numpy.empty(1)       # no array of the program's: who changes it has to wait for who did
CHECKED = numpy.empty(1)        # a check changes it, and whoever changes what lasts has to read it
_MOST = 4               # threads: more of them would wait for the interpreter's lock
_LARGE = 200e-6         # seconds of a product that is worth cutting
_LONG = 60e-6           # ... and of an elementwise call
_WAKING = 25e-6         # seconds until a thread that sleeps goes on
_PASSING = 5e-6         # seconds by which each call takes longer: the interpreter's lock is passed
_GAIN = 0.8             # of the time of one thread; from there on sharing is not worth it


def scheduled(calls, effects, seconds, own=()):
    """A function that makes the calls, by several threads if that is quicker.

    effects: of each call the arrays that it changes.  seconds: the time that each took.  own: the
    ids of the arrays that are the program's own memory: nobody reads there after an error."""
    calls, effects, seconds = zip(*itertools.chain(*map(_halves, calls, effects, seconds)))
    waits, threads = waits_for(calls, effects, own), min(parallel.threads(), _MOST)
    lists, time = dealt(waits, seconds, threads)

    def in_order():
        for function, arguments in calls:
            function(*arguments)

    if time > _GAIN * sum(seconds):
        return in_order
    errors = []
    works = [functools.partial(_make, stretches, errors)
             for stretches in _stretches(calls, waits, lists)]

    def shared():
        errors.clear()
        if not parallel.at_once(works):         # the threads work for somebody else
            in_order()
        elif errors:
            raise errors[0]
    return shared


def _halves(call, changed, time):
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


# --------------------------------------------------------------------------- who waits for whom

def waits_for(calls, effects, own=()):
    """For each call the earlier ones that have to be done before it, a set of their numbers."""
    history = collections.defaultdict(list)     # of each block of memory: (call, array, is changed)
    waits = []
    for i, ((function, arguments), changed) in enumerate(zip(calls, effects)):
        earlier, new = set(), []
        for array, is_changed in _used(function, arguments, changed, own):
            entries = history[id(owner_of(array))]
            earlier |= {j for j, other, was_changed in entries
                        if (is_changed or was_changed) and _overlap(array, other)}
            if is_changed:                      # who waits for this one waits for those too
                entries[:] = [entry for entry in entries if not _covers(array, entry[1])]
            new.append((entries, (i, array, is_changed)))
        for entries, entry in new:
            entries.append(entry)
        waits.append(earlier)
    return waits


def _used(function, arguments, changed, own):
    """(array, is it changed) of all arrays of a call."""
    yield from [(array, True) for array in changed]
    if any(id(owner_of(array)) not in own for array in changed):
        yield CHECKED, False
    options = getattr(function, "keywords", {})
    yield from [(array, False) for array in _arrays([arguments, options])
                if not any(array is other for other in changed)]


def _arrays(x):
    if isinstance(x, dict):
        x = [*x.values()]
    if isinstance(x, (tuple, list)):
        return [array for part in x for array in _arrays(part)]
    return [x] if isinstance(x, numpy.ndarray) else []


def _overlap(a, b):
    (a_start, a_end), (b_start, b_end) = _bounds(a), _bounds(b)
    if a_end <= b_start or b_end <= a_start:
        return False
    try:
        return numpy.shares_memory(a, b, max_work=1000)
    except numpy.exceptions.TooHardError:
        return True


def _covers(a, b):
    (a_start, a_end), (b_start, b_end) = _bounds(a), _bounds(b)
    return a_start <= b_start and b_end <= a_end and a_end - a_start == a.nbytes


def _bounds(array):
    return numpy.lib.array_utils.byte_bounds(array)


# ------------------------------------------------------------------------- who makes which call

def dealt(waits, seconds, threads):
    """For each thread the numbers of its calls, in their order; and the seconds they will take."""
    followers = [[] for _ in waits]
    for i, earlier in enumerate(waits):
        for j in earlier:
            followers[j].append(i)
    way = [0.0] * len(waits)                    # from the begin of a call to the end of all
    for i in reversed(range(len(waits))):
        way[i] = seconds[i] + max([way[j] for j in followers[i]], default=0.0)

    lists, free = [[] for _ in range(threads)], [0.0] * threads
    end, thread_of, missing = {}, {}, [len(earlier) for earlier in waits]
    ready = {i for i, count in enumerate(missing) if not count}

    def begin(i, thread):
        return max([free[thread], *(end[j] + _WAKING * (thread_of[j] != thread)
                                    for j in waits[i])])

    while ready:
        thread = free.index(min(free))
        begins = {i: begin(i, thread) for i in ready}
        first = min(begins.values())
        i = max((i for i in sorted(ready) if begins[i] == first), key=way.__getitem__)
        thread = min(range(threads), key=lambda other: (begin(i, other), other != thread))
        ready.remove(i)
        end[i] = free[thread] = begin(i, thread) + seconds[i] + _PASSING
        thread_of[i] = thread
        lists[thread].append(i)
        for j in followers[i]:
            missing[j] -= 1
            if not missing[j]:
                ready.add(j)
    return lists, max(free)


def _stretches(calls, waits, lists):
    """For each thread its calls as stretches that no lock interrupts, a list of (locks to wait for,
    calls, locks to let go). There is a lock for each call that another thread has to wait for."""
    place = {i: (thread, at) for thread, numbers in enumerate(lists)
             for at, i in enumerate(numbers)}
    before, after = collections.defaultdict(list), collections.defaultdict(list)
    for thread, numbers in enumerate(lists):
        known = [-1] * len(lists)               # how far each other thread is known to be
        for i in numbers:
            for other, at in sorted((place[j] for j in waits[i]), reverse=True):
                if other != thread and at > known[other]:
                    known[other] = at
                    lock = threading.Lock()
                    lock.acquire()
                    before[i].append(lock)
                    after[lists[other][at]].append(lock)
    return [_joined(numbers, calls, before, after) for numbers in lists]


def _joined(numbers, calls, before, after):
    """The stretches of one thread."""
    stretches = [([], [], [])]
    for i in numbers:
        if before[i] or stretches[-1][-1]:
            stretches.append((before[i], [], []))
        stretches[-1][1].append(calls[i])
        stretches[-1][2].extend(after[i])
    return stretches


def _make(stretches, errors):
    """Make the calls, but after an error, by whichever thread, none that waited for another. Locks
    are waited for and let go all the same: every thread comes to its end, and every lock is as it
    was."""
    for waited_for, calls, let_go in stretches:
        errors += filter(None, [parallel.wait_for(lock) for lock in waited_for])
        if not errors:
            try:
                for function, arguments in calls:
                    function(*arguments)
            except BaseException as error:
                errors.append(error)
        for lock in let_go:
            lock.release()
