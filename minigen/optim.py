"""Optimizers: from gradients to new parameters. All *descend*: to ascend V, give them the gradients of −V.

    optimizer = SGD(D.parameters(), lr=0.1, momentum=0.9)
    optimizer.step(gradients)           what minigen.grad returns, in the parameters' order

Conventions are PyTorch's. The learning rate is a number or a schedule, a function of the number of steps done. A step lays the
gradients end to end in one flat array and applies the rule to that: for many small parameters a few long operations instead of
many short ones; a long array goes piece by piece, each piece staying in the cache.
Read next: trainers/autoencoder.py.
"""

import math
from itertools import accumulate

from .autograd import Tensor
from .backend import array_module

_PIECE = {"numpy": 1 << 15, "cupy": 1 << 62}        # elements


class Optimizer:
    """What all share: parameters, learning rate, flat arrays of memory. Subclasses name their memories and give the rule.

    rule(lr, g, *memory): turns g, in place, into the step that is subtracted, and updates the memories.
    ValueError: a learning rate that is negative or not a number, no parameters, one given twice, or two dtypes."""

    memories = ()

    def __init__(self, parameters, lr, weight_decay=0.0):
        self.parameters = list(parameters)
        name = type(self).__name__
        if not self.parameters:
            raise ValueError(f"{name}: there are no parameters to update")
        for p in self.parameters:
            if not isinstance(p, Tensor) or p.creator is not None:
                raise TypeError(f"{name}: got {p!r} as a parameter, expected leaf Tensors, as layer.parameters() lists them")
        if len({id(p) for p in self.parameters}) < len(self.parameters):
            twice = next(p for i, p in enumerate(self.parameters) if any(p is q for q in self.parameters[:i]))
            raise ValueError(f"{name}: {twice!r} was given twice, and would be updated twice a step")
        if len({(array_module(p.data), p.dtype) for p in self.parameters}) > 1:
            raise ValueError(f"{name}: the parameters are not all of one dtype and one array library: {self.parameters}")
        self.lr = lr if callable(lr) else _non_negative(name, "lr", lr)
        self.weight_decay = _non_negative(name, "weight_decay", weight_decay)
        self.steps = 0
        self._xp = array_module(self.parameters[0].data)
        self._piece = _PIECE[self._xp.__name__]
        *starts, total = accumulate((p.size for p in self.parameters), initial=0)
        dtype = self.parameters[0].dtype
        self._flat = self._xp.empty(total, dtype)           # the gradients end to end, which the rule turns into the step
        self._places = [_place(p, self._flat, start) for p, start in zip(self.parameters, starts)]
        self.memory = {memory: self._xp.zeros(total, dtype) for memory in self.memories}

    def step(self, gradients=None):
        """Update every parameter once. `gradients`: one per parameter, in their order (Tensors or arrays); if left out, each
        parameter's .grad, where None means no update. ValueError: a wrong number of gradients or a wrong shape."""
        if gradients is None:
            gradients = [p.grad for p in self.parameters]
            if all(g is None for g in gradients):
                raise ValueError(f"{type(self).__name__}.step: no parameter has a .grad; call backward() first, or give gradients")
        if len(gradients) != len(self.parameters):
            raise ValueError(f"{type(self).__name__}.step: got {len(gradients)} gradients for {len(self.parameters)} parameters")
        updated, runs = [], []              # runs: parameters next to each other that have a gradient, so that their memories are too
        for g, (p, start, stop, part) in zip(gradients, self._places):
            g = g._data if type(g) is Tensor else g
            if g is None:
                continue
            if getattr(g, "shape", None) != p._data.shape:
                raise ValueError(f"{type(self).__name__}.step: got a {type(g).__name__} of shape {getattr(g, 'shape', None)} for {p!r}")
            part[...] = g
            updated.append((p, part))
            if runs and runs[-1][1] == start:
                runs[-1][1] = stop
            else:
                runs.append([start, stop])
        lr = self.lr(self.steps) if callable(self.lr) else self.lr
        if self.weight_decay:
            for p, part in updated:
                self._decay(lr, part, p._data)
        self.steps += 1
        for start, stop in runs:
            for at in range(start, stop, self._piece):
                piece = slice(at, min(at + self._piece, stop))
                self.rule(lr, self._flat[piece], *[m[piece] for m in self.memory.values()])
        for p, part in updated:
            p._data -= part
            p.written()
        return lr

    def _decay(self, lr, g, p):
        """Weight decay as part of the gradient: g + weight_decay · p."""
        g += self.weight_decay * p

    def zero_grad(self):
        """Forget every parameter's .grad (what trainers that use minigen.grad never need)."""
        for p in self.parameters:
            p.grad = None

    def state_dict(self):
        """The number of steps and the memories, by name: "steps", "velocity", ...; each is flat, parameter after parameter, and
        each of these row by row, however the parameter lies in memory."""
        return {"steps": self.steps, **{name: self._xp.concatenate([part.ravel() for part in self._parts(array)])
                                        for name, array in self.memory.items()}}

    def load_state_dict(self, state):
        """Restore what state_dict gave. ValueError, naming them, for missing, surplus or wrong-shaped entries; then nothing is loaded."""
        wrong = [name for name in {*self.memory, "steps"} ^ set(state)]
        wrong += [name for name, array in self.memory.items() if name in state and array.shape != state[name].shape]
        if wrong:
            raise ValueError(f"{type(self).__name__}.load_state_dict: entries missing, surplus or of another shape: {sorted(wrong)}")
        self.steps = int(state["steps"])
        for name, array in self.memory.items():
            given = self._xp.asarray(state[name])
            for part, (p, start, stop, _) in zip(self._parts(array), self._places):
                part[...] = given[start:stop].reshape(p.shape)

    def _parts(self, array):
        """The parts of a flat array that belong to the parameters, each in the parameter's shape."""
        for _, start, stop, part in self._places:
            yield self._xp.lib.stride_tricks.as_strided(array[start:stop], part.shape, part.strides)


class SGD(Optimizer):
    """Gradient descent with momentum μ:    v ← μ v + g        p ← p − lr v        (Nesterov: p ← p − lr (g + μ v))

    g includes weight_decay · p. This is PyTorch's form. Goodfellow et al. 2016 (algorithm 8.2) write v ← μ v − lr g, p ← p + v:
    the same path at a constant rate, but here a change of lr acts at once on all of v. Sutskever et al. 2013 write the
    Nesterov step at the point looked ahead to; this form stores that point."""

    def __init__(self, parameters, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
        self.momentum, self.nesterov = momentum, nesterov
        if not math.isfinite(momentum) or abs(momentum) >= 1:
            raise ValueError(f"SGD: got momentum {momentum}, expected |momentum| < 1")
        if nesterov and momentum <= 0:
            raise ValueError("SGD: nesterov needs a momentum above 0")
        self.memories = ("velocity",) if momentum else ()
        super().__init__(parameters, lr, weight_decay)

    def rule(self, lr, g, v=None):
        if v is None:
            g *= lr
        else:
            v *= self.momentum
            v += g
            self._xp.multiply(g + self.momentum * v if self.nesterov else v, lr, out=g)


class RMSprop(Optimizer):
    """Steps scaled by the recent size of the gradient:    s ← α s + (1 − α) g²        p ← p − lr g / (√s + ε)

    Tieleman & Hinton 2012, lecture 6.5; ε outside the root, as in PyTorch."""

    memories = ("square_average",)

    def __init__(self, parameters, lr=0.01, alpha=0.99, eps=1e-8, weight_decay=0.0):
        self.alpha, self.eps = _fraction("RMSprop", "alpha", alpha), _non_negative("RMSprop", "eps", eps)
        super().__init__(parameters, lr, weight_decay)

    def rule(self, lr, g, s):
        s *= self.alpha
        s += (1 - self.alpha) * (g * g)
        root = self._xp.sqrt(s)
        root += self.eps
        g *= lr
        g /= root


class Adam(Optimizer):
    """Momentum over RMSprop, both averages corrected for their start at zero (Kingma & Ba 2015, algorithm 1):

    m ← β₁ m + (1 − β₁) g        s ← β₂ s + (1 − β₂) g²        p ← p − lr (m / (1 − β₁ᵗ)) / (√(s / (1 − β₂ᵗ)) + ε)

    t counts the optimizer's steps. (PyTorch counts each parameter's: they differ for one without a gradient at first.)"""

    memories = ("average", "square_average")

    def __init__(self, parameters, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        name = type(self).__name__
        if len(betas) != 2:
            raise ValueError(f"{name}: got betas = {betas}, expected two")
        self.betas, self.eps = tuple(_fraction(name, "beta", b) for b in betas), _non_negative(name, "eps", eps)
        super().__init__(parameters, lr, weight_decay)

    def rule(self, lr, g, m, s):
        (b1, b2), xp = self.betas, self._xp
        m *= b1
        m += (1 - b1) * g
        s *= b2
        square = g * g
        square *= 1 - b2
        s += square
        root = math.sqrt(1 - b2 ** self.steps)          # taken out of the fraction: one pass fewer
        step = xp.sqrt(s, out=square)
        step += self.eps * root
        xp.divide(m, step, out=g)
        g *= lr * root / (1 - b1 ** self.steps)


class AdamW(Adam):
    """Adam with the weight decay taken out of the averages:    p ← p (1 − lr · weight_decay), then Adam's step

    Loshchilov & Hutter 2019, algorithm 2."""

    def __init__(self, parameters, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(parameters, lr, betas, eps, weight_decay)

    def _decay(self, lr, g, p):
        p *= 1 - lr * self.weight_decay


# --------------------------------------------------------------------- schedules: a rate for each step number

def linear_decay(lr, start, end, final=0.0):
    """`lr` for `start` steps, then a straight line down to `final` at step `end`, and `final` after that."""
    if end <= start:
        raise ValueError(f"linear_decay: got start = {start}, end = {end}, expected start < end")
    return lambda step: lr + (final - lr) * min(max((step - start) / (end - start), 0.0), 1.0)


def cosine_decay(lr, end, final=0.0):
    """Half a cosine from `lr` down to `final` at step `end` (Loshchilov & Hutter 2017, eq. 5), and `final` after that."""
    if end <= 0:
        raise ValueError(f"cosine_decay: got end = {end}, expected a number of steps > 0")
    return lambda step: final + (lr - final) * 0.5 * (1 + math.cos(math.pi * min(step / end, 1.0)))


# ------------------------------------------------------------------------------------------ clipping

def clip_norm(gradients, max_norm):
    """(gradients, norm): the gradients, all scaled by one factor so that their joint norm is at most `max_norm`, and the norm
    they had, a number of the array library (Pascanu et al. 2013, algorithm 1). None, no gradient, stays None."""
    arrays = _to_clip("clip_norm", gradients, max_norm=max_norm)
    there = [g for g in arrays if g is not None]
    xp = array_module(there[0])
    norm = xp.sqrt(sum((g * g).sum() for g in there))
    factor = xp.minimum(max_norm / (norm + 1e-6), 1.0)
    return [g if g is None else (g * factor).astype(g.dtype) for g in arrays], norm


def clip_value(gradients, limit):
    """Each element of each gradient kept within ±limit. None, no gradient, stays None."""
    return [g if g is None else array_module(g).clip(g, -limit, limit) for g in _to_clip("clip_value", gradients, limit=limit)]


def _to_clip(name, gradients, **bound):
    (what, value), = bound.items()
    _non_negative(name, what, value)
    gradients = [*gradients]
    if all(g is None for g in gradients):
        raise ValueError(f"{name}: there are no gradients")
    return [getattr(g, "_data", g) for g in gradients]


# ------------------------------------------------------------------------------------------ helpers

def _place(p, flat, start):
    """A parameter, from where to where its numbers are in flat arrays, and that part of `flat` in its shape, lying in memory
    as it does."""
    axes = sorted(range(p.ndim), key=lambda axis: -p.data.strides[axis])        # from the slowest to the fastest
    part = flat[start:start + p.size].reshape([p.shape[axis] for axis in axes])
    return p, start, start + p.size, part.transpose(sorted(range(p.ndim), key=axes.__getitem__))


def _non_negative(name, what, value):
    if not math.isfinite(value) or value < 0:
        raise ValueError(f"{name}: got {what} = {value}, expected a finite number >= 0")
    return value


def _fraction(name, what, value):
    if not 0 <= value < 1:
        raise ValueError(f"{name}: got {what} = {value}, expected 0 <= {what} < 1")
    return value
