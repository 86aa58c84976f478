"""The loop around a trainer's step: batches, progress, callbacks, checkpoints, and a clean end on
Ctrl-C.

A trainer has `steps` (done so far), `progress()` (the numbers to show), and for checkpoints
`parts()`, `records()` and `resume_at()`. Not the subject: skim it at a first reading.
Read next: autoencoder.py.
"""

import contextlib
import functools
import math
import pathlib
import signal
import sys
import threading
import time

from tqdm import tqdm

from .. import checkpoint as checkpoints
from ..backend import current, is_array
from ..data import Batches
from ..errors import NonFiniteError
from ..replay import compiled as compile_step
from .options import check_data, check_options

STOP = object()             # what a callback returns to end the run
_REFRESH = 0.5              # seconds between looks at the numbers: each look synchronises the GPU


def fit(trainer, step, take, data, steps, batch_size=64, callbacks=(), progress=True,
        checkpoint=None, every=1000, resume=False, compiled=False):
    """Call step(take(batches)) until `steps` steps are done. Returns the last record, or None where
    no step was left to do.

    data: an array (N, ...) or a distribution with sample(m), cut into batches of batch_size; a
        minigen.data.Batches; or an iterable of batches, started again when it ends.
    callbacks: functions (trainer, record), called after every step. One that returns
        minigen.trainers.STOP ends the run, as if this step had been the last. One that has a
        method around(trainer) gives a context to do every step in (minigen.inspect.Recorder does).
    progress: a bar on a terminal or in a notebook (silent in a pipe).
    checkpoint: a path, written every `every` steps and at the end.
    resume=True: go on from that file if it is there. `steps` then counts from the run's beginning,
        and the result is bit for bit that of a run that was not interrupted (an iterable that is
        not a Batches has no place to go on from: it begins again; on a GPU embeddings and
        overlapping pools add their gradients in no fixed order, in any run).
    compiled=True: by mg.compiled(step), the same numbers in less time; a record is then to be read
        before the next step. (On a GPU by the tape.)

    On Ctrl-C the step is finished, the state saved, and fit returns. NonFiniteError names the step
    and the quantity, and leaves the last good checkpoint as it is (on a GPU, values are looked at
    when the bar shows them, before each save and at the end)."""
    callbacks = check_options(steps, batch_size, callbacks, checkpoint, every, resume, compiled)
    trainer.source = source = source_of(data, batch_size)
    goal = trainer.steps + steps
    if resume and pathlib.Path(checkpoint).exists():
        checkpoints.load(checkpoint, trainer)
        goal = steps
        if trainer.steps >= goal:
            print(f"nothing left to do: {checkpoint} is of step {trainer.steps}, and {goal} were "
                  "asked for", file=sys.stderr)
            return None

    record, batches = None, again_and_again(source)
    step = compile_step(step) if compiled and current().__name__ == "numpy" else step
    one_step = functools.partial(_step_or_explain, lambda: step(take(batches)), trainer, data)
    for callback in callbacks:
        if hasattr(callback, "around"):
            one_step = functools.partial(_within, callback.around, trainer, one_step)
    with _progress_bar(trainer, goal, progress) as show, _ctrl_c() as stop:
        while trainer.steps < goal and not stop:
            record = one_step()
            for callback in callbacks:
                if callback(trainer, record) is STOP:
                    stop.append("callback")
            show()
            if checkpoint is not None and trainer.steps % every == 0 and trainer.steps < goal:
                _save(checkpoint, trainer)
    if record is not None:
        _numbers(trainer)
    if checkpoint is not None:
        checkpoints.save(checkpoint, trainer)
    if "Ctrl-C" in stop:
        kept = (f"the state is in {checkpoint}; resume=True goes on from it" if checkpoint
                else "no checkpoint was asked for")
        print(f"stopped after step {trainer.steps} of {goal}: {kept}", file=sys.stderr)
    return record


def _within(context, trainer, one_step):
    with context(trainer):
        return one_step()


def _step_or_explain(one_step, trainer, data):
    """Call one_step(), and add to its errors what only the loop knows."""
    try:
        return one_step()
    except NonFiniteError as error:
        raise NonFiniteError(f"step {trainer.steps + 1}: {error}") from error
    except (TypeError, ValueError) as error:
        if isinstance(data, list):
            error.args = (f"{error} (fit takes each entry of a list as a batch: of a list of "
                          "pictures, make an array by numpy.stack)",)
        raise


# ------------------------------------------------------------------------------- batches

def source_of(data, batch_size):
    """The data as an iterable of batches."""
    check_data(data)
    if is_array(data):                  # a last batch of a few examples would have other statistics
        return Batches(data, size=batch_size, drop_last=len(data) >= batch_size)
    return Batches(data, size=batch_size) if hasattr(data, "sample") else data


def again_and_again(batches):
    """The batches, started again whenever they end."""
    if iter(batches) is batches:                # an iterator, which can be gone through once
        yield from batches.on_gpu() if isinstance(batches, Batches) else batches
        raise ValueError("fit: the iterator of batches ended before the steps were done; give a "
                         "list, or Batches without epochs")
    while True:
        empty = True
        for x in batches:
            empty = False
            yield x
        if empty:
            raise ValueError("fit: there are no batches in data")


# ------------------------------------------------------------------------ progress, Ctrl-C

@contextlib.contextmanager
def _progress_bar(trainer, goal, wanted):
    """A function to call after each step: moves the bar, and now and then the numbers beside it."""
    only_on_a_terminal = None               # as tqdm puts it: no bar in a pipe
    hidden = not wanted or (False if _in_notebook() else only_on_a_terminal)
    with tqdm(total=goal, initial=trainer.steps, disable=hidden, unit="step") as bar:
        last_look = 0.0

        def show():
            nonlocal last_look
            bar.update()
            if not bar.disable and time.monotonic() - last_look > _REFRESH:
                numbers = _numbers(trainer).items()
                bar.set_postfix({name: f"{value:.3f}" for name, value in numbers})
                last_look = time.monotonic()

        yield show


def _numbers(trainer):
    """The numbers beside the bar. NonFiniteError: one is not finite. (On the host the step has
    found that; on a GPU, where each look synchronises, no step looks.)"""
    numbers = trainer.progress()
    for name, value in numbers.items():
        if not math.isfinite(value):
            raise NonFiniteError(f"step {trainer.steps}, or one before it: {name} is {value}. with "
                                 "minigen.detect_anomaly(): names the operation that made it")
    return numbers


def _save(path, trainer):
    _numbers(trainer)
    checkpoints.save(path, trainer)


def _in_notebook():
    """Whether what is printed goes to a notebook, which is not a terminal but shows a bar."""
    return type(sys.stderr).__module__.split(".")[0] == "ipykernel"


@contextlib.contextmanager
def _ctrl_c():
    """Yield a list. The first Ctrl-C adds "Ctrl-C" to it; the second interrupts at once.

    (Only the main thread receives it.)"""
    stop = []
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def on_signal(*_):
        stop.append("Ctrl-C")
        signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)
