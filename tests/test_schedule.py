"""A list of calls shared by threads: who waits for whom, and that the numbers are those of one."""

import collections
import itertools
import signal
import threading
import time

import numpy as np
import pytest

import minigen as mg
from minigen import parallel
from minigen.replay import schedule, waits

pytestmark = pytest.mark.numpy_only("the threads of the host")


@pytest.fixture
def helpers(monkeypatch):
    """For three threads; and whatever is shared is shared, be it quicker or not."""
    monkeypatch.setattr(parallel, "_helpers", [parallel._Helper(), parallel._Helper()])
    monkeypatch.setattr(schedule, "_GAIN", np.inf)


def program(seed, length=60):
    """Calls that read and write overlapping views of three arrays, and take their time."""
    rng = np.random.default_rng(seed)
    memory = [rng.random((6, 8)) for _ in range(3)]

    def view():
        (a, b), (c, d) = (sorted(rng.choice(n + 1, 2, replace=False)) for n in (6, 8))
        return memory[rng.integers(3)][a:b, c:d]

    def add(x, y, out):
        time.sleep(rng_of_times.choice([0, 0, 0, 1e-4]))
        out *= 0.5
        out += x.mean() - y.sum()

    rng_of_times = np.random.default_rng()
    calls, effects = [], []
    for _ in range(length):
        x, y, out = view(), view(), view()
        calls.append((add, (x, y, out)))
        effects.append([out])
    return memory, calls, effects


@pytest.mark.parametrize("seed", range(20))
def test_of_two_calls_that_may_not_be_exchanged_the_later_waits(seed):
    """By way of others, perhaps; and no call waits for one that it has nothing to do with."""
    _, calls, effects = program(seed)
    waited_for = waits.waits_for(calls, effects)
    reached = []
    for earlier in waited_for:
        reached.append(set().union(earlier, *(reached[j] for j in earlier)))
    for i, (_, used) in enumerate(calls):
        for j, (_, others) in enumerate(calls[:i]):
            meet = (any(np.shares_memory(effects[i][0], x) for x in others)
                    or any(np.shares_memory(effects[j][0], x) for x in used))
            assert not meet or j in reached[i]
            assert meet or j not in waited_for[i]


@pytest.mark.parametrize("seed", range(20))
def test_the_numbers_are_those_of_one_thread(seed, helpers):
    memory, calls, effects = program(seed)
    start = [x.copy() for x in memory]

    def after(run):
        for x, y in zip(memory, start):
            x[...] = y
        run()
        return [x.tobytes() for x in memory]

    shared = schedule.scheduled(calls, effects, [1e-3] * len(calls))
    one = after(lambda: [function(*arguments) for function, arguments in calls])
    assert all(after(shared) == one for _ in range(5))


def test_threads_do_share_what_is_independent(helpers):
    """Three calls that wait for each other: with fewer threads they would wait for ever."""
    barrier, x = threading.Barrier(3), np.zeros((3, 2))
    calls = [(lambda row: barrier.wait(20), (row,)) for row in x]
    shared = schedule.scheduled(calls, [[row] for row in x], [1e-3] * 3)
    shared()


def test_the_longest_way_goes_first():
    """A chain of three calls, one of which is longer; by one thread, so that the order is seen."""
    made, seconds = [], [1.0, 1.0, 2.5, 1.0, 1.0, 1.0]
    waited_for = [set(), set(), set(), set(), {3}, {4}]
    tasks = schedule.joined(waited_for, seconds)
    assert tasks == [[0], [1], [2], [3, 4, 5]]
    followers = schedule._followers(tasks, waited_for)
    way = schedule._ways(tasks, followers, seconds)
    assert way == [1.0, 1.0, 2.5, 3.0]
    calls = [(made.append, (i,)) for i in range(6)]
    schedule._Run(schedule._by_way(calls, tasks, followers, way), 1).work()
    assert made == [3, 4, 5, 2, 0, 1]


def test_where_two_calls_wait_for_the_same_one_threads_part_unless_they_are_short():
    assert schedule.joined([set(), {0}, {0}, {2}], [1.0] * 4) == [[0], [1], [2, 3]]
    assert schedule.joined([set(), {0}, {0}, {0}], [1.0, 1e-6, 1.0, 1e-6]) == [[0, 1, 3], [2]]


def test_when_a_call_of_a_task_is_made_all_that_it_waits_for_is_done():
    """In a random program, of short and of long calls."""
    rng = np.random.default_rng(0)
    waited_for = [{*rng.choice(i, min(i, rng.integers(4)), replace=False).tolist()} if i else set()
                  for i in range(200)]
    direct = waits._directly(waited_for)
    assert sum(map(len, direct)) < sum(map(len, waited_for))
    tasks = schedule.joined(direct, rng.choice([1e-6, 1e-3], 200))
    assert sorted(itertools.chain(*tasks)) == [*range(200)] and len(tasks) < 200
    made = [set() for _ in tasks]                   # when a task begins
    for task, others in enumerate(schedule._followers(tasks, direct)):
        for other in others:
            made[other] |= made[task] | {*tasks[task]}
    for done, calls in zip(made, tasks):
        for i in calls:
            assert waited_for[i] <= done
            done.add(i)


def test_what_is_not_quicker_is_left_to_one_thread(monkeypatch):
    monkeypatch.setattr(parallel, "_helpers", [parallel._Helper()])
    x, threads = np.zeros((8, 2)), set()
    calls = [(lambda row: threads.add(threading.get_ident()), (row,)) for row in x]
    schedule.scheduled(calls, [[row] for row in x], [1e-6] * 8)()
    assert threads == {threading.get_ident()}


@pytest.mark.parametrize("at", range(12))
def test_after_an_error_in_any_call_nothing_hangs_and_the_next_run_is_whole(at, helpers):
    memory, done, failing = np.zeros((3, 4)), [], [at]

    def call(row, i):
        if [i] == failing:
            raise KeyError(i)
        done.append(i)

    calls = [(call, (memory[i % 3] if i % 4 else memory, i)) for i in range(12)]
    shared = schedule.scheduled(calls, [[arguments[0]] for _, arguments in calls], [1e-3] * 12)
    with pytest.raises(KeyError, match=str(at)):
        shared()
    done.clear()
    failing.clear()
    shared()
    assert sorted(done) == [*range(12)]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("failing", [0, 1, 2, None])
def test_after_a_check_has_failed_what_lasts_is_as_in_one_thread(seed, failing, helpers):
    """Three checks in a random program; the first of its three arrays lasts, two are its own."""
    memory, calls, effects = program(seed)
    own, start = {id(x) for x in memory[1:]}, [x.copy() for x in memory]

    def check(number, x):
        if number == failing:
            raise KeyError(number)

    for number, at in enumerate(np.sort(np.random.default_rng(seed).choice(60, 3))):
        calls.insert(at + number, (check, (number, memory[1])))
        effects.insert(at + number, [waits.CHECKED])

    def after(run):
        for x, y in zip(memory, start):
            x[...] = y
        try:
            run()
            error = None
        except KeyError as raised:
            error, = raised.args
        return error, memory[0].tobytes()

    shared = schedule.scheduled(calls, effects, [1e-3] * len(calls), own)
    one = after(lambda: [function(*arguments) for function, arguments in calls])
    assert one[0] == failing
    assert all(after(shared) == one for _ in range(3))


def test_ctrl_c_while_a_thread_waits_for_another_ends_both(monkeypatch):
    """The main thread, asleep until a task is ready, is interrupted; the next run is whole."""
    monkeypatch.setattr(parallel, "_helpers", [parallel._Helper()])
    main, both, done = threading.main_thread(), threading.Barrier(2), []
    calls, interrupt = [], True

    def slow(row):
        both.wait(20)
        if threading.current_thread() is not main:
            time.sleep(0.05)                        # the main thread sleeps by now
            if interrupt:
                signal.pthread_kill(main.ident, signal.SIGINT)
            time.sleep(0.05)
        done.append(row)

    x = np.zeros((2, 2))
    calls = [(slow, (x[0],)), (slow, (x[1],)), (done.append, (x,))]
    monkeypatch.setattr(schedule, "_GAIN", np.inf)
    shared = schedule.scheduled(calls, [[x[0]], [x[1]], [x]], [1e-3] * 3)
    with pytest.raises(KeyboardInterrupt):
        shared()
    assert len(done) == 2
    interrupt = False
    done.clear()
    shared()
    assert len(done) == 3 and done[2] is x


def test_a_convolutions_images_do_not_wait_for_each_other():
    """64 of them, eight in a call: of the value, of x's gradient and of the weight's."""
    x, W = (mg.tensor(np.ones(shape, "float32"), requires_grad=True)
            for shape in ((64, 64, 14, 14), (128, 64, 4, 4)))
    step = mg.compiled(lambda: mg.grad(mg.functional.conv2d(x, W, stride=2, padding=1), [x, W],
                                       np.ones((64, 128, 7, 7), "float32")))
    step()
    program = step.recordings[0].program
    waited_for = waits.waits_for(program.calls, program.effects)
    images = collections.defaultdict(list)
    for i, (function, _) in enumerate(program.calls):
        if hasattr(function, "__qualname__") and function.__module__.endswith("chunks"):
            images[function.__qualname__, function].append(i)
    assert [len(calls) for calls in images.values()].count(8) >= 3
    assert all(not waited_for[i] & {*calls} for calls in images.values() for i in calls)


def test_what_is_in_order_stays_in_order(helpers):
    rng, wanted = np.random.default_rng(0), np.random.default_rng(0).random((30, 5))
    x = np.zeros((30, 5))
    calls = [(lambda row: rng.random(out=row), (row,)) for row in x]
    shared = schedule.scheduled(calls, [[row, waits.IN_ORDER] for row in x], [1e-3] * 30)
    shared()
    np.testing.assert_array_equal(x, wanted)
