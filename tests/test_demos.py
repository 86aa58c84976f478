"""Every demo runs to its end, says what it promises, and leaves pictures that show something.

A new file in demos/ is found by itself. Each is run once as a person would run it, with --quick: a
few steps, so its figures mean nothing here; tests/claims asserts them at full length. What the
demos share has its own tests in test_demos_shared.py.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib
import pytest
from several_processes import MPIEXEC

matplotlib.use("Agg")
ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "demos"))

import claims as all_claims  # noqa: E402
from shared.lecture import DEMOS, FOLDER, ORDER  # noqa: E402

import minigen as mg  # noqa: E402

pytestmark = pytest.mark.host_arrays

ON_CUPY = f"""import runpy, sys
sys.path[:0] = [{str(ROOT / 'tests')!r}, {str(FOLDER)!r}]
import strict_cupy
del sys.argv[0]                                     # of -c: what follows is the demo and its flags
with strict_cupy.installed():
    runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(demo, *flags, start=()):
    """The finished process of `python demo flags`, without a display, its output in pipes.

    start: what the command begins with, such as mpiexec."""
    settings = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
                "MPLBACKEND": "Agg", "PYTHONIOENCODING": "utf-8",
                "PYTHONPATH": os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(ROOT)])}
    return subprocess.run([*start, sys.executable, str(demo), *map(str, flags)],
                          capture_output=True, encoding="utf-8", env=settings, timeout=300)


def about(folder):
    """What a demo wrote into run.json."""
    return json.loads((folder / "run.json").read_text(encoding="utf-8"))


def test_the_lecture_s_order_names_every_demo_once():
    assert sorted(ORDER) == sorted(DEMOS) and "claims" not in DEMOS
    assert DEMOS == ORDER                               # a demo that ORDER forgot would come last


@pytest.mark.parametrize("demo", DEMOS)
def test_a_demo_runs(demo, tmp_path):
    out = tmp_path / "out"
    finished = run(FOLDER / f"{demo}.py", "--quick", "--out", out)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""                        # no warning, and no progress bar in a pipe

    lines = finished.stdout.splitlines()
    assert lines[0] == f"backend: {mg.backend.describe()} · seed 0 · {demo}"
    files = re.fullmatch(rf"\d+ s; files in {re.escape(str(out))}: (.+)", lines[-1])[1].split(", ")
    assert sorted(path.name for path in out.iterdir()) == sorted(files)
    per_step = [line for line in lines
                if re.match(r"(?i)\W*(step|iteration|batch|epoch)\W*\d", line)]
    assert len(per_step) <= 3, per_step         # for more there is the progress bar

    written = about(out)
    assert {"demo", "command", "arguments", "seed", "versions", "backend", "device", "threads",
            "seconds", "figures", "claims"} <= set(written)
    assert written["demo"] == demo and written["seed"] == 0
    assert written["seconds"] > 0 and written["threads"] == "1"
    assert set(written["versions"]) == {"python", "numpy", "matplotlib", "minigen"}
    rows = written["claims"]
    assert rows and all(row["verdict"] in ("held", "not held", "reported") for row in rows)
    assert all(row["threshold"] for row in rows if row["verdict"] != "reported")

    pictures = [out / name for name in files if name.endswith(".png")]
    assert pictures
    for picture in pictures:
        pixels = matplotlib.image.imread(picture)[..., :3]
        small_or_blank = min(pixels.shape[:2]) <= 100 or pixels.std() <= 0.05
        assert not small_or_blank, picture.name


@pytest.mark.parametrize("demo", DEMOS)
def test_a_demo_runs_on_the_stand_in_for_cupy(demo, tmp_path):
    flags = "--quick", "--backend", "cupy", "--out", tmp_path
    finished = run("-c", ON_CUPY, FOLDER / f"{demo}.py", *flags)
    assert finished.returncode == 0, finished.stderr
    assert about(tmp_path)["backend"] == "cupy_stand_in"


@pytest.mark.parametrize("demo", ["gan_mnist", "dirac_gan"])
def test_an_output_that_cannot_be_written_is_an_error_before_training(demo, tmp_path):
    (tmp_path / "file").write_text("in the way")
    out = tmp_path / "file" / "out"
    finished = run(FOLDER / f"{demo}.py", "--out", out)         # at full length: it must not begin
    assert finished.returncode == 2 and finished.stdout == ""
    assert re.search(r"error: --out \S+ cannot be written \(.+\); choose another directory",
                     finished.stderr)


def test_a_folder_without_pictures_is_an_error_before_training(tmp_path):
    flags = "--folder", tmp_path / "nowhere", "--out", tmp_path     # at full length
    finished = run(FOLDER / "dcgan_faces.py", *flags)
    assert finished.returncode == 1 and "Traceback" not in finished.stderr
    assert re.search(r"--folder \S+nowhere: .*found no pictures", finished.stderr)


def test_a_seed_that_failed_is_counted_in_the_table_of_claims():
    row = {"claim": "so it is", "measured": 0.5, "threshold": "> 0", "verdict": "held"}
    table = all_claims.markdown({("demo", 0): [row]}, {"demo": 2})
    assert table.splitlines()[-1] == "| `demo` | so it is | > 0 | 0.5 | 1 of 2 |"


def test_the_table_of_all_claims(tmp_path):
    results = all_claims.RESULTS.read_bytes()
    finished = run(FOLDER / "claims.py", "backprop_by_hand", "--quick", "--out", tmp_path)
    assert finished.returncode == 0 and re.search(r"one neuron.* held", finished.stdout)
    assert all_claims.RESULTS.read_bytes() == results
    assert "no such demo" in run(FOLDER / "claims.py", "nonsense").stderr
    assert "1 is not 2 or more" in run(FOLDER / "claims.py", "--seeds", 1).stderr


OUTDATED = f"above\n{all_claims.BEGIN}\noutdated\n{all_claims.END}\nbelow\n"


def results_of(flags, folder, monkeypatch, failing=None):
    """RESULTS.md in `folder` after claims.py with these flags, no demo being really run."""
    row = {"claim": "so it is", "measured": 0.5, "threshold": "> 0", "verdict": "held"}
    written = {"claims": [row], "threads": "1", "device": "numpy 2", "versions": {"python": "3"}}
    monkeypatch.setattr(all_claims, "RESULTS", folder / "RESULTS.md")
    monkeypatch.setattr(all_claims, "run",
                        lambda demo, seed, arguments: None if demo == failing else written)
    all_claims.RESULTS.write_text(OUTDATED)
    try:
        all_claims.main([*flags, "--out", str(folder)])
    except SystemExit as stopped:
        assert failing and f"failed: {failing}, seed 0" in str(stopped)
    return all_claims.RESULTS.read_text(encoding="utf-8")


def test_all_demos_over_seeds_write_the_table_between_its_markers(tmp_path, monkeypatch):
    text = results_of(["--seeds", "5"], tmp_path, monkeypatch)
    before, begin, rest = text.partition(all_claims.BEGIN)
    table, end, after = rest.partition(all_claims.END)
    assert (before, after) == ("above\n", "\nbelow\n") and begin and end and "outdated" not in table
    assert re.search(r"Measured on \d{4}-\d\d-\d\d with seeds 0 to 4, on \S.*, 1 thread; "
                     r"backend numpy 2; python 3\.", table)
    assert f"{len(DEMOS)} of {len(DEMOS)} claims held with every seed." in table
    for demo in DEMOS:
        times = 1 if demo in all_claims.REPEAT_INSIDE else 5
        assert f"| `{demo}` | so it is | > 0 | 0.5 | {times} of {times} |" in table


@pytest.mark.parametrize("flags, failing", [
    ((), None), (("--seeds", "5", "--quick"), None), (("--seeds", "5", "gan_2d"), None),
    (("--seeds", "5"), "gan_2d")], ids=["one seed", "quick", "some demos", "a failed run"])
def test_no_other_run_touches_the_table_in_results(flags, failing, tmp_path, monkeypatch):
    text = results_of(flags, tmp_path, monkeypatch, failing)
    assert text == OUTDATED


def test_results_without_markers_are_an_error_before_anything_runs(tmp_path, monkeypatch):
    (tmp_path / "RESULTS.md").write_text(f"{all_claims.BEGIN}\nno end")
    monkeypatch.setattr(all_claims, "RESULTS", tmp_path / "RESULTS.md")
    monkeypatch.setattr(all_claims, "run", lambda *_: pytest.fail("a demo was run"))
    with pytest.raises(SystemExit, match="lacks the marker lines"):
        all_claims.main(["--seeds", "5", "--out", str(tmp_path)])


def test_results_names_each_demo_that_has_marks():
    """By name only: the figures are measured at full length. These demos have no mark to meet."""
    _, begin, rest = all_claims.RESULTS.read_text(encoding="utf-8").partition(all_claims.BEGIN)
    table, end, _ = rest.partition(all_claims.END)
    named = list(dict.fromkeys(re.findall(r"^\| `(\w+)` \|", table, flags=re.MULTILINE)))
    assert begin and end
    assert named == [demo for demo in DEMOS if demo not in ("gan_modes", "ganhacks")]


# ------------------------------------------------------------------------------- the main demo

def test_the_main_demo_repeats_itself_takes_its_flags_and_resumes(tmp_path):
    demo = FOLDER / "gan_mnist.py"
    other = "--seed", 4, "--loss", "saturating", "--k", 2, "--momentum", 0
    runs = {name: run(demo, "--quick", *flags, "--out", tmp_path / name)
            for name, flags in {"a": ("--seed", 3), "b": ("--seed", 3), "c": other}.items()}
    assert not any(finished.returncode for finished in runs.values())
    for file in ("samples.png", "final.png", "curves.png", "gradients.png"):
        a, b, c = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert a == b != c, file
    assert "phase 2, saturating" in runs["c"].stdout and "the last of k = 2" in runs["c"].stdout

    resume = "--steps", 6, "--seed", 3, "--resume", "--out", tmp_path / "a"
    resumed = run(demo, *resume)
    assert "Algorithm 1, iteration 6: phase 1" in resumed.stdout
    assert "iteration 1:" not in resumed.stdout
    assert about(tmp_path / "a")["figures"]["iterations"] == 6
    finished = run(demo, *resume)
    assert finished.returncode == 1
    assert "over after 6 iterations; ask for more by --steps" in finished.stderr


def test_the_main_demo_by_two_processes_prints_and_writes_once(tmp_path):
    together = run(FOLDER / "gan_mnist.py", "--quick", "--out", tmp_path / "a",
                   start=(MPIEXEC, "-n", "2"))
    assert (together.returncode, together.stderr) == (0, "")
    assert together.stdout.count("backend: ") == together.stdout.count("files in ") == 1
    assert "\n2 processes, 16 of every batch of 32 each\n" in together.stdout
    alone = run(FOLDER / "gan_mnist.py", "--quick", "--out", tmp_path / "b")
    assert "process" not in alone.stdout
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == sorted(
        path.name for path in (tmp_path / "b").iterdir())

    refused = run(FOLDER / "dirac_gan.py", "--out", tmp_path / "c", start=(MPIEXEC, "-n", "2"))
    assert refused.returncode != 0 and not (tmp_path / "c").exists()
    assert refused.stderr.count("dirac_gan is for one process: start it without mpiexec") == 1
