"""The real MNIST: how it is found, verified, downloaded and kept.

How files are found, verified, downloaded and kept is tested with a tiny stand-in for MNIST, so that
it needs neither the real files nor a network. The real ones are read where they are: $MINIGEN_DATA,
or shared/mnist beside the checkout.
"""

import gzip
import hashlib
import http.client
import importlib
import io
import os
import sys
import urllib.error
from pathlib import Path

import numpy as np
import pytest

from minigen.data import DataError, mnist, mnist_sample
from minigen.data.make_sample import make_sample
from minigen.data.sample import SAMPLE

pytestmark = pytest.mark.host_arrays

module = importlib.import_module("minigen.data.mnist")      # the name itself is the function
REAL = Path(os.environ.get("MINIGEN_DATA") or Path(__file__).parents[2] / "shared" / "mnist")
needs_real_files = pytest.mark.skipif(
    not any(REAL.glob("**/t10k-images-idx3-ubyte*")),
    reason=f"MNIST's four files are not in {REAL}; set MINIGEN_DATA to their folder")


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    """No network, and no folder of the user's."""
    monkeypatch.setattr("urllib.request.urlopen",
                        lambda url, **_: pytest.fail(f"the network was asked for {url}"))
    monkeypatch.delenv("MINIGEN_DATA", raising=False)
    monkeypatch.setattr(module, "cache_folder", lambda: tmp_path / "cache")


# --------------------------------------------------------------------------------------- real files

@needs_real_files
@pytest.mark.parametrize("split, n, per_digit", [
    ("train", 60000, [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]),
    ("test", 10000, [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009])])
def test_real_mnist_and_the_sample_of_it(split, n, per_digit):
    images, labels = mnist(split, root=REAL)
    assert images.shape == (n, 1, 28, 28) and images.dtype == np.float32
    assert labels.shape == (n,) and labels.dtype == np.int64
    assert images.min() == 0 and images.max() == 1
    assert np.bincount(labels).tolist() == per_digit        # published counts
    if split == "train":
        assert labels[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
        # the constants of every tutorial
        assert images.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)
        assert images.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)
    with np.load(SAMPLE, allow_pickle=False) as file:
        indices = file[f"{split}_indices"]
    sampled, sampled_labels = mnist_sample(split)
    np.testing.assert_array_equal(sampled, images[indices], strict=True)
    np.testing.assert_array_equal(sampled_labels, labels[indices], strict=True)


@pytest.mark.parametrize("load", [mnist, mnist_sample])
@pytest.mark.parametrize("split", ["validation", "", None, 0])
def test_unknown_split(load, split):
    with pytest.raises(ValueError, match='choose "train" or "test"'):
        load(split)


# --------------------------------------------------------- finding, verifying, downloading, keeping

def idx(array):
    """An IDX file: two zeros, 8 for unsigned bytes, the number of sizes, each size, the bytes."""
    sizes = np.array(array.shape, ">i4")
    return b"\0\0\x08" + bytes([array.ndim]) + sizes.tobytes() + array.tobytes()


@pytest.fixture
def tiny(monkeypatch):
    """A stand-in for MNIST that the loader knows, 7 and 3 images: {file name: contents}."""
    rng, contents, table = np.random.default_rng(1), {}, {}
    for split, n in (("train", 7), ("test", 3)):
        entries = []
        images_and_labels = zip(module.FILES[split], ((n, 28, 28), (n,)), (256, 10), strict=True)
        for (name, _, _), shape, top in images_and_labels:
            contents[name] = idx(rng.integers(top, size=shape, dtype=np.uint8))
            entries.append((name, shape, hashlib.sha256(contents[name]).hexdigest()))
        table[split] = entries
    monkeypatch.setattr(module, "FILES", table)
    return contents


def write(folder, contents, pack=bytes, ending=""):
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in contents.items():
        (folder / (name + ending)).write_bytes(pack(data))


def assert_is(tiny, loaded):
    images, labels = loaded
    data = tiny["train-images-idx3-ubyte"][16:]
    expected = np.frombuffer(data, np.uint8).reshape(7, 1, 28, 28).astype(np.float32) / 255
    np.testing.assert_array_equal(images, expected, strict=True)
    assert labels.dtype == np.int64 and labels.tolist() == list(tiny["train-labels-idx1-ubyte"][8:])


@pytest.mark.parametrize("pack, ending", [
    (bytes, ""),
    (gzip.compress, ".gz"),
    (lambda data: gzip.compress(data, 1), ".gz"),       # compressed again
    (bytes, ".gz")])                                    # unpacked by a browser
@pytest.mark.parametrize("inner", ["", "MNIST/raw"])    # torchvision's layout
def test_root_with_plain_and_gzipped_files(tmp_path, tiny, pack, ending, inner):
    write(tmp_path / "digits" / inner, tiny, pack, ending)
    assert_is(tiny, mnist(root=tmp_path / "digits"))
    assert_is(tiny, mnist("train", root=str(tmp_path / "digits")))
    images, labels = mnist("test", root=tmp_path / "digits")
    assert images.shape == (3, 1, 28, 28) and labels.shape == (3,)


def test_order_is_root_then_environment_then_cache(tmp_path, tiny, monkeypatch):
    write(tmp_path / "cache", tiny)
    assert_is(tiny, mnist())
    monkeypatch.setenv("MINIGEN_DATA", "")                  # as good as not set
    assert_is(tiny, mnist())
    monkeypatch.setenv("MINIGEN_DATA", str(tmp_path / "empty"))
    assert_is(tiny, mnist())                                # not there: the cache is next
    write(tmp_path / "empty", {name: b"" for name in tiny})
    with pytest.raises(DataError, match="empty"):
        mnist()                                             # the environment's folder comes first
    write(tmp_path / "given", tiny)
    assert_is(tiny, mnist(root=tmp_path / "given"))


def test_a_given_root_is_the_only_place(tmp_path, tiny, monkeypatch):
    write(tmp_path / "cache", tiny)
    monkeypatch.setenv("MINIGEN_DATA", str(tmp_path / "cache"))
    for root in (tmp_path / "nothing", tmp_path / "cache" / "train-images-idx3-ubyte"):
        with pytest.raises(DataError, match="Nothing is downloaded") as error:
            mnist(root=root)
        assert str(root) in str(error.value) and "mnist_sample()" in str(error.value)
    with pytest.raises(TypeError, match="expected a folder"):
        mnist(root=3)


def flip(data):
    return data[:-1] + bytes([data[-1] ^ 1])


@pytest.mark.parametrize("damage, message", [
    (flip, "not MNIST's.*sha256"),
    (lambda data: data[:3] + b"\x01" + data[4:], "sha256"),                # a wrong header
    (lambda data: data[:-5], "bytes when unpacked, expected 5,504"),
    (lambda data: data + b"\0", "bytes when unpacked"),
    (lambda data: b"", "holds 0 bytes"),
    (lambda data: b"<html>not found</html>", "holds 22 bytes"),
    (lambda data: gzip.compress(flip(data)), "sha256"),
    (lambda data: gzip.compress(data)[:-20], "damaged gzip file"),
    (lambda data: gzip.compress(data)[:2000], "damaged gzip file"),
    (lambda data: gzip.compress(data)[:40] + bytes(40) + gzip.compress(data)[80:],
     "damaged gzip file"),
    (lambda data: gzip.compress(data)[:10] + b"\xff" + gzip.compress(data)[11:],
     "damaged gzip file"),
    (lambda data: b"\x1f\x8bnonsense", "damaged gzip file")])
def test_damaged_files(tmp_path, tiny, damage, message):
    tiny["train-images-idx3-ubyte"] = damage(tiny["train-images-idx3-ubyte"])
    write(tmp_path / "digits", tiny)
    with pytest.raises(DataError, match=message) as error:
        mnist(root=tmp_path / "digits")
    assert "train-images-idx3-ubyte" in str(error.value) and "mnist_sample()" in str(error.value)


def test_file_that_cannot_be_read(tmp_path, tiny, monkeypatch):
    def refuse(path):
        raise PermissionError("permission denied")
    write(tmp_path / "digits", tiny)
    monkeypatch.setattr(Path, "read_bytes", refuse)         # not by chmod: root may read everything
    with pytest.raises(DataError, match="train-images-idx3-ubyte: permission denied"):
        mnist(root=tmp_path / "digits")


def test_sample_is_made_of_every_fifth_image(tmp_path, tiny):
    write(tmp_path, tiny)
    make_sample(tmp_path, tmp_path / "sample.npz")
    pixels = np.frombuffer(tiny["train-images-idx3-ubyte"], np.uint8, offset=16).reshape(7, 28, 28)
    labels = tiny["train-labels-idx1-ubyte"][8:]
    with np.load(tmp_path / "sample.npz", allow_pickle=False) as made:
        assert made["train_indices"].tolist() == [0, 5] and made["test_indices"].tolist() == [0]
        assert np.array_equal(made["train_images"], pixels[[0, 5]])
        assert made["train_labels"].tolist() == [labels[0], labels[5]]
        with np.load(SAMPLE, allow_pickle=False) as shipped:
            for name in {*made, *shipped}:
                assert made[name].dtype == shipped[name].dtype, name
            assert np.array_equal(made["about"], shipped["about"])


class Mirrors:
    """In place of urlopen: gives bytes or an error for each URL, and records those asked for."""

    def __init__(self, monkeypatch, answer):
        self.asked, self.answer = [], answer
        monkeypatch.setattr("urllib.request.urlopen", self)

    def __call__(self, url, timeout):
        self.asked.append(url)
        answer = self.answer(url)
        if isinstance(answer, Exception):
            raise answer
        return io.BytesIO(answer)


def packed(tiny, url):
    return gzip.compress(tiny[url.rsplit("/", 1)[1].removesuffix(".gz")])


def test_download_is_verified_kept_and_not_repeated(tmp_path, tiny, monkeypatch):
    mirrors = Mirrors(monkeypatch, lambda url: packed(tiny, url))
    assert_is(tiny, mnist())
    assert mirrors.asked == [f"{module.MIRRORS[0]}{name}.gz" for name in tiny
                             if name.startswith("train")]
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [
        "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]
    assert_is(tiny, mnist())
    assert len(mirrors.asked) == 2


@pytest.mark.parametrize("failure", [
    lambda tiny, url: urllib.error.URLError("no route"),
    lambda tiny, url: TimeoutError("timed out"),
    lambda tiny, url: http.client.IncompleteRead(b""),
    lambda tiny, url: packed(tiny, url)[:-30],
    lambda tiny, url: gzip.compress(b"another file"),
    lambda tiny, url: b"<html>please log in</html>"])
def test_second_mirror_helps(tmp_path, tiny, monkeypatch, failure):
    first, second = module.MIRRORS

    def answer(url):
        return failure(tiny, url) if url.startswith(first) else packed(tiny, url)

    mirrors = Mirrors(monkeypatch, answer)
    assert_is(tiny, mnist())
    assert [url.startswith(second) for url in mirrors.asked] == [False, True, False, True]


def test_no_mirror_helps(tmp_path, tiny, monkeypatch):
    first, second = module.MIRRORS
    monkeypatch.setenv("MINIGEN_DATA", str(tmp_path / "mine"))

    def answer(url):
        return urllib.error.URLError("no route") if url.startswith(first) else b"damaged"

    Mirrors(monkeypatch, answer)
    with pytest.raises(DataError) as error:
        mnist()
    folders = (tmp_path / "mine", tmp_path / "cache")
    for part in (first, second, "no route", "holds 7 bytes", *folders, "mg.data.mnist_sample()"):
        assert str(part) in str(error.value)
    assert not list(tmp_path.glob("cache/*"))               # nothing damaged is ever kept


def test_a_download_that_cannot_be_kept_leaves_nothing(tmp_path, tiny, monkeypatch):
    def refuse(source, target):
        raise OSError("disk full")
    Mirrors(monkeypatch, lambda url: packed(tiny, url))
    with monkeypatch.context() as broken:
        broken.setattr("os.replace", refuse)
        with pytest.raises(DataError, match="cannot be kept.*disk full"):
            mnist()
    assert not list((tmp_path / "cache").iterdir())
    (tmp_path / "cache").rmdir()
    (tmp_path / "cache").write_text("a file where the folder should be")
    with pytest.raises(DataError, match="cannot be kept"):
        mnist()


@pytest.mark.parametrize("platform, variables, expected", [
    ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/minigen/mnist"),
    ("linux", {}, "/home/ada/.cache/minigen/mnist"),
    ("darwin", {}, "/home/ada/Library/Caches/minigen/mnist"),
    ("win32", {"LOCALAPPDATA": "/l"}, "/l/minigen/mnist"),
    ("win32", {}, "/home/ada/AppData/Local/minigen/mnist")])
def test_cache_folder(monkeypatch, platform, variables, expected):
    monkeypatch.undo()                                      # the real function again
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ada"))
    assert module.cache_folder() == Path(expected)
