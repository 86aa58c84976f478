"""The tape behind a Tensor, drawn: what was computed from what, which values are constants, which
parameters are frozen, and where gradients go.

    inspect.draw_graph(value, G=G, D=D, z=z).savefig("phase_2.png")

Values go down, gradients come back up. An operation stands below all that it uses; a leaf or a
constant that is used once stands at the left of its user. tape.py reads the tape, layout.py finds
the places, sketch.py holds the pen.
"""

from collections import Counter

from .. import errors
from ..autograd import Tensor, grad
from ..backend import array_module, is_array
from .layout import Box, place
from .plots import COLOURS
from .sketch import INK, PALE, Label, Sketch
from .tape import read_tape

MAGENTA = COLOURS["gradient"]
REACH, BETWEEN = 26, 3                  # of the arrow from a box at the left; between boxes there
GAPS, MARGIN = (20, 20), 12             # between neighbours and between layers; around it all
PORTS, APART = 16, 3                    # between arrows at one box; from an arrow down to one up
LEAST_WIDTH = 320                       # of the legend


def draw_graph(tensor, *, gradients=False, **names):
    """A Figure of the tape behind `tensor`: what it was computed from, as far as gradients go.

    gradients: whether to write the norm of ∂tensor/∂x beside each x; for a tensor of one number.
    names: what to call a network's parameters (G=G: "G.0.weight"), a Tensor or an array. Without
    one a Tensor has its own name; and if it has none, or is an array, that of the argument.

    A parameter is drawn as frozen if it was frozen when it was used. Inside the block of `with
    frozen(D)`, or where requires_grad was set to False for good, only D=D says that it is one and
    no other constant.

    TypeError: not a Tensor, or a name for something else. ValueError: nothing was recorded, more
    than 30 operations, a name for what is not on the tape, gradients of more than one number.
    RuntimeError: backward() freed the tape; or, of gradients, a value on it was written to since.
    """
    nodes = read_tape(tensor)
    called = _called(names, nodes)
    norms = _norms(tensor, nodes) if gradients else {}
    labels = {node: _label(node, called.get(id(node.x)), norms.get(node)) for node in nodes}
    return _draw(nodes, labels, _legend(nodes, gradients))


# ------------------------------------------------------------------------------- what boxes say

def _called(names, nodes):
    """id of a Tensor or an array -> the name it was given here. A constant that turns out to be a
    network's parameter becomes a frozen node."""
    called, here = {}, {id(node.x): node for node in nodes}
    for name, x in names.items():
        if hasattr(x, "named_parameters"):
            found = {id(p): f"{name}.{inner}" for inner, p in x.named_parameters()}
            for node in (here[i] for i in found if i in here):
                node.kind = "frozen" if node.kind == "constant" else node.kind
        elif isinstance(x, Tensor) or is_array(x):
            found = {id(x): name}
        else:
            raise TypeError(f"draw_graph: {name} is a {errors.type_name(x)}, expected a network, a "
                            "Tensor or an array to call so (a file: draw_graph(...).savefig(path))")
        if found.keys().isdisjoint(here):
            raise ValueError(f"draw_graph: {name} is not on this tape: give the very Tensor, array "
                             "or network that was used, no copy of it")
        called |= found
    return called


def _norms(tensor, nodes):
    """Node -> the norm of ∂tensor/∂x, where there is a gradient."""
    if tensor.size != 1:
        raise ValueError(f"draw_graph: gradients of {tensor!r} were asked for, expected a tensor "
                         "of one number: draw its sum or its mean")
    wanted = [node for node in nodes if node.kind in ("operation", "leaf")]
    found = grad(tensor, [node.x for node in wanted], allow_unused=True)
    return {node: float(array_module(g.data).sqrt((g.data * g.data).sum()))
            for node, g in zip(wanted, found) if g is not None}


def _label(node, name, norm):
    """What stands in the box of a node: name or call, shape, and the norm of the gradient."""
    x, shape = node.x, (f"  {tuple(node.x.shape)}", PALE, "normal")
    name = name or (x.name if isinstance(x, Tensor) else None)
    gradient = [] if norm is None else [(f"‖∇‖ {norm:.3g}", MAGENTA, "normal")]
    if node.kind != "operation":
        apart = [("  ", MAGENTA, "normal")] if gradient else []
        return Label(node.kind, [(name or node.argument, INK, "normal"), shape, *apart, *gradient])
    if name is None:
        return Label(node.kind, [(_call(x.creator), INK, "bold"), shape], gradient)
    return Label(node.kind, [(name, INK, "bold")], [(_call(x.creator), INK, "normal"), shape],
                 gradient)


def _call(step):
    """The operation's name, and the numbers it was given: multiply(·, 0.5)."""
    inputs = ["·" if isinstance(x, Tensor) or is_array(x) else f"{x:.4g}"
              for x in step.inputs if x is not None]
    name = step.operation.__name__
    return name if set(inputs) <= {"·"} else f"{name}({', '.join(inputs)})"


def _legend(nodes, gradients):
    """Labels that say what the kinds of boxes here, and the arrows, stand for."""
    kinds = {"operation": "operation, shape of its output", "leaf": "leaf: a gradient arrives",
             "frozen": "frozen: no gradient is asked for", "constant": "constant: no gradient"}
    here = {node.kind for node in nodes}
    norm = ", ‖∇‖ its norm" if gradients else ""
    arrows = [("↓ value      ", INK, "normal"), (f"↑ gradient{norm}", MAGENTA, "normal")]
    return [*(Label(kind, [(text, INK, "normal")]) for kind, text in kinds.items() if kind in here),
            Label("text", arrows)]


# ------------------------------------------------------------------------------------- the sheet

def _draw(nodes, labels, legend):
    """The figure: operations in layers, what is used once at the left of its user, and the
    legend."""
    uses = Counter(source for node in nodes for source, _ in node.inputs)
    aside = {node for node in nodes if node.kind != "operation" and uses[node] == 1}
    layered = [node for node in nodes if node not in aside]
    beside = {node: [(labels[source], gradient) for source, gradient in node.inputs
                     if source in aside] for node in layered}
    for node in layered:                # as high as what is beside it: arrows from there are level
        labels[node].height = max(labels[node].height, _height(beside[node]))
    boxes = [_extent(labels[node], beside[node]) for node in layered]

    number = {node: i for i, node in enumerate(layered)}
    arrows = [(number[source], number[node], gradient) for node in layered
              for source, gradient in node.inputs if source not in aside]
    places, bends = place(boxes, [arrow[:2] for arrow in arrows], GAPS)

    left = min(x - box.left for (x, _), box in zip(places, boxes))
    right = max(x + box.right for (x, _), box in zip(places, boxes))
    top = max(y + box.half for (_, y), box in zip(places, boxes))
    missing = max(0, LEAST_WIDTH - (right - left)) / 2
    left, right = left - missing, right + missing
    rows = _rows(legend, right - left)
    sheet = Sketch(left - MARGIN, -MARGIN - len(rows) * 24, right + MARGIN, top + MARGIN)

    for node, (x, y) in zip(layered, places):
        sheet.box(labels[node], x, y)
        _draw_beside(sheet, labels[node], beside[node], x, y)
    _draw_arrows(sheet, arrows, bends, [labels[node] for node in layered], places)
    for n, row in enumerate(rows, 1):
        for label, start in row:
            sheet.box(label, left + start + label.width / 2, 6 - n * 24)
    return sheet.figure


def _extent(label, beside):
    """The Box of an operation together with what stands at its left."""
    widest = max((tag.width + REACH for tag, _ in beside), default=0)
    return Box(label.width / 2 + widest, label.width / 2, label.height / 2)


def _draw_beside(sheet, label, beside, x, y):
    """Boxes in a column at the left, each with its arrow to the operation at (x, y)."""
    edge, top = x - label.width / 2, y + _height(beside) / 2
    for tag, gradient in beside:
        middle = top - tag.height / 2
        sheet.box(tag, edge - REACH - tag.width / 2, middle)
        for shift, colour, back in _pair(gradient):
            height = middle - shift
            sheet.line((edge - REACH, height), (edge, height), colour, back)
        top -= tag.height + BETWEEN


def _height(beside):
    return sum(tag.height + BETWEEN for tag, _ in beside) - BETWEEN


def _draw_arrows(sheet, arrows, bends, labels, places):
    """Arrows between layers: one down, and, where a gradient comes back, one up beside it."""
    through = [[places[i][0], *(x for x, _, _ in chain), places[j][0]]
               for (i, j, _), chain in zip(arrows, bends)]
    leaves = _ports([i for i, _, _ in arrows], [route[1] for route in through], labels)
    enters = _ports([j for _, j, _ in arrows], [route[-2] for route in through], labels)
    for n, (i, j, gradient) in enumerate(arrows):
        (x, y), (x_end, y_end) = places[i], places[j]
        bottom, top = y - labels[i].height / 2, y_end + labels[j].height / 2
        points = [(x + leaves[n], bottom, bottom), *bends[n], (x_end + enters[n], top, top)]
        for shift, colour, back in _pair(gradient):
            sheet.arrow(points, shift, colour, back)


def _pair(gradient):
    """(shift, colour, whether it points back) of the arrows that one use has."""
    if not gradient:
        return [(0, INK, False)]
    return [(-APART, INK, False), (APART, MAGENTA, True)]


def _ports(ends, towards, labels):
    """How far from the middle of its box each arrow is attached; those that go on to the left are
    on the left.

    ends: the number of each arrow's box. towards: the x that it comes from or goes to."""
    shifts = [0.0] * len(ends)
    for box in set(ends):
        here = sorted((n for n, end in enumerate(ends) if end == box), key=towards.__getitem__)
        step = min(PORTS, (labels[box].width - PORTS) / len(here))
        for k, n in enumerate(here):
            shifts[n] = step * (k - (len(here) - 1) / 2)
    return shifts


def _rows(legend, width):
    """The legend in rows of at most `width`, each a list of (label, where it begins)."""
    rows, start = [[]], 0
    for label in legend:
        if rows[-1] and start + label.width > width:
            rows.append([])
            start = 0
        rows[-1].append((label, start))
        start += label.width + 10
    return rows
