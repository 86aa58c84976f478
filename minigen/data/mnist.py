"""MNIST: 60,000 training and 10,000 test images of handwritten digits, 28 × 28, in four files.

They are looked for in a folder that you name, then in the cache; if neither has them, they are
downloaded. What counts is what is *in* a file: its sha256 is compared after unpacking, so a
re-compressed copy passes and a damaged or different file never does. The checksum covers the header
too (magic number and sizes), which is why nothing is left to parse.

The digits are by Yann LeCun, Corinna Cortes and Christopher Burges (CC BY-SA 3.0).
Read next: sample.py.
"""

import gzip
import hashlib
import http.client
import math
import os
import sys
import urllib.request
import zlib
from pathlib import Path

import numpy as np
from tqdm import tqdm

from ..files import replacing

FILES = {                   # split: images and labels, each (name, shape, sha256 when unpacked)
    "train": (("train-images-idx3-ubyte", (60000, 28, 28),
               "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
              ("train-labels-idx1-ubyte", (60000,),
               "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5")),
    "test": (("t10k-images-idx3-ubyte", (10000, 28, 28),
              "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
             ("t10k-labels-idx1-ubyte", (10000,),
              "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2")),
}
MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/",            # PyTorch's
           "https://storage.googleapis.com/cvdf-datasets/mnist/")       # TensorFlow Datasets'
WAY_ON = "To go on without these files: mg.data.mnist_sample() holds every fifth image of MNIST."


class DataError(ValueError):
    """A data file is missing, damaged or not the one that was expected."""


def mnist(split="train", root=None):
    """The real MNIST as (images float32 (N, 1, 28, 28) in [0, 1], labels int64 (N,)).

    `split` is "train" (N = 60,000) or "test" (N = 10,000). The files, plain or .gz, may be in a
    folder itself or in its MNIST/raw, where torchvision keeps them. If `root` is given, no other
    folder is searched. Otherwise: the environment variable MINIGEN_DATA, then the user's cache
    (~/.cache/minigen/mnist or the system's equivalent), then a download into that cache (11 MB
    for "train"). DataError for a missing or damaged file, ValueError for any other split.
    """
    check_split(split)
    _check_root(root)
    pixels, labels = (_load(*file, root) for file in FILES[split])
    return as_images(pixels), labels.astype(np.int64)


def as_images(pixels):
    """Pixels uint8 (N, 28, 28) as images float32 (N, 1, 28, 28), black 0 and white 1."""
    return pixels[:, None] / np.float32(255)


def check_split(split):
    if split not in ("train", "test"):
        raise ValueError(f'MNIST has no split {split!r}; choose "train" or "test"')


def _check_root(root):
    if root is not None and not isinstance(root, (str, os.PathLike)):
        raise TypeError(f"mnist: root is a {type(root).__name__}, "
                        "expected a folder as a string or a Path")


def _load(name, shape, sha256, root):
    """The file `name` as an array, from the first folder that has it."""
    folders = _folders() if root is None else [Path(root).expanduser()]
    for folder in folders:
        for path in _places(folder, name):
            try:
                if path.is_file():
                    return _verified(path.read_bytes(), shape, sha256)
            except (OSError, DataError) as error:
                raise DataError(f"{path}: {error}. Replace or delete it. {WAY_ON}") from error
    not_found = (f"MNIST's {name} was not found, plain or .gz, in "
                 + " nor in ".join(map(str, folders)))
    if root is not None:
        raise DataError(f"{not_found} (nor in its MNIST/raw). "
                        f"Nothing is downloaded when root is given. {WAY_ON}")
    return _download(name, shape, sha256, not_found)


def _folders():
    """Where to look when no root is given."""
    mine = os.environ.get("MINIGEN_DATA")
    return [Path(mine).expanduser(), cache_folder()] if mine else [cache_folder()]


def _places(folder, name):
    return [folder / inner / (name + ending)
            for inner in ("", "MNIST/raw") for ending in ("", ".gz")]


def _verified(data, shape, sha256):
    """The array in the bytes of an IDX file, gzipped or not, if they are exactly the right ones."""
    if data[:2] == b"\x1f\x8b":                             # gzip's mark; the name does not matter
        try:
            data = gzip.decompress(data)
        except (EOFError, OSError, zlib.error) as error:
            raise DataError(f"damaged gzip file ({error})") from error
    header = 4 + 4 * len(shape)             # magic number, then each size, as 32-bit integers
    size = header + math.prod(shape)
    if len(data) != size:
        raise DataError(f"holds {len(data):,} bytes when unpacked, expected {size:,}: "
                        "cut short, or another file")
    found = hashlib.sha256(data).hexdigest()
    if found != sha256:
        raise DataError(f"not MNIST's: the sha256 of its contents is {found}, expected {sha256}; "
                        "damaged, or from another data set that uses these file names")
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


# ------------------------------------------------------------------------------ cache and download

def cache_folder():
    """Where downloads are kept: minigen/mnist in the system's folder for this user's caches."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "minigen" / "mnist"


def _download(name, shape, sha256, not_found):
    """The file `name` from the first mirror that delivers it intact, which the cache then keeps."""
    failures = []
    for mirror in MIRRORS:
        url = f"{mirror}{name}.gz"
        try:
            data = _fetch(url)
            array = _verified(data, shape, sha256)
        except (OSError, http.client.HTTPException, DataError) as error:
            failures.append(f"{url}: {error}")
        else:
            _keep(cache_folder() / f"{name}.gz", data)
            return array
    raise DataError(f"{not_found}, and no mirror delivered it:\n  " + "\n  ".join(failures)
                    + "\nGive the folder that has MNIST's files as root=... or in the environment "
                    f"variable MINIGEN_DATA. {WAY_ON}")


def _fetch(url):
    with urllib.request.urlopen(url, timeout=30) as response:
        size = getattr(response, "length", None)
        with tqdm(total=size, desc=url, unit="B", unit_scale=True, disable=None) as progress:
            chunks = []
            while chunk := response.read(1 << 16):
                chunks.append(chunk)
                progress.update(len(chunk))
    return b"".join(chunks)


def _keep(path, data):
    """Write the bytes `data` to `path` in the cache."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(data)
    except OSError as error:
        raise DataError(f"the download cannot be kept in {path.parent} ({error}). Make it "
                        "writable, or keep the files in a folder given as root=... or in "
                        f"MINIGEN_DATA. {WAY_ON}") from error
