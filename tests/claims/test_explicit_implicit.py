"""Bounds against a known likelihood, and Parzen windows in which blurred digits beat real ones."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo, tmp_path):
    run = run_demo("explicit_implicit")
    assert not [row for row in run["claims"] if row["verdict"] == "not held"]
    assert [row["verdict"] for row in run["claims"]].count("held") == 6
    assert {"bounds.png", "parzen.png"} <= {path.name for path in tmp_path.iterdir()}
