"""A demo run once at full length, as a person would run it."""

import json
import pathlib
import subprocess
import sys

import pytest

DEMOS = pathlib.Path(__file__).parents[2] / "demos"


@pytest.fixture
def run_demo(tmp_path):
    """A function: the name of a demo -> what it wrote into run.json; its pictures lie in tmp_path."""
    def run(name):
        subprocess.run([sys.executable, DEMOS / f"{name}.py", "--out", tmp_path], check=True, cwd=DEMOS.parent)
        return json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    return run
