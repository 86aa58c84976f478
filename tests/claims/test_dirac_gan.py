"""The dynamics of the smallest GAN against the eigenvalues of its linear map."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo, tmp_path):
    run = run_demo("dirac_gan")
    assert [row["verdict"] for row in run["claims"] if row["threshold"]] == ["held"] * 10
    assert run["figures"]["largest_gap"] <= 1e-4
    assert (tmp_path / "dirac_gan.png").exists()
