"""What stands on the tape behind a Tensor, as boxes and arrows to be drawn: graph.py draws them.
"""

from dataclasses import dataclass, field
from operator import attrgetter

from .. import errors
from ..autograd import _FREED, Tensor
from ..backend import is_array

LIMIT = 30                              # operations: more would be a poster


@dataclass(eq=False)
class Node:
    """A box: a Tensor, or an array that an operation was given.

    kind: "operation", "leaf" (its gradient is wanted), "frozen" or "constant". argument: what its
    first user calls it. inputs: of an operation, a list of (Node, whether a gradient goes back)."""

    x: object
    kind: str
    argument: str = ""
    inputs: list = field(default_factory=list)


def read_tape(tensor):
    """The nodes behind a Tensor: leaves and constants in the order of their first use, and then the
    operations, oldest first.

    An array that is given twice is two constants, as it is for the tape; numbers are no nodes.
    Errors as of draw_graph."""
    computed, others = {id(y): Node(y, "operation") for y in _drawable(tensor)}, {}
    for user in computed.values():
        step = user.x.creator
        arguments = [*step.operation.__signature__.parameters]
        for i, (x, want) in enumerate(zip(step.inputs, step.wants)):
            if isinstance(x, Tensor) or is_array(x):
                key = id(x) if isinstance(x, Tensor) else (id(user), i)
                argument = arguments[i if step.operation.inputs else 0]     # 0: of (*arrays)
                source = computed.get(key) or others.setdefault(key, Node(x, _kind(x), argument))
                if want is not None and source.kind == "frozen":            # but not here
                    source.kind = "leaf"
                user.inputs.append((source, want is not None and _has_rule(step.operation, i)))
    return [*others.values(), *computed.values()]


def operations(tensor):
    """The computed Tensors from `tensor`, one of them, back, as far as gradients are wanted, oldest
    first. RuntimeError: backward() freed the tape."""
    reached, stack = {tensor}, [tensor]
    while stack:
        step = stack.pop().creator
        if step is _FREED:
            raise errors.freed_error()
        for x in step.wants:
            if x is not None and x.creator and x not in reached:
                reached.add(x)
                stack.append(x)
    return sorted(reached, key=attrgetter("creator.birth"))


def _drawable(tensor):
    """The operations behind a Tensor; or an error, where there are none, or too many to be read."""
    if not isinstance(tensor, Tensor):
        raise TypeError(f"draw_graph: got a {errors.type_name(tensor)}, expected a Tensor that was "
                        "computed: of a network D, draw_graph(D(x))")
    if tensor.creator is None:
        raise ValueError(f"draw_graph: there is no tape behind {tensor!r}: it was made, not "
                         "computed, or computed where no gradient was wanted (from constants, in "
                         "no_grad() or by a frozen network)")
    found = operations(tensor)
    if len(found) > LIMIT:
        raise ValueError(f"draw_graph: {len(found)} operations are behind {tensor!r}, and a "
                         f"drawing of more than {LIMIT} cannot be read. Draw a part: one network, "
                         "draw_graph(D(x)) with an array x, or one layer, draw_graph(D[0](x))")
    return found


def _kind(x):
    """Of what was not computed on this tape, until a use of it wants a gradient."""
    return "frozen" if isinstance(x, Tensor) and x.requires_grad and not x.creator else "constant"


def _has_rule(operation, i):
    """Whether the operation has a gradient for input i: the condition of a where has none."""
    return bool(operation.together or operation.rules[i])
