"""Figures of recorded curves. A colour means one thing in every picture: D is blue, G and what it
makes orange, real green, a gradient magenta (colours that colour-blind readers can tell apart).
"""

import io
import math

import matplotlib.figure
import numpy
from matplotlib import colormaps
from matplotlib.ticker import NullFormatter

COLOURS = {"D": "#0072B2", "G": "#D55E00", "generated": "#D55E00", "real": "#009E73",
           "gradient": "#AA3377", "quiet": "#666666"}
_SHADES = {"D": "Blues", "G": "Oranges"}


class Figure(matplotlib.figure.Figure):
    """A figure that a notebook shows where it is the value of a cell, without pyplot."""

    def _repr_png_(self):
        file = io.BytesIO()
        self.savefig(file, format="png")
        return file.getvalue()


def game(curves):
    """The minimax game over time, from the Curves of a GANTrainer: V beside −log 4, D(x) and
    D(G(z)) beside 1/2."""
    if "V" not in curves.values:
        raise ValueError(f"game: the curves hold {sorted(curves.values)}, expected those of a "
                         "GANTrainer that did a step")
    figure = Figure(figsize=(9.5, 3.8))
    value, belief = figure.subplots(1, 2)
    _line(value, curves.steps, curves.values["V"], COLOURS["D"], "V(D, G)")
    _level(value, -math.log(4), "−log 4")
    value.set(title="V: D ascends it, G descends it", xlabel="iteration", ylabel="nats")
    for name, meaning in (("D(x)", "real"), ("D(G(z))", "generated")):
        _line(belief, curves.steps, curves.values[name], COLOURS[meaning], name)
    _level(belief, 0.5, "1/2")
    belief.set(title="what D thinks, mean over the batch", xlabel="iteration",
               ylabel="probability", ylim=(0, 1))
    belief.legend(loc="upper right")
    return figure


def gradient_norms(curves):
    """The norm of every layer's gradient over time, a panel for each network; and below, the first
    iterations of a GAN phase by phase: a frozen network was asked for no gradient, so it has no
    point there (absent, not zero)."""
    if not curves.norms:
        raise ValueError("gradient_norms: the curves are empty, expected those of a trainer that "
                         "did a step")
    first = sum(step == i + 1 for i, step in enumerate(curves.steps))
    phases = {"D", "G"} == set(curves.norms) and first > 1
    figure = Figure(figsize=(9.5, 7.4 if phases else 4.4))
    grid = figure.add_gridspec(1 + phases, len(curves.norms), height_ratios=(2, 1)[:1 + phases])
    axes = None
    for column, (network, layers) in enumerate(curves.norms.items()):
        axes = figure.add_subplot(grid[0, column], sharey=axes)
        colours = colormaps[_SHADES.get(network, "viridis")]
        shades = colours(numpy.linspace(0.4, 0.95, len(layers)))
        for (layer, norms), shade in zip(layers.items(), shades):
            axes.plot(curves.steps, _smooth(norms), color=shade, label=layer)
        axes.set(title=f"{network}: norm of each layer's gradient", xlabel="step", ylabel="norm",
                 yscale="log")
        axes.legend(fontsize="small", ncols=2, loc="upper left", bbox_to_anchor=(-0.02, -0.2),
                    handlelength=1.2)
    if phases:
        _phases(figure.add_subplot(grid[1, :]), curves, first)
    return figure


def _phases(axes, curves, first):
    for phase, (network, marker) in enumerate((("D", "o"), ("G", "s"))):
        layers = [values[:first] for values in curves.norms[network].values()]
        places = numpy.arange(1, first + 1) + phase / 2
        axes.plot(places, numpy.linalg.norm(layers, axis=0), marker, color=COLOURS[network],
                  markersize=9, label=f"phase {phase + 1}: {network}'s gradient")
        for place in places:
            axes.axvspan(place - 0.25, place + 0.25, color=COLOURS[network], alpha=0.1, linewidth=0)
    axes.set(title="the first iterations, phase by phase: a frozen network has no gradient",
             xlabel="iteration", ylabel="norm of the\nwhole gradient", yscale="log",
             xlim=(0.75, first + 0.75), xticks=range(1, first + 1))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.margins(y=0.15)
    axes.legend(fontsize="small", ncols=2, loc="upper left", bbox_to_anchor=(-0.01, -0.32),
                handletextpad=0.2)


def _line(axes, steps, values, colour, label):
    """A recorded quantity: pale as it was, and its running mean in full colour."""
    axes.plot(steps, values, color=colour, linewidth=0.8, alpha=0.3)
    axes.plot(steps, _smooth(values), color=colour, label=label)


def _smooth(values, width=9):
    """The mean over a window of `width` recorded values, fewer at both ends."""
    half = width // 2
    return [numpy.mean(values[max(0, i - half):i + half + 1]) for i in range(len(values))]


def _level(axes, height, text):
    """A dashed line that says what it stands for."""
    axes.axhline(height, color=COLOURS["quiet"], linestyle="--", linewidth=1.2)
    axes.annotate(text, (1.01, height), xycoords=("axes fraction", "data"), va="center",
                  color=COLOURS["quiet"])
