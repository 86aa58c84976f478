"""The 48 names of the lecture's slide: the paper of each, its family, what it changed.

LINES are those of Algorithm 1 (Goodfellow et al. 2014); every name is filed under the one line
that it changed most. Names repeat in the literature (three are called acGAN), arXiv numbers do
not. A name *stands* when its script is in the folder; the others are "not yet".
"""

import pathlib
from typing import NamedTuple

FOLDER = pathlib.Path(__file__).resolve().parents[1]
NAMES = pathlib.Path(__file__).with_name("names.txt")

LINES = {                                               # in the order of the algorithm
    "game": "for each iteration: k steps of D, one of G",
    "x": "sample x from the data",
    "z": "sample z from the prior",
    "G": "a generator G(z)",
    "D": "a discriminator D(x)",
    "phase 1": "D ascends log D(x) + log(1 − D(G(z)))",
    "phase 2": "G descends log(1 − D(G(z)))",
    "after": "after the game: what G and D are used for",
}


class Entry(NamedTuple):
    """name: of the module.  wave: 1 on plain data, 2 on faces and scenes, 3 with an operation or a
    data set of its own.  title: as on the slide.  paper: authors, year, arXiv number.  family.
    line: the one of LINES that it changed.  idea: in a few words."""
    name: str
    wave: int
    title: str
    paper: str
    family: str
    line: str
    idea: str

    @property
    def stands(self):
        return (FOLDER / f"{self.name}.py").exists()


def _entries(text):
    """The entries of names.txt, in its order: families with a row for each name."""
    for block in text.strip().split("\n\n"):
        family, *rows = block.splitlines()
        for row in rows:
            name, wave, title, paper, line, idea = (cell.strip() for cell in row.split("|"))
            yield Entry(name, int(wave), title, paper, family, line, idea)


ENTRIES = {entry.name: entry for entry in _entries(NAMES.read_text(encoding="utf-8"))}
FAMILIES = list(dict.fromkeys(entry.family for entry in ENTRIES.values()))
SCRIPTS = [name for name, entry in ENTRIES.items() if entry.stands]
