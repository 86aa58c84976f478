"""Data: the real MNIST and how it is found, the embedded sample, distributions in the plane, batches.

How files are found, verified, downloaded and kept is tested with a tiny stand-in for MNIST, so that it needs neither
the real files nor a network. The real ones are read where they are: $MINIGEN_DATA, or shared/mnist beside the checkout.
"""

import functools
import gzip
import hashlib
import http.client
import importlib
import io
import json
import os
import sys
import urllib.error
from pathlib import Path

import numpy as np
import pytest
from scipy import integrate, stats
from sklearn.datasets import make_moons, make_swiss_roll

from minigen import random
from minigen.data import Batches, DataError, grid, mnist, mnist_sample, ring, swiss_roll, two_moons
from minigen.data.make_sample import make_sample
from minigen.data.sample import SAMPLE

module = importlib.import_module("minigen.data.mnist")      # minigen.data.mnist itself is the function
REAL = Path(os.environ.get("MINIGEN_DATA") or Path(__file__).parents[2] / "shared" / "mnist")
needs_real_files = pytest.mark.skipif(not any(REAL.glob("**/t10k-images-idx3-ubyte*")),
                                      reason=f"MNIST's four files are not in {REAL}; set MINIGEN_DATA to their folder")


@pytest.fixture(autouse=True)
def isolated(monkeypatch, tmp_path):
    """No network, no folder of the user's, the same random numbers for every test."""
    monkeypatch.setattr("urllib.request.urlopen", lambda url, **_: pytest.fail(f"the network was asked for {url}"))
    monkeypatch.delenv("MINIGEN_DATA", raising=False)
    monkeypatch.setattr(module, "cache_folder", lambda: tmp_path / "cache")
    random.seed(0)


# ------------------------------------------------------------------------------------------ MNIST: real files

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
        assert images.mean(dtype=np.float64) == pytest.approx(0.1307, abs=5e-5)     # the constants of every tutorial
        assert images.std(dtype=np.float64) == pytest.approx(0.3081, abs=5e-5)
    with np.load(SAMPLE, allow_pickle=False) as file:
        indices = file[f"{split}_indices"]
    sampled, sampled_labels = mnist_sample(split)
    np.testing.assert_array_equal(sampled, images[indices], strict=True)
    np.testing.assert_array_equal(sampled_labels, labels[indices], strict=True)


# ----------------------------------------------------------------------------------------------- the sample

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
    assert np.array_equal(images, pixels.astype(np.float32) / np.float32(255))      # whole grey levels, 0 .. 1
    assert hashlib.sha256(pixels.astype(np.uint8).tobytes()).hexdigest() == images_sha256
    assert hashlib.sha256(labels.astype(np.uint8).tobytes()).hexdigest() == labels_sha256
    assert np.bincount(labels, minlength=10).min() > 0.07 * n                       # every digit, about evenly


def test_sample_file_is_small_and_attributed():
    assert SAMPLE.stat().st_size <= 3_000_000
    with np.load(SAMPLE, allow_pickle=False) as file:
        assert all(name in str(file["about"]) for name in ("LeCun", "Cortes", "Burges", "CC BY-SA 3.0"))
        assert np.array_equal(file["train_indices"], np.arange(0, 60000, 5))
        assert np.array_equal(file["test_indices"], np.arange(0, 10000, 5))


def test_sample_default_is_train_and_arrays_are_the_callers():
    images, _ = mnist_sample()
    images[:] = 0
    assert len(images) == 12000 and mnist_sample()[0].max() == 1


@pytest.mark.parametrize("load", [mnist, mnist_sample])
@pytest.mark.parametrize("split", ["validation", "", None, 0])
def test_unknown_split(load, split):
    with pytest.raises(ValueError, match='choose "train" or "test"'):
        load(split)


# ------------------------------------------------------------------ MNIST: finding, verifying, downloading, keeping

def idx(array):
    """An IDX file: two zeros, 8 for unsigned bytes, the number of sizes, each size big-endian; then the bytes."""
    return b"\0\0\x08" + bytes([array.ndim]) + np.array(array.shape, ">i4").tobytes() + array.tobytes()


@pytest.fixture
def tiny(monkeypatch):
    """A stand-in for MNIST of 7 training and 3 test images: {file name: contents}, known to the loader."""
    rng, contents, table = np.random.default_rng(1), {}, {}
    for split, n in (("train", 7), ("test", 3)):
        entries = []
        for (name, _, _), shape, top in zip(module.FILES[split], ((n, 28, 28), (n,)), (256, 10), strict=True):
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
    (bytes, ""), (gzip.compress, ".gz"), (lambda data: gzip.compress(data, 1), ".gz"),      # re-compressed
    (bytes, ".gz")])                                                                        # unpacked by a browser
@pytest.mark.parametrize("inner", ["", "MNIST/raw"])                                        # torchvision's layout
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
    (lambda data: data[:3] + b"\x01" + data[4:], "sha256"),                                 # a wrong header
    (lambda data: data[:-5], "bytes when unpacked, expected 5,504"),
    (lambda data: data + b"\0", "bytes when unpacked"),
    (lambda data: b"", "holds 0 bytes"),
    (lambda data: b"<html>not found</html>", "holds 22 bytes"),
    (lambda data: gzip.compress(flip(data)), "sha256"),
    (lambda data: gzip.compress(data)[:-20], "damaged gzip file"),
    (lambda data: gzip.compress(data)[:2000], "damaged gzip file"),
    (lambda data: gzip.compress(data)[:40] + bytes(40) + gzip.compress(data)[80:], "damaged gzip file"),
    (lambda data: gzip.compress(data)[:10] + b"\xff" + gzip.compress(data)[11:], "damaged gzip file"),
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
    with np.load(tmp_path / "sample.npz", allow_pickle=False) as made, np.load(SAMPLE, allow_pickle=False) as shipped:
        assert {name: made[name].dtype for name in made} == {name: shipped[name].dtype for name in shipped}
        assert made["train_indices"].tolist() == [0, 5] and made["test_indices"].tolist() == [0]
        assert np.array_equal(made["train_images"], pixels[[0, 5]])
        assert made["train_labels"].tolist() == [tiny["train-labels-idx1-ubyte"][8 + i] for i in (0, 5)]
        assert np.array_equal(made["about"], shipped["about"])


class Mirrors:
    """In place of urlopen: what each URL gives, bytes or an error; every URL asked for is written down."""

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
    assert mirrors.asked == [f"{module.MIRRORS[0]}{name}.gz" for name in tiny if name.startswith("train")]
    assert sorted(path.name for path in (tmp_path / "cache").iterdir()) == [
        "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"]
    assert_is(tiny, mnist())
    assert len(mirrors.asked) == 2


@pytest.mark.parametrize("failure", [
    lambda tiny, url: urllib.error.URLError("no route"), lambda tiny, url: TimeoutError("timed out"),
    lambda tiny, url: http.client.IncompleteRead(b""),
    lambda tiny, url: packed(tiny, url)[:-30], lambda tiny, url: gzip.compress(b"another file"),
    lambda tiny, url: b"<html>please log in</html>"])
def test_second_mirror_helps(tmp_path, tiny, monkeypatch, failure):
    first, second = module.MIRRORS
    mirrors = Mirrors(monkeypatch, lambda url: failure(tiny, url) if url.startswith(first) else packed(tiny, url))
    assert_is(tiny, mnist())
    assert [url.startswith(second) for url in mirrors.asked] == [False, True, False, True]


def test_no_mirror_helps(tmp_path, tiny, monkeypatch):
    first, second = module.MIRRORS
    monkeypatch.setenv("MINIGEN_DATA", str(tmp_path / "mine"))
    Mirrors(monkeypatch, lambda url: urllib.error.URLError("no route") if url.startswith(first) else b"damaged")
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
    with monkeypatch.context() as broken, pytest.raises(DataError, match="cannot be kept.*disk full"):
        broken.setattr("os.replace", refuse)
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


# ------------------------------------------------------------------------------- distributions in the plane

def cells(half_width, size):
    """Midpoints (n, n, 2) of the square cells of side `size` that cover [-half_width, half_width)²."""
    ticks = np.arange(-half_width, half_width, size) + size / 2
    return np.stack(np.meshgrid(ticks, ticks, indexing="ij"), axis=-1)


@functools.cache
def masses(distribution, half_width, std):
    """Probability of each cell of side 2 std, by the midpoint rule on 4 × 4 points in each."""
    points = cells(half_width, std / 2)
    n = len(points) // 4
    p = distribution.density(points.reshape(-1, 2)) * (std / 2)**2
    return p.reshape(n, 4, n, 4).sum(axis=(1, 3))


def goodness_of_fit(samples, expected, half_width):
    """p-value of the chi-square test of samples against cell probabilities; cells that expect < 5 are put together."""
    edges = np.linspace(-half_width, half_width, len(expected) + 1)
    observed = np.histogram2d(*samples.T, bins=[edges, edges])[0].ravel()
    expected = expected.ravel() * len(samples)
    large = expected >= 5
    observed = np.append(observed[large], len(samples) - observed[large].sum())
    expected = np.append(expected[large], len(samples) - expected[large].sum())
    return stats.chisquare(observed, expected).pvalue


ROLL, MOONS = swiss_roll(noise=0.1), two_moons(noise=0.1)


@pytest.mark.parametrize("distribution, half_width, std", [
    (ring(), 2.4, 0.02), (ring(modes=5, radius=1.0, std=0.1), 2.4, 0.1), (grid(), 4.8, 0.05),
    (ROLL, 3.6, 0.1), (swiss_roll(noise=0.3), 4.8, 0.3), (MOONS, 2.8, 0.1), (two_moons(noise=0.05), 2.4, 0.05)])
def test_samples_follow_the_density_and_it_integrates_to_one(distribution, half_width, std):
    expected = masses(distribution, half_width, std)
    assert expected.sum() == pytest.approx(1, abs=1e-7)
    samples = distribution.sample(20000)
    assert samples.shape == (20000, 2) and samples.dtype == np.float32
    assert goodness_of_fit(samples, expected, half_width) > 0.01
    wider = samples + 0.5 * std * np.random.default_rng(2).standard_normal(samples.shape)
    assert goodness_of_fit(wider, expected, half_width) < 1e-6                      # 12% more noise is noticed


@pytest.mark.parametrize("distribution, half_width, points", [
    (MOONS, 2.8, make_moons(20000, noise=0.1, random_state=0)[0]),
    (ROLL, 3.6, make_swiss_roll(20000, noise=0.5, random_state=0)[0][:, [0, 2]] / 5)])
def test_curves_are_those_of_scikit_learn(distribution, half_width, points):
    assert goodness_of_fit(points, masses(distribution, half_width, 0.1), half_width) > 0.01


@pytest.mark.parametrize("mixture", [ring(), ring(modes=3, radius=0.5, std=0.3), grid(), grid(2, 1, 1)])
def test_mixture_density_agrees_with_scipy(mixture):
    points = np.concatenate([mixture.sample(200), 3 * np.random.default_rng(0).standard_normal((50, 2)), [[60, -80]]])
    logs = [stats.multivariate_normal(mean, mixture.std**2).logpdf(points) for mean in mixture.means]
    expected = np.logaddexp.reduce(logs, axis=0) - np.log(len(mixture.means))
    np.testing.assert_allclose(mixture.log_density(points), expected, rtol=1e-12)
    np.testing.assert_allclose(mixture.density(points), np.exp(expected), rtol=1e-9)
    assert mixture.density(points[:0]).shape == (0,)


@pytest.mark.parametrize("noise", [0.02, 0.1, 0.5])
def test_curve_density_agrees_with_adaptive_quadrature(noise):
    def roll(t):
        return t * np.cos(t) / 5, t * np.sin(t) / 5
    distribution, a, b = swiss_roll(noise), 1.5 * np.pi, 4.5 * np.pi
    for x, y in [*distribution.sample(6).tolist(), roll(a), roll(b), (0.1, 0.2)]:
        def integrand(t):
            return np.exp(-((x - roll(t)[0])**2 + (y - roll(t)[1])**2) / (2 * noise**2)) / (2 * np.pi * noise**2)
        pieces = np.linspace(a, b, 101)                     # short, so that no narrow peak is missed
        exact = sum(integrate.quad(integrand, *ends)[0] for ends in zip(pieces[:-1], pieces[1:])) / (b - a)
        assert distribution.density([[x, y]])[0] == pytest.approx(exact, rel=1e-7, abs=1e-10)


def test_standard_settings():
    angles = np.arange(8) * np.pi / 4
    np.testing.assert_allclose(ring().means, 2 * np.stack([np.cos(angles), np.sin(angles)], 1), atol=1e-15)
    assert ring().std == 0.02
    assert sorted(map(tuple, grid().means)) == [(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)]
    assert grid().std == 0.05


@pytest.mark.parametrize("make", [ring, grid, swiss_roll, two_moons])
def test_samples_come_from_the_seed(make):
    distribution = make()
    first, second = distribution.sample(9), distribution.sample(9)
    random.seed(0)
    assert np.array_equal(distribution.sample(9), first) and not np.array_equal(first, second)


@pytest.mark.parametrize("make, error", [
    (lambda: ring(modes=0), ValueError), (lambda: ring(modes=2.5), TypeError), (lambda: ring(radius=-1), ValueError),
    (lambda: ring(std=0), ValueError), (lambda: ring(std=np.nan), ValueError), (lambda: ring(std="1"), ValueError),
    (lambda: grid(side=0), ValueError), (lambda: grid(spacing=0), ValueError), (lambda: grid(std=np.inf), ValueError),
    (lambda: swiss_roll(noise=0), ValueError), (lambda: two_moons(noise=1e-4), ValueError),
    (lambda: ring().sample(0), ValueError), (lambda: two_moons().sample(-1), ValueError),
    (lambda: ring().sample(1.5), TypeError)])
def test_bad_settings(make, error):
    with pytest.raises(error, match="expected"):
        make()


@pytest.mark.parametrize("points", [
    [0.0, 1.0], np.zeros((3, 3)), np.zeros((2, 2, 2)), [[0, 1], [2]], "points", None, [[0, np.nan]], [[np.inf, 0]]])
@pytest.mark.parametrize("method", ["density", "log_density"])
def test_bad_points(points, method):
    with pytest.raises(ValueError, match="density: .*(expected|no NumPy array)"):
        getattr(ring(), method)(points)


# ------------------------------------------------------------------------------------------------- batches

def take(batches, n):
    return [batch for _, batch in zip(range(n), batches)]


def test_every_epoch_is_a_new_order_of_everything():
    images = np.arange(100).reshape(10, 10)
    batches = take(Batches(images, size=5), 40)
    orders = [tuple(np.concatenate(batches[i:i + 2])[:, 0] // 10) for i in range(0, 40, 2)]
    assert all(sorted(order) == list(range(10)) for order in orders)
    assert len(set(orders)) == 20                           # 20 epochs, 20 orders
    assert all(np.array_equal(row, images[row[0] // 10]) for batch in batches for row in batch)


def test_order_comes_from_the_seed():
    first = take(Batches(np.arange(50), size=20), 9)
    again = take(Batches(np.arange(50), size=20), 9)
    random.seed(0)
    same = take(Batches(np.arange(50), size=20), 9)
    assert all(map(np.array_equal, first, same)) and not all(map(np.array_equal, first, again))


def test_every_order_is_as_likely():
    counts = {}
    for batch in take(Batches(np.arange(3), size=3), 3000):
        counts[tuple(batch)] = counts.get(tuple(batch), 0) + 1
    assert len(counts) == 6 and stats.chisquare(list(counts.values())).pvalue > 0.01


@pytest.mark.parametrize("drop_last, sizes", [(False, [4, 4, 2]), (True, [4, 4])])
def test_last_batch_by_choice(drop_last, sizes):
    batches = Batches(np.arange(10), size=4, drop_last=drop_last)
    assert [len(batch) for batch in take(batches, 3 * len(sizes))] == 3 * sizes
    assert [len(batch) for batch in Batches(np.arange(8), size=4, drop_last=drop_last, epochs=2)] == [4] * 4


def test_without_shuffling_and_larger_than_the_data():
    assert [batch.tolist() for batch in Batches(np.arange(5), size=2, shuffle=False, epochs=2)] == [
        [0, 1], [2, 3], [4], [0, 1], [2, 3], [4]]
    assert [batch.tolist() for batch in Batches(np.arange(3), size=7, shuffle=False, epochs=1)] == [[0, 1, 2]]


def test_arrays_stay_together_and_keep_their_dtypes():
    images, labels = np.arange(12, dtype=np.float32).reshape(6, 1, 2), np.arange(6)
    for batch in take(Batches(images, labels, size=4), 8):
        assert isinstance(batch, tuple)
        assert batch[0].dtype == np.float32 and batch[1].dtype == np.int64
        assert np.array_equal(batch[0][:, 0, 0], 2 * batch[1])


@pytest.mark.parametrize("shuffle", [True, False])
def test_batches_are_copies(shuffle):
    data = np.ones((6, 2))
    for batch in Batches(data, size=3, shuffle=shuffle, epochs=1):
        batch[:] = 0
    assert data.all()


def test_a_finished_loop_begins_again_and_one_left_goes_on():
    batches = Batches(np.arange(4), size=2, shuffle=False, epochs=1)
    for _ in range(2):
        assert [batch.tolist() for batch in batches] == [[0, 1], [2, 3]]
    for batch in batches:
        break
    assert [batch.tolist() for batch in batches] == [[2, 3]]


@pytest.mark.parametrize("shuffle, drop_last", [(True, False), (True, True), (False, False)])
def test_resume_bit_for_bit(shuffle, drop_last):
    def run(batches, n):
        """What a trainer does: a batch, then noise from the same generator."""
        return [(next(batches).tolist(), random.generator().standard_normal(3).tolist()) for _ in range(n)]

    def make():
        return Batches(np.arange(10), size=4, shuffle=shuffle, drop_last=drop_last)

    for stop in range(12):                                  # in the middle and at the ends of epochs
        random.seed(5)
        whole = run(make(), 20)
        random.seed(5)
        interrupted = make()
        begun = run(interrupted, stop)
        state = json.loads(json.dumps(interrupted.state()))
        generator_state = random.generator().bit_generator.state
        random.seed(99)                                     # another process
        resumed = make()
        take(resumed, 1)
        random.generator().bit_generator.state = generator_state
        resumed.restore(state)
        assert begun + run(resumed, 20 - stop) == whole


def test_epochs_left_are_restored():
    batches = Batches(np.arange(6), size=2, epochs=3)
    take(batches, 5)
    resumed = Batches(np.arange(6), size=2, epochs=3)
    resumed.restore(batches.state())
    assert len(list(resumed)) == 4 and resumed.epoch == 3


@pytest.mark.parametrize("change", [
    {"length": 11}, {"size": 3}, {"epoch": 3}, {"epoch": -1}, {"epoch": "1"}, {"position": 12}, {"position": -4},
    {"position": 2}, {"position": 4.0}, {"seed": -1}, {"seed": "x"}, {"more": 1}])
def test_restoring_a_bad_state_changes_nothing(change):
    batches = Batches(np.arange(10), size=4, epochs=2)
    take(batches, 1)
    before = batches.state()
    with pytest.raises(ValueError, match="Batches.restore"):
        batches.restore(before | change)
    assert batches.state() == before


@pytest.mark.parametrize("state", [None, {}, {"epoch": 0}, [1, 2]])
def test_restoring_what_is_no_state(state):
    with pytest.raises(ValueError, match="expected a dictionary of epoch, length, position, seed, size"):
        Batches(np.arange(10), size=4).restore(state)


def test_batches_of_a_distribution():
    batches = Batches(ring(), size=5)
    first = take(batches, 3)
    random.seed(0)
    assert all(np.array_equal(batch, ring().sample(5)) for batch in first)
    resumed = Batches(ring(), size=5)
    resumed.restore(json.loads(json.dumps(batches.state())))
    assert next(resumed).shape == (5, 2)
    with pytest.raises(ValueError, match="no end to count"):
        Batches(ring(), size=5, epochs=1)


@pytest.mark.parametrize("arrays, options, error, message", [
    ((np.arange(5),), dict(size=0), ValueError, "size is 0"),
    ((np.arange(5),), dict(size=-2), ValueError, "size is -2"),
    ((np.arange(5),), dict(size=2.0), TypeError, "size is 2.0, expected a whole number"),
    ((np.arange(5),), dict(size=None), TypeError, "size is None"),
    ((np.arange(5),), dict(size=6, drop_last=True), ValueError, "leaves no batch of 5 examples"),
    ((np.arange(5),), dict(size=2, epochs=0), ValueError, "epochs is 0"),
    ((np.arange(5),), dict(size=2, epochs=1.5), TypeError, "epochs is 1.5"),
    ((np.arange(5), np.arange(6)), dict(size=2), ValueError, r"\[5, 6\] examples"),
    ((np.zeros((0, 3)),), dict(size=2), ValueError, r"empty \(shape \(0, 3\)\)"),
    ((np.array(3.0),), dict(size=2), ValueError, "no dimensions"),
    (([1, 2, 3],), dict(size=2), TypeError, "got a list, expected NumPy arrays"),
    ((ring(), np.arange(5)), dict(size=2), TypeError, "got a GaussianMixture"),
    ((), dict(size=2), TypeError, "no data given")])
def test_bad_batches(arrays, options, error, message):
    with pytest.raises(error, match=message):
        Batches(*arrays, **options)
