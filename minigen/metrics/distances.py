"""All distances between two sets of points, a block of rows at a time.

Ten thousand images against ten thousand are 800 MB of distances. Nothing measured here needs them
all at once, so they come in blocks, each from one matrix product: ‖x − y‖² = ‖x‖² + ‖y‖² − 2 x·y.
Used by nearest neighbours (reconstruction.py), Parzen windows (parzen.py) and the neighbourhoods of
coverage.py.
"""

import numpy as np

BLOCK = 500_000         # numbers in a block: 4 MB, which a cache holds,
ROWS = 32               # but at least so many rows, since every block reads all of y
ROUNDING = 1e-13        # of ‖x‖² + ‖y‖²: a smaller distance is what rounding left of 0


def squared_distances(x, y):
    """Yield (rows, block): a slice of the rows of x, and their squared distances to all rows of y.

    x (n, d), y (m, d); block (rows, m), float64 whatever the dtype of x and y, which the caller
    may overwrite.
    """
    origin = _centre(y)
    y = y - origin
    y_norms = np.einsum("ij,ij->i", y, y)
    step = max(ROWS, BLOCK // max(y.shape))
    for start in range(0, len(x), step):
        rows = slice(start, start + step)
        part = x[rows] - origin
        norms = np.einsum("ij,ij->i", part, part)[:, None] + y_norms
        block = norms - 2.0 * (part @ y.T)
        block *= block > ROUNDING * norms
        yield rows, block


def _centre(y):
    """An origin near the points: distances do not depend on it, and small norms round less.

    The median of about a thousand of them, since a single point far away would move a mean.
    """
    return np.median(y[::len(y) // 1000 + 1].astype(np.float64), axis=0)
