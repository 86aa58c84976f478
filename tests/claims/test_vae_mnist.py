"""The VAE of digits against PyTorch's figure, and the linear VAE against the exact likelihood."""

import json
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.claims
DEMO = pathlib.Path(__file__).parents[2] / "demos" / "vae_mnist.py"


def test_the_claims_hold(tmp_path):
    subprocess.run([sys.executable, DEMO, "--out", tmp_path], check=True, cwd=DEMO.parents[1])
    run = json.loads((tmp_path / "run.json").read_text())
    assert not [row for row in run["claims"] if row["verdict"] == "not held"]
    assert [row["verdict"] for row in run["claims"]].count("held") == 5
    assert run["figures"]["vae_variance_ratio"] > 10
    pictures = {path.name for path in tmp_path.iterdir()}
    assert {"training.png", "reparameterisation.png", "samples.png", "manifold.png", "exact.png"} <= pictures
