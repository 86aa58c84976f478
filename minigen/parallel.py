"""Work shared by the cores: NumPy computes in one thread, so long work is cut into parts, which the
caller and its helpers take in turns.

NumPy lets go of the interpreter while it computes, so Python's threads do compute at once. They
sleep on locks between two jobs. A matrix library's own threads spin instead, waiting for the next
product, for as long as 32 ms: with a neighbour on one core they wait for each other, and a step
takes ten times as long. So from the first job on the matrix library has one thread, and each part
is a product of its own; a program that never shares work keeps the library as it is.

What is computed does not depend on how many threads there are: the parts are the same for any
number, and each writes to memory of its own. Not the subject: skim it at a first reading.
Read next: trainers/__init__.py.
"""

import os
import threading

import threadpoolctl


def wait_for(lock):
    """Acquire the lock, come what may. Returns what interrupted it (Ctrl-C) or None: to be raised
    when all threads have come to their ends."""
    interruption = None
    while True:
        try:
            lock.acquire()
            return interruption
        except BaseException as error:
            interruption = error


class _Helper(threading.Thread):
    """A thread that sleeps until there is work."""

    def __init__(self):
        super().__init__(daemon=True)
        self.go, self.done = threading.Lock(), threading.Lock()
        self.go.acquire()
        self.done.acquire()
        self.work = self.error = None
        self.start()

    def run(self):
        while True:
            self.go.acquire()
            try:
                self.work()
            except BaseException as error:      # raised by finish, in the caller's thread
                self.error = error
            self.done.release()

    def begin(self, work):
        self.work, self.error = work, None
        self.go.release()

    def finish(self):
        interruption = wait_for(self.done)
        self.work = None
        return self.error or interruption


_helpers = None                     # made at the first use
_free = threading.Lock()            # held while the helpers work: a second caller works alone


def threads():
    """How many threads share work: as many as the matrix library had at the first call."""
    global _helpers
    if _helpers is None:
        libraries = threadpoolctl.ThreadpoolController().select(user_api="blas").lib_controllers
        count = max([library.num_threads for library in libraries], default=1)
        for library in libraries:
            library.set_num_threads(1)
        _helpers = [_Helper() for _ in range(count - 1)]
    return 1 + len(_helpers)


def each(function, items):
    """function(item) for each of the items, a list, by all threads: in no order, and each item to
    memory of its own. The first error is raised when all have stopped."""
    left = iter(items)              # the next item of a list is taken by one thread only

    def work():
        for item in left:
            function(item)

    if not at_once([work] * min(threads(), len(items))):
        work()


def at_once(works):
    """Call the functions `works`, each in a thread of its own, the first in the caller's; the first
    error is raised when all have stopped. Or call none and return False: there are fewer than two,
    not as many threads, or they are at work for somebody else."""
    if not 2 <= len(works) <= threads() or not _free.acquire(blocking=False):
        return False
    helpers, errors = _helpers[:len(works) - 1], []
    try:
        for helper, work in zip(helpers, works[1:]):
            helper.begin(work)
        try:
            works[0]()
        finally:
            errors = [error for helper in helpers if (error := helper.finish()) is not None]
    finally:
        _free.release()
    if errors:
        raise errors[0]
    return True


def _forget():
    """In a forked process there are no helpers: the next use makes them."""
    global _helpers, _free
    _helpers, _free = ([] if _helpers is not None else None), threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
