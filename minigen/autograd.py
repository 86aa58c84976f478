"""Tensors that remember how they were made, and the walk back along that memory: reverse-mode differentiation.

A Tensor is an array and, where it was computed, a `Step`: the operation, its inputs, its options. The steps behind a
result are its *tape*. An operation is a value and, for each input, a rule: given g = ∂L/∂y, what is ∂L/∂input? The walk
goes from the last Tensor made to the first and applies the rules; what arrives at the leaves is the gradient.

Three things make that correct, and each has its line in `_walk`:
  order   a Tensor's rules run when *all* its uses have reported. With b = a + a, c = b·b, following each arrow from c
          would visit b twice and count it twice; going from the youngest Tensor to the oldest cannot: users are younger.
  sum     a Tensor used in two places gets two gradients, and the total derivative is their sum: old + new.
  shape   an input stretched by broadcasting was used once per copy: its gradient is the sum over the copies.

A rule is ordinary arithmetic. Given arrays it computes; given Tensors it is itself recorded, so that a gradient can be
differentiated again (create_graph=True) with nothing more to write. Read next: functional/elementwise.py.
"""

import collections
import contextlib
import inspect
import threading
from itertools import compress, count
from operator import attrgetter

import numpy

from . import backend, errors, memory

_birth, _age = count(), attrgetter("creator.birth")     # inputs are made before their users: a topological order


class Tensor:
    """An array with a memory. `minigen.tensor` makes leaves; operations make the others.

    data: the array; assigning to it (`x.data -= step`) is for leaves, and raises `version`, so that a tape which needs the
    older value says so instead of being wrong (after x.data[i] = v, call x.written()).  requires_grad: whether gradients are
    wanted.  grad: of leaves, after backward(), an array of this shape.  creator: the Step that computed it, None for a leaf.
    """

    __slots__ = ("_data", "requires_grad", "grad", "name", "writes", "creator", "__weakref__")
    __array_ufunc__ = None              # array + Tensor: NumPy and CuPy step back, and Tensor.__radd__ answers

    def __init__(self, data, requires_grad=False, name=None, creator=None, writes=None):
        self._data, self.requires_grad, self.grad, self.name, self.creator = data, requires_grad, None, name, creator
        self.writes = [0] if writes is None else writes     # shared by the Tensors that share memory

    @property
    def data(self):
        return self._data

    @data.setter
    def data(self, array):
        self._data = errors.replacement(self, array)
        self.written()

    def written(self):
        """Raise `version`: the data was written to in place."""
        self.writes[0] += 1

    version = property(lambda self: self.writes[0])
    shape, dtype, ndim, size = (property(attrgetter(f"_data.{name}")) for name in ("shape", "dtype", "ndim", "size"))

    def numpy(self):
        """The value as a NumPy array (from a GPU: a copy)."""
        return backend.to_numpy(self._data)

    def item(self):
        """The value of a one-element Tensor as a Python number (from a GPU: waits for it)."""
        if self.size != 1:
            raise ValueError(f"item() needs one element, {self!r} has {self.size}; use .numpy()")
        return self._data.item()

    def detach(self):
        """The same value without a memory: a constant. It cuts gradients; a *frozen* network lets them through."""
        return Tensor(self._data, name=self.name, writes=self.writes)

    def backward(self, gradient=None, retain_graph=False):
        """Add ∂self/∂leaf to `.grad` of every leaf on the tape that requires it, and free the tape.

        gradient: where to start, an array of this shape; 1 if left out, which only a one-element Tensor allows.
        RuntimeError: nothing here requires a gradient; the tape was freed before; a value on it was written to since.
        """
        tape, seed = _tape([self]), errors.seed(self, gradient)
        leaves = [x for x in _reached([self], tape) if x.creator is None]
        for leaf, g in zip(leaves, memory.own(_walk(tape, [self], [seed], leaves, free=not retain_graph), [seed])):
            if g is not None:                                   # None: the condition of a where
                leaf.grad = g if leaf.grad is None else _array(leaf.grad + g)

    def __repr__(self):
        name = f", name={self.name!r}" if self.name else ""
        made = f", made by {self.creator.operation.__name__}" if self.creator else ", requires_grad" * self.requires_grad
        return f"Tensor(shape={self.shape}, {self.dtype}, {backend.array_module(self._data).__name__}{name}{made})"

    def __array__(self, *_, **__):
        raise TypeError("a Tensor does not turn into an array by itself: write x.numpy(), or use minigen.functional")

    def __setitem__(self, index, value):
        raise errors.assignment_error()


def tensor(array, requires_grad=False, name=None):
    """A leaf holding a copy of `array` (array, number, nested list, Tensor) in the library in use.

    float64 arrays stay float64; everything else becomes the default dtype, float32. TypeError for what is not real."""
    value = array._data if isinstance(array, Tensor) else array
    dtype = value.dtype if backend.is_array(value) and value.dtype == numpy.float64 else backend.default_dtype()
    return Tensor(errors.real(value).astype(dtype), requires_grad, name)


# ----------------------------------------------------------------------------------------------- operations

Step = collections.namedtuple("Step", "operation inputs arrays options wants versions birth")
Step.__doc__ = """One line of the tape: an operation, its inputs as Tensors and as arrays, its options; the inputs again where they
wanted a gradient *then* (freezing may have been lifted since), else None; their versions (None: no Tensor); its number."""


class Operation:
    """A function of arrays that is recorded when it is given Tensors; `@operation` makes one.

    f.gradients(rule, ...)  one rule per input, rule(g, y, *inputs, **options) -> ∂L/∂input, or None for an input without
    a gradient; arguments beyond the rules are options.  together=: one rule that returns all `inputs` gradients, where
    they share work.  definition=: the same function of simpler operations, where the rules are fast but take arrays only;
    second derivatives go through it, and tests compare with it."""

    def __init__(self, forward):
        self.forward, self.__name__, self.__doc__ = forward, forward.__name__.lstrip("_"), forward.__doc__
        self.__module__, self.__signature__ = forward.__module__, inspect.signature(forward)

    def gradients(self, *rules, together=None, inputs=None, definition=None):
        self.rules, self.together, self.definition = rules, together, definition
        parameters = self.__signature__.parameters.values()
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)         # concatenate(*arrays, axis)
        self.names = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL]
        self.inputs = 0 if self.variadic else inputs or len(rules)
        self.preset = {p.name: p.default for p in parameters if p.default is not p.empty}
        self.defaults = {name: self.preset[name] for name in self.names[self.inputs:] if name in self.preset}
        self.positional = sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in parameters)
        self.simple = not self.variadic and len(self.names) == self.inputs + len(self.defaults)

    def __call__(self, *inputs, **options):
        if options or len(inputs) != self.inputs or not self.simple:
            inputs, options = errors.bind(self, inputs, options)
        else:
            options = self.defaults
        arrays, wants, versions, tensor, live = [], [], [], None, False
        for x in inputs:
            if type(x) is Tensor:
                tensor = x
                arrays.append(x._data)
                wants.append(x if x.requires_grad else None)
                live = live or x.requires_grad
                versions.append(x.writes[0])
            else:
                arrays.append(x if type(x) is numpy.ndarray or type(x) is float else errors.plain(x, self.__name__))
                wants.append(None)
                versions.append(None)
        try:
            value = self.forward(*arrays, **options)
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            raise errors.operation_error(error, self.__name__, arrays) from error
        value = value if type(value) is numpy.ndarray else _array(value)
        if tensor is None:
            return value
        if value.dtype != tensor._data.dtype and self is not cast:
            value = errors.settled(value, [x.dtype for x in inputs if type(x) is Tensor])
        if _mode.anomaly:
            errors.require_finite(value, self.__name__, "value")
        writes = None if value.base is None or not memory.shared(value, tensor._data) else tensor.writes
        if _mode.recording and live:
            step = (self, inputs, arrays, options, wants, versions, next(_birth))
            return Tensor(value, True, None, tuple.__new__(Step, step), writes)         # Step(*step) takes twice as long
        return Tensor(value, writes=writes)

    def __repr__(self):
        return f"<operation {self.__name__}{self.__signature__}>"


def _array(x):
    """NumPy's arithmetic on 0-d arrays and its reductions return scalars; the tape holds arrays."""
    return numpy.asarray(x) if isinstance(x, (numpy.generic, float)) else x


operation = Operation       # read as a decorator: @operation def f(x): ...


# ----------------------------------------------------------------------------------------- what is recorded

class _Mode(threading.local):           # of each thread: one may look while another trains
    recording, anomaly = True, False


_mode = _Mode()


@contextlib.contextmanager
def _during(owners, attribute, value):
    before = [getattr(owner, attribute) for owner in owners]
    try:
        for owner in owners:
            setattr(owner, attribute, value)
        yield
    finally:
        for owner, earlier in zip(owners, before):
            setattr(owner, attribute, earlier)


def no_grad():
    """`with no_grad():` nothing is recorded, and results are constants."""
    return _during([_mode], "recording", False)


def frozen(*networks):
    """`with frozen(D):` the parameters of D are constants inside; gradients still flow *through* D to its input.

    A network is anything with parameters(). A frozen batch normalisation uses its batch's statistics, as in training,
    and leaves its running statistics alone."""
    return _during([p for network in networks for p in network.parameters()], "requires_grad", False)


def detect_anomaly():
    """`with detect_anomaly():` the first operation or rule whose result is not finite raises NonFiniteError. It looks at
    every array, and a GPU is waited for each time: for hunting, not for training."""
    return _during([_mode], "anomaly", True)


# ------------------------------------------------------------------------------------------------ the walk

def grad(outputs, inputs, grad_outputs=None, create_graph=False):
    """∂(Σ outputs · grad_outputs)/∂input for each input, a list of Tensors. Touches no `.grad`, frees no tape.

    outputs, inputs: a Tensor or a list; inputs may be leaves or Tensors computed on the way. grad_outputs: arrays of the
    outputs' shapes, 1 for scalars. create_graph=True records the gradients, so that they can be differentiated again.
    RuntimeError: an input that no output depends on; a value on the tape that was written to since.
    """
    outputs, inputs = errors.listed(outputs), errors.listed(inputs)
    seeds = [None] * len(outputs) if grad_outputs is None else errors.listed(grad_outputs)
    if len(seeds) != len(outputs) or [x for x in (*outputs, *inputs) if type(x) is not Tensor]:
        raise TypeError(f"grad: expected Tensors and as many grad_outputs as outputs, got outputs {outputs}, inputs {inputs}")
    starts = [errors.seed(y, seed) for y, seed in zip(outputs, seeds)]
    if create_graph:
        seeds = [seed if isinstance(seed, Tensor) else Tensor(start) for seed, start in zip(seeds, starts)]
        found = _walk(_tape(outputs), outputs, seeds, inputs, create_graph=True)
    else:
        found = [g if g is None else Tensor(g) for g in memory.own(_walk(_tape(outputs), outputs, starts, inputs), starts)]
    for x, g in zip(inputs, found):
        if g is None:
            raise errors.unreached_error(x)
    return found


def _tape(outputs, ends=()):
    """The computed Tensors from `outputs` back to `ends` or the leaves that want a gradient, oldest first. A loop: it may be long."""
    reached = {y for y in outputs if y.creator}
    stack = list(reached)
    while stack:
        y = stack.pop()
        step = y.creator
        if step is _FREED:
            raise errors.freed_error()
        if y not in ends:
            for x, want, version in zip(step.inputs, step.wants, step.versions):
                if version is not None and x.writes[0] != version:
                    raise errors.stale_error(step)
                if want is not None and x.creator and x not in reached:
                    reached.add(x)
                    stack.append(x)
    return sorted(reached, key=_age)


def _reached(outputs, tape):
    """All Tensors, leaves too, that want a gradient on the way from `outputs`."""
    return {*outputs, *(x for y in tape for x in y.creator.wants if x is not None)}


def _walk(tape, outputs, seeds, targets, create_graph=False, free=False):
    """The gradients of Σ outputs · seeds with respect to `targets` (None where there is none), in one pass over the tape.

    Seeds are arrays and so are the gradients; with create_graph both are Tensors, and every rule is recorded."""
    apply, anomaly = _record if create_graph else _compute, _mode.anomaly
    kept, wanted, gradients = set(targets), set(targets), {}
    for y in tape:                              # rules run only on the paths from a target to an output
        if not wanted.isdisjoint(y.creator.wants):
            wanted.add(y)
    for y, seed in zip(outputs, seeds):
        gradients[y] = _array(gradients[y] + seed) if y in gradients else seed
    while tape:
        y = tape.pop()                          # the youngest: everything that used it has reported
        step = y.creator
        g = gradients.get(y) if y in kept else gradients.pop(y, None)
        if g is not None:
            for x, gx in apply(step, g, y, wanted):
                like = x._data
                gx = gx if type(gx) is numpy.ndarray else _array(gx)
                if gx.shape != like.shape:
                    gx = sum_to(gx, like.shape)             # broadcasting is undone here, and nowhere else
                if gx.dtype != like.dtype:
                    gx = cast(gx, like.dtype)
                if anomaly:
                    errors.require_finite(getattr(gx, "_data", gx), step.operation.__name__, "gradient")
                gradients[x] = _array(gradients[x] + gx) if x in gradients else gx
        if free:
            y.creator = _FREED
    return [gradients.get(x) for x in targets]


def _compute(step, g, y, wanted):
    """The pairs (input, ∂L/∂input) of one step, as arrays, for the inputs that want one."""
    operation, given, options, pairs = step.operation, (g, y._data, *step.arrays), step.options, []
    if operation.together:
        return [(x, gx) for x, gx in zip(step.wants, operation.together(*given, **options)) if x in wanted]
    for x, rule in zip(step.wants, operation.rules):        # a loop: a list of this form takes longer
        if rule and x in wanted:
            pairs.append((x, rule(*given, **options)))
    return pairs


def _record(step, g, y, wanted):
    """The same with the rules recorded, on Tensors; where an operation has a definition, by differentiating that."""
    inputs, options, operation = step.inputs, step.options, step.operation
    wants = [x in wanted for x in step.wants]
    if operation.definition:                            # on second names of the inputs, so that the walk stops there
        with _during([_mode], "recording", True), _during(list(compress(inputs, wants)), "requires_grad", True):     # as then
            names = [broadcast_to(x, x.shape) if want else x for x, want in zip(inputs, wants)]
            again, asked = operation.definition(*names, **options), list(compress(names, wants))
        found = _walk(_tape([again], set(asked)), [again], [g], asked, create_graph=True)
    elif operation.together:
        found = list(compress(operation.together(g, y, *inputs, **options), wants))
    else:
        found = [rule and rule(g, y, *inputs, **options) for rule in compress(operation.rules, wants)]
    return [(x, gx) for x, gx in zip(compress(inputs, wants), found) if gx is not None]


# ------------------------------------------------------------------- the operations that the walk itself needs

@operation
def sum_to(x, shape):
    """y = x summed to `shape`: over leading axes, and over axes where `shape` has 1.     ∂L/∂x = g broadcast to x"""
    extra = x.ndim - len(shape)
    stretched = [i + extra for i, n in enumerate(shape) if n == 1]
    return x.sum((*range(extra), *stretched), keepdims=True).reshape(shape)


@operation
def broadcast_to(x, shape):
    """y = x stretched to `shape` by NumPy's rules.     ∂L/∂x = g summed to x's shape"""
    return backend.array_module(x).broadcast_to(x, shape)


@operation
def cast(x, dtype):
    """y = x in another dtype.     ∂L/∂x = g in x's dtype"""
    return x.astype(dtype)


sum_to.gradients(lambda g, y, x, shape: broadcast_to(g, x.shape))
broadcast_to.gradients(lambda g, y, x, shape: sum_to(g, x.shape))
cast.gradients(lambda g, y, x, dtype: cast(g, x.dtype))
_FREED = Step(type("a freed tape", (), {}), (), (), {}, (), (), 0)     # the creator of a Tensor whose tape has been used up
