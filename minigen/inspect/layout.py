"""Where the boxes of a layered drawing go: each below everything that it uses, its neighbours near,
and an arrow past other boxes, not through them. Geometry alone: what a box means is not known here.

The method is that of Sugiyama, Tagawa & Toda (1981), each of its steps in the simplest form. Layers
come from longest paths; an arrow over several layers gets a bend in each of them; layers are
ordered by the mean place of the neighbours; and then each box moves to that mean, as far as the
boxes beside it allow. Used by graph.py.
"""

from statistics import fmean
from typing import NamedTuple

SWEEPS = 24                             # down, up, down, ...
STRAIGHT, LIGHT = 8.0, 0.1              # weights, of a bend and of a box that nothing leads to


class Box(NamedTuple):
    """How far a box reaches from its place: left, right, and up as well as down."""

    left: float
    right: float
    half: float


BEND = Box(5, 5, 0)                     # where an arrow passes a layer


def place(boxes, arrows, gap):
    """(places, bends): the place (x, y) of each box, y growing upwards; and for each arrow a list
    of (x, bottom, top), one for each layer that it passes.

    boxes: a list of Box. arrows: a list of (i, j), box i above box j, with i < j. gap: (between
    neighbours in a layer, between layers)."""
    n, depth = len(boxes), _depths(len(boxes), arrows)
    boxes, lines, bends = [*boxes], [], []
    for i, j in arrows:
        passed = range(depth[i] + 1, depth[j])
        chain = range(len(boxes), len(boxes) + len(passed))
        boxes += [BEND] * len(passed)
        depth += passed
        lines += zip([i, *chain], [*chain, j])
        bends.append(chain)
    layers = _ordered(depth, lines)
    x = _columns(layers, boxes, lines, gap[0])
    bottom, extent = 0.0, {}
    for d, layer in reversed([*enumerate(layers)]):
        extent[d] = bottom, bottom + 2 * max(boxes[i].half for i in layer)
        bottom = extent[d][1] + gap[1]
    places = [(x[i], sum(extent[depth[i]]) / 2) for i in range(n)]
    return places, [[(x[i], *extent[depth[i]]) for i in chain] for chain in bends]


def _depths(n, arrows):
    """The layer of each box, from the top: the length of the longest path to it. A box that no path
    leads to stands just above its first user."""
    above, below = _neighbours(n, arrows)
    depth = []
    for i in range(n):
        depth.append(1 + max((depth[j] for j in above[i]), default=-1))
    for i in range(n):
        if below[i] and not above[i]:
            depth[i] = min(depth[j] for j in below[i]) - 1
    return depth


def _neighbours(n, lines):
    """For each of n boxes those at the other ends of its lines: (above, below)."""
    above, below = [[] for _ in range(n)], [[] for _ in range(n)]
    for i, j in lines:
        above[j].append(i)
        below[i].append(j)
    return above, below


# ------------------------------------------------------------------------- the order in a layer

def _ordered(depth, lines):
    """The layers from the top, each a list of boxes from the left, with few crossings: of all the
    orders that sweeping down and up meets, the first of those with the fewest."""
    layers = [[] for _ in range(max(depth) + 1)]
    for i, d in enumerate(depth):
        layers[d].append(i)
    sides = _neighbours(len(depth), lines)
    best = [*map(list, layers)]
    for sweep in range(SWEEPS):
        near = sides[sweep % 2]                                 # those above, then those below
        for layer in layers[::-1] if sweep % 2 else layers:
            at = {i: k / len(other) for other in layers for k, i in enumerate(other)}
            layer.sort(key=lambda i: fmean(at[j] for j in near[i] or [i]))
        if _crossings(layers, lines) < _crossings(best, lines):
            best = [*map(list, layers)]
    return best


def _crossings(layers, lines):
    """How many pairs of lines between the same two layers cross."""
    at = {i: (d, k) for d, layer in enumerate(layers) for k, i in enumerate(layer)}
    ends = sorted((*at[i], at[j][1]) for i, j in lines)
    return sum(a[0] == b[0] and a[1] < b[1] and a[2] > b[2]
               for n, a in enumerate(ends) for b in ends[n + 1:])


# -------------------------------------------------------------------------- the places in a layer

def _columns(layers, boxes, lines, gap):
    """The x of each box. Sweeping down it goes near the mean of those above it, sweeping up near
    the mean of those below; the last sweep goes down, so that what has one line from above stands
    right below it."""
    sides = _neighbours(len(boxes), lines)
    pull = [1.0 if above else LIGHT for above in sides[0]]
    weight = [STRAIGHT if box is BEND else w for box, w in zip(boxes, pull)]
    x = [0.0] * len(boxes)
    for sweep in range(SWEEPS + 1):
        for layer in layers[::-1] if sweep % 2 else layers:
            near = [sides[sweep % 2][i] or [i] for i in layer]
            wanted = [sum(pull[j] * x[j] for j in js) / sum(pull[j] for j in js) for js in near]
            apart = [boxes[i].right + gap + boxes[j].left for i, j in zip(layer, layer[1:])]
            for i, place in zip(layer, _separated(wanted, apart, [weight[i] for i in layer])):
                x[i] = place
    return x


def _separated(wanted, apart, weights):
    """The places nearest to those wanted (weighted least squares) with at least `apart` between
    neighbours: what is too near is merged into a block, which goes where its members want on
    average (isotonic regression, by pooling adjacent violators)."""
    offsets = [0.0]
    for distance in apart:
        offsets.append(offsets[-1] + distance)
    blocks = []                                         # (mean, weight, members), means increasing
    for place, offset, weight in zip(wanted, offsets, weights):
        block = place - offset, weight, 1
        while blocks and blocks[-1][0] > block[0]:
            (a, v, m), (b, w, n) = blocks.pop(), block
            block = (a * v + b * w) / (v + w), v + w, m + n
        blocks.append(block)
    starts = [mean for mean, _, members in blocks for _ in range(members)]
    return [start + offset for start, offset in zip(starts, offsets)]
