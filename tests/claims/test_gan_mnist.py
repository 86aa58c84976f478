"""The main job: most of G's samples pass for digits, all ten kinds among them. D(x) = 1/2 is reported, and not asserted."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo):
    run = run_demo("gan_mnist")
    verdicts = {row["claim"]: row["verdict"] for row in run["claims"] if row["threshold"]}
    assert [verdict for claim, verdict in verdicts.items() if claim.startswith("G ") or claim.startswith("G's")] == ["held", "held"]
    assert run["figures"]["iterations"] == 1024
