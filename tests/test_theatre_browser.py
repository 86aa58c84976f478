"""The theatre in headless Chromium: every cue of every recorded iteration visited by keyboard,
every printed number compared with the recording's, the lock on the right network, nothing in the
console.
"""

import importlib.util
import json
import math
import os
import pathlib

import numpy as np
import pytest
from browser import BROWSER, Browser
from matplotlib.image import imread
from test_recorder import record
from test_theatre import ring_game

from minigen.inspect.theatre.page import unpacked

pytestmark = pytest.mark.skipif(not BROWSER, reason="no Chromium here: the page was not opened")
SEEN = """JSON.stringify({
  numbers: [...document.querySelectorAll("[data-name]")].map(e =>
    [e.dataset.name, Number(e.dataset.at), Number(e.dataset.digits || 4), e.textContent]),
  locks: [...document.querySelectorAll(".net")].map(e =>
    [e.dataset.network, e.dataset.frozen === "true", e.querySelectorAll(".state svg").length]),
  hash: location.hash, said: document.getElementById("now").textContent,
  lit: document.querySelectorAll("#paper .lit").length,
  line: [...document.querySelectorAll("#source .now")].map(e => Number(e.dataset.line)),
  text: document.querySelector("#source .now code").textContent})"""


def axe():
    """The source of axe-core: the file that $AXE_CORE names, or that of a package; or None."""
    if "AXE_CORE" in os.environ:
        return pathlib.Path(os.environ["AXE_CORE"]).read_text(encoding="utf-8")
    found = importlib.util.find_spec("axe_core_python")
    return found and pathlib.Path(found.origin).with_name("axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def recordings():
    return {"ring": ring_game(), "k = 2": ring_game("non_saturating", k=2)}


@pytest.fixture(scope="module")
def pages(recordings, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    recordings["ring"].to_html(folder / "ring.html", counterfactuals={
        "k = 2": (recordings["k = 2"], "Two steps of D in each iteration.")})
    for name, kind in (("images", "gan of images"), ("vae", "vae"), ("codes", "autoencoder")):
        record(kind)[1].to_html(folder / f"{name}.html")
    return folder


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("profile")) as browser:
        yield browser


def look(browser):
    return json.loads(browser(SEEN))


def check_numbers(seen, arrays, recordings):
    """Each printed number is the page's, to the digits shown, and, by its name, the recording's."""
    for name, at, digits, text in seen["numbers"]:
        x = float(arrays[name].ravel()[at])
        run, rest = name.split("/", 1)
        kept = recordings[int(run)].arrays.get(rest)
        if kept is not None and kept.size == arrays[name].size and "checks" not in name:
            assert float(kept.ravel()[at]) == x
        shown = float(text.replace("−", "-"))
        last = 10.0 ** (math.floor(math.log10(abs(x))) - digits + 1) if x else 0
        assert abs(shown - x) <= 0.5000001 * last, (name, at, text, x)


def test_every_cue_of_every_iteration_by_keyboard(browser, pages, recordings):
    browser.errors.clear()
    browser.open((pages / "ring.html").as_uri())
    browser("document.getElementById('tour-end').click()")
    arrays = unpacked((pages / "ring.html").read_text(encoding="utf-8"))
    both, visited, compared = [*recordings.values()], [], 0
    for run, (recording, cues) in enumerate(zip(both, (13, 20))):
        browser(f"document.querySelector('[data-run=\"{run}\"]').click()")
        for _ in range(50):
            browser.key("ArrowLeft", shift=True)
            if f"it={recording.iterations[0]}&" in look(browser)["hash"]:
                break
        browser("state.cue = 0; render(); document.activeElement.blur()")
        for i in range(cues * len(recording)):
            seen = look(browser)
            visited.append(seen["hash"].split("&layer")[0])
            check_numbers(seen, arrays, both)
            compared += len(seen["numbers"])
            check_locks(seen, recording, i // cues, i % cues)
            browser.key("ArrowRight")
    assert len({*visited}) == len(visited) == (13 + 20) * 2
    assert compared > 66 * 40 and browser.errors == []


def check_locks(seen, recording, place, cue):
    """A frozen network, and no other, has a lock; the marked lines are those of the recording."""
    iteration = recording[recording.iterations[place]]
    per_phase = [7] * (len(iteration.phases) - 1) + [6]
    index = next(i for i in range(len(per_phase)) if cue < sum(per_phase[:i + 1]))
    phase = iteration.phases[index]
    assert {network for network, *_ in seen["locks"]} == {"generator", "discriminator"}
    for network, frozen, locks in seen["locks"]:
        assert frozen == phase.networks[network].frozen == bool(locks)
    assert seen["said"].startswith(phase.name) and seen["lit"] >= 1
    spans = [[*range(s["first"], s["last"] + 1)] for s in phase.statements]
    assert seen["line"] in spans


def test_the_other_pages_say_nothing_in_the_console(browser, pages):
    for name in ("images", "vae", "codes"):
        browser.errors.clear()
        browser.open((pages / f"{name}.html").as_uri())
        cues, layers = browser("[run().cues.length, document.querySelectorAll('.layer').length]")
        assert browser("document.getElementById('tour').hidden") is False
        for _ in range(2 * cues - 1):
            browser.key("ArrowRight")
        assert browser("state.cue") == cues - 1 and browser("state.it") == 1
        for i in range(layers):
            browser(f"document.querySelectorAll('.layer')[{i}].click()")
        assert browser.errors == [] and browser("document.querySelectorAll('canvas').length") > 3


def test_the_tour_the_address_and_the_heat_maps_by_keyboard(browser, pages):
    browser.errors.clear()
    address = (pages / "ring.html").as_uri()
    browser.open(address)
    stops = browser("data.tour.length")
    assert 8 <= stops <= 10 and browser("location.hash").endswith("tour=1")
    for i in range(2, stops + 1):
        browser("document.getElementById('tour-next').focus()")
        browser.key("Enter")
        assert browser("location.hash").endswith(f"tour={i}")
    moment = browser("location.hash").rpartition("&")[0]
    browser.open(address + moment)                          # a link shows the same moment
    assert browser("location.hash") == moment and browser("document.getElementById('tour').hidden")
    browser("document.querySelector('#layer canvas').focus()")
    browser.key("ArrowDown")
    browser.key("ArrowRight")
    assert "at=1.1" in browser("location.hash") and "cue=G5" in browser("location.hash")
    assert "row 2, column 2" in browser("document.activeElement.getAttribute('aria-label')")
    browser("document.getElementById('iteration').focus()")
    browser.key("ArrowLeft")                                # a native slider
    assert "it=1&" in browser("location.hash")
    # every control can be reached, and has a name
    assert browser("""[...document.querySelectorAll('button, input, [tabindex="0"]')].filter(e =>
        e.offsetParent && !e.textContent.trim() && !e.getAttribute('aria-label') && !e.labels)
        .length""") == 0
    assert browser.errors == []


def test_it_is_there_within_two_seconds(browser, pages):
    """The best of three: others may be using the machine."""
    assert min(browser.open((pages / "ring.html").as_uri()) for _ in range(3)) < 2


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width, height", [(1280, 800), (412, 892)])
def test_pictures_at_three_moments(browser, pages, tmp_path, width, height, scheme):
    browser.scheme(scheme, motion="reduce")
    browser.size(width, height)
    for cue in ("D3", "D6", "G5"):
        browser.open((pages / "ring.html").as_uri() + f"#run=0&it=20&cue={cue}")
        assert browser("document.documentElement.scrollWidth <= innerWidth")
        browser.picture(tmp_path / f"{cue}.png")
        picture = imread(tmp_path / f"{cue}.png")[..., :3]
        assert picture.shape[:2] == (height, width)
        ground = picture[-1, 0] if scheme == "light" else picture[0, -1]
        assert (picture.mean() > 0.5) == (scheme == "light")
        assert 0.02 < (abs(picture - ground).max(-1) > 0.1).mean() < 0.9
    browser.scheme("light")
    browser.size(1280, 800)


@pytest.mark.skipif(axe() is None, reason="no axe-core here (pip install axe-core-python, or "
                                          "$AXE_CORE): accessibility was not checked")
@pytest.mark.parametrize("name", ["ring", "images", "vae", "codes"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_violation_of_accessibility(browser, pages, name, scheme):
    browser.scheme(scheme, motion="reduce")
    browser.open((pages / f"{name}.html").as_uri())
    browser("document.getElementById('tour-end').click()")
    for _ in range(4):
        browser.key("ArrowRight")
    browser(axe() + "; 0")
    found = json.loads(browser("""axe.run().then(r => JSON.stringify(r.violations.map(v =>
        [v.impact, v.id, v.nodes.slice(0, 3).map(n => n.html.slice(0, 120))])))"""))
    assert [v for v in found if v[0] in ("serious", "critical")] == []
    browser.scheme("light")


def test_it_prints(browser, pages, tmp_path):
    browser.open((pages / "ring.html").as_uri() + "#run=0&it=20&cue=D6")
    done = browser.send("Page.printToPDF")
    assert len(done["data"]) > 20_000
    np.testing.assert_equal(browser.errors, [])
