"""Bounds against a known likelihood, and Parzen windows in which blurred digits beat real ones."""

import json
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.claims
DEMO = pathlib.Path(__file__).parents[2] / "demos" / "explicit_implicit.py"


def test_the_claims_hold(tmp_path):
    subprocess.run([sys.executable, DEMO, "--out", tmp_path], check=True, cwd=DEMO.parents[1])
    run = json.loads((tmp_path / "run.json").read_text())
    assert not [row for row in run["claims"] if row["verdict"] == "not held"]
    assert [row["verdict"] for row in run["claims"]].count("held") == 6
    assert {"bounds.png", "parzen.png"} <= {path.name for path in tmp_path.iterdir()}
