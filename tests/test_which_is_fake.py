"""The page which_is_fake.html: what is in it, and, where there is a browser, a whole game played by
key events."""

import ast
import base64
import html
import io
import json
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest
from browser import BROWSER, FLAGS
from matplotlib.image import imread

import minigen as mg
from minigen import layers

pytestmark = pytest.mark.host_arrays

DEMOS = pathlib.Path(__file__).parents[1] / "demos"


def run(demo, *flags):
    return subprocess.run([sys.executable, DEMOS / demo, "--quick", *flags], cwd=DEMOS.parent,
                          capture_output=True, text=True)


def functions(demo, *names):
    """The source of these functions of a demo, without its docstrings and comments"""
    tree = ast.parse((DEMOS / demo).read_text(encoding="utf-8"))
    found = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in found.values():
        node.body = node.body[1:] if isinstance(node.body[0].value, ast.Constant) else node.body
    return "\n".join(ast.unparse(found[name]) for name in names)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """(folder with the page, checkpoint): a page of players that were trained before"""
    trained, folder = tmp_path_factory.mktemp("trained"), tmp_path_factory.mktemp("loaded")
    for flags in (("--out", trained), ("--out", folder, "--checkpoint",
                                       trained / "checkpoint.npz")):
        done = run("which_is_fake.py", *flags)
        assert done.returncode == 0, done.stderr
    return folder, trained / "checkpoint.npz"


@pytest.fixture(scope="module")
def page(made):
    return (made[0] / "which_is_fake.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def data(page):
    return json.loads(
        re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1])


def pixels(uri):
    """The bytes (28, 28) of a PNG in base64"""
    kind, code = uri.split(",")
    assert kind == "data:image/png;base64"
    return np.round(255 * imread(io.BytesIO(base64.b64decode(code, validate=True)))).astype(
        np.uint8)


def test_the_page_needs_nothing_but_itself(page):
    shell = (DEMOS / "shared" / "which_is_fake.html").read_text(encoding="utf-8")
    assert len(shell.encode()) <= 60_000 and max(map(len, shell.splitlines())) <= 160
    assert not re.search(
        r"https?:|//[a-z]+\.|<link|<iframe|@import|url\(|\bfetch\b|XMLHttpRequest|<script[^>]+src",
        page)
    assert "default-src 'none'" in page and "{{" not in page


def test_its_pictures_are_test_digits_and_what_d_saw(data, made):
    test_images = {
        x.tobytes()
        for x in np.round(255 * mg.data.mnist_sample("test")[0]).astype(np.uint8)
    }
    with np.load(made[1]) as file:
        state = {
            name.removeprefix("discriminator/"): file[name]
            for name in file.files if name.startswith("discriminator/")
        }
    space = {
        **vars(layers), "normal": layers.initialisers.normal, "channels": len(state["0.weight"])
    }
    exec(functions("which_is_fake.py", "discriminator"), space)
    D = space["discriminator"]().eval()
    D.load_state_dict(state)
    assert len(data["pairs"]) == 60 and {pair["generated"] for pair in data["pairs"]} == {0, 1}
    for pair in data["pairs"]:
        left, right = pictures = [pixels(uri) for uri in pair["images"]]
        assert [x.tobytes() in test_images
                for x in pictures] == [pair["generated"] == 1, pair["generated"] == 0]
        with mg.no_grad():
            logits = D(mg.tensor(
                np.stack([left, right])[:, None].astype(np.float32) / 255)).numpy()[:, 0]
        assert pair["d"] == pytest.approx(1 / (1 + np.exp(-logits)), abs=1e-5)


def test_a_coin_is_judged_by_the_binomial_distribution(data):
    # P(6..14) = 0.9586, P(7..13) = 0.8847 (tables)
    assert data["rounds"] == 20 and data["guessing"] == [6, 14]


def numbers(demo):
    """The steps that a demo takes, and its sizes and rates, name -> number"""
    text = (DEMOS / demo).read_text(encoding="utf-8")
    named = [
        re.search(rf"^{names} = (.+?)(?: *#.*)?$", text, re.M)[1]
        for names in ("channels, latent, m", "rate_G, rate_D, hold")
    ]
    return [re.search(r"steps=([\d_]+)", text)[1], *named]


def test_the_players_and_their_training_are_those_of_gan_mnist():
    players = "generator", "discriminator", "prior"
    assert functions("which_is_fake.py", *players) == functions("gan_mnist.py", *players)
    assert numbers("which_is_fake.py") == numbers("gan_mnist.py") == [
        "3000", "24, 64, 32", "5e-3, 5e-4, 0.75"
    ]


def test_colours_can_be_read(page):
    """Contrast of text and of what carries meaning against the paper, as the web's guidelines count
    it: at least 4.5 and 3."""
    colours = dict(re.findall(r"--(\w+): (#\w{6})", page))

    def luminance(colour):
        c = np.array([int(colour[i:i + 2], 16) for i in (1, 3, 5)]) / 255
        return np.where(c <= 0.03928, c / 12.92,
                        ((c + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152, 0.0722)

    for name, least in (("ink", 4.5), ("quiet", 4.5), ("generated", 4.5), ("real", 4.5),
                        ("discriminator", 3), ("line", 3)):
        lighter, darker = sorted(map(luminance, (colours[name], colours["paper"])), reverse=True)
        assert (lighter + 0.05) / (darker + 0.05) >= least, name


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    for name in ("other.npz", "missing.npz"):
        done = run("which_is_fake.py", "--out", tmp_path, "--checkpoint", tmp_path / name)
        assert done.returncode == 1 and name in done.stderr and "Traceback" not in done.stderr


@pytest.mark.skipif(not BROWSER, reason="no Chromium here: the page's game was not played")
def test_a_game_played_by_key_events(made, data, tmp_path):
    address = (made[0] / "which_is_fake.html").as_uri() + "#selftest"
    done = subprocess.run([
        BROWSER, *FLAGS, f"--user-data-dir={tmp_path}", "--window-size=412,892",
        "--virtual-time-budget=8000", "--dump-dom", address
    ], capture_output=True, text=True, timeout=120)
    found = re.search(r'<output id="selftest">(.+?)</output>', done.stdout, re.S)
    assert found, done.stderr[-2000:]
    report = json.loads(html.unescape(found[1]))
    n = data["rounds"]
    d = sum(pair["d"][pair["generated"]] < pair["d"][1 - pair["generated"]]
            for pair in data["pairs"][:n])
    assert report["idle"] == 0                                          # keys that are no answer
    assert report["expected"] == {"you": n - len(range(0, n, 3)), "d": d}
    assert report["score"] == [f"{n - len(range(0, n, 3))} of {n}", f"{d} of {n}"]
    # what is read aloud
    assert [text.startswith("Right") for text in report["texts"]] == [i % 3 > 0 for i in range(n)]
    assert report["sizes"] == [28] * (4 * n)
    for shown, uri in zip(report["pictures"], data["pairs"][0]["images"]):
        # bit for bit, as the browser decodes it
        assert shown == pixels(uri).ravel().tolist()
    assert report["focus"] == report["next"] == n and report["wide"] == 0
    assert report["again"] == {"first": n, "score": ["0 of 0", "0 of 0"]}
