"""VAE against GAN, the same decoder: blurrier by every measure; of lower quality by some and not by others."""

import json
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.claims
DEMO = pathlib.Path(__file__).parents[2] / "demos" / "blurrier.py"


def test_blurrier_holds_and_lower_quality_depends_on_the_measure(tmp_path):
    subprocess.run([sys.executable, DEMO, "--out", tmp_path], check=True, cwd=DEMO.parents[1])
    run = json.loads((tmp_path / "run.json").read_text())
    failed = [row["claim"] for row in run["claims"] if row["verdict"] == "not held"]
    assert failed == ["VAE samples are of lower quality, whatever the measure"]
    assert (tmp_path / "blurrier.png").exists()
