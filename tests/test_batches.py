"""Batches: every example once an epoch, in an order that the seed decides, resumable exactly."""

import json

import numpy as np
import pytest
from scipy import stats

from minigen import random
from minigen.data import Batches, ring


@pytest.fixture(autouse=True)
def same_random_numbers():
    random.seed(0)


def take(batches, n):
    return [batch for _, batch in zip(range(n), batches)]


def test_every_epoch_is_a_new_order_of_everything():
    images = np.arange(100).reshape(10, 10)
    batches = take(Batches(images, size=5), 40)
    orders = [tuple((np.concatenate(batches[i:i + 2])[:, 0] // 10).tolist())
              for i in range(0, 40, 2)]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert len(set(orders)) == 20                           # 20 epochs, 20 orders
    assert all(np.array_equal(row, images[row[0] // 10]) for batch in batches for row in batch)


def test_order_comes_from_the_seed():
    first = take(Batches(np.arange(50), size=20), 9)
    again = take(Batches(np.arange(50), size=20), 9)
    random.seed(0)
    same = take(Batches(np.arange(50), size=20), 9)
    assert all(map(np.array_equal, first, same)) and not all(map(np.array_equal, first, again))


def test_every_order_is_as_likely():
    counts = {}
    for batch in take(Batches(np.arange(3), size=3), 3000):
        counts[tuple(batch.tolist())] = counts.get(tuple(batch.tolist()), 0) + 1
    assert len(counts) == 6 and stats.chisquare(list(counts.values())).pvalue > 0.01


@pytest.mark.parametrize("drop_last, sizes", [(False, [4, 4, 2]), (True, [4, 4])])
def test_last_batch_by_choice(drop_last, sizes):
    batches = Batches(np.arange(10), size=4, drop_last=drop_last)
    assert [len(batch) for batch in take(batches, 3 * len(sizes))] == 3 * sizes
    batches = Batches(np.arange(8), size=4, drop_last=drop_last, epochs=2)
    assert [len(batch) for batch in batches] == [4] * 4


def test_without_shuffling_and_larger_than_the_data():
    assert [batch.tolist() for batch in Batches(np.arange(5), size=2, shuffle=False, epochs=2)] == [
        [0, 1], [2, 3], [4], [0, 1], [2, 3], [4]]
    batches = Batches(np.arange(3), size=7, shuffle=False, epochs=1)
    assert [batch.tolist() for batch in batches] == [[0, 1, 2]]


def test_arrays_stay_together_and_keep_their_dtypes():
    images, labels = np.arange(12, dtype=np.float32).reshape(6, 1, 2), np.arange(6)
    for batch in take(Batches(images, labels, size=4), 8):
        assert isinstance(batch, tuple)
        assert batch[0].dtype == np.float32 and batch[1].dtype == np.int64
        assert np.array_equal(batch[0][:, 0, 0], 2 * batch[1])


@pytest.mark.parametrize("shuffle", [True, False])
def test_batches_are_copies(shuffle):
    data = np.ones((6, 2))
    for batch in Batches(data, size=3, shuffle=shuffle, epochs=1):
        batch[:] = 0
    assert data.all()


def test_a_finished_loop_begins_again_and_one_left_goes_on():
    batches = Batches(np.arange(4), size=2, shuffle=False, epochs=1)
    for _ in range(2):
        assert [batch.tolist() for batch in batches] == [[0, 1], [2, 3]]
    for batch in batches:
        break
    assert [batch.tolist() for batch in batches] == [[2, 3]]


@pytest.mark.parametrize("shuffle, drop_last", [(True, False), (True, True), (False, False)])
def test_resume_bit_for_bit(shuffle, drop_last):
    def run(batches, n):
        """What a trainer does: a batch, then noise from the same generator."""
        return [(next(batches).tolist(), random.generator().standard_normal(3).tolist())
                for _ in range(n)]

    def make():
        return Batches(np.arange(10), size=4, shuffle=shuffle, drop_last=drop_last)

    for stop in range(12):          # in the middle and at the ends of epochs
        random.seed(5)
        whole = run(make(), 20)
        random.seed(5)
        interrupted = make()
        begun = run(interrupted, stop)
        state = json.loads(json.dumps(interrupted.state()))
        generator_state = random.generator().bit_generator.state
        random.seed(99)                                     # another process
        resumed = make()
        take(resumed, 1)
        random.generator().bit_generator.state = generator_state
        resumed.restore(state)
        assert begun + run(resumed, 20 - stop) == whole


def test_epochs_left_are_restored():
    batches = Batches(np.arange(6), size=2, epochs=3)
    take(batches, 5)
    resumed = Batches(np.arange(6), size=2, epochs=3)
    resumed.restore(batches.state())
    assert len(list(resumed)) == 4 and resumed.epoch == 3


@pytest.mark.parametrize("change", [
    {"length": 11}, {"size": 3}, {"epoch": 3}, {"epoch": -1}, {"epoch": "1"},
    {"position": 12}, {"position": -4}, {"position": 2}, {"position": 4.0},
    {"seed": -1}, {"seed": "x"}, {"more": 1}])
def test_restoring_a_bad_state_changes_nothing(change):
    batches = Batches(np.arange(10), size=4, epochs=2)
    take(batches, 1)
    before = batches.state()
    with pytest.raises(ValueError, match="Batches.restore"):
        batches.restore(before | change)
    assert batches.state() == before


@pytest.mark.parametrize("state", [None, {}, {"epoch": 0}, [1, 2]])
def test_restoring_anything_but_a_state(state):
    expected = "expected a dictionary of epoch, length, position, seed, size"
    with pytest.raises(ValueError, match=expected):
        Batches(np.arange(10), size=4).restore(state)


def test_batches_of_a_distribution():
    batches = Batches(ring(), size=5)
    first = take(batches, 3)
    random.seed(0)
    assert all(np.array_equal(batch, ring().sample(5)) for batch in first)
    resumed = Batches(ring(), size=5)
    resumed.restore(json.loads(json.dumps(batches.state())))
    assert next(resumed).shape == (5, 2)
    with pytest.raises(ValueError, match="a distribution never ends"):
        Batches(ring(), size=5, epochs=1)


@pytest.mark.parametrize("arrays, options, error, message", [
    ((np.arange(5),), dict(size=0), ValueError, "got size = 0, expected an integer >= 1"),
    ((np.arange(5),), dict(size=-2), ValueError, "got size = -2"),
    ((np.arange(5),), dict(size=2.0), ValueError, "got size = 2.0"),
    ((np.arange(5),), dict(size=None), ValueError, "got size = None"),
    ((np.arange(5),), dict(size=6, drop_last=True), ValueError, "leaves no batch of 5 examples"),
    ((np.arange(5),), dict(size=2, epochs=0), ValueError, "got epochs = 0"),
    ((np.arange(5),), dict(size=2, epochs=1.5), ValueError, "got epochs = 1.5"),
    ((np.arange(5), np.arange(6)), dict(size=2), ValueError, r"\[5, 6\] examples"),
    ((np.zeros((0, 3)),), dict(size=2), ValueError, r"empty \(shape \(0, 3\)\)"),
    ((np.array(3.0),), dict(size=2), ValueError, "no dimensions"),
    (([1, 2, 3],), dict(size=2), TypeError, "got a list, expected arrays"),
    ((ring(), np.arange(5)), dict(size=2), TypeError, "got a GaussianMixture"),
    ((), dict(size=2), TypeError, "no data given")])
def test_bad_batches(arrays, options, error, message):
    with pytest.raises(error, match=message):
        Batches(*arrays, **options)
