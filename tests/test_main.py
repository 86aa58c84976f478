"""python -m minigen: what it says in a clone, without an installation, and into a narrow pipe."""

import importlib.metadata
import os
import pathlib
import subprocess
import sys

import pytest

import minigen
from minigen import __main__, backend

pytestmark = pytest.mark.host_arrays

ROOT = pathlib.Path(minigen.__file__).parent.parent


def run(**environment):
    """The lines that a new interpreter prints, and its standard error."""
    path = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, **environment}
    done = subprocess.run([sys.executable, "-m", "minigen"], capture_output=True, check=True,
                          cwd=ROOT, env=environment)
    return done.stdout.decode(environment.get("PYTHONIOENCODING", "utf-8")), done.stderr.decode()


def test_it_names_the_version_the_array_library_and_every_demo_but_no_other_script():
    printed, _ = run(PYTHONIOENCODING="utf-8")
    assert printed.startswith("minigen ") and backend.describe() in printed
    named = [line.split()[1] for line in printed.splitlines() if line.startswith("  python demos/")]
    scripts = {f"demos/{path.name}" for path in (ROOT / "demos").glob("*.py")}
    assert sorted(named[:-1]) == sorted(scripts - {"demos/claims.py"})
    assert named[-1] == "demos/gan_mnist.py"                                # what to run next


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_pipe_that_cannot_show_every_character_is_no_error(encoding):
    printed, errors = run(PYTHONIOENCODING=encoding)
    assert errors == "" and printed.rstrip().endswith("the tests, in a clone")


def test_a_clone_that_is_not_installed_says_so(monkeypatch, capsys):
    def version(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    __main__.main()
    assert capsys.readouterr().out.startswith("minigen (not installed: pip install -e .): a small")


def test_an_installation_without_demos_lists_none(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(__main__, "DEMOS", tmp_path)
    __main__.main()
    assert "demos" not in capsys.readouterr().out


def test_a_backend_that_does_not_exist_is_explained():
    printed, errors = run(MINIGEN_BACKEND="jax")
    assert errors == "" and "array library in use   no. backend 'jax' is not known" in printed
