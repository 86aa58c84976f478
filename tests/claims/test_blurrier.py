"""VAE against GAN, the same decoder: the VAE is blurrier by every measure. Who leads in quality is reported, not asserted."""

import json
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.claims
DEMO = pathlib.Path(__file__).parents[2] / "demos" / "blurrier.py"


def test_the_vae_is_blurrier_whatever_the_measure(tmp_path):
    subprocess.run([sys.executable, DEMO, "--out", tmp_path], check=True, cwd=DEMO.parents[1])
    run = json.loads((tmp_path / "run.json").read_text())
    blur = [row for row in run["claims"] if row["threshold"] and "lower quality" not in row["claim"]]
    assert len(blur) == 4 and all(row["verdict"] == "held" for row in blur), blur
    assert sum(row["claim"].startswith("quality by") for row in run["claims"]) == 6
    assert (tmp_path / "blurrier.png").exists()
