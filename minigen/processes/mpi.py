"""The processes that mpiexec started, and what they say to each other. The only file that imports
mpi4py, and only in a process that mpiexec started.

MPI waits for a message by looking for it again and again, which takes a core from those who still
work, so waiting is done here: it looks, and lets others go first. And MPI lets the others wait for
ever for a process that has ended with an error. So an error that nobody catches ends them all, and
a process that leaves tells the others, or waits for those that are still at work.
"""

import atexit
import functools
import importlib
import os
import sys
import time
import traceback

import numpy

from ..backend import array_module, to_numpy

LEFT = -2                           # what process 0 tells when it leaves Python
_PATIENCE, _NAP = 0.1, 0.001        # seconds until a process that waits sleeps, and for how long
_READ = 0.5                         # seconds in which mpiexec reads an error before it ends all

# What a launcher sets in every process: the number of them, or at least the process's own.
_SIZES, _RANK = ("PMI_SIZE", "OMPI_COMM_WORLD_SIZE", "MV2_COMM_WORLD_SIZE"), "PMIX_RANK"


class Alone:
    """One process, started without mpiexec: there is nobody to talk to."""

    rank, size = 0, 1


class World:
    """All processes that mpiexec started. rank: the number of this one, from 0; size: how many."""

    def __init__(self, mpi):
        self._mpi, self._all = mpi, mpi.COMM_WORLD
        self.rank, self.size = self._all.rank, self._all.size
        self._takes_gpu = "cuda" in self._all.Get_info().get("mpi_memory_alloc_kinds", "")
        self._has_left = False

    def guard(self):
        """From now on an error that nobody catches ends all, and nobody leaves unnoticed."""
        sys.excepthook = functools.partial(self._uncaught, sys.excepthook)
        atexit.register(self._leave)

    def tell(self, *numbers):
        """Process 0's numbers, integers, given there and returned everywhere; as many elsewhere,
        whatever they are. RuntimeError: process 0 has left."""
        told = numpy.array(numbers, "int64")
        _wait(self._all.Ibcast(told))
        if told[0] == LEFT:
            self._has_left = True
            raise RuntimeError("process 0 ended before the training did")
        return [int(number) for number in told]

    def copy(self, data):
        """Process 0's bytes, on all processes."""
        return self._all.bcast(data)

    def sum(self, array):
        """Make `array` the sum of all processes' arrays, of one shape, and return it.

        From a GPU it goes as it is where the MPI says that it takes such arrays (MPI 4.1, the info
        key mpi_memory_alloc_kinds), else by way of the host."""
        xp = array_module(array)
        if xp is not numpy and self._takes_gpu:
            xp.cuda.Device().synchronize()   # what is sent must have been computed
            buffer = array
        else:
            buffer = numpy.ascontiguousarray(to_numpy(array))
        _wait(self._all.Iallreduce(self._mpi.IN_PLACE, buffer))
        if buffer is not array:
            array[...] = xp.asarray(buffer)
        return array

    def end(self, error):
        """End all processes, because of this error in this one."""
        print(f"process {self.rank} of {self.size} failed, and ends all:", file=sys.stderr)
        traceback.print_exception(error)
        self._abort()

    def _uncaught(self, before, kind, error, trace):
        before(kind, error, trace)
        self._abort()

    def _abort(self):
        sys.stdout.flush()
        sys.stderr.flush()
        time.sleep(_READ)
        self._all.Abort(1)

    def _leave(self):
        """At the end of Python, also by sys.exit: wait until process 0 leaves too."""
        if self._has_left:
            return
        told = numpy.array([LEFT, 0], "int64")
        _wait(self._all.Ibcast(told))
        if told[0] != LEFT:
            print(f"process {self.rank} of {self.size} ended before the training did",
                  file=sys.stderr)
            self._abort()


def _wait(request):
    """Until the message is there."""
    started = time.perf_counter()
    while not request.Test():
        time.sleep(0 if time.perf_counter() - started < _PATIENCE else _NAP)


@functools.cache
def world():
    """The World that mpiexec started, or Alone.

    ImportError: several processes were started, and mpi4py is missing, or belongs to another MPI
    than the mpiexec that started them."""
    size = next((int(os.environ[name]) for name in _SIZES if name in os.environ), None)
    if size == 1 or size is None and _RANK not in os.environ:
        return Alone()
    many = f"mpiexec started {size or 'several'} processes"
    try:
        mpi = importlib.import_module("mpi4py.MPI")
    except (ImportError, RuntimeError) as error:
        raise ImportError(f"{many}, but mpi4py, by which they talk, cannot be imported ({error}): "
                          "pip install 'minigen[mpi]', or start one process") from error
    found = mpi.COMM_WORLD.size
    if size is not None and found != size:
        raise ImportError(f"{many}, but mpi4py sees {found}: it uses another MPI "
                          f"({mpi.get_vendor()[0]}) than this mpiexec is of")
    if found == 1:
        return Alone()
    processes = World(mpi)
    processes.guard()
    return processes
