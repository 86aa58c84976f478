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

import contextlib
import inspect
from itertools import compress, count

import numpy

from . import backend, checks

_birth = count()            # a Tensor is born after its inputs, so the order of birth is a topological order


class Tensor:
    """An array with a memory. `minigen.tensor` makes leaves; operations make the others.

    data: the array; writing to it (`x.data -= step`) is for leaves, and raises `version`, so that a tape which needs the
    older value says so instead of being wrong.  requires_grad: whether gradients are wanted.  grad: for leaves, after
    backward(), an array of this shape, else None.  creator: the Step that computed it, None for a leaf.
    """

    __slots__ = ("_data", "requires_grad", "grad", "name", "version", "creator", "birth", "__weakref__")
    __array_ufunc__ = None              # array + Tensor: NumPy and CuPy step back, and Tensor.__radd__ answers

    def __init__(self, data, requires_grad=False, name=None, creator=None):
        self._data, self.requires_grad, self.name, self.creator = data, requires_grad, name, creator
        self.grad, self.version, self.birth = None, 0, next(_birth)

    @property
    def data(self):
        return self._data

    @data.setter
    def data(self, array):
        if self.creator is not None:
            raise RuntimeError(f"{self!r} was computed, and the tape needs its value: write to a leaf, or to x.detach()")
        if array.shape != self._data.shape:
            raise ValueError(f"data of {self!r}: got an array of shape {array.shape}")
        self._data, self.version = array, self.version + 1

    shape = property(lambda self: self._data.shape)
    dtype = property(lambda self: self._data.dtype)
    ndim = property(lambda self: self._data.ndim)
    size = property(lambda self: self._data.size)

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
        return Tensor(self._data, name=self.name)

    def backward(self, gradient=None, retain_graph=False):
        """Add ∂self/∂leaf to `.grad` of every leaf on the tape that requires it, and free the tape.

        gradient: where to start, an array of this shape; 1 if left out, which only a one-element Tensor allows.
        RuntimeError: nothing here requires a gradient; the tape was freed before; a value on it was written to since.
        """
        tape, seed = _tape([self]), _seed(self, gradient)
        leaves = [x for x in tape if x.creator is None]
        for leaf, g in zip(leaves, _own(_walk(tape, [self], [seed], leaves, free=not retain_graph), [seed])):
            leaf.grad = g if leaf.grad is None else leaf.grad + g

    def __repr__(self):
        name = f", name={self.name!r}" if self.name else ""
        made = f", made by {self.creator.operation.__name__}" if self.creator else ", requires_grad" * self.requires_grad
        return f"Tensor(shape={self.shape}, {self.dtype}, {backend.array_module(self._data).__name__}{name}{made})"

    def __array__(self, *_, **__):
        raise TypeError("a Tensor does not turn into an array by itself: write x.numpy(), or use minigen.functional")

    def __setitem__(self, index, value):
        raise TypeError("a Tensor cannot be assigned into, since the tape needs its values: build a new one with "
                        "functional.where, concatenate or stack; a leaf can be written to between steps: x.data[i] = v")


def tensor(array, requires_grad=False, name=None):
    """A leaf holding a copy of `array` (array, number, nested list, Tensor) in the library in use.

    float64 arrays stay float64; everything else becomes the default dtype, float32. TypeError for what is not real.
    """
    value = array._data if isinstance(array, Tensor) else array
    dtype = value.dtype if backend.is_array(value) and value.dtype == numpy.float64 else backend.default_dtype()
    value = backend.asarray(value)
    if value.dtype.kind not in "fiub":
        raise TypeError(f"tensor: got dtype {value.dtype}, expected real numbers")
    return Tensor(value.astype(dtype), requires_grad, name)


# ----------------------------------------------------------------------------------------------- operations

class Step:
    """One line of the tape. `wants`: whether each input wanted a gradient *then* (freezing may have been lifted since)."""

    __slots__ = ("operation", "inputs", "options", "wants", "versions")

    def __init__(self, operation, inputs, options, wants):
        self.operation, self.inputs, self.options, self.wants = operation, inputs, options, wants
        self.versions = [x.version if type(x) is Tensor else 0 for x in inputs]


class Operation:
    """A function of arrays that is recorded when it is given Tensors; `@operation` makes one.

    f.gradients(rule, ...)  one rule per input, rule(g, y, *inputs, **options) -> ∂L/∂input, or None for an input without
    a gradient; arguments beyond the rules are options.  together=: one rule that returns all `inputs` gradients, where
    they share work.  definition=: the same function of simpler operations, where the rules are fast but take arrays only;
    second derivatives go through it, and tests compare with it.
    """

    def __init__(self, forward):
        self.forward, self.__name__, self.__doc__ = forward, forward.__name__, forward.__doc__
        self.__module__, self.__signature__ = forward.__module__, inspect.signature(forward)

    def gradients(self, *rules, together=None, inputs=None, definition=None):
        self.rules, self.together, self.definition = rules, together, definition
        parameters = self.__signature__.parameters.values()
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)         # concatenate(*arrays, axis)
        self.names = [p.name for p in parameters if p.kind is not p.VAR_POSITIONAL]
        self.inputs = 0 if self.variadic else inputs or len(rules)
        self.preset = {p.name: p.default for p in parameters if p.default is not p.empty}
        self.defaults = {name: self.preset[name] for name in self.names[self.inputs:] if name in self.preset}
        self.simple = not self.variadic and len(self.names) == self.inputs + len(self.defaults)

    def __call__(self, *inputs, **options):
        if options or len(inputs) != self.inputs or not self.simple:
            inputs, options = self._bind(inputs, options)
        else:
            options = self.defaults
        arrays, wants, recorded = [], [], False
        for x in inputs:
            if type(x) is Tensor:
                recorded = True
                arrays.append(x._data)
                wants.append(x.requires_grad)
            else:
                arrays.append(x if type(x) is numpy.ndarray or type(x) is float else checks.plain(x, self.__name__))
                wants.append(False)
        try:
            value = self.forward(*arrays, **options)
        except (TypeError, ValueError, IndexError) as error:
            raise checks.explained(error, self.__name__, arrays) from error
        if type(value) is not numpy.ndarray and not backend.is_array(value):
            value = numpy.asarray(value)                    # NumPy's reductions return scalars
        if not recorded:
            return value
        if _mode.anomaly:
            checks.finite(value, self.__name__, "value")
        return Tensor(value, True, None, Step(self, inputs, options, wants)) if _mode.recording and True in wants else Tensor(value)

    def _bind(self, given, options):
        """Positional and keyword arguments sorted into (inputs, options), as Python itself would."""
        if not options and self.simple and self.inputs < len(given) <= len(self.names):
            return given[:self.inputs], {**self.defaults, **dict(zip(self.names[self.inputs:], given[self.inputs:]))}
        positional = [] if self.variadic else self.names[:len(given)]
        values = {**self.preset, **dict(zip(positional, given)), **options}
        wrong = [f"{name!r} is unknown or given twice" for name in options if name not in self.names or name in positional]
        wrong += [f"{name!r} is missing" for name in self.names if name not in values]
        if wrong or len(given) > len(self.names) and not self.variadic:
            raise TypeError(f"{self.__name__}{self.__signature__}: {', '.join(wrong) or f'got {len(given)} arguments'}")
        return given if self.variadic else [values.pop(name) for name in self.names[:self.inputs]], values

    def __repr__(self):
        return f"<operation {self.__name__}{self.__signature__}>"


operation = Operation       # read as a decorator: @operation def f(x): ...


# ----------------------------------------------------------------------------------------- what is recorded

class _Mode:
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
    and leaves its running statistics alone.
    """
    return _during(list({id(p): p for network in networks for p in network.parameters()}.values()), "requires_grad", False)


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
    outputs, inputs = _listed(outputs), _listed(inputs)
    seeds = [None] * len(outputs) if grad_outputs is None else _listed(grad_outputs)
    if len(seeds) != len(outputs) or not all(isinstance(x, Tensor) for x in outputs + inputs):
        raise TypeError(f"grad: expected Tensors and as many grad_outputs as outputs, got outputs {outputs}, inputs {inputs}")
    seeds = [_seed(y, seed) for y, seed in zip(outputs, seeds)]
    if create_graph:
        seeds = [seed if isinstance(seed, Tensor) else Tensor(seed) for seed in seeds]
        found = _walk(_tape(outputs), outputs, seeds, inputs, create_graph=True)
    else:
        found = [g if g is None else Tensor(g) for g in _own(_walk(_tape(outputs), outputs, seeds, inputs), seeds)]
    for x, g in zip(inputs, found):
        if g is None:
            raise RuntimeError(f"grad: no output depends on input {x!r}. Was it made with requires_grad=True, and used after "
                               "that outside no_grad(), frozen() and detach()?")
    return found


def _tape(outputs, ends=()):
    """All Tensors between `ends` (else the leaves) and `outputs` that want a gradient, oldest first. A loop: it may be long."""
    reached, stack = set(), [y for y in outputs if y.requires_grad]
    while stack:
        y = stack.pop()
        if y not in reached:
            reached.add(y)
            if y.creator is _FREED:
                raise RuntimeError("this tape was freed by an earlier backward(): compute the value again, or keep the tape "
                                   "with backward(retain_graph=True), or use minigen.grad, which frees nothing")
            if y.creator is not None and y not in ends:
                _check_versions(y.creator)
                stack.extend(compress(y.creator.inputs, y.creator.wants))
    return sorted(reached, key=lambda x: x.birth)


def _walk(tape, outputs, seeds, targets, create_graph=False, free=False):
    """The gradients of Σ outputs · seeds with respect to `targets` (None where there is none), in one pass over the tape.

    Seeds are arrays and so are the gradients; with create_graph both are Tensors, and every rule is recorded.
    """
    targets_, wanted, gradients = set(targets), set(targets), {}
    for y in tape:                              # rules run only on the paths from a target to an output
        if y.creator and not wanted.isdisjoint(compress(y.creator.inputs, y.creator.wants)):
            wanted.add(y)
    for y, seed in zip(outputs, seeds):
        gradients[y] = gradients[y] + seed if y in gradients else seed
    while tape:
        y = tape.pop()                          # the youngest: everything that used it has reported
        g = gradients.get(y) if y in targets_ else gradients.pop(y, None)
        if y.creator and g is not None and y in wanted:
            for x, gx in _rules(y.creator, g, y, wanted, create_graph):
                if gx.shape != x._data.shape:
                    gx = sum_to(gx, x._data.shape)          # broadcasting is undone here, and nowhere else
                if gx.dtype != x._data.dtype:
                    gx = cast(gx, x._data.dtype)
                gradients[x] = gradients[x] + gx if x in gradients else gx
        if y.creator and free:
            y.creator = _FREED
    return [gradients.get(x) for x in targets]


def _rules(step, g, y, wanted, create_graph):
    """The pairs (input, ∂L/∂input) of one step, for the inputs that want one."""
    operation, given, options = step.operation, step.inputs, step.options
    wants = [want and x in wanted for x, want in zip(given, step.wants)]
    if create_graph and operation.definition:           # recorded on second names of the inputs: this step, no further
        names = [broadcast_to(x, x.shape) if want else x for x, want in zip(given, wants)]
        again, asked = operation.definition(*names, **options), list(compress(names, wants))
        found = _walk(_tape([again], set(asked)), [again], [g], asked, create_graph=True)
        return [(x, gx) for x, gx in zip(compress(given, wants), found) if gx is not None]
    arrays = given
    if not create_graph:
        y, arrays = y._data, [x._data if type(x) is Tensor else x for x in given]
    rules = operation.rules
    found = operation.together(g, y, *arrays, **options) if operation.together else \
        [rule(g, y, *arrays, **options) if want and rule else None for rule, want in zip(rules, wants)]
    pairs = []
    for x, gx, want in zip(given, found, wants):
        if want and gx is not None:
            gx = numpy.asarray(gx) if isinstance(gx, numpy.generic) else gx     # arithmetic on 0-d arrays gives scalars
            if _mode.anomaly:
                checks.finite(getattr(gx, "_data", gx), operation.__name__, "gradient")
            pairs.append((x, gx))
    return pairs


def _own(gradients, seeds):
    """Each gradient as an array of its own: no view, and not the memory of a seed or of another gradient."""
    taken, owned = {id(seed) for seed in seeds}, []
    for g in gradients:
        if g is not None:
            g = g.copy(order="K") if g.base is not None or id(g) in taken else g
            taken.add(id(g))
        owned.append(g)
    return owned


def _seed(y, gradient):
    if not y.requires_grad:
        raise RuntimeError(f"{y!r} was not computed from anything that requires a gradient: make a leaf with tensor(x, "
                           "requires_grad=True), and compute outside no_grad(), frozen() and detach()")
    xp = backend.array_module(y._data)
    if gradient is None and y.size == 1:
        return xp.ones_like(y._data)
    if gradient is None:
        raise ValueError(f"{y!r} is no scalar: give the gradient to start from, of its shape, or reduce it with sum or mean")
    gradient = gradient if isinstance(gradient, Tensor) else xp.asarray(gradient, dtype=y.dtype)
    if gradient.shape != y.shape:
        raise ValueError(f"the gradient to start from has shape {gradient.shape}, expected that of {y!r}")
    return gradient


def _check_versions(step):
    for x, version in zip(step.inputs, step.versions):
        if type(x) is Tensor and x.version != version:
            raise RuntimeError(
                f"{step.operation.__name__} used {x!r}, whose data was written to since (version {version} then, {x.version} now), "
                "so its gradient would mix old activations with new values. After an update, run the forward pass again: "
                "a GAN's generator step goes through the current D")


def _listed(x):
    return list(x) if isinstance(x, (list, tuple)) else [x]


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
_FREED = Step(cast, (), {}, ())        # the creator of a Tensor whose tape has been used up
