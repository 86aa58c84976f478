"""The classifier: 97.5% of the sample's test digits, where groups of x alone hold far less of their digit."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo):
    rows = run_demo("supervised")["claims"]
    assert [row["verdict"] for row in rows if row["threshold"]] == ["held"]
    assert 0.3 < next(row["measured"] for row in rows if row["claim"].startswith("from x alone")) < 0.8
