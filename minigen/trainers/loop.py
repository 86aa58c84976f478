"""The loop around a trainer's step: batches, progress, callbacks, checkpoints, and a clean end on Ctrl-C.

Nothing is learned here. A trainer has `steps` (done so far), `progress()` (the numbers to show) and `parts()` (what to save).
"""

import contextlib
import itertools
import numbers
import pathlib
import signal
import sys
import threading
import time

from tqdm import tqdm

from .. import checkpoint as checkpoints
from ..autograd import Tensor
from ..backend import is_array
from ..errors import NonFiniteError
from ..data import Batches

_REFRESH = 0.5              # seconds between looks at the numbers: each look makes a GPU wait


def fit(trainer, one_step, data, steps, batch_size=64, callbacks=(), progress=True, checkpoint=None, every=1000, resume=False):
    """Call one_step(batches) until `steps` steps are done; returns the last record.

    data: an array (N, ...) or a distribution with sample(m), cut into batches of batch_size; a minigen.data.Batches; or an
    iterable of batches, begun again when it ends. callbacks: functions (trainer, record), called after every step.
    progress: a bar on the terminal (silent in a pipe). checkpoint: a path, written every `every` steps and at the end.
    resume=True: go on from that file if it is there; `steps` then counts from the run's beginning, and the result is bit for
    bit that of a run that was not interrupted (an iterable that is no Batches has no place to go on from: it begins again).
    On Ctrl-C the step is finished, the state saved, and fit returns.
    NonFiniteError names the step and the quantity, and leaves the last good checkpoint as it is."""
    for name, value, least in (("steps", steps, 0), ("every", every, 1)):
        if not isinstance(value, numbers.Integral) or value < least:
            raise ValueError(f"fit: got {name} = {value!r}, expected an integer >= {least}")
    if callable(callbacks):
        raise TypeError(f"fit: callbacks is a {type(callbacks).__name__}, expected a list of functions: callbacks=[...]")
    callbacks = [*callbacks]
    if checkpoint is not None and not pathlib.Path(checkpoint).resolve().parent.is_dir():
        raise FileNotFoundError(f"fit: the directory of checkpoint {checkpoint} does not exist")
    if checkpoint is not None and pathlib.Path(checkpoint).is_dir():
        raise IsADirectoryError(f"fit: checkpoint {checkpoint} is a directory, expected the path of a file")
    if resume and checkpoint is None:
        raise ValueError("fit: resume=True needs the path of a checkpoint")
    goal = trainer.steps + steps
    if is_array(data):                  # a last batch of a few examples would have other statistics
        data = Batches(data, size=batch_size, drop_last=len(data) >= batch_size)
    trainer.source = source = Batches(data, size=batch_size) if hasattr(data, "sample") else data
    if resume and pathlib.Path(checkpoint).exists():
        checkpoints.load(checkpoint, trainer)
        goal = steps
    record, shown, batches = None, 0.0, _again_and_again(source)
    with tqdm(total=goal, initial=trainer.steps, disable=None if progress else True, unit="step") as bar, _ctrl_c() as stop:
        while trainer.steps < goal and not stop:
            before = trainer.steps
            try:
                record = one_step(batches)
            except NonFiniteError as error:
                raise NonFiniteError(f"step {before + 1}: {error}") from error
            for callback in callbacks:
                callback(trainer, record)
            bar.update()
            if not bar.disable and time.monotonic() - shown > _REFRESH:
                bar.set_postfix({name: f"{value:.3f}" for name, value in trainer.progress().items()})
                shown = time.monotonic()
            if checkpoint is not None and trainer.steps % every == 0 and trainer.steps < goal:
                checkpoints.save(checkpoint, trainer)
    if checkpoint is not None:
        checkpoints.save(checkpoint, trainer)
    if stop:
        kept = f"the state is in {checkpoint}; resume=True goes on from it" if checkpoint else "no checkpoint was asked for"
        print(f"stopped after step {trainer.steps} of {goal}: {kept}", file=sys.stderr)
    return record


def _again_and_again(batches):
    if isinstance(batches, Tensor) or not hasattr(batches, "__iter__"):        # a Tensor's rows are examples, not batches
        raise TypeError(f"fit: got a {type(batches).__name__} as data, expected an array, a distribution with sample(m), a "
                        "minigen.data.Batches or an iterable of batches")
    if iter(batches) is batches:                # an iterator, which can be gone through once
        yield from batches
        raise ValueError("fit: the iterator of batches ended before the steps were done; give a list, or Batches without epochs")
    for _ in itertools.count():
        empty = True
        for x in batches:
            empty = False
            yield x
        if empty:
            raise ValueError("fit: there are no batches in data")


@contextlib.contextmanager
def _ctrl_c():
    """A list that becomes non-empty on the first Ctrl-C; the second interrupts at once. (Only a main thread hears it.)"""
    stop = []
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def heard(*_):
        stop.append(True)
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, heard)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
