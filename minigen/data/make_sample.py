"""Write the embedded sample, mnist_sample.npz, from MNIST's four files:

    python -m minigen.data.make_sample ROOT

Every fifth image of each split, its label, and its index in MNIST. With the same versions of NumPy
and zlib, every run writes the same bytes.
"""

import argparse

import numpy as np

from ..files import replacing
from .mnist import mnist
from .sample import SAMPLE

EVERY = 5
ABOUT = ('Every fifth image of "The MNIST database of handwritten digits" by Yann LeCun, Corinna '
         "Cortes and Christopher Burges. Licence: CC BY-SA 3.0, "
         "https://creativecommons.org/licenses/by-sa/3.0/. The pixels are unchanged; *_indices are "
         "the places of these images in the original files, counted from 0.")


def make_sample(root, path=SAMPLE):
    """Write the sample of the MNIST files in the folder `root` to `path`; raises DataError where
    `mnist` does."""
    arrays = {"about": np.array(ABOUT)}
    for split in ("train", "test"):
        images, labels = mnist(split, root)
        # exact: a float32 of k/255 is far nearer to it than half a grey level
        arrays[f"{split}_images"] = np.rint(images[::EVERY, 0] * 255).astype(np.uint8)
        arrays[f"{split}_labels"] = labels[::EVERY].astype(np.uint8)
        arrays[f"{split}_indices"] = np.arange(len(labels), dtype=np.int32)[::EVERY]
    with replacing(path) as file:
        np.savez_compressed(file, **arrays)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description="Write the embedded sample of MNIST from the real files.")
    parser.add_argument("root", help="the folder with the four IDX files, plain or .gz")
    make_sample(parser.parse_args().root)
    print(f"{SAMPLE}: {SAMPLE.stat().st_size:,} bytes")
