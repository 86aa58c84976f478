"""The table of benchmark.py as a picture: bars of the ratio to PyTorch eager, one row a system."""

from matplotlib.figure import Figure

COLOURS = {"minigen": "#1f6f8b", "compiled": "#99c24d", "torch": "#b0b0b0",
           "torch.compile": "#d0d0d0", "jax": "#e0a458"}
NAMES = {"minigen": "minigen", "compiled": "minigen, compiled", "torch": "PyTorch eager",
         "torch.compile": "torch.compile", "jax": "JAX jit"}


def draw(table, where, path):
    """table: title -> {side: (median ms, lower, upper quartile, ratio, memory)}; where: the
    processor, in words."""
    sides = [side for side in NAMES if any(side in rows for rows in table.values())]
    height = 1.2 + len(table) * (0.22 * len(sides) + 0.35)
    figure = Figure(figsize=(8, height), layout="constrained")
    axes = figure.subplots()
    y, ticks = 0.0, []
    for title, rows in table.items():
        top = y
        for side in sides:
            if side in rows:
                median, ratio = rows[side][0], rows[side][3]
                axes.barh(y, ratio, 0.9, color=COLOURS[side])
                axes.text(max(ratio, 1), y, f"  {ratio:.2g}×  {median:.3g} ms", va="center",
                          fontsize=8)
                y += 1
        ticks.append(((top + y - 1) / 2, title))
        y += 1.2
    axes.set_yticks(*zip(*ticks))
    axes.invert_yaxis()
    axes.set_xscale("log", base=2)
    axes.set_xlim(right=axes.get_xlim()[1] * 2)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel("times as fast as PyTorch eager, and the time of a step")
    axes.spines[["top", "right"]].set_visible(False)
    handles = [axes.barh(0, 0, color=COLOURS[side], label=NAMES[side]) for side in sides]
    figure.legend(handles=handles, ncols=len(sides), fontsize=8, loc="outside upper center",
                  frameon=False, title=where, title_fontsize=8)
    figure.savefig(path, dpi=150)
