"""Outliers: found by reconstruction for most digits, reversed for 1 by its little ink, and found best without any model."""

import pytest

pytestmark = pytest.mark.claims


def test_the_failure_for_digit_1_its_cause_and_its_repair(run_demo, tmp_path):
    run = run_demo("outliers")
    failed = [row["claim"] for row in run["claims"] if row["verdict"] == "not held"]
    assert len(failed) == 1 and failed[0].startswith("a model finds outliers better than no model")
    assert {"auroc.png", "strangest.png"} <= {path.name for path in tmp_path.iterdir()}
