"""VAE against GAN, the same decoder: the VAE is blurrier by every measure. Who leads in quality is reported, not asserted."""

import pytest

pytestmark = pytest.mark.claims


def test_the_vae_is_blurrier_whatever_the_measure(run_demo, tmp_path):
    run = run_demo("blurrier")
    blur = [row for row in run["claims"] if row["threshold"] and "lower quality" not in row["claim"]]
    assert len(blur) == 5 and all(row["verdict"] == "held" for row in blur), blur
    assert any("lower quality, whatever the measure" in row["claim"] for row in run["claims"])
    assert sum(row["claim"].startswith("quality by") for row in run["claims"]) == 6
    assert (tmp_path / "blurrier.png").exists()
