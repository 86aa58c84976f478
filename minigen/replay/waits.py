"""Which calls of a program have to wait for which: two may be made at once if neither changes what
the other uses; otherwise the later one waits.

Calls that are IN_ORDER (random draws, counters) stay in their order. A check, which may raise,
divides what lasts: before it all earlier calls have changed the weights, and no later one has; only
the program's own memory may be ahead.
"""

import collections

import numpy

from ..memory import owner_of

IN_ORDER = numpy.empty(1)       # no array of the program's: who changes it has to wait for who did
CHECKED = numpy.empty(1)        # a check changes it, and whoever changes what lasts has to read it


def waits_for(calls, effects, own=()):
    """For each call the earlier ones that have to be done before it, a set of their numbers,
    without those that come by way of others."""
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
    return _directly(waits)


def _directly(waits):
    """The same without what comes by way of others."""
    reached, direct = [], []        # reached: a bit for each call that has to be done before
    for earlier in waits:
        through = 0
        for j in earlier:
            through |= reached[j]
        direct.append({j for j in earlier if not through >> j & 1})
        reached.append(through | sum(1 << j for j in earlier))
    return direct


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
