"""Many parameters as one flat array: their gradients, and an optimizer's state, end to end.

A rule applied to one long array is a few long operations instead of many short ones, for the small
parameters of a small network; a long array goes piece by piece, each staying in the cache. Not the
subject: skim it at a first reading. Read next: files.py.
"""

from itertools import accumulate

from .backend import array_module

_PIECE, _GPU_PIECE = 1 << 15, 1 << 62           # elements of a piece; on a GPU all at once


class Flat:
    """A flat array of the parameters' total size, and where each parameter's numbers are in it.

    array: uninitialised.  places: for each parameter (start, stop, part), where `part` is a view of
    array[start:stop] in the parameter's shape, lying in memory as the parameter does."""

    def __init__(self, parameters):
        self.xp = array_module(parameters[0].data)
        *starts, total = accumulate((p.size for p in parameters), initial=0)
        self.array = self.xp.empty(total, parameters[0].dtype)
        self.places = [_place(p, self.array, start) for p, start in zip(parameters, starts)]
        self.piece = _PIECE if self.xp.__name__ == "numpy" else _GPU_PIECE
        self.whole = [slice(0, total)]

    def zeros(self):
        """A new array of the same size, for a quantity that an optimizer keeps."""
        return self.xp.zeros(self.array.size, self.array.dtype)

    def parts(self, array):
        """The parts of a flat array that belong to the parameters, each in the parameter's
        shape."""
        as_strided = self.xp.lib.stride_tricks.as_strided
        for start, stop, part in self.places:
            yield as_strided(array[start:stop], part.shape, part.strides)

    def pieces(self, filled):
        """Slices that cover the places in the list `filled` (in order) and no others, no longer
        than a piece each. Places next to each other are covered together."""
        if len(filled) == len(self.places) and self.array.size <= self.piece:
            return self.whole                   # at once: most small networks come this way
        runs, pieces = [], []
        for start, stop, _ in filled:
            if runs and runs[-1][1] == start:
                runs[-1][1] = stop
            else:
                runs.append([start, stop])
        for start, stop in runs:
            for at in range(start, stop, self.piece):
                pieces.append(slice(at, min(at + self.piece, stop)))
        return pieces


def _place(p, array, start):
    axes = sorted(range(p.ndim), key=lambda axis: -p.data.strides[axis])    # slowest first
    stop = start + p.size
    part = array[start:stop].reshape([p.shape[axis] for axis in axes])
    return start, stop, part.transpose(sorted(range(p.ndim), key=axes.__getitem__))
