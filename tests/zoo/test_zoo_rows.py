"""Every script of the zoo at full length with one seed: its row stands, with its control."""

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

ZOO = Path(__file__).resolve().parents[2] / "demos" / "zoo"
sys.path.insert(0, str(ZOO))
from house.catalogue import SCRIPTS  # noqa: E402


@pytest.mark.zoo
@pytest.mark.parametrize("name", SCRIPTS)
def test_a_row_stands(name, tmp_path):
    subprocess.run([sys.executable, ZOO / f"{name}.py", "--out", tmp_path], check=True)
    written = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    row = written["figures"]["row"]
    assert row["passed"] in (1, None), row
    assert not [claim for claim in written["claims"] if claim["verdict"] == "not held"]
    assert all(math.isfinite(x) for key in ("with", "without", "real") for x in row[key])
    assert (tmp_path / f"{name}.png").exists()
