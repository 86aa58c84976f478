"""Backpropagation against the chain rule by hand and against central differences."""

import json
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.claims
DEMO = pathlib.Path(__file__).parents[2] / "demos" / "backprop_by_hand.py"


def test_the_claims_hold(tmp_path):
    subprocess.run([sys.executable, DEMO, "--out", tmp_path], check=True, cwd=DEMO.parents[1])
    run = json.loads((tmp_path / "run.json").read_text())
    assert [row["verdict"] for row in run["claims"]].count("held") == 8
    assert not [row for row in run["claims"] if row["verdict"] == "not held"]
    assert {"neuron.png", "network.png", "traps.png"} <= {path.name for path in tmp_path.iterdir()}
