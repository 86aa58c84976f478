"""Every demo runs to its end, says what it promises to say, and leaves pictures that show something.

A new file in demos/ is found by itself. Each is run once as a person would run it, with --quick: a few steps, so figures mean
nothing here; tests/claims asserts them at full length. Read first: demos/common.py.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import matplotlib
import numpy as np
import pytest

matplotlib.use("Agg")
ROOT = Path(__file__).resolve().parent.parent
DEMOS = ROOT / "demos"
sys.path.insert(0, str(DEMOS))

import claims as gathered  # noqa: E402
import common  # noqa: E402
import digits_judge  # noqa: E402
import faces_judge  # noqa: E402

import minigen as mg  # noqa: E402


ON_CUPY = f"""import runpy, sys
sys.path[:0] = [{str(ROOT / 'tests')!r}, {str(DEMOS)!r}]
import strict_cupy
del sys.argv[0]                                         # of -c: what follows is the demo and its flags
with strict_cupy.installed():
    runpy.run_path(sys.argv[0], run_name="__main__")
"""


def run(demo, *flags):
    """The finished process of `python demo flags`, without a display, its output in pipes."""
    settings = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "Agg", "PYTHONPATH": str(ROOT),
                "PYTHONIOENCODING": "utf-8"}
    return subprocess.run([sys.executable, str(demo), *map(str, flags)], capture_output=True, encoding="utf-8", env=settings,
                          timeout=300)


@pytest.mark.parametrize("demo", [DEMOS / f"{name}.py" for name in gathered.DEMOS], ids=lambda path: path.stem)
def test_a_demo_runs(demo, tmp_path):
    out = tmp_path / "out"
    finished = run(demo, "--quick", "--out", out)
    assert finished.returncode == 0, finished.stderr
    assert finished.stderr == ""                        # no warning, and no progress bar in a pipe

    lines = finished.stdout.splitlines()
    assert re.fullmatch(rf"backend: numpy \S+ · seed 0 · {demo.stem}", lines[0])
    files = re.fullmatch(rf"\d+ s; files in {re.escape(str(out))}: (.+)", lines[-1]).group(1).split(", ")
    assert sorted(path.name for path in out.iterdir()) == sorted(files)
    per_step = [line for line in lines if re.match(r"(?i)\W*(step|iteration|batch|epoch)\W*\d", line)]
    assert len(per_step) <= 3, per_step                 # a flood of lines is what the progress bar is for

    about = json.loads((out / "run.json").read_text(encoding="utf-8"))
    assert {"demo", "command", "arguments", "seed", "versions", "backend", "device", "threads", "seconds", "figures",
            "claims"} <= set(about)
    assert about["demo"] == demo.stem and about["seed"] == 0 and about["seconds"] > 0 and about["threads"] == "1"
    assert set(about["versions"]) == {"python", "numpy", "matplotlib", "minigen"}
    assert about["claims"] and all(row["verdict"] in ("held", "not held", "reported") for row in about["claims"])
    assert all(row["threshold"] for row in about["claims"] if row["verdict"] != "reported")

    pictures = [out / name for name in files if name.endswith(".png")]
    assert pictures
    for picture in pictures:
        pixels = matplotlib.image.imread(picture)[..., :3]
        assert min(pixels.shape[:2]) > 100 and pixels.std() > 0.05, f"{picture.name} is small or blank"


@pytest.mark.parametrize("demo", gathered.DEMOS)
def test_a_demo_runs_on_the_stand_in_for_cupy(demo, tmp_path):
    finished = run("-c", ON_CUPY, DEMOS / f"{demo}.py", "--quick", "--backend", "cupy", "--out", tmp_path)
    assert finished.returncode == 0, finished.stderr
    assert json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))["backend"] == "cupy"


@pytest.mark.parametrize("demo", [DEMOS / "gan_mnist.py", DEMOS / "dirac_gan.py"], ids=lambda path: path.stem)
def test_an_output_that_cannot_be_written_is_an_error_before_training(demo, tmp_path):
    (tmp_path / "file").write_text("in the way")
    finished = run(demo, "--out", tmp_path / "file" / "out")            # at full length: it must not begin
    assert finished.returncode == 2 and finished.stdout == ""
    assert re.search(r"error: --out \S+ cannot be written \(.+\); choose another directory", finished.stderr)


def test_a_seed_that_failed_is_counted_in_the_table_of_claims():
    row = {"claim": "so it is", "measured": 0.5, "threshold": "> 0", "verdict": "held"}
    assert gathered.markdown({("demo", 0): [row]}, {"demo": 2}).splitlines()[-1] == "| `demo` | so it is | > 0 | 0.5 | 1 of 2 |"


def test_the_table_of_all_claims(tmp_path):
    finished = run(DEMOS / "claims.py", "backprop_by_hand", "--quick", "--out", tmp_path)
    assert finished.returncode == 0 and re.search(r"one neuron.* held", finished.stdout)
    assert "no such demo" in run(DEMOS / "claims.py", "nonsense").stderr


# ---------------------------------------------------------------------------------------------- the main demo

def test_the_main_demo_repeats_itself_takes_its_flags_and_resumes(tmp_path):
    other = ("--seed", 4, "--loss", "saturating", "--k", 2, "--momentum", 0)
    runs = {name: run(DEMOS / "gan_mnist.py", "--quick", *flags, "--out", tmp_path / name)
            for name, flags in {"a": ("--seed", 3), "b": ("--seed", 3), "c": other}.items()}
    assert not any(finished.returncode for finished in runs.values())
    for file in ("samples.png", "final.png", "curves.png", "gradients.png"):
        a, b, c = ((tmp_path / name / file).read_bytes() for name in "abc")
        assert a == b != c, file
    assert "phase 2, saturating" in runs["c"].stdout and "the last of k = 2" in runs["c"].stdout

    resumed = run(DEMOS / "gan_mnist.py", "--steps", 6, "--seed", 3, "--resume", "--out", tmp_path / "a")
    assert "Algorithm 1, iteration 6: phase 1" in resumed.stdout and "iteration 1:" not in resumed.stdout
    assert json.loads((tmp_path / "a" / "run.json").read_text(encoding="utf-8"))["figures"]["iterations"] == 6
    finished = run(DEMOS / "gan_mnist.py", "--steps", 6, "--seed", 3, "--resume", "--out", tmp_path / "a")
    assert finished.returncode == 1 and "over after 6 iterations; ask for more by --steps" in finished.stderr


# -------------------------------------------------------------------------------------------------- the judge

def test_the_judge_reads_digits():
    images, labels = mg.data.mnist_sample("test")
    p = digits_judge.probabilities(digits_judge.trained(), images)
    assert (p.argmax(1) == labels).mean() >= 0.975
    np.testing.assert_allclose(p.sum(1), 1, atol=1e-5)
    assert (DEMOS / "judge.npz").stat().st_size < 300_000


def test_the_judge_s_report_tells_one_digit_from_ten():
    images, labels = mg.data.mnist_sample("test")
    real = digits_judge.report(images)
    assert real.share > 0.9 and real.classes == 10 and real.entropy == pytest.approx(np.log(10), abs=0.02)
    ones = digits_judge.report(images[labels == 1])
    assert ones.classes == 1 and ones.entropy < 0.05 and ones.shares[1] > 0.99


def test_the_judge_of_faces_tells_one_from_several_and_learned_it_by_its_script(tmp_path):
    faces, known = mg.data.faces(300, faces_judge.SIZE, seed=1)
    several = faces_judge.several_faces(np.random.default_rng(1), faces, known)

    def mistakes(judge):
        one, none = (faces_judge.says(judge, x)[:, faces_judge.ONE_FACE] > 0.5 for x in (faces, several))
        return 1 - one.mean(), none.mean()

    assert max(mistakes(faces_judge.trained())) < 0.06
    mg.seed(0)
    short = faces_judge.train(np.random.default_rng(0), n=600, epochs=4)        # a twentieth of the script's training
    assert sum(mistakes(short)) < 0.7                                           # guessing: 1
    common.save_network(short, tmp_path / "judge.npz")
    again = common.load_network(faces_judge.classifier(), tmp_path / "judge.npz")
    np.testing.assert_allclose(faces_judge.says(again, faces), faces_judge.says(short, faces), atol=0.02)


# ------------------------------------------------------------------------------------------------ what is shared

def test_the_table_of_claims_fits_80_columns_and_says_what_it_was_told():
    claims = common.Claims()
    claims.add("a claim with so many words that it goes on and on over more than a single line of the table", 0.93456, ">= 0.9", True,
               interval=(0.91, 0.95))
    claims.add("another", 12, "10", np.bool_(False))
    claims.add("a third", "7 of 8")
    text = str(claims)
    assert max(map(len, text.splitlines())) <= 80
    assert "0.935 [0.910, 0.950]" in text and re.search(r">= 0\.9 +held", text)
    assert re.search(r"another +12 +10 +not held", text) and re.search(r"a third +7 of 8 +none +reported", text)
    assert [row["verdict"] for row in claims.rows] == ["held", "not held", "reported"]
    json.dumps(claims.rows)


def test_image_grid():
    images = np.arange(3, dtype="float32").reshape(3, 1, 1, 1) / 4 + np.zeros((3, 1, 2, 2), "float32")
    grid = common.image_grid(images, 2, pad=1)
    assert grid.shape == (7, 7)
    np.testing.assert_array_equal(grid[[1, 1, 4, 4], [1, 4, 1, 4]], [0, 0.25, 0.5, 1])     # the fourth place stays white
    assert common.image_grid(np.zeros((2, 3, 4, 5)), 2).shape == (8, 16, 3)


def test_a_file_is_whole_or_left_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "figure.png"
    path.write_bytes(b"the old one")
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        common.write(path, b"the new one")
    assert path.read_bytes() == b"the old one" and list(tmp_path.iterdir()) == [path]
