"""All distances between two sets of points, a block of rows at a time.

Ten thousand images against ten thousand are 800 MB of distances. Nothing that is measured here needs them all
at once, so they come in blocks of about 4 MB, each from one matrix product: ‖x − y‖² = ‖x‖² + ‖y‖² − 2 x·y.
Used by nearest neighbours (reconstruction.py), Parzen windows (parzen.py) and the neighbourhoods of coverage.py.
"""

import numpy as np

BLOCK = 500_000             # distances in a block: 4 MB, which a cache holds


def squared_distances(x, y):
    """Yield (rows, block): a slice of the rows of x, and their squared distances to all rows of y.

    x (n, d), y (m, d); block (rows, m), float64 whatever the dtype of x and y, free to be overwritten.
    """
    origin = y.mean(0, dtype=np.float64)            # a distance does not depend on it; small norms round less
    y = y - origin
    y_norms = np.einsum("ij,ij->i", y, y)
    step = max(1, BLOCK // len(y))
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        part = x[rows] - origin
        norms = np.einsum("ij,ij->i", part, part)[:, None] + y_norms
        block = norms - 2.0 * (part @ y.T)
        block *= block > 1e-13 * norms              # what is left of equal points is rounding: make it 0
        yield rows, block
