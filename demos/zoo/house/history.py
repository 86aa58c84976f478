"""A pool of generated pictures, so that D does not forget what G made some time ago."""

import numpy as np

import minigen as mg


class Pool:
    """The last `size` pictures or so (Shrivastava et al. 2017, arXiv 1612.07828, section 2.3)."""

    def __init__(self, size=50):
        self.size, self.kept = size, []

    def exchange(self, fakes):
        """As many pictures as fakes (m, ...): these, until the pool is full; then each with
        probability ½ stays in the pool, and an older one comes out in its place."""
        rng, shown = mg.random.generator(), []
        for picture in mg.to_numpy(fakes):
            if len(self.kept) < self.size:
                self.kept.append(picture)
            elif rng.random() < 0.5:
                place = rng.integers(self.size)
                picture, self.kept[place] = self.kept[place], picture
            shown.append(picture)
        return mg.tensor(np.stack(shown))
