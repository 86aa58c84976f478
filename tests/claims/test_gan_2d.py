"""Algorithm 1 in the plane: the theory holds exactly, the game ends at 1/2, and what that does not say."""

import json
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.claims
DEMO = pathlib.Path(__file__).parents[2] / "demos" / "gan_2d.py"


def test_the_claims_hold(tmp_path):
    subprocess.run([sys.executable, DEMO, "--out", tmp_path], check=True, cwd=DEMO.parents[1])
    run = json.loads((tmp_path / "run.json").read_text())
    assert not [row for row in run["claims"] if row["verdict"] == "not held"]
    assert [row["verdict"] for row in run["claims"]].count("held") == 7
    pictures = {path.name for path in tmp_path.glob("*.png")}
    assert pictures == {"optimal_discriminator.png", "game.png", "values.png", "modes.png"}
