"""The main job: most of G's samples pass for digits, all ten kinds among them; D ends near 1/2, and V is only reported."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo):
    run = run_demo("gan_mnist")
    share, ten, d_real, d_fake, _ = (row for row in run["claims"] if row["threshold"])
    # The demo's own mark of 0.6 is held or not by the rounding of the BLAS: eleven runs, five seeds, gave 0.57 to 0.67.
    assert share["measured"] >= 0.5
    assert [row["verdict"] for row in (ten, d_real, d_fake)] == ["held"] * 3
    assert run["figures"]["iterations"] == 1100
