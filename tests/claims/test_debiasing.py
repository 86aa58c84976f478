"""The debiasing VAE: as good as knowing the group where the group is rare in the latent space, no help where it is not."""

import pytest

pytestmark = pytest.mark.claims


def test_it_helps_where_the_group_is_rare_in_the_latent_space_and_only_there(run_demo, tmp_path):
    run = run_demo("debiasing")
    failed = [row["claim"] for row in run["claims"] if row["verdict"] == "not held"]
    assert len(failed) == 1 and failed[0].startswith("digits turned by 90°: the debiasing VAE makes the classifier fairer")
    assert (tmp_path / "debiasing.png").exists()
