"""The family tree of the zoo: which line of Algorithm 1 each name changed.

    cd demos/zoo && python -m house.family_tree         writes gallery/family_tree.png
"""

from shared.pictures import plt, save

from .catalogue import ENTRIES, FAMILIES, FOLDER, LINES

PICTURE = FOLDER / "gallery" / "family_tree.png"
IN_A_ROW, CHIP, LEFT = 6, 2.3, 5.9                      # names beside each other; widths, inches
SHADES = dict(zip(FAMILIES, (
    "#0072B2", "#56B4E9", "#009E73", "#8DB600", "#E6A800", "#D55E00", "#AA3377", "#7A5195",
    "#8C6D46", "#666666", "#222222")))                  # told apart by their names, too


def tree():
    """The figure: the lines of the algorithm from top to bottom, beside each the names."""
    groups = {line: [e for e in ENTRIES.values() if e.line == line] for line in LINES}
    rows = {line: -(-len(names) // IN_A_ROW) for line, names in groups.items()}
    height = sum(rows.values()) + 0.35 * len(rows)
    width = LEFT + IN_A_ROW * CHIP
    figure, axes = plt.subplots(figsize=(width * 0.78, height * 0.55))
    axes.set(xlim=(-0.6, width), ylim=(height, -0.2))
    axes.set_axis_off()
    top, joints = 0.0, []
    for line, names in groups.items():
        middle = top + rows[line] / 2
        joints.append(middle)
        axes.plot((-0.35, 0), (middle, middle), color="0.6", linewidth=1.2)
        axes.text(0.1, middle, LINES[line], va="center", fontsize=11.5)
        for i, entry in enumerate(names):
            x = LEFT + CHIP * (i % IN_A_ROW)
            y = top + i // IN_A_ROW + 0.5
            if i % IN_A_ROW == 0:
                axes.plot((LEFT - 0.75, LEFT - 0.3), (middle, y), color="0.6", linewidth=1.2)
            chip(axes, x, y, entry)
        top += rows[line] + 0.35
    axes.plot((-0.35, -0.35), (joints[0], joints[-1]), color="0.6", linewidth=1.2)
    for family, shade in SHADES.items():
        axes.plot([], [], "s", color=shade, markersize=10, label=family)
    figure.legend(loc="outside lower left", ncols=6, fontsize=10.5, handletextpad=0.2)
    standing = sum(entry.stands for entry in ENTRIES.values())
    figure.suptitle(f"Which line of Algorithm 1 each of the {len(ENTRIES)} names changed most "
                    f"(filled: {standing} stand here; outlined: not yet)", x=0.01, ha="left")
    return figure


def chip(axes, x, y, entry):
    """A name in the colour of its family: filled where its script stands."""
    shade = SHADES[entry.family]
    axes.text(x + CHIP / 2 - 0.3, y, entry.title, ha="center", va="center", fontsize=10,
              color="white" if entry.stands else "0.15",
              bbox=dict(boxstyle="round,pad=0.35", edgecolor=shade, linewidth=1.6,
                        facecolor=shade if entry.stands else "white"))


if __name__ == "__main__":
    PICTURE.parent.mkdir(exist_ok=True)
    save(tree(), PICTURE)
