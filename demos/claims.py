"""Every claim of the lecture in one table: runs the demos and gathers their figures.

    python demos/claims.py                      all demos at their default size: about half an hour
    python demos/claims.py gan_2d dirac_gan     only these
    python demos/claims.py --seeds 5            seeds 0 to 4 (one for demos that repeat inside)
    python demos/claims.py --quick              a few steps of each: does everything run?

The table is printed, and its claims that have a threshold are written to claims.md in --out.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import textwrap

from shared.lecture import DEMOS, FOLDER
from shared.run import positive

from minigen.files import replacing

REPEAT_INSIDE = """autoencoder_8_3_8 vae_linear vae_factors debiasing ganhacks
    gan_failures""".split()                             # over seeds of their own


def run(demo, seed, arguments):
    """The claims that one run of a demo measured, or None where it failed."""
    out = arguments.out / f"{demo}-seed{seed}"
    command = [sys.executable, str(FOLDER / f"{demo}.py"), "--seed", str(seed), "--out", str(out)]
    command += ["--quick"] * arguments.quick
    print(f"{demo}, seed {seed} ...", flush=True)
    finished = subprocess.run(command, capture_output=True, encoding="utf-8",
                              env={**os.environ, "PYTHONIOENCODING": "utf-8"})
    if finished.returncode:
        print(textwrap.indent(finished.stderr[-2000:], "    "))
        return None
    return json.loads((out / "run.json").read_text(encoding="utf-8"))["claims"]


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
    """The claims that have a threshold, as a table for the README.

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


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("demos", nargs="*", default=DEMOS, help="which (default: all)")
    parser.add_argument("--seeds", type=positive, default=1,
                        help="runs of each, with seeds 0, 1, ...")
    parser.add_argument("--quick", action="store_true", help="a few steps only")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path("out/claims"))
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.demos) - set(DEMOS))
    if unknown:
        parser.error(f"no such demo: {', '.join(unknown)}; there are {', '.join(DEMOS)}")
    arguments.out.mkdir(parents=True, exist_ok=True)

    failed, table = [], {}              # (demo, place in its table) -> the rows of all seeds
    runs = {demo: 1 if demo in REPEAT_INSIDE else arguments.seeds for demo in arguments.demos}
    for demo in arguments.demos:
        for seed in range(runs[demo]):
            rows = run(demo, seed, arguments)
            if rows is None:
                failed.append(f"{demo}, seed {seed}")
            for place, row in enumerate(rows or []):
                table.setdefault((demo, place), []).append(row)

    with replacing(arguments.out / "claims.md") as file:
        file.write(markdown(table, runs).encode())
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
    if failed:
        sys.exit(f"\nfailed: {'; '.join(failed)}")


if __name__ == "__main__":
    main()
