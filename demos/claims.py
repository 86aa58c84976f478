"""Every claim of the lecture in one table: runs the demos and gathers their figures.

    python demos/claims.py                      all demos at their default size: about half an hour
    python demos/claims.py gan_2d dirac_gan     only these
    python demos/claims.py --seeds 5            seeds 0 to 4 (one for demos that repeat inside)
    python demos/claims.py --seeds 5 --jobs 8   eight runs at a time, which share the cores (joblib)
    python demos/claims.py --quick              a few steps of each: does everything run?

The table is printed, and its claims that have a threshold are written to claims.md in --out. With
--seeds, when every demo was run and none failed, they are also written into demos/RESULTS.md,
between its two marker lines; the rest of that file is written by hand.
"""

import argparse
import datetime
import json
import os
import pathlib
import platform
import subprocess
import sys
import textwrap

from shared.lecture import DEMOS, FOLDER
from shared.run import several

from minigen.files import replacing

REPEAT_INSIDE = """autoencoder_8_3_8 vae_linear vae_factors debiasing ganhacks
    gan_failures""".split()                             # over seeds of their own
RESULTS = FOLDER / "RESULTS.md"
BEGIN = "<!-- from here to the next marker, claims.py --seeds writes -->"
END = "<!-- to here -->"


def run_all(tasks, arguments):
    """What each run wrote, in the order of tasks (demo, seed), --jobs of them at a time.

    A run is a process of its own, so joblib has only to wait for it: in threads here, or on other
    machines, where `with joblib.parallel_config(backend=...)` around main() says so."""
    if arguments.jobs == 1:
        return [run(demo, seed, arguments) for demo, seed in tasks]
    try:
        import joblib
    except ImportError:
        sys.exit("--jobs needs joblib: pip install joblib")
    return joblib.Parallel(n_jobs=arguments.jobs, prefer="threads")(
        joblib.delayed(run)(demo, seed, arguments) for demo, seed in tasks)


def run(demo, seed, arguments):
    """What one run of a demo wrote into run.json, or None where it failed."""
    out = arguments.out / f"{demo}-seed{seed}"
    command = [sys.executable, str(FOLDER / f"{demo}.py"), "--seed", str(seed), "--out", str(out)]
    command += ["--quick"] * arguments.quick
    print(f"{demo}, seed {seed} ...", flush=True)
    cores = str(max(1, (os.cpu_count() or 1) // arguments.jobs))
    share = {} if arguments.jobs == 1 else {
        name: os.environ.get(name, cores) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    finished = subprocess.run(command, capture_output=True, encoding="utf-8",
                              env={**os.environ, **share, "PYTHONIOENCODING": "utf-8"})
    if finished.returncode:
        print(textwrap.indent(finished.stderr[-2000:], "    "))
        return None
    return json.loads((out / "run.json").read_text(encoding="utf-8"))


def shown(value):
    """A measured number or text as text."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return f"{value:.4g}" if is_number else str(value)


def of_seeds(values):
    """The values of all seeds as one text; once where they agree."""
    if len(set(values)) == 1:
        return values[0]
    return ("; " if any("," in value for value in values) else ", ").join(values)


def markdown(table, runs):
    """The claims that have a threshold, as a table.

    runs: demo -> how many runs there were, failed ones too."""
    lines = ["| demo | claim | threshold | measured | held |", "|---|---|---|---|---|"]
    for (demo, _), rows in table.items():
        if rows[0]["threshold"]:
            held = f'{sum(row["verdict"] == "held" for row in rows)} of {runs[demo]}'
            threshold, measured = (of_seeds([shown(row[column]) for row in rows])
                                   for column in ("threshold", "measured"))
            cells = f"`{demo}`", rows[0]["claim"], threshold, measured, held
            lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def conditions(about, seeds):
    """When and on what the table was measured. about: the run.json of one of its runs."""
    threads = f"{about['threads']} thread{'s' * (about['threads'] != '1')}"
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    return (f"Measured on {datetime.date.today()} with seeds 0 to {seeds - 1}, on {processor()}, "
            f"{threads}; backend {about['device']}; {versions}.")


def processor():
    """The processor's name, which Python itself does not know on Linux."""
    try:
        lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def score(table, runs):
    """How many of the claims that have a threshold held in every run, as a sentence."""
    held = [sum(row["verdict"] == "held" for row in rows) == runs[demo]
            for (demo, _), rows in table.items() if rows[0]["threshold"]]
    return f"{sum(held)} of {len(held)} claims held with every seed."


def around_the_table(path):
    """What stands before the first marker and after the second one in the file at `path`."""
    text = path.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{path} lacks the marker lines between which the table stands: {BEGIN} and {END}")
    return before, after


def write_results(path, *paragraphs):
    """Put the paragraphs between the marker lines of the file at `path`; the rest stays."""
    before, after = around_the_table(path)
    text = "\n\n".join([BEGIN, *(paragraph.strip() for paragraph in paragraphs), END])
    with replacing(path) as file:
        file.write((before + text + after).encode())


def print_table(table, runs):
    """All claims, those without a threshold too."""
    print(f"\n{'claim':58} {'measured':>20}  {'threshold':16} verdict")
    before = None
    for (demo, _), rows in table.items():
        if demo != before:
            print(f"\n{demo}")
        before = demo
        held = sum(row["verdict"] == "held" for row in rows)
        verdict = rows[0]["verdict"]
        if runs[demo] > 1 and rows[0]["threshold"]:
            verdict = f"held {held} of {runs[demo]}"
        measured = of_seeds([shown(row["measured"]) for row in rows])
        first, *rest = textwrap.wrap(rows[0]["claim"], 56) or [""]
        print(f"  {first:56} {measured:>20}  {rows[0]['threshold'] or '':16} {verdict}")
        for line in rest:
            print(f"  {line}")


def at_least_one(text):
    """An integer >= 1, from a flag."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}, expected an integer >= 1")
    return int(text)


def parse(flags):
    """The flags, checked before anything runs."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("demos", nargs="*", default=DEMOS, help="which (default: all)")
    parser.add_argument("--seeds", type=several,
                        help="runs of each, 2 or more, with seeds 0, 1, ... (default: seed 0 only)")
    parser.add_argument("--jobs", type=at_least_one, default=1, metavar="N",
                        help="runs at a time; more than one needs joblib")
    parser.add_argument("--quick", action="store_true", help="a few steps only")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/claims"))
    arguments = parser.parse_args(flags)
    unknown = sorted(set(arguments.demos) - set(DEMOS))
    if unknown:
        parser.error(f"no such demo: {', '.join(unknown)}; there are {', '.join(DEMOS)}")
    arguments.for_results = bool(arguments.seeds and not arguments.quick
                                 and set(arguments.demos) == set(DEMOS))
    return arguments


def main(flags=None):
    arguments = parse(flags)
    if arguments.for_results:
        around_the_table(RESULTS)       # half an hour from now would be late to miss its markers
    arguments.out.mkdir(parents=True, exist_ok=True)

    failed, table, about = [], {}, None         # (demo, place in its table) -> rows of all seeds
    runs = {demo: 1 if demo in REPEAT_INSIDE else arguments.seeds or 1 for demo in arguments.demos}
    tasks = [(demo, seed) for demo in runs for seed in range(runs[demo])]
    for (demo, seed), written in zip(tasks, run_all(tasks, arguments)):
        if written is None:
            failed.append(f"{demo}, seed {seed}")
            continue
        about = written
        for place, row in enumerate(written["claims"]):
            table.setdefault((demo, place), []).append(row)

    print_table(table, runs)
    with replacing(arguments.out / "claims.md") as file:
        file.write(markdown(table, runs).encode())
    if failed:
        sys.exit(f"\nfailed: {'; '.join(failed)}")
    if arguments.for_results:
        write_results(RESULTS, conditions(about, arguments.seeds), score(table, runs),
                      markdown(table, runs))


if __name__ == "__main__":
    main()
