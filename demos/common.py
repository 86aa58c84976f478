"""What every demo shares, and nothing of what it teaches: flags, first and last line, the table of claims, pictures, digits.

    arguments = common.arguments(__doc__, steps=1000)       # flags, backend, seed, output directory; prints the first line
    claims = common.Claims()
    claims.add("the claim, in the lecture's words", 0.93, ">= 0.9", measured >= 0.9)
    common.save(figure, arguments.out / "curves.png")
    common.finish(arguments, claims)                        # prints the table and the last line, writes run.json
"""

import argparse
import io
import json
import os
import pathlib
import platform
import shlex
import sys
import textwrap
import time
from importlib.metadata import PackageNotFoundError, version

import matplotlib
import numpy as np

NOTEBOOK = "ipykernel" in sys.modules               # the `# %%` cells of a demo, run one by one
if not NOTEBOOK:
    matplotlib.use("Agg")                           # no display is needed

import matplotlib.pyplot as plt  # noqa: E402

import minigen as mg  # noqa: E402
from minigen.inspect import COLOURS  # noqa: E402, F401  (one colour for one meaning, in every picture)

HERE = pathlib.Path(__file__).parent
plt.style.use(HERE / "minigen.mplstyle")


# ------------------------------------------------------------------------------------- the beginning and the end

def arguments(description, steps, quick=4, data=False, full=None, options=None):
    """The flags of a demo, parsed; its backend and seed set; its output directory made; its first line printed.

    description: the demo's docstring. steps: how many by default, quick: how many with --quick (for the tests), full: with
    --full (the paper's scale; None: no such flag). data: whether it has --data sample|full and --root; --full is --data full
    too. options: the demo's own flags, name -> keyword arguments of argparse's add_argument. Exits with an error where a flag, the backend or the
    output directory will not do: before anything is trained."""
    name = pathlib.Path(getattr(sys.modules["__main__"], "__file__", "notebook")).stem
    parser = argparse.ArgumentParser(name, description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--steps", type=positive, help=f"training steps (default {steps:,})")
    add("--seed", type=int, default=0, help="every random number comes from it (default 0)")
    add("--backend", choices=("numpy", "cupy", "auto"), default=os.environ.get("MINIGEN_BACKEND") or "numpy",
        help="where arrays live (default: MINIGEN_BACKEND, else numpy)")
    add("--out", type=pathlib.Path, default=pathlib.Path("out") / name, help=f"output directory (default out/{name})")
    add("--quick", action="store_true", help="a few steps only: does everything run?")
    if full is not None:
        add("--full", action="store_true", help=f"the paper's scale: {full:,} steps" + ", --data full" * data)
    if data:
        add("--data", choices=("sample", "full"), default="sample", help="the embedded fifth of MNIST (default), or all of it")
        add("--root", help="the directory of MNIST's files, for --data full (default: $MINIGEN_DATA, the cache, a download)")
    for flag, settings in (options or {}).items():
        add(flag, **settings)
    chosen = parser.parse_args([] if NOTEBOOK else None)

    chosen.name, chosen.started = name, time.time()
    if chosen.quick:
        plt.rcParams["savefig.dpi"] = 60                # nobody looks at these, and drawing is most of such a run
    if chosen.steps is None:
        chosen.steps = quick if chosen.quick else full if getattr(chosen, "full", False) else steps
    if data and getattr(chosen, "full", False):
        chosen.data = "full"
    try:
        mg.use(chosen.backend)
        mg.seed(chosen.seed)
        chosen.out.mkdir(parents=True, exist_ok=True)
        write(chosen.out / "run.json", b"{}")
    except OSError as error:
        parser.error(f"--out {chosen.out} cannot be written ({error.strerror}); choose another directory")
    except (mg.BackendError, ValueError) as error:
        parser.error(str(error))
    print(f"backend: {mg.backend.describe()} · seed {chosen.seed} · {name}", flush=True)
    return chosen


def finish(arguments, claims=None, **figures):
    """Print the claims and, as the last line, where the files are; write run.json beside them.

    figures: further printed numbers worth keeping, by name."""
    seconds = round(time.time() - arguments.started, 1)
    chosen = {name: value if isinstance(value, (bool, int, float, str, type(None))) else str(value)
              for name, value in vars(arguments).items() if name not in ("name", "started")}
    about = {
        "demo": arguments.name, "command": shlex.join(["python", *sys.argv]), "arguments": chosen, "seed": arguments.seed,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "matplotlib": matplotlib.__version__,
                     "minigen": _version()},
        "backend": mg.backend.xp.__name__, "device": mg.backend.describe(), "threads": _threads(), "seconds": seconds,
        "figures": figures, "claims": claims.rows if claims else [],
    }
    write(arguments.out / "run.json", json.dumps(about, indent=1, ensure_ascii=False, default=_plain).encode())
    files = sorted(path.name for path in arguments.out.iterdir() if path.stat().st_mtime >= arguments.started - 1)
    if claims:
        print(f"\n{claims}\n")
    if arguments.quick:
        print("(--quick: next to nothing was trained, so the figures above mean nothing)")
    print(f"{seconds:.0f} s; files in {arguments.out}: {', '.join(files)}")


def _version():
    try:
        return version("minigen")
    except PackageNotFoundError:                    # run from a clone that was not installed
        return "not installed"


def _threads():
    """How many threads NumPy's matrix products may use: another number adds in another order, and rounds differently"""
    named = (os.environ.get(name) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"))
    return next(filter(None, named), str(os.cpu_count()))


def at_least(smallest, kind=int):
    """The type of a flag that is a number, whole unless `kind` is float, `smallest` or more"""
    def number(text):
        if not kind(text) >= smallest:
            raise argparse.ArgumentTypeError(f"{text} is not {smallest} or more")
        return kind(text)
    return number


positive, several = at_least(1), at_least(2)            # several: runs to compare, since one has no scatter
not_negative = at_least(0, float)


def _plain(value):
    """NumPy's numbers and arrays as what JSON can hold."""
    return np.asarray(value).tolist()


def write(path, data):
    """Write the bytes `data` to `path` in one piece: nobody ever sees half a file."""
    path = pathlib.Path(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


# ------------------------------------------------------------------------------------------------------- claims

class Claims:
    """What the lecture claims, what this run measured, and whether it held. print(claims) is a table of 80 columns."""

    def __init__(self):
        self.rows = []

    def add(self, claim, measured, threshold=None, held=None, interval=None):
        """measured: a number or a text; interval: its (low, high); threshold: a text, set before the run and never widened to
        pass; held: whether it was met, None where there is no pass mark and the figure is only reported."""
        verdict = {None: "reported", True: "held", False: "not held"}[held if held is None else bool(held)]
        self.rows.append({"claim": claim, "measured": measured, "interval": interval and [float(x) for x in interval],
                          "threshold": threshold, "verdict": verdict})

    def __str__(self):
        lines = _row("claim", "measured in this run", "threshold", "") + ["-" * 80]
        for row in self.rows:
            measured = _figure(row["measured"])
            if row["interval"]:
                measured += " [" + ", ".join(_figure(x) for x in row["interval"]) + "]"
            lines += _row(row["claim"], measured, row["threshold"] or "none", row["verdict"])
        return "\n".join(lines)


def _figure(x):
    return str(x) if isinstance(x, (str, int)) else f"{float(x):.3g}" if abs(x) < 1e-3 else f"{float(x):.3f}"


def _row(*cells):
    """One row of the table, its cells wrapped to their columns."""
    widths = (31, 23, 13, 8)
    wrapped = [textwrap.wrap(cell, width, break_on_hyphens=False) or [""] for cell, width in zip(cells, widths)]
    height = max(map(len, wrapped))
    padded = [column + [""] * (height - len(column)) for column in wrapped]
    return [" ".join(part.ljust(width) for part, width in zip(parts, widths)).rstrip() for parts in zip(*padded)]


# ------------------------------------------------------------------------------------------------------ pictures

def image_grid(images, columns, pad=2):
    """Images (n, 1, h, w), (n, 3, h, w) or (n, h, w) in [0, 1] as one array, row by row, for imshow: (H, W) or (H, W, 3).

    pad: white pixels between them; places of the last row that are left over stay white."""
    images = np.asarray(mg.to_numpy(images), np.float32)
    images = images[:, None] if images.ndim == 3 else images
    n, channels, h, w = images.shape
    rows = -(-n // columns)
    grid = np.ones((channels, rows * (h + pad) + pad, columns * (w + pad) + pad), np.float32)
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
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write(path, picture.getvalue())
    if NOTEBOOK:
        from IPython.display import display
        display(figure)
    plt.close(figure)


def applied(network, x, batch=500):
    """network(x), x (n, ...) NumPy's, as a NumPy array: `batch` rows at a time, without a tape."""
    with mg.no_grad():
        rows = [network(mg.backend.asarray(np.asarray(x[i:i + batch], np.float32))) for i in range(0, len(x), batch)]
    return np.concatenate([mg.to_numpy(row) for row in rows])


def k_means(rng, x, k, rounds=10):
    """(centres (k, d), group of every row (n,)) of x (n, d) by Lloyd's algorithm, begun at k of the rows"""
    centres = x[rng.permutation(len(x))[:k]]
    for _ in range(rounds):
        nearest = (np.square(centres).sum(1) - 2 * x @ centres.T).argmin(1)
        centres = np.stack([x[nearest == c].mean(0) if c in nearest else centre for c, centre in enumerate(centres)])
    return centres, nearest


# -------------------------------------------------------------------------------------------- digits, and what was trained

def digits(arguments, split="train"):
    """(images (N, 1, 28, 28) in [0, 1], labels (N,)) as --data says: the embedded sample of MNIST, or all of it."""
    if arguments.data == "sample":
        return mg.data.mnist_sample(split)
    try:
        return mg.data.mnist(split, root=arguments.root)
    except mg.data.DataError as error:
        sys.exit(f"--data full: {error}")


def save_network(network, path):
    """Keep the network's state as the npz file `path`, in half precision: a trained judge comes with the demos."""
    file = io.BytesIO()
    np.savez_compressed(file, **{name: mg.to_numpy(array).astype(np.float16) for name, array in network.state_dict().items()})
    write(path, file.getvalue())


def load_network(network, path):
    """The network, its state read from `path`, in evaluation mode"""
    with np.load(path, allow_pickle=False) as file:
        network.load_state_dict(dict(file))
    return network.eval()
