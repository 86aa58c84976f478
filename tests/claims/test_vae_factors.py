"""Dimensions and factors: which factor a pair shares can be told from the codes, yet the shape has no dimension of its own."""

import pytest

pytestmark = pytest.mark.claims


def test_the_factors_are_in_the_codes_and_shape_has_no_dimension_of_its_own(run_demo, tmp_path):
    run = run_demo("vae_factors")
    verdicts = {row["claim"]: row["verdict"] for row in run["claims"]}
    assert verdicts["different dimensions encode interpretable factors: shape has one of its own at beta 8"] == "not held"
    measured = [verdict for claim, verdict in verdicts.items()
                if claim.startswith("beta-VAE metric of beta 8") or "untrained network" in claim]
    assert measured == ["held"] * 3         # whether x, y and scale have one, and whether beta 8 is ahead, differs between seeds
    assert (tmp_path / "factors.png").exists()
