"""What the scripts of the zoo share: everything but the training.

    exhibit.py     the row and the picture: the idea beside its control beside real data
    catalogue.py   the 48 names: paper, family, the line of Algorithm 1 that each changed
    rings.py       points in the plane: the ring of 8, how much of it was found, its panel
    classes.py     the ring of 8 with a class for each mode, clear or overlapping, and its posterior
    drawings.py    small pictures of known factors, drawn again with one of them changed
    faces.py       small grey faces
    digits.py      MNIST's digits at half their size
    history.py     a pool of generated pictures, for a D that shall not forget
    networks.py    Adam for a player of several networks
    judges.py      who says what a picture shows: a network and the nearest neighbour, of real ones

A script imports from here alone (`from house import run, rings`); what all demos share, in
demos/shared, is found because this file is imported first.
"""

import pathlib
import sys

DEMOS = pathlib.Path(__file__).resolve().parents[2]
if str(DEMOS) not in sys.path:
    sys.path.insert(1, str(DEMOS))      # behind the script's own folder

from shared import pictures, run  # noqa: E402, F401
