"""A recorded iteration as a Matplotlib figure: what the theatre shows, without a browser.

For each phase the norm of what leaves each layer and of the gradient that comes back to it, and the
gradient of every weight matrix, five at most, as a heat map."""

import numpy
from matplotlib.figure import Figure

from .plots import COLOURS


def plot(iteration):
    """A Figure of an Iteration: a row for each phase."""
    phases = iteration.phases
    figure = Figure(figsize=(13, 3.2 * len(phases)), layout="constrained")
    for rows, phase in zip(numpy.atleast_1d(figure.subfigures(len(phases), 1)), phases):
        weights = [(f"{name} {parameter}", g) for name, network in phase.networks.items()
                   for parameter, g in network.gradients.items() if g.ndim > 1][:5]
        axes = rows.subplots(1, 1 + len(weights), width_ratios=[2] + [1] * len(weights))
        first, *others = numpy.atleast_1d(axes)
        _norms(first, phase)
        for place, (name, g) in zip(others, weights):
            _heat(place, name, g)
        frozen = [name for name, network in phase.networks.items() if network.frozen]
        rows.suptitle(f"iteration {iteration.step}, {phase.name}"
                      + f": {', '.join(frozen)} frozen, no gradient kept" * bool(frozen),
                      x=0.01, ha="left")
    return figure


def _norms(axes, phase):
    """For every layer of every pass the norm of its output, and of the gradient by it."""
    names = list(phase.layers)[::-1]
    for i, name in enumerate(names):
        parts = phase.layers[name]
        axes.plot(numpy.linalg.norm(parts["output"]), i, "s", color=COLOURS["quiet"])
        if "gradient" in parts:
            axes.plot(numpy.linalg.norm(parts["gradient"]), i, "D", color=COLOURS["gradient"])
        else:
            axes.text(0.02, i, "no gradient", transform=axes.get_yaxis_transform(), va="center",
                      color=COLOURS["gradient"], fontsize=8)
    axes.set_yticks(range(len(names)), names, fontsize=8)
    axes.set(xscale="log", xlabel="norm: ■ output, ◆ gradient by it")
    axes.grid(axis="y", alpha=0.3)


def _heat(axes, title, g):
    """A dense layer's gradient, outputs by inputs; any other with its first axis downwards."""
    down, across = ("outputs", "inputs") if g.ndim == 2 else ("first axis", "all other axes")
    g = g.reshape(len(g), -1)[:64, :64]
    most = abs(g).max() or 1.0
    image = axes.imshow(g, cmap="BrBG", vmin=-most, vmax=most, aspect="auto")
    axes.set_title(f"∂/∂ {title}", fontsize=8)
    axes.set(xticks=[], yticks=[])
    axes.set_xlabel(across, fontsize=8)
    axes.set_ylabel(down, fontsize=8)
    axes.figure.colorbar(image, ax=axes, ticks=(-most, 0, most), format="%.1g")
