"""The VAE of digits: by hand, against PyTorch's figure, its KL, and why it reparameterises."""

import pytest

pytestmark = pytest.mark.claims


def test_the_claims_hold(run_demo, tmp_path):
    run = run_demo("vae_mnist")
    assert not [row for row in run["claims"] if row["verdict"] == "not held"]
    assert [row["verdict"] for row in run["claims"]].count("held") == 4
    assert all(plain > 10 * compared > 10 for plain, compared in run["figures"]["vae_variance_ratios"])         # of ten images
    pictures = {path.name for path in tmp_path.iterdir()}
    assert {"training.png", "reparameterisation.png", "samples.png", "manifold.png"} <= pictures
