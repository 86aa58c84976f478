"""Batches of arrays in a new random order every epoch, endless if wanted, and resumable bit for bit.

The order of an epoch hangs on one number, drawn from minigen's generator when the epoch begins. So the state of a
run through the data is a few integers, and noise drawn in between does not disturb it.
"""

import operator

import numpy as np

from ..random import generator


class Batches:
    """An iterator over batches of `size` examples from `arrays`, which share their first axis.

    Yields an array if one was given, else a tuple with the same rows of each; always copies. One object with a method
    `sample(m)` (ring(), two_moons(), ...) may stand in place of the arrays: every batch is then a fresh sample, and
    there are no epochs.

    shuffle     a new order every epoch, from mg.seed; otherwise the arrays' own order
    drop_last   leave out an epoch's last batch if it is smaller than `size`
    epochs      how often to go through the data, None for ever

    The place in the data belongs to the object: a loop that was left goes on where it stopped, and after the last
    epoch a new loop begins again. Raises TypeError for what is no NumPy array, ValueError for arrays that are empty
    or of unequal length, for size or epochs < 1, and for drop_last with fewer examples than `size`.
    """

    def __init__(self, *arrays, size, shuffle=True, drop_last=False, epochs=None):
        self.size = whole_number("Batches: size", size)
        self.epochs = None if epochs is None else whole_number("Batches: epochs", epochs)
        self.arrays, self.shuffle, self.drop_last = arrays, shuffle, drop_last
        self.epoch, self.position, self.seed = 0, 0, None       # epochs done; examples seen of this one; its order
        self.length = None                                      # examples in an epoch; None: a distribution
        if len(arrays) == 1 and hasattr(arrays[0], "sample"):
            if epochs is not None:
                raise ValueError(f"Batches: epochs={epochs}, but a distribution has no end to count; leave epochs out")
        else:
            self.length = _common_length(arrays)
            if drop_last and self.size > self.length:
                raise ValueError(f"Batches: size={size} with drop_last leaves no batch of {self.length} examples; "
                                 "choose a smaller size or keep the last batch")

    def __iter__(self):
        if self.epoch == self.epochs:
            self.epoch = 0
        return self

    def __next__(self):
        if self.length is None:
            return self.arrays[0].sample(self.size)
        if self.epoch == self.epochs:
            raise StopIteration
        if self.position == 0:
            self.seed = int(generator().integers(2**63)) if self.shuffle else None
            self._order = self._draw_order()
        rows = self._order[self.position:self.position + self.size]
        self.position += len(rows)
        if self.length - self.position < (self.size if self.drop_last else 1):      # no further batch in this epoch
            self.epoch, self.position = self.epoch + 1, 0
        batch = tuple(array[rows] for array in self.arrays)
        return batch[0] if len(batch) == 1 else batch

    def _draw_order(self):
        if self.seed is None:
            return np.arange(self.length)
        return np.random.default_rng(self.seed).permutation(self.length)

    def state(self):
        """Where this run through the data stands, as a dictionary of integers and None that JSON can hold."""
        return {name: getattr(self, name) for name in ("length", "size", "epoch", "position", "seed")}

    def restore(self, state):
        """Go on from `state`: the next batch is the one that would have come next where it was taken.

        What the epochs after this one look like also hangs on minigen's generator, which a checkpoint saves. Raises
        ValueError, and changes nothing, for the state of batches of another length or size and for a broken one.
        """
        names = set(self.state())
        if not isinstance(state, dict) or set(state) != names:
            raise ValueError(f"Batches.restore: got {state!r}, expected a dictionary of {', '.join(sorted(names))}")
        if (state["length"], state["size"]) != (self.length, self.size):
            raise ValueError(f"Batches.restore: the state is of {state['length']} examples in batches of "
                             f"{state['size']}, but these are {self.length} in batches of {self.size}")
        epoch, position, seed = (state[name] for name in ("epoch", "position", "seed"))
        last = 0 if self.length is None else self.length - (self.size if self.drop_last else 1)
        if not (_within(epoch, self.epochs) and _within(position, last) and position % self.size == 0
                and (seed is None or _within(seed, None))):
            raise ValueError(f"Batches.restore: no such place in these batches: epoch {epoch!r} (of {self.epochs}), "
                             f"position {position!r} (of {self.length}), seed {seed!r}")
        self.epoch, self.position, self.seed = epoch, position, seed
        if position:
            self._order = self._draw_order()


def whole_number(name, number):
    """`number` as an int of at least 1, or an error that names it."""
    try:
        number = operator.index(number)
    except TypeError:
        raise TypeError(f"{name} is {number!r}, expected a whole number") from None
    if number < 1:
        raise ValueError(f"{name} is {number}, expected at least 1")
    return number


def _common_length(arrays):
    """The length of the first axis of all `arrays`, or an error that says which is wrong."""
    if not arrays:
        raise TypeError("Batches: no data given; expected Batches(images, size=64) or Batches(images, labels, size=64)")
    for array in arrays:
        if not isinstance(array, np.ndarray):
            raise TypeError(f"Batches: got a {type(array).__name__}, expected NumPy arrays (mg.to_numpy makes one of a "
                            "Tensor) or one object with a method sample(m)")
        if array.ndim == 0:
            raise ValueError("Batches: got an array of no dimensions, expected the examples along the first axis")
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(f"Batches: the arrays hold {lengths} examples, expected the same number in each")
    if lengths[0] == 0:
        raise ValueError(f"Batches: the data is empty (shape {arrays[0].shape}), expected at least one example")
    return lengths[0]


def _within(number, last):
    """Whether `number` is an integer from 0 to `last` (None: without end)."""
    return type(number) is int and number >= 0 and (last is None or number <= last)
