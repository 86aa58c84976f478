"""The source reads like a book: one path through it, short files, lines that fit. (That the rules
of an operation stand below its value is tested in test_operations.py.)"""

import ast
import math
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PACKAGE = ROOT / "minigen"
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCES = sorted(path for folder in ("minigen", "demos", "tests")
                 for path in (ROOT / folder).rglob("*.py"))


def text(path):
    return path.read_text(encoding="utf-8")


def name(path):
    return path.relative_to(ROOT).as_posix()


# -------------------------------------------------------------------------------- every file

@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_no_line_is_longer_than_100_columns(path):
    long = [i for i, line in enumerate(text(path).splitlines(), 1) if len(line) > 100]
    assert not long, f"{name(path)}: lines {long}"


@pytest.mark.parametrize("path", [path for path in SOURCES if PACKAGE in path.parents], ids=name)
def test_a_file_says_what_it_is_for_and_is_short(path):
    assert ast.get_docstring(ast.parse(text(path)))
    assert len(text(path).splitlines()) <= 300 or name(path) == "minigen/autograd.py"


SUBJECTS = ["functional/losses.py", "functional/shaping.py", "trainers/autoencoder.py",
            "trainers/vae.py", "trainers/gan.py", "trainers/loop.py", "trainers/record.py"]


@pytest.mark.parametrize("subject", SUBJECTS)
def test_checks_do_not_drown_the_subject(subject):
    path = PACKAGE / subject
    raising = set()
    for node in ast.walk(ast.parse(text(path))):
        if isinstance(node, ast.If) and any(isinstance(inner, ast.Raise) for inner in node.body):
            raising.update(range(node.lineno, node.body[-1].end_lineno + 1))
    assert len(raising) < 0.1 * code_lines(path)


def code_lines(path):
    """Lines that are neither blank nor a comment nor in a docstring."""
    prose = set()
    for node in ast.walk(ast.parse(text(path))):
        if isinstance(node,
                      (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node):
            prose.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return sum(bool(line.strip()) and not line.strip().startswith("#") and i not in prose
               for i, line in enumerate(text(path).splitlines(), 1))


# ---------------------------------------------------------------------------------- the path

SECTION = re.search(r"## Reading the source\n(.*?)\n## ", README, re.DOTALL).group(1)
TABLE = re.findall(r"^\| (`.*`) \| .* \| (\d+) min \|$", SECTION, re.MULTILINE)
FIRST, LAST = "demos/engine_in_a_page.py", "minigen/trainers/gan.py"


def files_of(cell):
    """The files of a row: those after the first lie beside it."""
    first, *others = re.findall(r"`([^`]+)`", cell)
    return [first, *((pathlib.PurePosixPath(first).parent / other).as_posix() for other in others)]


PATH = [file for cell, _ in TABLE for file in files_of(cell)]


def minutes(path):
    """At 20 lines a minute, blank lines aside: what dense code takes."""
    return math.ceil(sum(bool(line.strip()) for line in text(path).splitlines()) / 20)


def next_of(path):
    """The file that the docstring of `path` sends the reader to; None at the end of the path."""
    docstring = ast.get_docstring(ast.parse(text(path))) or ""
    there = re.search(r"Read next:\s+([\w/.]+\.py)", docstring)
    if there is None:
        return None
    beside = (path.parent / there.group(1)).resolve()
    return beside if beside.exists() else ROOT / there.group(1)


def test_the_path_of_the_docstrings_is_the_table_of_the_readme():
    walked, path = [], ROOT / FIRST
    while path is not None and name(path) not in walked:
        walked.append(name(path))
        path = next_of(path)
    assert walked == PATH
    assert walked[0] == FIRST and walked[-1] == LAST


# What wrong calls are told, what keeps a run, and lists of names: nothing is learned there.
OFF_THE_PATH = {f"minigen/{file}.py" for file in (
    "__init__ __main__ errors files checkpoint compiled parallel functional/__init__ "
    "functional/checks functional/chunks "
    "layers/__init__ trainers/__init__ trainers/checks trainers/options trainers/loop").split()}


def test_every_file_of_the_engine_is_on_the_path():
    engine = {name(path) for folder in ("", "functional", "layers", "trainers")
              for path in (PACKAGE / folder).glob("*.py")}
    assert engine == {*PATH[1:]} | OFF_THE_PATH and not {*PATH} & OFF_THE_PATH


def test_data_and_metrics_say_that_they_are_not_the_engine():
    for folder in ("data", "metrics"):
        assert "Not the engine" in ast.get_docstring(
            ast.parse(text(PACKAGE / folder / "__init__.py")))


def test_the_times_of_the_table_keep_its_rule_and_make_an_evening():
    times = {cell: sum(minutes(ROOT / file) for file in files_of(cell)) for cell, _ in TABLE}
    assert {cell: int(shown) for cell, shown in TABLE} == times
    assert sum(times.values()) <= 180


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 160
