"""The sample of MNIST inside the package: its pixels, its size, and whose digits they are."""

import hashlib

import numpy as np
import pytest

from minigen.data import mnist_sample
from minigen.data.sample import SAMPLE

pytestmark = pytest.mark.host_arrays


@pytest.mark.parametrize("split, n, images_sha256, labels_sha256", [
    ("train", 12000, "2134182b9378606ecb7c82df2a9e8ef3d5a181d14143192bc7f94521000316c3",
     "6dca17b92f4275356ce1c6835e756670325f8a20c4e68a4ab0075720bdeeecef"),
    ("test", 2000, "f0d1250f0e1c81ed67029fd6a06f6781e6a9151cec42d9fac4a16c7f77c0c06c",
     "221abe75a4dacf229f1de7c9c10a0c614576749d93ef93f8a70bf32587b4ea2f")])
def test_sample_without_the_real_files(split, n, images_sha256, labels_sha256):
    images, labels = mnist_sample(split)
    assert images.shape == (n, 1, 28, 28) and images.dtype == np.float32
    assert labels.shape == (n,) and labels.dtype == np.int64
    pixels = np.rint(images * 255)
    # whole grey levels, 0 .. 1
    assert np.array_equal(images, pixels.astype(np.float32) / np.float32(255))
    assert hashlib.sha256(pixels.astype(np.uint8).tobytes()).hexdigest() == images_sha256
    assert hashlib.sha256(labels.astype(np.uint8).tobytes()).hexdigest() == labels_sha256
    assert np.bincount(labels, minlength=10).min() > 0.07 * n      # every digit, about evenly


def test_sample_file_is_small_and_attributed():
    assert SAMPLE.stat().st_size <= 3_000_000
    with np.load(SAMPLE, allow_pickle=False) as file:
        assert all(name in str(file["about"])
                   for name in ("LeCun", "Cortes", "Burges", "CC BY-SA 3.0"))
        assert np.array_equal(file["train_indices"], np.arange(0, 60000, 5))
        assert np.array_equal(file["test_indices"], np.arange(0, 10000, 5))


def test_sample_default_is_train_and_arrays_are_the_callers():
    images, _ = mnist_sample()
    images[:] = 0
    assert len(images) == 12000 and mnist_sample()[0].max() == 1
