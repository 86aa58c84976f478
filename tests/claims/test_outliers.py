"""Outliers: found by reconstruction for most digits, reversed for 1 by its little ink, and found best without any model."""

import pytest

pytestmark = pytest.mark.claims


def test_the_failure_for_digit_1_its_cause_and_what_no_model_does_better(run_demo, tmp_path):
    run = run_demo("outliers")
    failed = [row["claim"] for row in run["claims"] if row["verdict"] == "not held"]
    assert [claim[:15] for claim in failed] == ["a repair is to ", "a model finds o"]
    assert [row["verdict"] for row in run["claims"]].count("held") == 7
    assert {"auroc.png", "strangest.png"} <= {path.name for path in tmp_path.iterdir()}
