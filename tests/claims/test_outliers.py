"""Outliers: found by reconstruction for most digits, reversed for 1 by its little ink, and found best without any model."""

import json
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.claims
DEMO = pathlib.Path(__file__).parents[2] / "demos" / "outliers.py"


def test_the_failure_for_digit_1_its_cause_and_its_repair(tmp_path):
    subprocess.run([sys.executable, DEMO, "--out", tmp_path], check=True, cwd=DEMO.parents[1])
    run = json.loads((tmp_path / "run.json").read_text())
    failed = [row["claim"] for row in run["claims"] if row["verdict"] == "not held"]
    assert len(failed) == 1 and failed[0].startswith("a model finds outliers better than no model")
    assert {"auroc.png", "strangest.png"} <= {path.name for path in tmp_path.iterdir()}
