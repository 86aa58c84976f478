"""The README's examples print what they say, and its commands are where .ci/run looks for them."""

import doctest
import pathlib
import re

README = pathlib.Path(__file__).parents[1] / "README.md"


def test_the_examples_print_what_they_say():
    failed, tried = doctest.testfile(str(README), module_relative=False, encoding="utf-8")
    assert tried >= 10 and failed == 0


def test_quick_start_is_two_commands_of_one_line():
    section = README.read_text(encoding="utf-8").split("## Quick start")[1].split("\n## ")[0]
    blocks = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    assert [block.count("\n") for block in blocks] == [1, 1]
    assert all("-m venv .venv" in block for block in blocks)


def test_pictures_are_there():
    for path in re.findall(r"(?:\]\(|src=\")([^)\"]+\.png)", README.read_text(encoding="utf-8")):
        assert (README.parent / path).is_file(), path
