"""A training step, recorded once and from then on replayed. Not the engine; compiled.py tells the
story, the others do the work.

    arrays.py       an array library that writes down what it is asked to do
    program.py      what is written down: calls, and the memory they use
    schedule.py     which thread makes which call
    waits.py        ... when: which has to wait for which
    halves.py       ... and which are cut in two
    within.py       what a step can reach, so that it can be compared, kept and restored
    results.py      what a step is given and returns, taken apart and put together
"""

from .arrays import CompileError
from .compiled import compiled
