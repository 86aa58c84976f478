"""The dynamics of the smallest GAN against the eigenvalues of its linear map."""

import json
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.claims
DEMO = pathlib.Path(__file__).parents[2] / "demos" / "dirac_gan.py"


def test_the_claims_hold(tmp_path):
    subprocess.run([sys.executable, DEMO, "--out", tmp_path], check=True, cwd=DEMO.parents[1])
    run = json.loads((tmp_path / "run.json").read_text())
    assert [row["verdict"] for row in run["claims"]] == ["held"] * 10
    assert run["figures"]["largest_gap"] <= 1e-4
    assert (tmp_path / "dirac_gan.png").exists()
