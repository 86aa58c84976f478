"""The main job: most of G's samples pass for digits, all ten kinds among them; D ends near 1/2, and V is only reported."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo):
    run = run_demo("gan_mnist")
    share, nonsense, ten, d_real, d_fake, _ = (row for row in run["claims"] if row["threshold"])
    assert [row["verdict"] for row in (share, nonsense, ten, d_real, d_fake)] == ["held"] * 5
    assert run["figures"]["iterations"] == 1300
