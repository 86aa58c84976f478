"""The classifier: 97.5% of the sample's test digits, where x alone has no target at all."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo):
    rows = run_demo("supervised")["claims"]
    assert [row["verdict"] for row in rows].count("held") >= 1
    assert [row["claim"] for row in rows if row["verdict"] == "not held"] == []
