"""Vector arithmetic on faces: twenty exemplars give women with glasses, and the same sum of pictures gives no face."""

import json
import pathlib
import subprocess
import sys

import pytest

pytestmark = pytest.mark.claims
DEMO = pathlib.Path(__file__).parents[2] / "demos" / "dcgan_faces.py"


def test_the_claims_hold(tmp_path):
    subprocess.run([sys.executable, DEMO, "--out", tmp_path], check=True, cwd=DEMO.parents[1])
    run = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert not [row for row in run["claims"] if row["verdict"] == "not held"]
    assert len([row for row in run["claims"] if row["verdict"] == "held"]) == 6
    assert {"samples.png", "arithmetic.png", "exemplars.png"} <= {path.name for path in tmp_path.iterdir()}
