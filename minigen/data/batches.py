"""Batches of arrays in a new random order every epoch, endless if wanted, and resumable exactly.

The order of an epoch depends on one number, drawn from minigen's generator when the epoch begins.
So the state of a run through the data is a few integers, and drawing noise between two batches
does not change their order.

A trainer's fit takes its batches by `on_gpu`: with CuPy in use, the arrays are copied to the GPU
once, if they take no more than a quarter of its free memory, and batches are cut there. A step then
moves the numbers of its rows, and not what is in them.
"""

import numpy as np

from .. import errors
from ..backend import array_module, asarray, current, is_array
from ..memory import fits_on_gpu
from ..random import generator


class Batches:
    """An iterator over batches of `size` examples from `arrays`, which share their first axis.

    Yields an array if one was given, otherwise a tuple with the same rows of each; always copies.
    A single object with a method `sample(m)` (ring(), two_moons(), ...) may take the place of the
    arrays: every batch is then a fresh sample, and there are no epochs.

    shuffle     a new order every epoch, from mg.seed; otherwise the arrays' own order
    drop_last   leave out the last batch of an epoch if it is smaller than `size`
    epochs      how many times to go through the data; None: without end

    The object remembers its place in the data: a new loop continues where the last one was left,
    or starts again if that one had finished its epochs. TypeError for anything but arrays.
    ValueError for arrays that are empty or of unequal length, for a size or epochs below 1, and
    for drop_last with fewer examples than `size`.
    """

    def __init__(self, *arrays, size, shuffle=True, drop_last=False, epochs=None):
        errors.integer("Batches", 1, size=size)
        if epochs is not None:
            errors.integer("Batches", 1, epochs=epochs)
        self.arrays, self.size, self.epochs = arrays, int(size), epochs
        self.shuffle, self.drop_last = shuffle, drop_last
        self.epoch = 0              # epochs that are over
        self.position = 0           # examples seen in the present one
        self.seed = None            # decides the order of the present one; None: not shuffled
        self.length = None          # examples in an epoch; None for a distribution
        self._on_gpu = None         # the arrays there, once they were asked for
        if len(arrays) == 1 and hasattr(arrays[0], "sample"):
            _check_no_epochs(epochs)
        else:
            self.length = _common_length(arrays)
            _check_one_batch_is_left(self.size, self.length, drop_last)

    def __iter__(self):
        if self.epoch == self.epochs:
            self.epoch = 0
        return self

    def __next__(self):
        return self._next(self.arrays)

    def on_gpu(self):
        """The same batches, cut on the GPU if the arrays fit there. (Arrays that hold NaN or
        infinity stay on the host, where a trainer looks at every batch. What is written to the
        arrays later does not reach the copies.)"""
        while self.epoch != self.epochs:
            if self._on_gpu is None and current() is not np and self.length is not None:
                self._on_gpu = _on_the_gpu_if_they_fit(self.arrays)
            yield self._next(self.arrays if current() is np else self._on_gpu)

    def _next(self, arrays):
        if self.length is None:
            return self.arrays[0].sample(self.size)
        if self.epoch == self.epochs:
            raise StopIteration
        if self.position == 0:
            self.seed = int(generator().integers(2**63)) if self.shuffle else None
            self._order = self._draw_order()
        rows = self._order[self.position:self.position + self.size]
        self.position += len(rows)
        if self.length - self.position < self._smallest_batch():       # this epoch is over
            self.epoch, self.position = self.epoch + 1, 0
        batch = tuple(_rows(array, rows) for array in arrays)
        return batch[0] if len(batch) == 1 else batch

    def _draw_order(self):
        if self.seed is None:
            return np.arange(self.length)
        return np.random.default_rng(self.seed).permutation(self.length)

    def _smallest_batch(self):
        return self.size if self.drop_last else 1

    def state(self):
        """The place in the data, as a dictionary of integers and None that JSON can hold."""
        return {name: getattr(self, name)
                for name in ("length", "size", "epoch", "position", "seed")}

    def restore(self, state):
        """Continue from `state`: the next batch is the one that would have come next there.

        The order of later epochs also depends on minigen's generator, which a checkpoint saves.
        ValueError, with nothing changed, for a damaged state and for one of batches of another
        length or size.
        """
        self._check_state(state)
        self.epoch, self.position = state["epoch"], state["position"]
        self.seed = state["seed"]
        if self.position:
            self._order = self._draw_order()

    def _check_state(self, state):
        if not isinstance(state, dict) or set(state) != set(self.state()):
            raise ValueError(f"Batches.restore: got {state!r}, expected a dictionary of "
                             + ", ".join(sorted(self.state())))
        if (state["length"], state["size"]) != (self.length, self.size):
            raise ValueError(f"Batches.restore: the state is of {state['length']} examples in "
                             f"batches of {state['size']}, but these are {self.length} in "
                             f"batches of {self.size}")
        epoch, position, seed = state["epoch"], state["position"], state["seed"]
        last = 0 if self.length is None else self.length - self._smallest_batch()
        if not (_is_integer(epoch, self.epochs)
                and _is_integer(position, last) and position % self.size == 0
                and (seed is None or _is_integer(seed, None))):
            raise ValueError("Batches.restore: there is no such place in these batches: "
                             f"epoch {epoch!r} (of {self.epochs}), "
                             f"position {position!r} (of {self.length}), seed {seed!r}")


def _rows(array, rows):
    return array[array_module(array).asarray(rows)]


def _on_the_gpu_if_they_fit(arrays):
    on_host = [array for array in arrays if array_module(array) is np]
    if not fits_on_gpu(current(), sum(array.nbytes for array in on_host)):
        return arrays
    if not all(np.isfinite(array).all() for array in on_host if array.dtype.kind == "f"):
        return arrays
    return tuple(asarray(array) for array in arrays)


# ------------------------------------------------------------------------------------------ checks

def _common_length(arrays):
    """The length of the first axis of all `arrays`; TypeError or ValueError where there is none."""
    if not arrays:
        raise TypeError("Batches: no data given; expected Batches(images, size=64) or "
                        "Batches(images, labels, size=64)")
    for array in arrays:
        if not is_array(array):
            raise TypeError(f"Batches: got a {type(array).__name__}, expected arrays "
                            "(mg.to_numpy makes one of a Tensor) or one object with a method "
                            "sample(m)")
        if array.ndim == 0:
            raise ValueError("Batches: got an array of no dimensions, expected the examples "
                             "along the first axis")
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) > 1:
        raise ValueError(f"Batches: the arrays hold {lengths} examples, "
                         "expected the same number in each")
    if lengths[0] == 0:
        raise ValueError(f"Batches: the data is empty (shape {arrays[0].shape}), "
                         "expected at least one example")
    return lengths[0]


def _check_no_epochs(epochs):
    if epochs is not None:
        raise ValueError(f"Batches: epochs={epochs}, but a distribution never ends; "
                         "leave epochs out")


def _check_one_batch_is_left(size, length, drop_last):
    if drop_last and size > length:
        raise ValueError(f"Batches: size={size} with drop_last leaves no batch of {length} "
                         "examples; choose a smaller size or keep the last batch")


def _is_integer(number, last):
    """Whether `number` is an integer from 0 to `last` (None: without end)."""
    return type(number) is int and number >= 0 and (last is None or number <= last)
