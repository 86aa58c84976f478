"""Pictures of the demos: one style, one colour for one meaning, image grids, whole files."""

import pathlib
import sys

import matplotlib
import numpy as np

NOTEBOOK = "ipykernel" in sys.modules               # the `# %%` cells of a demo, run one by one
if not NOTEBOOK:
    matplotlib.use("Agg")                           # no display is needed

import matplotlib.pyplot as plt  # noqa: E402

import minigen as mg  # noqa: E402
from minigen.files import replacing  # noqa: E402
from minigen.inspect import COLOURS  # noqa: E402, F401  (name of a meaning -> colour)

plt.style.use(pathlib.Path(__file__).parent / "minigen.mplstyle")
FINE, COARSE = plt.rcParams["savefig.dpi"], 60


def image_grid(images, columns, pad=2):
    """Images side by side, row by row, as one array for imshow: (H, W) or (H, W, 3).

    images: (n, 1, h, w), (n, 3, h, w) or (n, h, w) in [0, 1], of either library.
    pad: white pixels between them; places of the last row that are left over stay white."""
    images = np.asarray(mg.to_numpy(images), np.float32)
    images = images[:, None] if images.ndim == 3 else images
    n, channels, h, w = images.shape
    rows = -(-n // columns)
    size = channels, rows * (h + pad) + pad, columns * (w + pad) + pad
    grid = np.ones(size, np.float32)
    for i, image in enumerate(images):
        top, left = pad + i // columns * (h + pad), pad + i % columns * (w + pad)
        grid[:, top:top + h, left:left + w] = image
    grid = grid.clip(0, 1)
    return grid[0] if channels == 1 else grid.transpose(1, 2, 0)


def show(axes, images, columns, title=None, pad=2):
    """Draw an image_grid on `axes`, without ticks; grey images light on dark."""
    axes.imshow(image_grid(images, columns, pad), cmap="gray", vmin=0, vmax=1)
    axes.set(xticks=[], yticks=[], title=title)
    axes.spines[:].set_visible(False)


def save(figure, path):
    """Write the figure as the PNG `path` in one piece, and close it."""
    with replacing(path) as file:
        figure.savefig(file, format="png")
    if NOTEBOOK:
        from IPython.display import display
        display(figure)
    plt.close(figure)


def set_resolution(coarse):
    """coarse: for --quick, as nobody looks at its pictures, and drawing is most of such a run."""
    plt.rcParams["savefig.dpi"] = COARSE if coarse else FINE
