"""Many parameters as one flat array: their numbers, gradients and an optimizer's state, end to end.

A rule applied to one long array is a few long operations instead of many short ones, so the small
parameters of a network move into one array, of which each is a view, and their gradients are copied
to another. A large one stays: it is taken piece by piece, each staying in the cache until the rule
is done with it. (On a GPU, where a few long operations are best, all move.) Not the subject: skim
it at a first reading. Read next: files.py.
"""

from itertools import accumulate

from .autograd import Tensor
from .backend import array_module
from .memory import owner_of

_PIECE, _GPU_PIECE = 1 << 16, 1 << 62       # numbers in a piece; from half a piece on one is large


class Flat:
    """Where each parameter's numbers are in a flat array of all, and an optimizer's arrays.

    state: name -> a flat array, zeros at first, for each of `names`."""

    def __init__(self, parameters, names):
        self.xp, self.dtype = array_module(parameters[0].data), parameters[0].dtype
        self.piece = _PIECE if self.xp.__name__ == "numpy" else _GPU_PIECE
        self.orders = [_order(p.data) for p in parameters]
        self.shapes = [p.shape for p in parameters]
        large = [2 * p.size > self.piece for p in parameters]
        numbers = range(len(parameters))
        ends = accumulate(parameters[i].size for i in sorted(numbers, key=large.__getitem__))
        stops = dict(zip(sorted(numbers, key=large.__getitem__), ends))     # the small ones first
        self.slices = [slice(stops[i] - p.size, stops[i]) for i, p in enumerate(parameters)]
        self.size = sum(p.size for p in parameters)
        self.tiny = self.xp.finfo(self.dtype).tiny * 2 ** 24
        self.state = {name: self.xp.zeros(self.size, self.dtype) for name in names}

        self.small = [i for i in numbers if not large[i]]
        gathered = sum(parameters[i].size for i in self.small)
        self.values, self.gradients, self.updates = (self.xp.empty(gathered, self.dtype)
                                                     for _ in range(3))
        self.places = [     # of a small one views of these three; of a large one its pieces
            [None, self.orders[i], self._pieces(self.slices[i])] if large[i] else
            [*(self._part(array, i) for array in (self.gradients, self.updates, self.values)),
             self.slices[i]]
            for i in numbers]
        self.whole = self._gathered([slice(0, gathered)])
        for p, (*_, value, _) in [(parameters[i], self.places[i]) for i in self.small]:
            if owner_of(p._data).size == p.size:    # not a part of somebody's larger array
                value[...] = p._data
                p._data = value

    def gather(self, parameters, gradients, check, decay):
        """The small and the large parameters that have a gradient, not None, with their places:
        lists [(p, step, value, at), ...] and [(p, g, place), ...]. The gradient of a small one is
        copied to where the rule is applied. check(g, p) raises where its kind or shape is
        another."""
        small, large = [], []
        for p, g, place in zip(parameters, gradients, self.places):
            g = g._data if type(g) is Tensor else g
            if g is not None:
                if type(g) is not type(p._data) or g.shape != p._data.shape:
                    check(g, p)
                part = place[0]
                if part is None:
                    large.append((p, g, place))
                else:
                    part[...] = g
                    small.append((p, *place[1:]))
                    if decay:
                        part += decay * p._data
        return small, large

    def subtract(self, small, large, rule, numbers, decay):
        """Subtract from each gathered parameter the step that the rule makes of its gradient."""
        all_small = len(small) == len(self.small)
        for arrays in self.whole if all_small else self._some(small):
            rule(*numbers, *arrays)
        if all_small and all(p._data is value for p, _, value, _ in small):
            self.values -= self.updates
        else:                                       # one has an array of its own
            for p, step, _, _ in small:
                p._data -= step
        for p, _, _, _ in small:
            p.written()
        for p, g, (_, order, pieces) in large:
            self._subtract_large(p, g.transpose(order).reshape(-1), order, pieces, rule, numbers,
                                 decay)

    def _subtract_large(self, p, gradient, order, pieces, rule, numbers, decay):
        in_order = p._data.transpose(order)
        flat, start = in_order.reshape(-1), 0
        for step, *state in pieces:
            at = slice(start, start + len(step))
            piece, g = flat[at], gradient[at]
            if decay:
                g = g + decay * piece
            rule(*numbers, step, g, *state)
            piece -= step
            start = at.stop
        if not in_order.flags.c_contiguous:         # it lies in another order now: flat is a copy
            in_order[...] = flat.reshape(in_order.shape)
        p.written()

    def forget_tiny(self, array, optimizer):
        """Every 32 steps, make 0 what decays in an array of state and has become too small to
        matter. Soon it would be subnormal, and for numbers below 1e-38 a processor takes many times
        as long: half of a network's units idle, a step took 1.8 times as long as before."""
        if optimizer.steps % 32 == 0 and self.xp.__name__ == "numpy":
            array[abs(array) < self.tiny] = 0

    def parts(self, array):
        """The parts of a flat array that belong to the parameters, each in the parameter's
        shape."""
        return [self._part(array, i) for i in range(len(self.slices))]

    def _part(self, array, i):
        shape, order = self.shapes[i], self.orders[i]
        part = array[self.slices[i]].reshape([shape[axis] for axis in order])
        return part.transpose(sorted(range(len(order)), key=order.__getitem__))

    def _some(self, small):
        """What the rule is applied to if not all small parameters have a gradient: neighbours come
        together."""
        runs = []
        for *_, at in small:
            if runs and runs[-1].stop == at.start:
                runs[-1] = slice(runs[-1].start, at.stop)
            else:
                runs.append(at)
        return self._gathered(runs)

    def _gathered(self, runs):
        return [[self.updates[at], self.gradients[at], *self._state(at)]
                for run in runs for at in self._cut(run)]

    def _pieces(self, run):
        """[step, *state] of each piece of a large parameter; the step is memory of all pieces."""
        step = self.xp.empty(min(run.stop - run.start, self.piece), self.dtype)
        return [[step[:at.stop - at.start], *self._state(at)] for at in self._cut(run)]

    def _state(self, at):
        return [array[at] for array in self.state.values()]

    def _cut(self, run):
        """A slice in slices of at most a piece."""
        return [slice(start, min(start + self.piece, run.stop))
                for start in range(run.start, run.stop, self.piece)]


def _order(array):
    """The axes of an array as they lie in memory, slowest first."""
    return sorted(range(array.ndim), key=lambda axis: -array.strides[axis])
