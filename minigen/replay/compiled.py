"""compiled(step): a training step, recorded once and from then on replayed.

Training repeats one step thousands of times, and every time Python finds out again which arrays
are to be added and multiplied, and in what order. For a small network that costs more than the
arithmetic. But the list of these array calls is the same every time, so it can be made once:

    step = mg.compiled(trainer.step)
    first call      runs by the tape, and each array call is noted with the memory of its inputs
                    and of its result, which stay where they are from now on (program.py)
    second call     runs both ways from the same state: by the list, and by the tape. If one bit of
                    the weights, the state or the results differs, CompileError says what
    later calls     for function, arguments in calls: function(*arguments)
                    and both ways again at the 4th, 8th, 16th ...: a step may change its course
    from the 8th on the list is shared by threads, where that is quicker (schedule.py)

What is in the list is arithmetic on arrays, of the forward pass, the gradients and the optimizer
alike: no tape, no walk, no checks of shapes. The tape stays the only meaning of a step.

A list is good for one case: for batches of one shape and dtype, in one mode (train, eval), with the
same parameters frozen, the same networks, arrays and settings (within.py finds what the step can
reach; what it reads from modules and classes counts as constant). Another case has a list of its
own, and no list is used where it does not fit.

What is not the same at every step is not in the list as a number:
    the batch, noise given      are copied to where the list reads them
    random numbers              are drawn again, from minigen's generator
    learning rates, Adam's t    an optimizer writes them anew (modes.anew): a schedule, or a rate
                                changed by hand, acts at once
    checks of values            (a batch that is not finite) are calls in the list (modes.checked)
and numbers that the step reads out of arrays (x.item(), if loss < 1) would be: they are refused.

With detect_anomaly() the tape runs. Versions are raised, not checked, by the list.
"""

import functools
import warnings

import numpy

from .. import backend, parallel, random
from ..modes import during, mode
from .arrays import Array, Draws, Library
from .program import Program
from .results import copied, counters, joined, named, outputs, require_equal, taken_apart
from .within import Within, put

_KEPT = 8               # recordings of one step, the latest: each has memory of its own
_TIMED = 8              # before this call the list is replayed by the clock, and then shared
_LIBRARY = Library()


def compiled(step):
    """The same step, recorded once, then replayed: bit for bit what `step` computes, or an error.

    step: a function of arrays (also in lists, tuples and dicts), numbers and strings, such as a
    trainer's `step`. It returns what `step` returns; arrays and Tensors (then constants) are
    copies. The numbers of a Record are copied when they are read, which has to be before the next
    call: RuntimeError after it. CompileError: the step cannot be recorded (then nothing was
    changed), or the replay differs (then the step was done by the tape). TypeError: an argument
    that is none of these. BackendError: arrays of a GPU.

    Like a convolution, it leaves the matrix library with one thread (parallel.py says why)."""
    if not callable(step):
        raise TypeError(f"compiled: got a {type(step).__name__}, expected a function, trainer.step")
    recordings = []

    @functools.wraps(step, updated=())
    def replayed(*arguments):
        if mode.anomaly or mode.program is not None:
            return step(*arguments)
        arrays = []
        form = mode.recording, taken_apart(arguments, arrays)
        for recording in recordings:
            if recording.form == form and recording.is_same():
                return recording.again(arguments, arrays)
        if len(recordings) == _KEPT:
            warnings.warn("compiled: recorded for the ninth time, since something that the step "
                          "reads was another object, shape or setting at every call", stacklevel=2)
        recording = Recording(step, form)
        result = recording.first(arrays)
        recordings.insert(0, recording)
        del recordings[_KEPT:]
        return result
    replayed.recordings = recordings            # to look at: [0].program.calls is the latest list
    return replayed


class Recording:
    """One step's list of calls, for arguments of one form."""

    def __init__(self, step, form):
        if backend.current() is not numpy:
            raise backend.BackendError("compiled: arrays of a GPU are not recorded; call the step "
                                       "itself")
        parallel.threads()              # from now on a product is computed by one thread
        self.step, self.form, self.runs = step, form, 0
        self.within, self.program = Within(step), Program()
        self.counters = []              # attributes in which "steps" counts the trainer's steps

    def first(self, arrays):
        """Record: run the step once by the tape, on arrays of the recorder."""
        within, state = self.within, random.generator().bit_generator
        entries, copies, drawn = within.entries(), within.copies(), state.state
        versions = [x.version for x in within.tensors]
        self.buffers = [Array(numpy.array(x)) for x in arrays]
        arguments = joined(self.form[1], iter(self.buffers))
        try:
            with during([mode], "program", self.program), during([backend], "_cupy", _LIBRARY), \
                    during([backend], "_module", _LIBRARY), within.holding(Array), \
                    during([random], "_generator", Draws(random._generator)):
                self.result = self.step(*arguments)
            changes = [*within.changes(entries)]
            self.outputs = [*outputs(changes)]
            result = self._present()
        except BaseException:
            within.restore(entries, copies)
            state.state = drawn
            raise
        self.writes = [(x.writes, x.version - v) for x, v in zip(within.tensors, versions)
                       if x.version != v]
        self._expect(changes)
        return result

    def again(self, arguments, arrays):
        n = self.runs + 1
        if n == _TIMED:
            self.program.share()
        return self.replay(arrays) if n & (n - 1) else self.both(arguments, arrays)

    def both(self, arguments, arrays):
        """Both ways from the same state. CompileError names the first thing that differs."""
        within, state = self.within, random.generator().bit_generator
        entries, copies, drawn = within.entries(), within.copies(), state.state
        replayed = self._all_bits(self.replay(arrays))
        counted = {id(owner): value for _, owner, key, value in within.changes(entries)
                   if key == "steps"}
        within.restore(entries, copies)
        state.state = drawn

        result = self.step(*arguments)
        require_equal(self._all_bits(result), replayed)
        changes = [*within.changes(entries)]
        before = {id(owner): old.get("steps") for (_, owner), old in zip(within.owners, entries)}
        self.counters += counters(changes, counted, before, self.outputs)
        self._expect(changes)
        return result

    def replay(self, arrays):
        for buffer, array in zip(self.buffers, arrays):
            numpy.copyto(buffer.array, array)
        (self.program.replay_timed if self.runs < _TIMED - 1 else self.program.replay)()
        for writes, count in self.writes:
            writes[0] += count
        for attributes in self.counters:
            attributes["steps"] += 1
        return self._present()

    def _expect(self, changes):
        """From now on everything has to be as it is now, but for what changes at every step."""
        free = [(owner, key) for _, owner, key, _ in changes]
        free += [(owner, key) for owner, key, _ in self.outputs]
        free += [(owner, key) for owner in self.program.optimizers for key in ("lr", "steps")]
        self.is_same = self.within.same(free)

    def _all_bits(self, result):
        """name -> array: the result, all that can be reached, how far random numbers are drawn."""
        drawn = numpy.array(str(random.generator().bit_generator.state))
        return {**named("its result", result), **self.within.copies(), "the random state": drawn}

    def _present(self):
        """The results of this run: put where the step put them, and returned."""
        self.runs += 1
        read = functools.partial(self._read, self.runs)
        for owner, key, value in self.outputs:
            put(owner, key, copied(value, read))
        return copied(self.result, read)

    def _read(self, run, value):
        if run != self.runs:
            raise RuntimeError("this record is of an earlier call of a compiled step, and the next "
                               "call has overwritten its numbers: read it before that")
        return copied(value, None)
