"""Runs many scripts of the zoo, on as many processes as there are cores, and prints one table.

    python demos/zoo/run.py                     every name that stands, seed 0
    python demos/zoo/run.py gan cycle_gan       only these
    python demos/zoo/run.py --wave 1            those on plain data (2: on faces and scenes)
    python demos/zoo/run.py --seeds 5           seeds 0 to 4 of each; README.md's table and pictures
    python demos/zoo/run.py --cluster tcp://HOST:8786       on the workers of a Dask scheduler

A script that fails costs its row, not the run. A run that was stopped goes on where it was: what
stands finished in --out, with the same seeds and by a script that did not change since, is not run
again. joblib hands out the work: `pip install joblib`, and `pip install distributed` for --cluster,
whose workers need this clone at the same path and these packages.
"""

import argparse
import base64
import contextlib
import difflib
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from house import run as demo
from house.catalogue import ENTRIES, FOLDER, SCRIPTS
from house.readme import write_readme
from house.table import as_table

from minigen.files import replacing

DIGEST = "script.sha256"                # which script a finished row is of


def perform(name, flags, folder=str(FOLDER)):
    """Run one script somewhere: what it left, {file name: contents in base64}; or {"error": text}.

    It may run on another machine: it needs nothing but Python and the clone."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, os.path.join(folder, f"{name}.py"), *flags, "--out", out]
        one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
        finished = subprocess.run(command, capture_output=True, encoding="utf-8",
                                  env={**os.environ, "PYTHONIOENCODING": "utf-8", **one_thread})
        if finished.returncode:
            lines = finished.stderr.strip().splitlines() or [f"exit status {finished.returncode}"]
            return name, {"error": lines[-1]}
        return name, {path.name: base64.b64encode(path.read_bytes()).decode()
                      for path in pathlib.Path(out).iterdir()}


def digest(name):
    return hashlib.sha256((FOLDER / f"{name}.py").read_bytes()).hexdigest()


def keep(folder, name, files):
    """Write what a script left into its folder; last the digest, which says that all is there."""
    (folder / name).mkdir(parents=True, exist_ok=True)
    for file, contents in files.items():
        with replacing(folder / name / file) as target:
            target.write(base64.b64decode(contents))
    with replacing(folder / name / DIGEST) as target:
        target.write(digest(name).encode())


def finished_row(folder, name, arguments):
    """The row that an earlier run left for the same script and flags, or None."""
    try:
        written = json.loads((folder / name / "run.json").read_text(encoding="utf-8"))
        same_script = (folder / name / DIGEST).read_text() == digest(name)
    except (OSError, ValueError):
        return None
    flags = written.get("arguments", {})
    same = all(flags.get(flag) == getattr(arguments, flag) for flag in ("seeds", "seed", "quick"))
    return written["figures"]["row"] if same and same_script else None


def parse(flags):
    """The flags, checked before anything runs."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("names", nargs="*", help="which (default: every name that stands)")
    add("--wave", type=int, choices=(1, 2, 3), help="those that stand: 1 on plain data, 2 on faces "
        "and scenes, 3 with an operation or a data set of their own")
    add("--seeds", type=demo.positive, default=1, help="how many seeds of each (default 1)")
    add("--seed", type=int, default=0, help="the first one (default 0)")
    add("--quick", action="store_true", help="a few steps of each: does everything run?")
    add("--jobs", type=demo.positive, default=os.cpu_count(),
        help="processes at a time (default: one for each core)")
    add("--cluster", metavar="ADDRESS", help="of a Dask scheduler that runs them instead")
    add("--out", type=pathlib.Path, default=pathlib.Path("out/zoo"))
    arguments = parser.parse_args(flags)
    for name in arguments.names:
        check(parser, name)
    wave = [name for name in SCRIPTS if arguments.wave in (None, ENTRIES[name].wave)]
    if arguments.names and arguments.wave:
        parser.error("names, or --wave: not both")
    if not wave:
        parser.error(f"--wave {arguments.wave}: none of it stands yet")
    arguments.names = list(dict.fromkeys(arguments.names)) or wave
    try:
        arguments.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        parser.error(f"--out {arguments.out} cannot be written ({error.strerror}); "
                     "choose another directory")
    return arguments


def check(parser, name):
    """End with an error for a name that is not one of SCRIPTS: the nearest, or "not yet"."""
    if name in SCRIPTS:
        return
    if name in ENTRIES:
        parser.error(f"{name}: not yet; these stand: {', '.join(SCRIPTS)}")
    names = {other.lower(): entry for entry, about in ENTRIES.items()
             for other in (entry, entry.replace("_", ""), about.title)}
    near = difflib.get_close_matches(name.lower(), names, n=5, cutoff=0.5)
    nearest = dict.fromkeys(names[other] for other in near)
    parser.error(f"no {name} in the zoo; " + (f"the nearest: {', '.join(nearest)}" if nearest
                                               else f"there are {', '.join(ENTRIES)}"))


@contextlib.contextmanager
def workers(arguments):
    """Where joblib hands the work to: processes of this machine, or a Dask cluster."""
    try:
        import joblib
    except ImportError:
        sys.exit("run.py needs joblib: pip install joblib")
    if not arguments.cluster:
        with joblib.parallel_config("loky", n_jobs=arguments.jobs):
            yield joblib
        return
    try:
        from distributed import Client
    except ImportError:
        sys.exit("--cluster needs dask.distributed: pip install distributed")
    try:
        client = Client(arguments.cluster, timeout=10)
    except (OSError, ValueError) as error:
        sys.exit(f"--cluster {arguments.cluster}: no scheduler answers there ({error})")
    with client, joblib.parallel_config("dask"):
        yield joblib


def main(flags=None):
    arguments = parse(flags)
    rows = {name: finished_row(arguments.out, name, arguments) for name in arguments.names}
    missing = [name for name, row in rows.items() if row is None]
    if len(missing) < len(rows):
        print(f"{len(rows) - len(missing)} of {len(rows)} stand finished in {arguments.out}")
    options = ["--seeds", str(arguments.seeds), "--seed", str(arguments.seed)]
    options += ["--quick"] * arguments.quick
    if missing:
        with workers(arguments) as joblib:
            done = joblib.Parallel(return_as="generator_unordered")(
                joblib.delayed(perform)(name, options) for name in missing)
            for name, files in demo.progress(done, total=len(missing), unit="name", desc="zoo"):
                if "error" in files:
                    rows[name] = files
                else:
                    keep(arguments.out, name, files)
                    rows[name] = finished_row(arguments.out, name, arguments)
    print(f"\n{as_table(rows)}")
    failed = [name for name, row in rows.items() if "error" in row]
    if arguments.seeds >= 5 and arguments.seed == 0 and not arguments.quick:
        write_readme({name: row for name, row in rows.items() if name not in failed}, arguments.out)
    if failed:
        sys.exit(f"\nfailed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
