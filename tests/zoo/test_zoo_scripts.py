"""The light tests of the zoo: every script runs, with --quick, on NumPy and on the stand-in for
CuPy; the scripts keep their form; run.py does what it says. That the ideas work is asserted by
`pytest -m zoo`."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest

ROOT = Path(__file__).resolve().parents[2]
ZOO = ROOT / "demos" / "zoo"
sys.path.insert(0, str(ZOO))
from house import readme  # noqa: E402
from house.catalogue import ENTRIES, FAMILIES, LINES, SCRIPTS  # noqa: E402

ON_CUPY = f"""import runpy, sys
sys.path[:0] = [{str(ROOT / 'tests')!r}, {str(ZOO)!r}]
import strict_cupy
del sys.argv[0]
with strict_cupy.installed():
    runpy.run_path(sys.argv[0], run_name="__main__")
"""


def python(*arguments, folder=None):
    settings = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
                "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8",
                "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])}
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True,
                          encoding="utf-8", env=settings, timeout=300, cwd=folder)


# ------------------------------------------------------------------------------------ the scripts

@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs(name, tmp_path):
    finished = python(ZOO / f"{name}.py", "--quick", "--out", tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""
    row = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["figures"]["row"]
    assert row["name"] == name and row["seeds"] == 1
    assert re.search(rf"^{name} · .+ / without: .+ / real: .+ · seeds passed: .+ · \d+ s$",
                     finished.stdout, re.MULTILINE)
    pixels = matplotlib.image.imread(tmp_path / f"{name}.png")[..., :3]
    assert min(pixels.shape[:2]) > 80 and pixels.std() > 0.05


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_runs_on_the_stand_in_for_cupy(name, tmp_path):
    flags = "--quick", "--backend", "cupy", "--out", tmp_path
    finished = python("-c", ON_CUPY, ZOO / f"{name}.py", *flags)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_has_the_form_of_the_others(name):
    """Short; the paper in its docstring; the phases written out, by frozen and grad."""
    text = (ZOO / f"{name}.py").read_text(encoding="utf-8")
    tree = ast.parse(text)
    document = ast.get_docstring(tree)
    assert 40 <= sum(bool(line.strip()) for line in text.splitlines()) <= 120
    assert f"python demos/zoo/{name}.py" in document
    authors, number = re.fullmatch(r"(.+) (?:et al\. )?\d{4}, (.+)", ENTRIES[name].paper).groups()
    assert authors.removesuffix(" et al.") in document and number in document
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert {"new_game", "batches", "iteration", "play", "real"} <= functions
    assert "mg.frozen(" in text and "mg.grad(" in text and "_optimizer.step(" in text
    assert "CLOSED_FORM = " in text and 'if __name__ == "__main__":' in text


# ---------------------------------------------------------------------------------- the catalogue

def test_the_catalogue_has_the_48_names_of_the_slide():
    assert len(ENTRIES) == 48 and len(FAMILIES) == 11 and len({*SCRIPTS}) == len(SCRIPTS)
    numbers = [entry.paper.split(", ")[-1] for entry in ENTRIES.values()]
    assert len(set(numbers)) == 48
    assert all(re.fullmatch(r"\d{4}\.\d{4,5}|CVPR", number) for number in numbers)
    assert {entry.line for entry in ENTRIES.values()} == set(LINES)
    waves = [entry.wave for entry in ENTRIES.values()]
    assert [waves.count(wave) for wave in (1, 2, 3)] == [24, 15, 9]


def test_every_script_is_in_the_catalogue():
    assert {path.stem for path in ZOO.glob("*.py")} - {"run"} == set(SCRIPTS)


def test_the_readme_has_the_table_of_its_results():
    results = readme.read_results()
    text = readme.README.read_text(encoding="utf-8")
    assert f"{readme.BEGIN}\n\n{readme.table(results)}\n{readme.END}" in text
    assert set(results) <= set(SCRIPTS)
    assert all((readme.GALLERY / f"{name}.png").exists() for name in [*results, "family_tree"])


# ----------------------------------------------------------------------------------------- run.py

def run(*flags):
    return python(ZOO / "run.py", *flags)


def test_many_scripts_at_once_and_again(tmp_path):
    flags = "gan", "info_gan", "--quick", "--jobs", 2, "--out", tmp_path
    finished = run(*flags)
    assert finished.returncode == 0, finished.stderr
    lines = finished.stdout.splitlines()
    assert lines[1].split()[0] == "name"
    assert [line.split()[0] for line in lines[2:] if line[:1].strip()] == ["gan", "info_gan"]
    before = (tmp_path / "gan" / "run.json").stat().st_mtime_ns

    (tmp_path / "info_gan" / "run.json").write_text("{}")       # as of a run that was stopped
    again = run(*flags)
    assert "1 of 2 stand finished" in again.stdout
    assert (tmp_path / "gan" / "run.json").stat().st_mtime_ns == before
    assert json.loads((tmp_path / "info_gan" / "run.json").read_text())["figures"]["row"]
    other = run("gan", "--seed", 1, "--quick", "--out", tmp_path)
    assert "finished" not in other.stdout                       # another seed is another run


FAILING = f"""
import sys
sys.path.insert(0, {str(ZOO)!r})
import run
real = run.perform
def perform(name, flags):
    return real(name, flags if name == "gan" else ["--no-such-flag"])
run.perform = perform
run.main(sys.argv[1:])
"""


def test_a_script_that_fails_costs_its_row_only(tmp_path):
    finished = python("-c", FAILING, "gan", "info_gan", "--quick", "--out", tmp_path)
    assert finished.returncode == 1 and "failed: info_gan" in finished.stderr
    assert re.search(r"^info_gan +failed: .*unrecognized arguments: --no-such-flag$",
                     finished.stdout, re.MULTILINE)
    assert (tmp_path / "gan" / "run.json").exists() and not (tmp_path / "info_gan").exists()


@pytest.mark.parametrize("flags, message", [
    (["infogan"], "no infogan in the zoo; the nearest: info_gan"),
    (["CycleGAN"], "no CycleGAN in the zoo; the nearest: cycle_gan"),
    (["nonsense_name"], "no nonsense_name in the zoo; "),
    (["cs_gan"], "cs_gan: not yet; these stand: gan"),
    (["--wave", "3"], "--wave 3: none of it stands yet"),
    (["--wave", "1", "gan"], "names, or --wave: not both"),
    (["--seeds", "0"], "0 is not 1 or more"),
    (["--cluster", "nowhere", "gan", "--quick"], "--cluster"),
])
def test_bad_input_ends_before_anything_runs(flags, message, tmp_path):
    finished = run(*flags, "--out", tmp_path / "out")
    assert finished.returncode != 0 and "Traceback" not in finished.stderr
    assert message in " ".join(finished.stderr.split())


def test_an_output_that_cannot_be_written_is_an_error_before_training(tmp_path):
    (tmp_path / "file").write_text("in the way")
    for script in ("run.py", f"{SCRIPTS[0]}.py"):
        finished = python(ZOO / script, "--out", tmp_path / "file" / "out")
        assert finished.returncode == 2
        assert re.search(r"--out \S+ cannot be written", finished.stderr)
