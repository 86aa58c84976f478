"""Demos where output has another encoding than UTF-8, and in a notebook, where they share a kernel.

IPython is not needed: a stand-in for ipykernel does what its kernel does to sys and __main__."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.host_arrays

ROOT = Path(__file__).resolve().parent.parent
DEMOS = ROOT / "demos"

KERNEL = """
import runpy, sys, types

def display(figure):
    pass

for name in ("ipykernel", "IPython", "IPython.display"):
    sys.modules[name] = types.ModuleType(name)
sys.modules["IPython"].get_ipython = lambda: None         # matplotlib asks
sys.modules["IPython"].version_info = (8, 24)
sys.modules["IPython.display"].display = display
LAUNCHER = ["ipykernel_launcher.py", "-f", "kernel.json"]
sys.argv[:] = LAUNCHER

def run(demo, *flags):              # %run demo.py flags
    sys.argv[:] = [demo, *flags]
    try:
        runpy.run_path(demo, run_name="__main__")
    finally:
        sys.argv[:] = LAUNCHER

CELLS = '''
from shared import run
arguments = run.arguments("", steps=1)
run.finish(arguments)
'''
"""


def python(*arguments, folder=None, **settings):
    settings = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
                "MPLBACKEND": "Agg", "PYTHONPATH": os.pathsep.join(
                    [os.environ.get("PYTHONPATH", ""), str(ROOT), str(DEMOS)]),
                "PYTHONIOENCODING": "utf-8", **settings}
    return subprocess.run([sys.executable, *map(str, arguments)], capture_output=True, cwd=folder,
                          encoding=settings["PYTHONIOENCODING"], env=settings, timeout=300)


# ------------------------------------------------------------------------------ other encodings

@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
@pytest.mark.parametrize("command, said", [
    ((DEMOS / "backprop_by_hand.py", "--quick", "--out", "out"), r"one neuron.* held"),
    ((DEMOS / "gan_mnist.py", "--quick", "--out", "out"), r"\\u2202value/\\u2202"),
    ((DEMOS / "gan_mnist.py", "--help"), r"log\(1 \\u2212 D\(G\(z\)\)\)"),
    ((DEMOS / "claims.py", "backprop_by_hand", "--quick", "--out", "out"), r"one neuron.* held"),
    (("-m", "minigen"), "gan_mnist"),
    (("-m", "minigen.gradcheck", "add"), "1 of 1 right"),
], ids=["demo", "formulas", "help", "claims", "minigen", "gradcheck"])
def test_a_pipe_that_cannot_show_every_character_ends_nothing(command, said, encoding, tmp_path):
    finished = python(*command, folder=tmp_path, PYTHONIOENCODING=encoding)
    assert finished.returncode == 0, finished.stderr
    assert re.search(said, finished.stdout), finished.stdout


# ------------------------------------------------------------------------------------ notebooks

def in_kernel(folder, code, **settings):
    return python("-c", KERNEL + code, folder=folder, **settings)


def written(folder):
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def test_run_in_a_notebook_keeps_the_flags(tmp_path):
    demo = str(DEMOS / "gan_2d.py")
    finished = in_kernel(tmp_path, f"run({demo!r}, '--quick', '--seed', '3', '--out', 'mine')")
    assert finished.returncode == 0, finished.stderr
    about = written(tmp_path / "mine")
    assert about["demo"] == "gan_2d" and about["seed"] == 3
    assert about["command"].endswith("gan_2d.py --quick --seed 3 --out mine")
    assert "seed 3 · gan_2d" in finished.stdout


def test_run_in_a_notebook_refuses_unknown_flags(tmp_path):
    finished = in_kernel(tmp_path, f"run({str(DEMOS / 'gan_2d.py')!r}, '--sede', '3')")
    assert finished.returncode == 2 and "unrecognized arguments: --sede 3" in finished.stderr


def test_two_demos_in_one_kernel_do_not_disturb_each_other(tmp_path):
    flags = "--quick", "--seed", "1"
    demos = "backprop_by_hand", "gan_failures"          # the first computes in float64
    both = "\n".join(f"run({str(DEMOS / demo)!r} + '.py', *{flags}, '--out', {demo!r})"
                     for demo in demos)
    finished = in_kernel(tmp_path, both)
    assert finished.returncode == 0, finished.stderr
    alone = python(DEMOS / "gan_failures.py", *flags, "--out", "alone", folder=tmp_path)
    assert alone.returncode == 0, alone.stderr
    assert written(tmp_path / "gan_failures")["claims"] == written(tmp_path / "alone")["claims"]


def test_what_quick_and_backend_set_does_not_last(tmp_path):
    code = f"""
def state():
    from matplotlib import rcParams
    import minigen as mg
    return mg.backend.xp.__name__, mg.randn(1).dtype.name, rcParams["savefig.dpi"]

exec(CELLS, {{}})
first = state()
run({str(DEMOS / 'backprop_by_hand.py')!r}, "--quick", "--out", "out")
assert state() != first, state()
exec(CELLS, {{}})
assert state() == first, state()
"""
    finished = in_kernel(tmp_path, code)
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("set_up, session, out", [
    ("", "", "notebook"),
    ("", "/somewhere/demos/gan_2d.py", "gan_2d"),
    ("", "console-1", "notebook"),
    ("import __main__; __main__.__file__ = '/demos/dirac_gan.py'", "", "dirac_gan"),
    ("import __main__; __main__.__vsc_ipynb_file__ = '/gan_mnist.ipynb'", "", "gan_mnist"),
])
def test_cells_write_where_their_demo_does_if_it_can_be_known(set_up, session, out, tmp_path):
    finished = in_kernel(tmp_path, f"{set_up}\nexec(CELLS)", JPY_SESSION_NAME=session)
    assert finished.returncode == 0, finished.stderr
    about = written(tmp_path / "out" / out)
    assert about["command"] == f"the cells of {out}" and about["demo"] == out
    assert ("files go to out/notebook" in finished.stdout) == (out == "notebook")


# ------------------------------------------------------------------------- several runs at a time

def test_claims_run_in_parallel_are_those_run_one_after_the_other(tmp_path):
    pytest.importorskip("joblib")
    flags = "dirac_gan", "backprop_by_hand", "--quick", "--seeds", "2"
    tables = []
    for jobs in (1, 3):
        finished = python(DEMOS / "claims.py", *flags, "--jobs", jobs, "--out", f"out{jobs}",
                          folder=tmp_path)
        assert finished.returncode == 0, finished.stderr
        tables.append((tmp_path / f"out{jobs}" / "claims.md").read_text(encoding="utf-8"))
    assert tables[0] == tables[1]


@pytest.mark.parametrize("jobs", ["0", "two"])
def test_claims_refuses_a_number_of_jobs_that_is_none(jobs, tmp_path):
    finished = python(DEMOS / "claims.py", "--jobs", jobs, folder=tmp_path)
    assert finished.returncode == 2 and "expected an integer >= 1" in finished.stderr
