"""minigen against PyTorch and JAX, one training step of five systems, on this processor:

    python tests/benchmarks/benchmark.py                       the table
    python tests/benchmarks/benchmark.py --picture speed.png   and as a picture
    python tests/benchmarks/benchmark.py --sizes               DCGAN of other sizes

Sides: minigen by the tape, the same compiled (replayed), PyTorch eager, torch.compile where there
is a compiler, JAX jit; those that are not installed are left out. Each is a process of its own, in
turns, on quiet cores (turns.py). A ratio is the median over the rounds of PyTorch's time by the
side's own in the same round: above 1, the side is faster. The floor is what the matrix products of
the step would take at the best rate measured here (floor.py). README.md beside this file says what
was tried.
"""

import argparse
import os
import pathlib
import platform
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))      # whoever imports this file

import numpy as np  # noqa: E402
from floor import floor_of, peak_rate  # noqa: E402
from turns import available, in_turns, middle  # noqa: E402
from workloads import TITLES, autoencoder, dcgan, mlp_gan, ring_gan, vae  # noqa: E402

STEPS = {"autoencoder": autoencoder, "ring_gan": ring_gan, "vae": vae, "mlp_gan": mlp_gan,
         "dcgan": dcgan}
SIDES = ["minigen", "compiled", "torch", "torch.compile", "jax"]
SIZES = [dict(batch=b) for b in (16, 32, 64, 128, 256)] + [dict(channels=c) for c in (16, 32, 128)]
SIZES += [dict(size=s) for s in (56, 112)]


def processor():
    """The processor's name and its widest vector instructions."""
    name, flags = platform.processor() or platform.machine(), ""
    if os.path.exists("/proc/cpuinfo"):
        lines = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        facts = dict(line.split(":", 1) for line in lines if ":" in line)
        facts = {key.strip(): value.strip() for key, value in facts.items()}
        name, flags = facts.get("model name", name), facts.get("flags", "").split()
    widest = next((f for f in ("avx512f", "avx2", "avx") if f in flags), "no AVX known")
    return f"{name}, {widest}"


def measure(workload, arguments, **options):
    """side -> (median, lower, upper quartile in ms, ratio to PyTorch, memory in MB), and the share
    of disturbed bursts."""
    sides = available(arguments.sides, workload, arguments.threads, **options)
    try:
        times, disturbed = in_turns(sides, arguments.rounds, arguments.patience)
    finally:
        for side in sides:
            side.close()
    rows = {}
    for side in sides:
        own = times[side.name]
        ratio = (statistics.median(t / o for t, o in zip(times["torch"], own))
                 if "torch" in times else float("nan"))
        rows[side.name] = (*(1e3 * t for t in middle(own)), ratio, side.memory / 2 ** 20)
    return rows, disturbed


def show(title, rows, disturbed, floor=None):
    at_best = "" if floor is None else f"; floor {1e3 * floor:.3g} ms"
    noise = f"; {disturbed:.0%} of the bursts disturbed" if disturbed else ""
    print(f"\n{title}{at_best}{noise}")
    for side, (median, low, high, ratio, memory) in rows.items():
        print(f"  {side:14} {median:9.3f} ms  ({low:.3f} to {high:.3f})  {ratio:6.2f}x  "
              f"{memory:6.0f} MB", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7, help="bursts of each side")
    parser.add_argument("--only", default="", help="workloads whose title holds this text")
    parser.add_argument("--sides", nargs="+", default=SIDES, choices=SIDES)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--patience", type=float, default=20.0,
                        help="seconds to wait for quiet cores, for each burst")
    parser.add_argument("--sizes", action="store_true", help="cost against size")
    parser.add_argument("--picture", type=pathlib.Path, help="where to draw the table")
    arguments = parser.parse_args()
    rate = peak_rate(arguments.threads)
    where = f"{processor()}; {arguments.threads} threads; NumPy {np.__version__}"
    print(f"{where}; best products {rate / 1e9:.0f} GFLOP/s; medians of {arguments.rounds} rounds "
          "(quartiles), ratio to PyTorch eager, memory since import")
    if arguments.sizes:
        for options in SIZES:
            title = "DCGAN, " + ", ".join(f"{name} {value}" for name, value in options.items())
            show(title, *measure("dcgan", arguments, **options))
        return
    table = {}
    for workload, title in TITLES.items():
        if arguments.only in title:
            rows, disturbed = measure(workload, arguments)
            show(title, rows, disturbed, floor_of(STEPS[workload](), rate))
            table[title] = rows
    if arguments.picture:
        from picture import draw
        draw(table, where, arguments.picture)


if __name__ == "__main__":
    main()
