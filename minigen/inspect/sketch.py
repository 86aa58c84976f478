"""Boxes, arrows and locks on a sheet whose unit is a point, so that text has the size that was
measured. The drawing hand of graph.py, which knows what they mean.
"""

from matplotlib.font_manager import FontProperties
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from matplotlib.textpath import text_to_path

from .plots import COLOURS, Figure

SIZE, LINE, PAD = 9.5, 13.0, 6.0            # of letters, of a line of them, beside them
LOCK = 12.0                                 # its room
INK, PALE = "#222222", COLOURS["quiet"]
STYLES = {
    "operation": dict(facecolor="white", edgecolor="#333333", linewidth=1.1),
    "leaf": dict(facecolor="#F8E8F0", edgecolor=COLOURS["gradient"], linewidth=1.1),
    "frozen": dict(facecolor="#E8E8E8", edgecolor="#777777", linewidth=1.1),
    "constant": dict(facecolor="white", edgecolor="#777777", linewidth=0.9, linestyle=(0, (3, 2))),
    "text": dict(facecolor="none", edgecolor="none"),
}


class Label:
    """A box of some kind with lines of text, each a list of (text, colour, weight); measured."""

    def __init__(self, kind, *lines):
        self.kind, self.lines = kind, [line for line in lines if line]
        self.margin = LOCK if kind == "frozen" else 0.0
        self.widths = [[_width(text, weight) for text, _, weight in line] for line in self.lines]
        self.width = max(map(sum, self.widths)) + 2 * PAD + self.margin
        self.height = len(self.lines) * LINE + 4


def _width(text, weight):
    font = FontProperties(size=SIZE, weight=weight)
    return 1.04 * text_to_path.get_text_width_height_descent(text, font, False)[0]  # with hinting


class Sketch:
    """An empty sheet between these limits, in points."""

    def __init__(self, left, bottom, right, top):
        size = (right - left) / 72, (top - bottom) / 72
        self.figure = Figure(figsize=size, layout="none")
        self.axes = self.figure.add_axes((0, 0, 1, 1), xlim=(left, right), ylim=(bottom, top))
        self.axes.axis("off")

    def box(self, label, x, y):
        """The label's box with its middle at (x, y)."""
        corner = x - label.width / 2, y - label.height / 2
        self.axes.add_patch(FancyBboxPatch(corner, label.width, label.height, zorder=3,
                                           boxstyle="round,pad=0,rounding_size=3",
                                           **STYLES[label.kind]))
        if label.kind == "frozen":
            self._lock(corner[0] + PAD, y)
        for row, (line, widths) in enumerate(zip(label.lines, label.widths)):
            height = y + ((len(label.lines) - 1) / 2 - row) * LINE
            left = x + (label.margin - sum(widths)) / 2
            for run, width in zip(line, widths):
                self._text(left + width / 2, height, *run)
                left += width

    def _text(self, x, y, text, colour, weight):
        """Text with its middle at (x, y); a dollar sign begins no formula."""
        self.axes.text(x, y, text, color=colour, weight=weight, size=SIZE, ha="center",
                       va="center_baseline", zorder=4, parse_math=False)

    def arrow(self, points, shift=0.0, colour=INK, back=False):
        """A curve through [(x, bottom, top), ...] from the first, which is above, down to the last;
        straight inside each. shift: how far to the right of another arrow through the same points
        it runs. back: the arrow's head is at its beginning."""
        (x, y, _), *others = points
        vertices, codes = [(x + shift, y)], [Path.MOVETO]
        for x_next, bottom, top in others:
            slope = max(-1, min(1, (x_next - x) / 30))
            half_way = (y + top) / 2 + 1.3 * shift * slope  # running to the right, right is above
            vertices += [(x + shift, half_way), (x_next + shift, half_way), (x_next + shift, top)]
            codes += [Path.CURVE4] * 3
            if bottom < top:
                vertices.append((x_next + shift, bottom))
                codes.append(Path.LINETO)
            x, y = x_next, bottom
        self._arrow(Path(vertices, codes), colour, back)

    def line(self, start, end, colour=INK, back=False):
        """A straight arrow."""
        self._arrow(Path([start, end]), colour, back)

    def _arrow(self, path, colour, back):
        self.axes.add_patch(FancyArrowPatch(
            path=path, arrowstyle="<|-" if back else "-|>", color=colour, mutation_scale=7,
            linewidth=1.1, shrinkA=0, shrinkB=0, zorder=2, capstyle="butt", joinstyle="miter"))

    def _lock(self, x, y):
        """A padlock that begins at x."""
        style = dict(color="#444444", zorder=4)
        self.axes.add_patch(FancyBboxPatch((x, y - 4), 7, 5, linewidth=0,
                                           boxstyle="round,pad=0,rounding_size=0.8", **style))
        self.axes.plot([x + 1.4, x + 1.4, x + 2.2, x + 4.8, x + 5.6, x + 5.6],
                       [y + 1, y + 3, y + 4.6, y + 4.6, y + 3, y + 1], linewidth=1.2,
                       solid_joinstyle="round", **style)
