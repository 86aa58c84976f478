"""Optimizers: from gradients to new parameters. All *descend*: to ascend V, give them −∇V.

    optimizer = SGD(D.parameters(), lr=0.1, momentum=0.9)
    optimizer.step(gradients)           what minigen.grad returns, in the parameters' order

Conventions are PyTorch's. The learning rate is a number or a schedule, a function of the number of
steps done. A rule works on flat arrays: many small parameters end to end, or a piece of a large
one. Beside each of its lines stands the paper's. Read next: flat.py.
"""

import functools
import math
import numbers

from . import errors
from .autograd import Tensor
from .backend import array_module
from .flat import Flat
from .modes import anew, at_every_step, mode


class Optimizer:
    """What all share: parameters, a learning rate, flat arrays of state. A subclass names the
    quantities that it keeps, `keeps`, and gives the rule.

    rule(*numbers, step, g, *state): writes to the array `step` what is to be subtracted, given the
    gradient g, and updates the state in place.  numbers(lr): those of one step of the optimizer.
    parameters: leaf Tensors, a list; the small ones move into one array (flat.py): their .data is
    another one from then on. lr: a number >= 0, or a schedule. weight_decay: a number >= 0.
    TypeError: something else. ValueError: a rate that is negative or not a number, no parameters,
    one given twice, or two dtypes."""

    keeps = fades = ()      # fades: of these, what decays to nothing where gradients stay zero

    def __init__(self, parameters, lr, weight_decay=0.0):
        name = type(self).__name__
        self.parameters = _checked_parameters(name, parameters)
        self.lr = lr if callable(lr) else _non_negative(name, lr=lr)
        self.weight_decay = _non_negative(name, weight_decay=weight_decay)
        self.steps = 0
        self._flat = Flat(self.parameters, self.keeps)
        self.state = self._flat.state

    def step(self, gradients=None):
        """Update every parameter once.

        gradients: one per parameter, in their order (Tensors or arrays); if left out, each
        parameter's .grad, where None means no update. ValueError: a wrong number of gradients, a
        wrong shape, or a schedule that gives a rate that is negative or not a number.
        BackendError: gradients of another library than the parameters."""
        flat = self._flat
        small, large = flat.gather(self.parameters, self._given(gradients), self._check,
                                   self.weight_decay)
        numbers = anew(self._next_numbers, flat.dtype)
        flat.subtract(small, large, self.rule, numbers, self.weight_decay)
        for name in self.fades:
            at_every_step(flat.forget_tiny, self.state[name], self)

    def _next_numbers(self):
        """The numbers of one more step."""
        lr = self._rate()
        self.steps += 1
        return self.numbers(lr)

    def numbers(self, lr):
        return lr,

    def _given(self, gradients):
        """The gradients, as many as there are parameters; each parameter's .grad if None."""
        if gradients is None:
            gradients = [p.grad for p in self.parameters]
            if all(g is None for g in gradients):
                raise ValueError(f"{type(self).__name__}.step: no parameter has a .grad; call "
                                 "backward() first, or give gradients")
        if len(gradients) != len(self.parameters):
            raise ValueError(f"{type(self).__name__}.step: got {len(gradients)} gradients for "
                             f"{len(self.parameters)} parameters")
        return gradients if mode.sharing is None else mode.sharing.average(gradients, self._flat)

    def _check(self, g, p):
        if getattr(g, "shape", None) != p._data.shape:
            raise ValueError(f"{type(self).__name__}.step: got a {type(g).__name__} of shape "
                             f"{getattr(g, 'shape', None)} for {p!r}")
        errors.require_one_library(f"{type(self).__name__}.step", "a gradient", g, p._data)

    def _rate(self):
        if not callable(self.lr):
            return self.lr
        return _non_negative(f"{type(self).__name__}, step {self.steps}", lr=self.lr(self.steps))

    def zero_grad(self):
        """Forget every parameter's .grad; trainers that use minigen.grad never need it."""
        for p in self.parameters:
            p.grad = None

    def state_dict(self):
        """The number of steps and the state, by name: "steps", "velocity", ... Each is flat,
        parameter after parameter, and each of these row by row, however it lies in memory."""
        flat = self._flat
        arrays = {name: flat.xp.concatenate([part.ravel() for part in flat.parts(array)])
                  for name, array in self.state.items()}
        return {"steps": self.steps, **arrays}

    def load_state_dict(self, state):
        """Restore what state_dict gave. ValueError, and nothing loaded: entries that do not fit."""
        wrong = [*({*self.state, "steps"} ^ set(state))]
        wrong += [name for name, array in self.state.items()
                  if name in state and array.shape != state[name].shape]
        if wrong:
            raise ValueError(f"{type(self).__name__}.load_state_dict: entries missing, surplus or "
                             f"of another shape: {sorted(wrong)}")
        self.steps = int(state["steps"])
        for name, array in self.state.items():
            given, start = self._flat.xp.asarray(state[name]), 0
            for part in self._flat.parts(array):
                part[...] = given[start:start + part.size].reshape(part.shape)
                start += part.size

    def __getstate__(self):
        """What is copied or pickled: the state row by row, since weights may move."""
        attributes = {name: value for name, value in vars(self).items() if name != "_flat"}
        return {**attributes, "state": self.state_dict()}

    def __setstate__(self, attributes):
        vars(self).update(attributes)
        self._flat = Flat(self.parameters, self.keeps)
        self.state = self._flat.state
        self.load_state_dict(attributes["state"])


class SGD(Optimizer):
    """Gradient descent with momentum μ:

        v ← μ v + g        p ← p − lr v        (Nesterov: p ← p − lr (g + μ v))

    g includes weight_decay · p. This is PyTorch's form. Goodfellow et al. 2016 (algorithm 8.2)
    write v ← μ v − lr g, p ← p + v: the same path at a constant rate, but here a change of lr acts
    at once on all of v. Sutskever et al. 2013 write the Nesterov step at the point looked ahead to;
    this form stores that point. ValueError: |momentum| >= 1; nesterov without momentum."""

    def __init__(self, parameters, lr, momentum=0.0, nesterov=False, weight_decay=0.0):
        if not isinstance(momentum, numbers.Real) or not abs(momentum) < 1:
            raise ValueError(f"SGD: got momentum {momentum}, expected |momentum| < 1")
        if nesterov and momentum <= 0:
            raise ValueError("SGD: nesterov needs a momentum above 0")
        self.momentum, self.nesterov = momentum, nesterov
        self.keeps = self.fades = ("velocity",) if momentum else ()
        super().__init__(parameters, lr, weight_decay)

    def rule(self, lr, step, g, v=None):
        xp = self._flat.xp
        if v is None:
            xp.multiply(g, lr, out=step)                        # lr g
            return
        v *= self.momentum                                      # μ v
        v += g                                                  # v ← μ v + g
        ahead = g + self.momentum * v if self.nesterov else v   # g + μ v, or v
        xp.multiply(ahead, lr, out=step)                        # lr (g + μ v), or lr v


class RMSprop(Optimizer):
    """Steps scaled by the recent size of the gradient (Tieleman & Hinton 2012, lecture 6.5):

        s ← α s + (1 − α) g²        p ← p − lr g / (√s + ε)

    ε is outside the root, as in PyTorch."""

    keeps = ("square_average",)

    def __init__(self, parameters, lr=0.01, alpha=0.99, eps=1e-8, weight_decay=0.0):
        errors.fraction("RMSprop", alpha=alpha)
        self.alpha = alpha
        self.eps = _non_negative("RMSprop", eps=eps)
        super().__init__(parameters, lr, weight_decay)

    def rule(self, lr, step, g, s):
        s *= self.alpha                                         # α s
        s += (1 - self.alpha) * (g * g)                         # s ← α s + (1 − α) g²
        root = self._flat.xp.sqrt(s)
        root += self.eps                                        # √s + ε
        self._flat.xp.multiply(g, lr, out=step)
        step /= root                                            # lr g / (√s + ε)


class Adam(Optimizer):
    """Momentum over RMSprop, both averages corrected for their start at zero (Kingma & Ba 2015,
    algorithm 1):

        m ← β₁ m + (1 − β₁) g        s ← β₂ s + (1 − β₂) g²
        p ← p − lr (m / (1 − β₁ᵗ)) / (√(s / (1 − β₂ᵗ)) + ε)

    t counts the optimizer's steps. (PyTorch counts each parameter's: they differ for one that has
    no gradient at first.)"""

    keeps, fades = ("average", "square_average"), ("average",)

    def __init__(self, parameters, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
        name = type(self).__name__
        if not isinstance(betas, (tuple, list)) or len(betas) != 2:
            raise ValueError(f"{name}: got betas = {betas}, expected two")
        for beta in betas:
            errors.fraction(name, beta=beta)
        self.betas = tuple(betas)
        self.eps = _non_negative(name, eps=eps)
        super().__init__(parameters, lr, weight_decay)

    def numbers(self, lr):
        r = math.sqrt(1 - self.betas[1] ** self.steps)          # r = √(1 − β₂ᵗ)
        return lr * r / (1 - self.betas[0] ** self.steps), self.eps * r

    def rule(self, lr, eps, step, g, m, s):                     # lr r / (1 − β₁ᵗ), ε r
        (b1, b2), xp = self.betas, self._flat.xp
        m *= b1                                                 # β₁ m
        xp.multiply(g, 1 - b1, out=step)
        m += step                                               # m ← β₁ m + (1 − β₁) g
        s *= b2                                                 # β₂ s
        xp.multiply(g, g, out=step)
        step *= 1 - b2                                          # (1 − β₂) g²
        s += step                                               # s ← β₂ s + (1 − β₂) g²
        xp.sqrt(s, out=step)
        step += eps                                             # r (√(s/(1 − β₂ᵗ)) + ε)
        xp.divide(m, step, out=step)
        step *= lr                                              # lr (m/(1 − β₁ᵗ)) / (√(...) + ε)


# ---------------------------------------- schedules, a rate for each number of steps; and clipping

def linear_decay(lr, start, end, final=0.0):
    """`lr` up to step `start`, `final` from `end` on, a line between. ValueError: end <= start."""
    if end <= start:
        raise ValueError(f"linear_decay: got start = {start}, end = {end}, expected start < end")
    return functools.partial(_linear, lr, start, end, final)    # unlike a lambda, it can be pickled


def _linear(lr, start, end, final, step):
    return lr + (final - lr) * min(max((step - start) / (end - start), 0.0), 1.0)


def cosine_decay(lr, end, final=0.0):
    """Half a cosine from `lr` down to `final` at step `end` (Loshchilov & Hutter 2017, eq. 5), and
    `final` after that. ValueError: end <= 0."""
    if end <= 0:
        raise ValueError(f"cosine_decay: got end = {end}, expected a number of steps > 0")
    return functools.partial(_cosine, lr, end, final)


def _cosine(lr, end, final, step):
    return final + (lr - final) * 0.5 * (1 + math.cos(math.pi * min(step / end, 1.0)))


def clip_norm(gradients, max_norm):
    """(gradients, norm): the gradients, all scaled by one factor so that their joint norm is at
    most `max_norm`, and the norm they had, a number of the array library (Pascanu et al. 2013,
    algorithm 1). None, no gradient, stays None. ValueError: no gradients, or max_norm < 0."""
    _non_negative("clip_norm", max_norm=max_norm)
    arrays = [getattr(g, "_data", g) for g in gradients]
    there = [g for g in arrays if g is not None]
    if not there:
        raise ValueError("clip_norm: there are no gradients")
    xp = array_module(there[0])
    norm = xp.sqrt(sum((g * g).sum() for g in there))
    factor = xp.minimum(max_norm / (norm + 1e-6), 1.0)
    return [g if g is None else (g * factor).astype(g.dtype) for g in arrays], norm


# ------------------------------------------------------------------------------------------ checks

def _checked_parameters(name, parameters):
    """The parameters as a list: leaves, each once, of one dtype and library."""
    if not hasattr(parameters, "__iter__"):
        way = "; give layer.parameters()" if hasattr(parameters, "parameters") else ""
        raise TypeError(f"{name}: got a {type(parameters).__name__} as parameters, expected a list "
                        f"of leaf Tensors{way}")
    parameters = list(parameters)
    if not parameters:
        raise ValueError(f"{name}: there are no parameters to update")
    for p in parameters:
        if not isinstance(p, Tensor) or p.creator is not None:
            raise TypeError(f"{name}: got {p!r} as a parameter, expected leaf Tensors, as "
                            "layer.parameters() lists them")
        if sum(p is q for q in parameters) > 1:
            raise ValueError(f"{name}: {p!r} was given twice, and would be updated twice a step")
    if len({(array_module(p.data), p.dtype) for p in parameters}) > 1:
        raise ValueError(f"{name}: the parameters are not all of one dtype and one array library: "
                         f"{parameters}")
    return parameters


def _non_negative(name, **value):
    (what, number), = value.items()
    is_number = isinstance(number, numbers.Real) or getattr(number, "ndim", None) == 0
    if not is_number or isinstance(number, Tensor):
        raise TypeError(f"{name}: got {what} = {errors.in_short(number)}, expected a number >= 0")
    if not math.isfinite(number) or number < 0:
        raise ValueError(f"{name}: got {what} = {number}, expected a finite number >= 0")
    return number
