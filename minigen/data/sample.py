"""A fifth of MNIST inside the package: 12,000 training and 2,000 test images, for use offline.

It holds every fifth image rather than the first ones, because the first half of MNIST's test set
is the harder half. make_sample.py wrote it from the real files, and it records where each image
came from.

The digits are by Yann LeCun, Corinna Cortes and Christopher Burges, "The MNIST database of
handwritten digits", used and redistributed under the licence CC BY-SA 3.0
(https://creativecommons.org/licenses/by-sa/3.0/).
"""

from pathlib import Path

import numpy as np

from .mnist import as_images, check_split

# {train,test}_{images,labels,indices} and about
SAMPLE = Path(__file__).with_name("mnist_sample.npz")


def mnist_sample(split="train"):
    """The embedded sample, as `mnist` returns it:
    (images float32 (N, 1, 28, 28) in [0, 1], labels int64 (N,)).

    `split` is "train" (N = 12,000) or "test" (N = 2,000); ValueError for any other. Reads the one
    file that ships with the package, and no network.
    """
    check_split(split)
    with np.load(SAMPLE, allow_pickle=False) as file:
        return as_images(file[f"{split}_images"]), file[f"{split}_labels"].astype(np.int64)
