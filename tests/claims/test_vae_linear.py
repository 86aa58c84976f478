"""The linear VAE against the exact likelihood of probabilistic PCA: six inputs, five seeds; digits, twenty units."""

import pytest

pytestmark = pytest.mark.claims


def test_the_bound_becomes_exact_and_the_right_units_collapse(run_demo, tmp_path):
    run = run_demo("vae_linear")
    assert [row["verdict"] for row in run["claims"] if row["threshold"]] == ["held"] * 3, run["claims"]
    assert len(run["figures"]["toy_gaps"]) == 5 and max(run["figures"]["toy_gaps"]) <= 0.05
    assert (tmp_path / "linear.png").exists()
