"""The autoencoder below PCA, the linear one equal to it; its code is no better a place for neighbours than the pixels."""

import pytest

pytestmark = pytest.mark.claims


def test_below_pca_but_the_code_does_not_beat_the_pixels(run_demo, tmp_path):
    run = run_demo("autoencoder_mnist")
    failed = [row["claim"] for row in run["claims"] if row["verdict"] == "not held"]
    assert len(failed) == 1 and failed[0].startswith("the code is a better place to compare images than the pixels")
    assert [row["verdict"] for row in run["claims"]].count("held") == 9
    assert {"reconstructions.png", "codes.png", "errors.png"} <= {path.name for path in tmp_path.iterdir()}
