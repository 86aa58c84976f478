"""The calls of a program made by several threads: two halves of a large product, a convolution's
images, the pieces of an optimizer, the weight's and the input's gradient, D on real and D on fake
can be computed at once.

    in_halves   a long call is cut in two (halves.py)
    waits_for   what uses what another call changes waits for it (waits.py)
    joined      a call that waits for one other only is often one task with it
    _Run        a thread that is free takes, of the tasks that no longer wait, the one with
                the longest way to the end behind it (list scheduling, Graham 1969)

Every call is the one that was recorded, so that every bit is the same, by whichever thread and
whenever it is made. Nothing is dealt beforehand: a thread that another program keeps from its core
takes less. Threads sleep while no task is ready.
"""

import collections
import heapq
import itertools
import queue
import threading

from .. import parallel
from .halves import in_halves
from .waits import waits_for

_MOST = 4               # threads: more of them would wait for the interpreter's lock
_SHORT = 8e-6           # seconds of a call that is not worth another thread
_TAKING = 15e-6         # seconds that a task takes beside its calls: some thread has to wake for it
_GAIN = 0.9             # of the time of one thread; from there on sharing is not worth it

Task = collections.namedtuple("Task", "calls followers waits")      # waits: for how many


def scheduled(calls, effects, seconds, own=()):
    """A function that makes the calls, by several threads if that is quicker.

    effects: of each call the arrays that it changes.  seconds: the time that each took.  own: the
    ids of the arrays that are the program's own memory: nobody reads there after an error."""
    calls, effects, seconds = zip(*itertools.chain(*map(in_halves, calls, effects, seconds)))
    threads = min(parallel.threads(), _MOST)
    waits = waits_for(calls, effects, own)
    tasks = joined(waits, seconds)
    followers = _followers(tasks, waits)
    way = _ways(tasks, followers, seconds)

    def in_order():
        for function, arguments in calls:
            function(*arguments)

    # Graham's bound: while a thread waits, others are on the longest way
    bound = (sum(seconds) + _TAKING * len(tasks)) / threads + max(way) * (1 - 1 / threads)
    if bound > _GAIN * sum(seconds):
        return in_order
    tasks = _by_way(calls, tasks, followers, way)

    def shared():
        run = _Run(tasks, threads)
        if not parallel.at_once([run.work] * threads):      # they work for somebody else
            in_order()
    return shared


def joined(waits, seconds):
    """Tasks, lists of calls' numbers, in an order in which they could be made.

    A call joins the task of the only one that it waits for, if no other waits for the same one or
    it is short. So a task waits for others before its first call only."""
    waiting = collections.Counter(itertools.chain(*waits))
    tasks, task_of = [], []
    for i, earlier in enumerate(waits):
        before, *others = earlier or [None]
        if before is None or others or waiting[before] > 1 and seconds[i] >= _SHORT:
            task_of.append(len(tasks))
            tasks.append([i])
        else:
            task_of.append(task_of[before])
            tasks[task_of[before]].append(i)
    return tasks


def _followers(tasks, waits):
    """For each task those that wait for it."""
    task_of = {i: task for task, numbers in enumerate(tasks) for i in numbers}
    followers = [[] for _ in tasks]
    for task, (first, *_) in enumerate(tasks):
        for other in {task_of[i] for i in waits[first]}:
            followers[other].append(task)
    return followers


def _ways(tasks, followers, seconds):
    """The seconds from the start of each task to the end of all, if there were threads enough."""
    way = [0.0] * len(tasks)
    for task in reversed(range(len(tasks))):
        way[task] = sum(seconds[i] for i in tasks[task]) + max(
            [way[other] for other in followers[task]], default=0.0)
    return way


def _by_way(calls, tasks, followers, way):
    """The Tasks, the one with the longest way first."""
    order = sorted(range(len(tasks)), key=way.__getitem__, reverse=True)
    place = {task: i for i, task in enumerate(order)}
    waits = collections.Counter(itertools.chain(*followers))
    return [Task([calls[i] for i in tasks[task]], [place[other] for other in followers[task]],
                 waits[task]) for task in order]


class _Run:
    """Once all tasks, by several threads, each of which calls work().

    After an error, by whichever thread, no task is begun, and every thread comes to its end."""

    def __init__(self, tasks, threads):
        self.tasks, self.threads, self.over = tasks, threads, False
        self.lock = threading.Lock()        # of the next three
        self.missing = [task.waits for task in tasks]
        self.ready = [i for i, missing in enumerate(self.missing) if not missing]       # a heap
        self.left = len(tasks)
        self.calling = queue.SimpleQueue()  # True for each task to be taken, then False for each
        for _ in self.ready:                # thread
            self.calling.put(True)

    def work(self):
        try:
            while self.calling.get() and not self.over:
                with self.lock:
                    task = self.tasks[heapq.heappop(self.ready)]
                while task and not self.over:
                    for function, arguments in task.calls:
                        function(*arguments)
                    task = self._next_after(task)
        except BaseException:
            self._end()
            raise

    def _next_after(self, task):
        """A task to go on with, if one is ready now; each further one calls a thread."""
        with self.lock:
            new = 0
            for i in task.followers:
                self.missing[i] -= 1
                if not self.missing[i]:
                    heapq.heappush(self.ready, i)
                    new += 1
            self.left -= 1
            if not self.left:
                self._end()
            following = self.tasks[heapq.heappop(self.ready)] if new else None
        for _ in range(new - 1):
            self.calling.put(True)
        return following

    def _end(self):
        self.over = True
        for _ in range(self.threads):
            self.calling.put(False)
