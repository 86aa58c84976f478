"""Tensors that remember how they were made, and the walk back along that memory: reverse-mode
differentiation.

A Tensor is an array and, where it was computed, a `Step`: the operation, its inputs, its options.
The steps behind a result are its *tape*. An operation is a value and, for each input, a rule: given
g = ∂L/∂y, what is ∂L/∂input? The walk goes from the last Tensor made to the first and applies the
rules; what arrives at the leaves is the gradient.

Three ideas make that correct, and each has its line in `_walk`:
  order   A Tensor's rules run when *all* its uses have reported. With b = a + a, c = b·b, following
          each arrow from c would visit b twice and count it twice; going from the youngest Tensor
          to the oldest cannot, because users are younger than what they use.
  sum     A Tensor used in two places gets two gradients, and the total derivative is their sum.
  shape   An input stretched by broadcasting was used once per copy: its gradient is the sum over
          the copies.

A rule is ordinary arithmetic. Given arrays it computes; given Tensors it is itself recorded, so
that a gradient can be differentiated again (create_graph=True) with nothing more to write.
Read next: modes.py.
"""

import inspect
import types
from itertools import count
from operator import attrgetter
from typing import NamedTuple

import numpy

from . import backend, errors, memory
from .arguments import Arguments, plain
from .modes import during, mode


class Tensor:
    """An array with a memory. `minigen.tensor` makes leaves; operations make the others.

    data: an array of floats. Assigning to it (`x.data -= step`) is for leaves, and raises
    `version`, so that a tape which needs the older value says so instead of being wrong (after
    x.data[i] = v, call x.written()).  requires_grad: whether gradients are wanted.  grad: of
    leaves, after backward(), an array of this shape.  creator: the Step that computed it, None for
    a leaf. TypeError: data that is not an array of floats; minigen.tensor converts it.
    """

    __slots__ = ("_data", "requires_grad", "grad", "name", "writes", "creator", "__weakref__")

    def __init__(self, data, requires_grad=False, name=None):
        errors.require_floats(data, "Tensor", "minigen.tensor(data) converts")
        self._data, self.requires_grad, self.name = data, requires_grad, name
        self.grad = self.creator = None
        self.writes = [0]                           # a list: Tensors that share memory share it

    @property
    def data(self):
        return self._data

    @data.setter
    def data(self, array):
        array = numpy.asarray(array) if isinstance(array, numpy.generic) else array
        errors.require_replacement(self, array)
        self._data = array
        self.written()

    def written(self):
        """Raise `version`: the data was written to in place."""
        self.writes[0] += 1

    version = property(lambda self: self.writes[0])
    shape = property(attrgetter("_data.shape"))
    dtype = property(attrgetter("_data.dtype"))
    ndim = property(attrgetter("_data.ndim"))
    size = property(attrgetter("_data.size"))

    def numpy(self):
        """The value as a NumPy array (from a GPU: a copy)."""
        return backend.to_numpy(self._data)

    def item(self):
        """The value of a one-element Tensor as a Python number (this synchronises a GPU)."""
        if self.size != 1:
            raise ValueError(f"item() needs one element, {self!r} has {self.size}; use .numpy()")
        return self._data.item()

    def detach(self):
        """The same value as a constant: it cuts gradients, which a *frozen* network passes on."""
        return _new_tensor(self._data, writes=self.writes, name=self.name)

    def backward(self, gradient=None, retain_graph=False):
        """Add ∂self/∂leaf to `.grad` of every leaf on the tape that requires it, and free the tape.
        (PyTorch's way of asking; `minigen.grad`, which returns the gradients, is the one used
        here.)

        gradient: ∂L/∂self to start from, an array of this shape; 1 if left out, which only a
        one-element Tensor allows.  RuntimeError: nothing here requires a gradient; the tape was
        freed before; a value on it was written to since.
        """
        start, tape = _start(self, gradient), _tape([self])
        leaves = list({x for y in tape for x in y.creator.wants if x is not None and not x.creator}
                      or {self})
        found = _walk(tape, [self], [start], leaves, free=not retain_graph)
        for leaf, g in zip(leaves, memory.own(found, [start])):
            if g is not None:                                   # None: the condition of a where
                leaf.grad = g if leaf.grad is None else _array(leaf.grad + g)

    def __repr__(self):
        library = backend.array_module(self._data).__name__
        name = f", name={self.name!r}" if self.name else ""
        made = (f", made by {self.creator.operation.__name__}" if self.creator
                else ", requires_grad" if self.requires_grad else "")
        return f"Tensor(shape={self.shape}, {self.dtype}, {library}{name}{made})"


def tensor(array, requires_grad=False, name=None):
    """A leaf holding a copy of `array` (array, number, nested list, Tensor) in the library in use.

    float64 arrays stay float64; everything else becomes the default dtype, float32. TypeError or
    ValueError for what is not an array of real numbers."""
    value = array._data if isinstance(array, Tensor) else array
    is_double = backend.is_array(value) and value.dtype == numpy.float64
    dtype = value.dtype if is_double else backend.default_dtype()
    return Tensor(errors.require_real(value).astype(dtype), requires_grad, name)


def _new_tensor(data, requires_grad=False, creator=None, writes=None, name=None):
    """A Tensor that minigen makes: of data that need no check, and with a memory if it has one."""
    x = object.__new__(Tensor)
    x._data, x.requires_grad, x.name = data, requires_grad, name
    x.grad, x.creator = None, creator
    x.writes = [0] if writes is None else writes
    return x


def _array(x):
    """NumPy's arithmetic on 0-d arrays and its reductions return scalars; the tape holds arrays."""
    return numpy.asarray(x) if isinstance(x, (numpy.generic, float)) else x


# ---------------------------------------------------------------------------------- operations

class Step(NamedTuple):
    """One line of the tape."""

    operation: "Operation"
    inputs: tuple       # as given: Tensors, arrays, numbers
    arrays: list        # the inputs as the rules see them: arrays and numbers
    options: dict
    wants: list         # each input that wanted a gradient then (by now it may be frozen), or None
    versions: list      # each Tensor's version then, None for an input that is not a Tensor
    birth: int          # steps are numbered as they are made: inputs are older than their users


_births = count()


class Operation:
    """A function of arrays that is recorded when it is given Tensors; `@operation` makes one.

    f.gradients(rule, ...)  one rule per input: rule(g, y, *inputs, **options) -> ∂L/∂input, or None
                            in place of the rule of an input that has no gradient. Arguments beyond
                            the rules are options.
      together=    one rule that returns the gradients of all `inputs` inputs, if they share work.
      definition=  the same function, of simpler operations, where the rules are fast but take
                   arrays only: second derivatives go through it, and tests compare with it.
      into=        for one input whose gradient is zero nearly everywhere: into(total, g, ...)
                   adds it to the array `total` in place (with create_graph the rule is used).
    """

    def __init__(self, forward):
        self.forward, self.__doc__ = forward, forward.__doc__
        self.__name__, self.__module__ = forward.__name__.lstrip("_"), forward.__module__
        self.__signature__ = inspect.signature(forward)
        self.gradients()

    def gradients(self, *rules, together=None, inputs=None, definition=None, into=None):
        self.rules, self.together = rules, together
        self.definition, self.into = definition, into
        arguments = Arguments(self.forward, inputs or len(rules))
        self.inputs, self.defaults = arguments.inputs, arguments.defaults
        self.sort = arguments.sort if rules or together else self._without_rules

    def _without_rules(self, *_):
        raise errors.no_rules_error(self.__name__)

    def __call__(self, *inputs, **options):
        if options or len(inputs) != self.inputs:
            inputs, options = self.sort(inputs, options)
        else:
            options = self.defaults
        arrays, wants, versions, tensor, live = [], [], [], None, False         # arguments
        for x in inputs:
            if type(x) is Tensor:
                tensor, live = x, live or x.requires_grad
                arrays.append(x._data)
                wants.append(x if x.requires_grad else None)
                versions.append(x.writes[0])
            else:
                arrays.append(x if type(x) is numpy.ndarray else plain(x, self.__name__))
                wants.append(None)
                versions.append(None)
        try:                                                                    # value
            value = self.forward(*arrays, **options)
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            raise errors.operation_error(error, self.__name__, arrays) from error
        value = value if type(value) is numpy.ndarray else _value(value, self.__name__)
        if tensor is None:
            return value
        if value.dtype != tensor._data.dtype and self is not cast:
            value = _in_dtype_of_tensors(value, inputs)
        if mode.anomaly:
            errors.require_finite(value, self.__name__, "value")
        is_view = value.base is not None and memory.shared(value, tensor._data)
        writes = tensor.writes if is_view else None
        if not live or not mode.recording:                                      # remember
            return _new_tensor(value, False, None, writes)
        step = (self, inputs, arrays, options, wants, versions, next(_births))
        return _new_tensor(value, True, tuple.__new__(Step, step), writes)   # Step(*step), faster

    def __repr__(self):
        return f"<operation {self.__name__}{self.__signature__}>"


def _value(x, name):
    x = numpy.asarray(x) if isinstance(x, int) else _array(x)
    if not backend.is_array(x):
        raise errors.value_error(name, x)
    return x


def _in_dtype_of_tensors(value, inputs):
    """A float64 or integer constant does not turn a float32 model into float64."""
    dtypes = [x._data.dtype for x in inputs if type(x) is Tensor]
    return value.astype(numpy.result_type(*dtypes), copy=False)


operation = Operation       # read as a decorator: @operation def f(x): ...


# ------------------------------------------------------------------------------------ the walk

def grad(outputs, inputs, grad_outputs=None, create_graph=False, allow_unused=False):
    """∂(Σ outputs · grad_outputs)/∂input for each input, a list of Tensors. Touches no `.grad`,
    frees no tape.

    outputs, inputs: a Tensor or a list; inputs may be leaves or Tensors computed on the way.
    grad_outputs: arrays of the outputs' shapes, 1 for scalars.  create_graph: record the gradients,
    so that they can be differentiated again.  allow_unused: None for an input that no output
    depends on, which is otherwise a RuntimeError, as is a value on the tape that was written to
    since.
    """
    outputs, inputs = as_list(outputs), as_list(inputs)
    given = [None] * len(outputs) if grad_outputs is None else as_list(grad_outputs)
    errors.require_tensors(outputs, inputs, given, Tensor)
    starts = [_start(y, g) for y, g in zip(outputs, given)]
    if create_graph:
        starts = [g if type(g) is Tensor else _new_tensor(start) for g, start in zip(given, starts)]
        found = _walk(_tape(outputs), outputs, starts, inputs, create_graph=True)
    else:
        arrays = memory.own(_walk(_tape(outputs), outputs, starts, inputs), starts)
        found = [None if g is None else _new_tensor(g) for g in arrays]
    for x, g in zip(inputs, found):
        if g is None and not allow_unused:
            raise errors.unreached_error(x)
    return found


def as_list(x):
    """A list of what may be given as one thing or as several."""
    return list(x) if isinstance(x, (list, tuple)) else [x]


def _start(y, grad_output):
    """The gradient that a walk starts from, as an array of y's shape: 1 for one element where none
    is given."""
    errors.require_start(y, grad_output)
    data, xp = y._data, backend.array_module(y._data)
    if grad_output is None:
        one = xp.empty_like(data)               # ones_like takes nearly twice as long
        one.fill(1)
        return one
    try:
        g = xp.asarray(getattr(grad_output, "_data", grad_output), dtype=data.dtype)
    except (TypeError, ValueError) as error:
        raise errors.start_error(y, grad_output, error) from error
    if g.shape != data.shape:
        raise errors.start_error(y, g)
    return g


def _tape(outputs, ends=()):
    """The computed Tensors from `outputs` back to `ends`, or to the leaves that want a gradient,
    oldest first. A loop, not a recursion: the tape may be long."""
    reached = {y for y in outputs if y.creator}     # a set: `in` on a list would ask ==, which
    stack = list(reached)                           # compares Tensors element by element
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
    return sorted(reached, key=attrgetter("creator.birth"))


def _between(targets, tape):
    """The Tensors on a path from a target to the end of the tape: rules run only for these."""
    wanted = set(targets)
    for y in tape:
        if not wanted.isdisjoint(y.creator.wants):
            wanted.add(y)
    return wanted


def _walk(tape, outputs, starts, targets, create_graph=False, free=False):
    """The gradients of Σ outputs · starts with respect to `targets`, None where there is none.

    Starts and gradients are arrays; with create_graph, Tensors, and every rule is recorded."""
    anomaly = mode.anomaly
    wanted, gradients, own = _between(targets, tape), {}, set()
    kept = set(targets)         # a set, as everywhere: `in` on a list would ask ==, see _tape

    def total(x):
        """The gradient of x so far, in memory that is the walk's own, to be added to in place."""
        if x not in own:
            zeros_like = backend.array_module(x._data).zeros_like
            gradients[x] = gradients[x].copy() if x in gradients else zeros_like(x._data)
            own.add(x)
        return gradients[x]

    for y, g in zip(outputs, starts):
        gradients[y] = _array(gradients[y] + g) if y in gradients else g
    while tape:
        y = tape.pop()          # order: the youngest, so everything that used it has reported
        g = gradients.get(y) if y in kept else gradients.pop(y, None)
        if g is not None:
            step = y.creator
            given = (g, y, *step.inputs) if create_graph else (g, y._data, *step.arrays)
            try:
                pairs = _apply_rules(step, given, wanted, total, create_graph)
            except (TypeError, ValueError, IndexError, AttributeError) as error:
                raise errors.rule_failed_error(error, step) from error
            for x, gx in pairs:
                if (create_graph or type(gx) is not numpy.ndarray
                        or gx.shape != x._data.shape or gx.dtype != x._data.dtype):
                    gx = _fit(gx, x, step, create_graph)                                # shape
                if anomaly:
                    errors.require_finite(gx, step.operation.__name__, "gradient")
                gradients[x] = _array(gradients[x] + gx) if x in gradients else gx      # sum
        if free:
            y.creator = _FREED
    return [gradients.get(x) for x in targets]


def _fit(gx, x, step, recorded):
    """∂L/∂x as a rule returned it, in x's shape and dtype, and a Tensor where it is recorded."""
    like = x._data
    gx = gx if type(gx) is numpy.ndarray else _array(gx)
    if recorded and backend.is_array(gx):
        gx = _new_tensor(gx)
    if getattr(gx, "shape", None) != like.shape:
        if not _is_stretched(gx, like.shape):
            raise errors.rule_error(x, gx, step)
        gx = sum_to(gx, like.shape)             # broadcasting is undone here, and nowhere else
    return gx if gx.dtype == like.dtype else cast(gx, like.dtype)


def _is_stretched(gx, shape):
    """Whether gx is an array or Tensor, of a shape to which `shape` can be broadcast."""
    lengths = getattr(gx, "shape", ())
    return (hasattr(gx, "shape") and len(lengths) >= len(shape)
            and all(n in (1, m) for n, m in zip(reversed(shape), reversed(lengths))))


def _apply_rules(step, given, wanted, total, recorded):
    """The pairs (input, ∂L/∂input) of one step, for the inputs that want one: arrays, or, where the
    rules are recorded, Tensors. given: g, y and the inputs, in the same form."""
    operation, pairs = step.operation, []
    if recorded and operation.definition:
        return _differentiate_definition(step, given[0], wanted)
    if operation.into and not recorded:
        for x in wanted.intersection(step.wants):
            operation.into(total(x), *given, **step.options)
            if mode.anomaly:
                errors.require_finite(total(x), operation.__name__, "gradient")
    elif operation.together:
        found = operation.together(*given, **step.options)
        errors.require_one_each(step, found)
        pairs = [(x, gx) for x, gx in zip(step.wants, found) if x in wanted]
    else:
        for x, rule in zip(step.wants, operation.rules):
            if rule and x in wanted:
                pairs.append((x, rule(*given, **step.options)))
    return pairs


def _differentiate_definition(step, g, wanted):
    """The gradients of the operation's definition, recorded as the operation was: whatever is
    frozen or switched off by now. It is applied to aliases of the inputs, so that the walk stops
    there."""
    asked = [x for x in step.wants if x in wanted]
    with during([mode], "recording", True), during(asked, "requires_grad", True):
        aliases = [broadcast_to(x, x.shape) if want in wanted else x
                   for x, want in zip(step.inputs, step.wants)]
        y = step.operation.definition(*aliases, **step.options)
    ends = [alias for alias, want in zip(aliases, step.wants) if want in wanted]
    found = _walk(_tape([y], set(ends)), [y], [g], ends, create_graph=True)
    return [(x, gx) for x, gx in zip(asked, found) if gx is not None]


# ------------------------------------------------------- the operations that the walk itself needs

@operation
def sum_to(x, shape):
    """y = x summed to `shape`: over leading axes, and over axes where `shape` has 1

    ∂L/∂x = g broadcast to x's shape"""
    extra = x.ndim - len(shape)
    stretched = [i + extra for i, n in enumerate(shape) if n == 1]
    return x.sum((*range(extra), *stretched), keepdims=True).reshape(shape)


sum_to.gradients(lambda g, y, x, shape: broadcast_to(g, x.shape))


@operation
def broadcast_to(x, shape):
    """y = x stretched to `shape` by NumPy's rules

    ∂L/∂x = g summed to x's shape"""
    return backend.array_module(x).broadcast_to(x, shape)


broadcast_to.gradients(lambda g, y, x, shape: sum_to(g, x.shape))


@operation
def cast(x, dtype):
    """y = x in another dtype

    ∂L/∂x = g in x's dtype"""
    return x.astype(dtype)


cast.gradients(lambda g, y, x, dtype: cast(g, x.dtype))


# Stands where a step stood, once backward() has used the tape up.
_FREED = Step(types.SimpleNamespace(__name__="a freed operation"), (), [], {}, [], [], 0)
