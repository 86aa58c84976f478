"""The 8-3-8 network of a hundred starts: the identity always, the binary code often."""

import json
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.claims
DEMO = pathlib.Path(__file__).parents[2] / "demos" / "autoencoder_8_3_8.py"


def test_the_claims_hold(tmp_path):
    subprocess.run([sys.executable, DEMO, "--out", tmp_path], check=True, cwd=DEMO.parents[1])
    run = json.loads((tmp_path / "run.json").read_text())
    assert not [row for row in run["claims"] if row["verdict"] == "not held"]
    assert run["figures"]["identity"] >= 0.99
    assert 0.34 <= run["figures"]["distinct_momentum"] <= 0.64 and 0.56 <= run["figures"]["distinct"] <= 0.84
    assert {"codes.png", "starts.png"} <= {path.name for path in tmp_path.iterdir()}
