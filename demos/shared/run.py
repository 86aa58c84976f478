"""The beginning and the end of a demo: its flags, its first and last line, and run.json.

    arguments = run.arguments(__doc__, steps=1000)  # flags, backend, seed; prints the first line
    images, labels = run.digits(arguments)          # for a demo with data=True
    ...
    run.finish(arguments, claims)                   # prints the table and the last line
"""

import argparse
import json
import os
import pathlib
import platform
import shlex
import sys
import time
from importlib.metadata import PackageNotFoundError, version

import matplotlib
import numpy as np
from tqdm import tqdm

import minigen as mg
from minigen.files import replacing
from minigen.processes import world

from . import lecture, pictures

# A pipe whose encoding lacks ∂ shows \u2202 instead of failing, as stderr does.
if hasattr(sys.stdout, "reconfigure"):
    sys.stdout.reconfigure(errors="backslashreplace")


# ------------------------------------------------------------------------------- the beginning

def arguments(description, steps, quick=4, data=False, full=None, options=None,
              folder=pathlib.Path("out"), processes=False):
    """The flags of a demo, parsed; backend and seed set; the output directory made; the first line.

    description: the demo's docstring. steps: how many by default; quick: how many with --quick, for
    the tests; full: how many with --full, the paper's scale (None: there is no such flag).
    data: whether there are --data sample|full and --root; --full then means --data full too.
    options: the demo's own flags, name -> keyword arguments of argparse's add_argument.
    folder: where its own output directory is made, unless --out names another.
    processes: whether mpiexec may start several; the first alone then prints and writes.
    Where a flag, the backend or the output directory will not do, it exits with an error before
    anything is trained."""
    as_cells = _as_cells()
    name = _name_of_cells() if as_cells else pathlib.Path(_main_file() or "notebook").stem
    parser = _parser(name, description, steps, data, full, folder)
    for flag, settings in (options or {}).items():
        parser.add_argument(flag, **settings)
    chosen = parser.parse_args([] if as_cells else None)

    is_first = _is_first(name, processes)
    chosen.name, chosen.started = name, time.time()
    chosen.command = f"the cells of {name}" if as_cells else shlex.join(["python", *sys.argv])
    pictures.set_resolution(coarse=chosen.quick)
    if chosen.steps is None:
        is_full = getattr(chosen, "full", False)
        chosen.steps = quick if chosen.quick else full if is_full else steps
    if data and getattr(chosen, "full", False):
        chosen.data = "full"
    _set_up(parser, chosen, is_first)
    if name == "notebook":
        print("cannot tell which demo these cells belong to: the files go to out/notebook")
    if is_first:
        print(f"backend: {mg.backend.describe()} · seed {chosen.seed} · {name}", flush=True)
    return chosen


def _is_first(name, may_be_several):
    """Whether this process is the first, or the only one, of those that mpiexec started."""
    try:
        started = world()
    except ImportError as error:
        sys.exit(str(error))
    if started.size > 1 and not may_be_several:
        sys.exit(f"{name} is for one process: start it without mpiexec" if started.rank == 0 else 1)
    return started.rank == 0


def _main_file():
    """The path of the script that was run, by `python demo.py` or a notebook's `%run demo.py`."""
    return getattr(sys.modules["__main__"], "__file__", None)


def _as_cells():
    """Whether a demo's `# %%` cells are run one by one: sys.argv is then the kernel's, not ours."""
    file = _main_file()
    return pictures.NOTEBOOK and (file is None
                                  or pathlib.Path(file).stem != pathlib.Path(sys.argv[0]).stem)


def _name_of_cells():
    """The demo whose cells are run, where the editor tells its kernel; else "notebook"."""
    paths = (_main_file(),                                                   # VS Code, a script
             getattr(sys.modules["__main__"], "__vsc_ipynb_file__", None),   # VS Code, a notebook
             os.environ.get("JPY_SESSION_NAME"))                            # Jupyter
    stems = [pathlib.Path(path).stem for path in paths if path]
    return next((stem for stem in stems if stem in lecture.DEMOS), "notebook")


def _parser(name, description, steps, data, full, folder):
    """The parser of the flags that all demos have."""
    parser = argparse.ArgumentParser(name, description=description,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--steps", type=positive, help=f"training steps (default {steps:,})")
    add("--seed", type=int, default=0, help="every random number comes from it (default 0)")
    add("--backend", choices=("numpy", "cupy", "auto"),
        default=os.environ.get("MINIGEN_BACKEND") or "numpy",
        help="where arrays live (default: MINIGEN_BACKEND, else numpy)")
    add("--out", type=pathlib.Path, default=folder / name,
        help=f"output directory (default {folder / name})")
    add("--quick", action="store_true", help="a few steps only: does everything run?")
    if full is not None:
        add("--full", action="store_true",
            help=f"the paper's scale: {full:,} steps" + ", --data full" * data)
    if data:
        add("--data", choices=("sample", "full"), default="sample",
            help="the embedded fifth of MNIST (default), or all of it")
        add("--root", help="the directory of MNIST's files, for --data full "
                           "(default: $MINIGEN_DATA, the cache, a download)")
    return parser


def _set_up(parser, chosen, is_first):
    """Choose backend and seed, and try to write into the output directory.

    The dtype too: in a notebook the demo before this one may have left float64."""
    try:
        mg.set_default_dtype("float32")
        mg.use(chosen.backend)
        mg.seed(chosen.seed)
        if is_first:
            chosen.out.mkdir(parents=True, exist_ok=True)
            _write_json(chosen.out, {})
    except OSError as error:
        parser.error(f"--out {chosen.out} cannot be written ({error.strerror}); "
                     "choose another directory")
    except (mg.BackendError, ValueError) as error:
        parser.error(str(error))


def at_least(smallest, kind=int):
    """The type of a flag that is a number, whole unless `kind` is float, `smallest` or more."""
    def number(text):
        if not kind(text) >= smallest:
            raise argparse.ArgumentTypeError(f"{text} is not {smallest} or more")
        return kind(text)
    return number


positive = at_least(1)
several = at_least(2)                   # runs to compare: a single one has no scatter
not_negative = at_least(0, float)


THEATRE = dict(action="store_true",
               help="also write theatre.html, a page that shows every gradient, line by line")


def moments(steps, count):
    """At most `count` steps from 1 to the last, ever further apart: to be recorded."""
    return sorted({round(steps ** (i / (count - 1))) for i in range(count)})


def digits(arguments, split="train"):
    """(images (N, 1, 28, 28) in [0, 1], labels (N,)) of the MNIST that --data names."""
    if arguments.data == "sample":
        return mg.data.mnist_sample(split)
    try:
        return mg.data.mnist(split, root=arguments.root)
    except mg.data.DataError as error:
        sys.exit(f"--data full: {error}")


def progress(iterable=None, **settings):
    """tqdm's progress bar, on a terminal and in a notebook; in a pipe there is none."""
    return tqdm(iterable, disable=False if pictures.NOTEBOOK else None, **settings)


# ------------------------------------------------------------------------------------- the end

def finish(arguments, claims=None, **figures):
    """Print the claims and, as the last line, where the files are; write run.json beside them.

    figures: further printed numbers worth keeping, by name."""
    seconds = round(time.time() - arguments.started, 1)
    _write_json(arguments.out, {
        "demo": arguments.name,
        "command": arguments.command,
        "arguments": _flags(arguments),
        "seed": arguments.seed,
        "versions": {"python": platform.python_version(), "numpy": np.__version__,
                     "matplotlib": matplotlib.__version__, "minigen": _version()},
        "backend": mg.backend.xp.__name__,
        "device": mg.backend.describe(),
        "threads": _threads(),
        "seconds": seconds,
        "figures": figures,
        "claims": claims.rows if claims else [],
    })
    files = sorted(path.name for path in arguments.out.iterdir()
                   if path.stat().st_mtime >= arguments.started - 1)
    if claims:
        print(f"\n{claims}\n")
    if arguments.quick:
        print("(--quick: next to nothing was trained, so the figures above mean nothing)")
    print(f"{seconds:.0f} s; files in {arguments.out}: {', '.join(files)}")


def _write_json(folder, about):
    text = json.dumps(about, indent=1, ensure_ascii=False, default=_plain)
    with replacing(folder / "run.json") as file:
        file.write(text.encode())


def _plain(value):
    """NumPy's numbers and arrays as what JSON can hold."""
    return np.asarray(value).tolist()


def _flags(arguments):
    """The flags, name -> value, a path as text."""
    return {name: value if isinstance(value, (bool, int, float, str, type(None))) else str(value)
            for name, value in vars(arguments).items()
            if name not in ("name", "command", "started")}


def _version():
    try:
        return version("minigen")
    except PackageNotFoundError:                    # run from a clone that was not installed
        return "not installed"


def _threads():
    """How many threads NumPy's matrix products may use.

    Another number adds in another order, and rounds differently."""
    settings = (os.environ.get(name) for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"))
    return next(filter(None, settings), str(os.cpu_count()))
