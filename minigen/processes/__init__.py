"""One step shared by several processes, of one machine or of many. Not the engine; training.py
tells the story.

    training.py         who takes what of a batch, and what is averaged
    normalization.py    the mean and variance of a batch that is shared
    mpi.py              the processes that mpiexec started, and the messages between them
"""

from .mpi import world
from .training import ParallelTraining, parallel_training
