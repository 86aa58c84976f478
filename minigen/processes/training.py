"""A trainer trained by several processes: each takes its rows of every batch, and the gradients are
averaged.

    training = parallel_training(trainer)           # after `mpiexec -n 4 python script.py`
    training.fit(images, steps=1000)                # in all four

The gradient of a mean over a batch is the mean of its rows' gradients. So process r computes that
of its own mᵣ rows of m, and an optimizer's step begins with one message, a flat array of all its
parameters' gradients:

    g = Σ wᵣ gᵣ,   wᵣ = mᵣ / m

Then all take the same step from the same weights, process 0's, and have the same weights again:
those that one process gets from the whole batch, but for rounding. A trainer knows nothing of it.

    noise           is drawn by each process for itself, anew in every step, from the seed
                    (number, 1 + r). number is drawn by process 0 and told to all; what concerns the
                    whole batch, such as the order of the data, is drawn from the seed (number, 0).
    normalisation   a BatchNorm takes mean and variance over the whole batch, two small messages
                    forward and two back: over its own rows each process would have a loss of its
                    own. (functional.batch_norm, called without the layer, has only its own rows.)
    one leads       process 0 decides when the run is over, and it alone has the progress bar and
                    the checkpoint. The others follow it until it has ended.

A batch of the data is read by every process, which keeps its rows: nothing but gradients and
statistics is sent.
"""

import contextlib
import io
import pathlib
import signal
import sys
import tempfile
import threading
import zlib

import numpy

from .. import checkpoint, random
from ..autograd import Tensor
from ..backend import is_array, to_numpy
from ..modes import during, mode
from ..trainers.loop import again_and_again, source_of
from ..trainers.options import check_options
from .mpi import world
from .normalization import batch_norm

OVER = -1                               # what process 0 tells when a fit is over


def parallel_training(trainer):
    """The ParallelTraining of a trainer, the same in every process that mpiexec started. Without
    mpiexec it is the trainer's own training, to the bit, and needs no mpi4py. (Of GPUs each process
    takes the first that it sees: CUDA_VISIBLE_DEVICES gives each its own.)

    ImportError: mpiexec started several processes, but there is no mpi4py, or it is of another
    MPI."""
    return ParallelTraining(trainer, world())


class ParallelTraining:
    """rank: the number of this process, from 0; size: how many there are.

    A step of several processes that fails in one ends all. The trainer's loss has to be a mean over
    the batch, as those of minigen.trainers are. Its records are of this process's own rows; their
    gradients are the gᵣ, before they are averaged."""

    def __init__(self, trainer, processes):
        self.trainer, self._world = trainer, processes
        self.rank, self.size = processes.rank, processes.size
        self._has_begun, self._memory = False, {}

    def describe(self, m):
        """In words, how a batch of m is shared."""
        if self.size == 1:
            return "1 process"
        counts = sorted({last - first for first, last in self._cuts(m)})
        return (f"{self.size} processes, {' or '.join(map(str, counts))} of every batch of {m} "
                "each")

    def step(self, batch):
        """trainer.step(batch), each process by its rows. Give the same whole batch in every process
        (a GANTrainer takes an iterable of k).

        ValueError: fewer rows than processes; k batches that are shared unequally."""
        if self.size == 1:
            return self.trainer.step(batch)
        is_one = is_array(batch) or isinstance(batch, (Tensor, tuple))
        with self.around(self.trainer):
            return self.trainer.step(self._rows(batch) if is_one else map(self._rows, batch))

    def fit(self, data, steps, batch_size=64, callbacks=(), compiled=False, **options):
        """trainer.fit with its options (trainers/loop.py), by all processes. Returns the last
        record of this process's own rows, or None where no step was left to do.

        data: the same in every process. callbacks: what changes the training, a rate or the
        weights, has to do so in every process; what prints or draws is to be given to process 0
        alone. steps, STOP, Ctrl-C, progress, checkpoint, every and resume: process 0's count.
        (A run may go on with another number of processes, and other noise.)

        ValueError: compiled, or a callback that looks into the steps, such as a Recorder: one
        process alone can do that. RuntimeError: the processes' weights are not the same at the
        end."""
        if self.size == 1:
            return self.trainer.fit(data, steps, batch_size=batch_size, callbacks=callbacks,
                                    compiled=compiled, **options)
        callbacks = check_options(steps, batch_size, callbacks, None, 1, False, False)
        self._require_plain(callbacks, compiled)
        self._has_begun = False
        shares = _Shares(source_of(data, batch_size), self)
        if self.rank > 0:
            return self._follow(shares, callbacks)
        record = self.trainer.fit(shares, steps, callbacks=[self, *callbacks], **options)
        self._world.tell(OVER, self._checksum())
        return record

    def _follow(self, shares, callbacks):
        """What the others do in a fit: every step that process 0 does."""
        def without_an_end(callback):
            def call(*arguments):
                callback(*arguments)        # STOP is not passed on
            return call

        with contextlib.suppress(_Over):
            self.trainer.fit(shares, sys.maxsize - self.trainer.steps, progress=False,
                             callbacks=[self, *map(without_an_end, callbacks)])
        *_, (_, record) = self.trainer.records().values()
        return record if self._has_begun else None

    @contextlib.contextmanager
    def around(self, trainer):
        """What fit puts around each step: the processes begin it together, and inside it they
        average."""
        try:
            number = self._begin()
            self.weight, self._joint = None, numpy.random.default_rng((number, 0))
            own = numpy.random.default_rng((number, 1 + self.rank))
            with during([random], "_generator", own), during([mode], "sharing", self):
                yield
        except _Over:
            raise
        except BaseException as error:      # the others wait for a message that would not come
            self._world.end(error)

    def __call__(self, trainer, record):
        """What fit calls after each step."""

    def _begin(self):
        """The number that this step's random numbers come from. Before the first step all processes
        become what process 0 is, which may have gone on from a checkpoint."""
        drawn = int(random.generator().integers(2**63)) if self.rank == 0 else 0
        number, checksum = self._world.tell(drawn, 0)
        if number == OVER:
            self._require_same_weights(checksum)
            raise _Over
        if not self._has_begun:
            self._has_begun = True
            self._become_process_0()
        return number

    def _become_process_0(self):
        """Its weights, running statistics, optimizer state, step and place in the data: by a
        checkpoint, which is sent round and not kept."""
        state = None
        if self.rank == 0:
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "checkpoint.npz"
                checkpoint.save(path, self.trainer)
                state = path.read_bytes()
        state = self._world.copy(state)
        if self.rank > 0:
            checkpoint.load(io.BytesIO(state), self.trainer)
            _leave_ctrl_c_to_process_0()

    # --------------------------------------------------------------- what is shared and averaged

    def next_of(self, batches):
        """This process's rows of the next batch, which is the same in all."""
        with during([random], "_generator", self._joint):
            return self._rows(next(batches))

    def _rows(self, batch):
        """This process's rows: as many as the others', or one more; in their order."""
        if isinstance(batch, tuple):
            return tuple(map(self._rows, batch))
        if not hasattr(batch, "__getitem__") or getattr(batch, "shape", None) == ():
            return batch                    # this is no batch, and the trainer will say so
        first, last = self._cuts(len(batch))[self.rank]
        weight = (last - first) / len(batch)
        if self.weight not in (None, weight):
            raise ValueError("the batches of one step are of different sizes, and processes have "
                             "other shares of one than of another: Batches(..., drop_last=True)")
        self.weight = weight
        return batch[first:last]

    def _cuts(self, m):
        """Each process's (first, last) row of m."""
        if m < self.size:
            raise ValueError(f"a batch of {m} for {self.size} processes, expected at least one row "
                             "for each: larger batches, Batches(..., drop_last=True), or fewer "
                             "processes")
        cuts = [m * r // self.size for r in range(self.size + 1)]
        return list(zip(cuts, cuts[1:]))

    def batch_norm(self, *arguments):
        """functional.batch_norm by the mean and variance of the whole batch."""
        return batch_norm(*arguments, self)

    def sum(self, array):
        """Make `array` the sum of all processes' arrays, and return it."""
        return self._world.sum(array)

    def average(self, gradients, flat):
        """Σ wᵣ gᵣ of each gradient in a list, Tensors or arrays, in one message; None stays None.
        flat: the Flat of their optimizer, which says where they lie end to end. The arrays are good
        until the next call."""
        if flat not in self._memory:
            array = flat.xp.empty(flat.size, flat.dtype)
            self._memory[flat] = array, flat.parts(array)
        array, parts = self._memory[flat]
        gradients = [getattr(g, "_data", g) for g in gradients]
        if any(g is not None and getattr(g, "shape", None) != part.shape
               for g, part in zip(gradients, parts)):
            return gradients                # the optimizer says what is wrong
        for g, part in zip(gradients, parts):
            if g is None:
                part[...] = 0
            else:
                flat.xp.multiply(g, self.weight, out=part)
        self.sum(array)
        return [None if g is None else part for g, part in zip(gradients, parts)]

    # ------------------------------------------------------------------------------------ checks

    def _require_plain(self, callbacks, compiled):
        if compiled:
            raise ValueError("fit: compiled=True, but messages between processes cannot be "
                             "replayed: compiled=False, or one process")
        for callback in callbacks:
            if hasattr(callback, "around"):
                raise ValueError(f"fit: a {type(callback).__name__} looks into the steps and "
                                 f"repeats parts of them, and {self.size - 1} other processes "
                                 "would have to do the same: one process")

    def _checksum(self):
        sum = 0
        for network, _ in self.trainer.records().values():
            for p in network.parameters():
                sum = zlib.crc32(to_numpy(p).tobytes(), sum)
        return sum

    def _require_same_weights(self, checksum):
        if self._has_begun and checksum != self._checksum():
            raise RuntimeError(f"process {self.rank} has other weights than process 0 at the end: "
                               "does a callback change weights or rates in one process alone, or "
                               "is the data not the same in all?")


class _Over(Exception):
    """Process 0 has ended its fit."""


class _Shares:
    """This process's rows of the batches of a source, without end."""

    def __init__(self, source, training):
        self._source, self._training = source, training
        self._batches = again_and_again(source)

    def __iter__(self):
        return self

    def __next__(self):
        return self._training.next_of(self._batches)

    def __getattr__(self, name):        # the place in the data, and the data, if there is one
        if name in ("state", "restore", "arrays"):
            return getattr(self._source, name)
        raise AttributeError(name)


def _leave_ctrl_c_to_process_0():
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.SIG_IGN)
