"""The theatre's page, without a browser: it needs nothing but itself, its numbers are the
recording's, and they are evidence: from the page's own tensors V, its closed-form derivatives and
central differences are worked out again."""

import importlib.resources
import re

import numpy as np
import pytest
from test_recorder import TRAINERS, batches, record

import minigen as mg
from minigen import inspect
from minigen.functional import elementwise
from minigen.inspect.theatre.page import BUDGETS, unpacked
from minigen.inspect.theatre.numbers import window
from minigen.layers import Dense, LeakyReLU, ReLU, Sequential

pytestmark = pytest.mark.host_arrays

SHELL = {name: importlib.resources.files("minigen.inspect.theatre").joinpath(f"theatre.{name}")
         .read_text(encoding="utf-8") for name in ("html", "css", "js")}


def ring_game(loss="saturating", k=1):
    mg.seed(2)
    G = Sequential(Dense(2, 16), ReLU(), Dense(16, 16), ReLU(), Dense(16, 2))
    D = Sequential(Dense(2, 16), LeakyReLU(0.2), Dense(16, 16), LeakyReLU(0.2), Dense(16, 1))
    optimizers = [mg.optim.SGD(network.parameters(), 0.05, momentum=0.5) for network in (G, D)]
    trainer = mg.trainers.GANTrainer(G, D, *optimizers, k=k, generator_loss=loss,
                                     prior=lambda m: mg.randn(m, 2))
    p = mg.data.ring(std=0.3)
    recorder = inspect.Recorder([1, 20], density=p.density)
    trainer.fit(p, 20, batch_size=16, callbacks=[recorder])
    return recorder.recording


def page_of(recording, folder, **options):
    recording.to_html(folder / "theatre.html", **options)
    return (folder / "theatre.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def recordings():
    return {"ring": ring_game(), "ring, non-saturating, k = 2": ring_game("non_saturating", 2),
            "images": record("gan of images")[1], "vae": record("vae")[1],
            "autoencoder": record("autoencoder")[1]}


KINDS = ["ring", "ring, non-saturating, k = 2", "images", "vae", "autoencoder"]


# ----------------------------------------------------------------------------------- the file

@pytest.mark.parametrize("kind", KINDS)
def test_the_page_needs_nothing_but_itself(kind, recordings, tmp_path):
    page = page_of(recordings[kind], tmp_path)
    assert not re.search(r"(?i)https?:|//[a-z]+\.|<link|<iframe|@import|url\((?!#)|\bfetch\b|"
                         r"XMLHttpRequest|import\(|<script[^>]+src|<img", page)
    assert "default-src 'none'" in page and not re.search(r"\{\{\w+\}\}", page)
    assert page.count('<script type="application/json"') == 1


def test_names_are_text_and_not_html(recordings, tmp_path):
    page = page_of(recordings["ring"], tmp_path, title="<b> & co", counterfactuals={
        "</script><i>": (recordings["ring"], "<!-- beside -->")})
    assert "<title>&lt;b&gt; &amp; co</title>" in page
    assert page.count("</script>") == 2 and page.count("<!--") == 1         # the shell's own
    assert "&lt;/script&gt;&lt;i&gt;" in page


def test_the_shell_is_small_and_can_be_read():
    assert sum(len(text.encode()) for text in SHELL.values()) <= 80_000
    for text in SHELL.values():
        assert max(map(len, text.splitlines())) <= 140
        assert len(text) / len(text.splitlines()) < 80


def test_the_page_shows_and_never_computes():
    """No mathematics of a model in its JavaScript, and no way to the network."""
    used = {*re.findall(r"Math\.(\w+)", SHELL["js"])}
    assert used <= {"min", "max", "abs", "round", "floor"}              # sizes and colours
    assert not re.search(r"\b(exp|log|tanh|sigmoid|random|WebSocket|eval)\b *\(", SHELL["js"])


@pytest.mark.parametrize("kind", KINDS)
def test_its_numbers_are_the_recordings_bit_for_bit(kind, recordings, tmp_path):
    recording = recordings[kind]
    found = unpacked(page_of(recording, tmp_path, watched=3))
    seen = set()
    for name, array in found.items():
        run, place, phase, what, *rest = name.split("/")
        key = "/".join([place, phase, what, *rest])
        if key not in recording.arrays or rest[-1] == "checks":
            assert what in ("derived", "parameters"), name
            continue
        whole = recording.arrays[key]
        if what == "parameters":
            whole = window(whole)
        elif what == "layers":
            whole = whole.reshape(len(whole), -1)[:3, :64]
        elif array.shape != whole.shape:
            assert len(array) == 3
            whole = whole[:3]
        assert array.dtype == whole.dtype and array.tobytes() == whole.tobytes(), name
        seen.add(what)
    assert seen == {"tensors", "tensor_gradients", "layers", "parameters", "views"} - (
        set() if kind != "autoencoder" else {"views"})


# ------------------------------------------------------------------------------- the evidence

def forward(parameters, x, slope):
    """A dense network of the page's parameters, in double precision."""
    for i in (0, 2, 4):
        W, b = (parameters[f"{i}.{part}"].astype("float64") for part in ("weight", "bias"))
        x = x @ W.T + b.reshape(-1)
        x = np.where(x > 0, x, slope * x) if i < 4 else x
    return x


def parameters_of(arrays, place, network):
    start = f"{place}/parameters/{network}/"
    return {name.removeprefix(start).removesuffix("/before"): array
            for name, array in arrays.items()
            if name.startswith(start) and name.endswith("/before")}


def check_evidence(page, loss):
    """V, ∂V/∂logits in closed form, and central differences, from what the page holds alone."""
    arrays = unpacked(page)
    rng = np.random.default_rng(0)
    for it in (1, 20):
        one, two = f"0/{it}/0", f"0/{it}/1"
        x, fake = arrays[f"{one}/tensors/x"], arrays[f"{one}/tensors/fake"]
        D, G = parameters_of(arrays, one, "discriminator"), parameters_of(arrays, two, "generator")

        def V(D):
            return (-np.logaddexp(0, -forward(D, x, 0.2)).mean()
                    - np.logaddexp(0, forward(D, fake, 0.2)).mean())

        np.testing.assert_allclose(arrays[f"{one}/tensors/value"], V(D), rtol=1e-5)
        for side, sample in (("real", x), ("fake", fake)):
            d = 1 / (1 + np.exp(-forward(D, sample, 0.2)))
            closed = (1 - d if side == "real" else -d) / len(d)
            np.testing.assert_allclose(arrays[f"{one}/tensor_gradients/{side}_logits"], closed,
                                       rtol=1e-4, atol=1e-8)
            np.testing.assert_allclose(arrays[f"{one}/derived/closed_{side}"], closed, rtol=1e-4)
        compare(arrays, f"{one}/parameters/discriminator", D, V, rng)

        z, after = arrays[f"{two}/tensors/z"], parameters_of(arrays, two, "discriminator")

        def value(G):
            s = forward(after, forward(G, z, 0.0), 0.2)
            return (-np.logaddexp(0, s).mean() if loss == "saturating"
                    else np.logaddexp(0, -s).mean())

        np.testing.assert_allclose(arrays[f"{two}/tensors/value"], value(G), rtol=1e-5)
        np.testing.assert_allclose(arrays[f"{two}/tensors/fake"], forward(G, z, 0.0), rtol=1e-4,
                                   atol=1e-6)
        compare(arrays, f"{two}/parameters/generator", G, value, rng)


def compare(arrays, place, parameters, value, rng, eps=1e-6):
    """The gradients of several weights against central differences."""
    for name in parameters:
        g = arrays[f"{place}/{name}/gradient"]
        for _ in range(4):
            at = tuple(rng.integers(0, n) for n in g.shape)
            sides = []
            for shift in (eps, -eps):
                moved = parameters[name].astype("float64")
                moved[at] += shift
                sides.append(value({**parameters, name: moved}))
            assert g[at] == pytest.approx((sides[0] - sides[1]) / (2 * eps), rel=2e-3, abs=2e-6)


@pytest.mark.parametrize("loss", ["saturating", "non_saturating"])
def test_the_page_is_evidence(loss, tmp_path):
    check_evidence(page_of(ring_game(loss), tmp_path), loss)


@pytest.mark.parametrize("operation", ["relu", "leaky_relu", "logsigmoid"])
def test_with_a_sign_flipped_in_a_rule_the_evidence_is_against_it(operation, tmp_path, monkeypatch):
    operation = getattr(mg.functional, operation)
    assert operation.rules and operation.__module__ == elementwise.__name__
    wrong = [lambda *given, rule=rule, **options: -rule(*given, **options)
             for rule in operation.rules]
    monkeypatch.setattr(operation, "rules", tuple(wrong))
    with pytest.raises(AssertionError):
        check_evidence(page_of(ring_game(), tmp_path), "saturating")


def test_a_run_that_forgets_to_freeze_is_told_as_it_was(tmp_path):
    class Forgetful(mg.trainers.GANTrainer):
        def update_generator(self, m, noise=None):
            z, = self._sample_noise(m, noise)
            fake = self.generator(z)
            fake_logits = self.discriminator(fake)
            value = -mg.functional.mean(mg.functional.logsigmoid(fake_logits))
            θ = [*self.generator_optimizer.parameters, *self.discriminator_optimizer.parameters]
            gradients = mg.grad(value, θ)
            self.generator_optimizer.step(gradients[:4])
            self.discriminator_optimizer.step(gradients[4:])
            return mg.trainers.Record(value=value.data, gradients={})

    plain = TRAINERS["gan"]()
    trainer = Forgetful(*plain.parts().values(), prior=plain.prior)
    recorder = inspect.Recorder([1])
    trainer.fit(batches("gan"), 1, callbacks=[recorder])
    one, two = recorder.recording[1].phases
    assert not two.networks["discriminator"].frozen
    assert two.networks["discriminator"].gradients.keys() == one.networks[
        "discriminator"].gradients.keys()
    page = page_of(recorder.recording, tmp_path)
    assert "Here D was not frozen" in page and "D is frozen: its weights" not in page
    assert "test_theatre.py" in page            # whose line it was


def test_derived_numbers_are_what_they_say(recordings, tmp_path):
    arrays = unpacked(page_of(recordings["ring"], tmp_path))
    one, two = "0/20/0/", "0/20/1/"
    s = arrays[one + "tensors/real_logits"].astype("float64")
    np.testing.assert_allclose(arrays[one + "derived/mean_log_d_real"],
                               -np.logaddexp(0, -s).mean(), rtol=1e-6)
    g = arrays[two + "tensor_gradients/fake"]
    np.testing.assert_allclose(arrays[two + "derived/descent"], -len(g) * g, rtol=1e-6)
    np.testing.assert_allclose(
        arrays[two + "derived/arrow_ends"],
        arrays[two + "tensors/fake"] - len(g) * g / arrays[two + "derived/arrow_scale"], rtol=1e-4)
    update = arrays[two + "parameters/generator/0.weight/update"]
    np.testing.assert_array_equal(update, arrays[two + "parameters/generator/0.weight/after"]
                                  - arrays[two + "parameters/generator/0.weight/before"])
    norms = arrays[two + "derived/norms/generator z"]
    np.testing.assert_allclose(norms[-1], [np.linalg.norm(arrays[two + "tensors/fake"]),
                                           np.linalg.norm(g)], rtol=1e-5)


# ------------------------------------------------------------------------------------ wrong calls

def test_a_page_over_its_budget_names_what_to_reduce(recordings, tmp_path):
    with pytest.raises(ValueError, match=r"over its budget of 0\.05 MB\. Record fewer iterations "
                                         r"\(2 in 1 runs\).*watched=8.*largest part is"):
        recordings["ring"].to_html(tmp_path / "page.html", budget=50_000)
    assert not any(tmp_path.iterdir()) and BUDGETS["plane"] == 3e6 and BUDGETS["images"] == 8e6


def test_a_path_that_cannot_be_written(recordings, tmp_path):
    with pytest.raises(OSError, match="the page .* cannot be written"):
        recordings["ring"].to_html(tmp_path / "missing" / "page.html")
    assert not any(tmp_path.iterdir())


def test_counterfactuals_are_recordings(recordings, tmp_path):
    with pytest.raises(ValueError, match="'other' is 3, expected a Recording"):
        recordings["ring"].to_html(tmp_path / "page.html", counterfactuals={"other": (3, "")})
    empty = record("gan", iterations=[50])[1]
    with pytest.raises(ValueError, match="at least one iteration in full"):
        empty.to_html(tmp_path / "page.html")


def test_a_loaded_recording_makes_the_same_page(recordings, tmp_path):
    recordings["ring"].save(tmp_path / "run.npz")
    pages = [page_of(recording, tmp_path)
             for recording in (recordings["ring"], inspect.load(tmp_path / "run.npz"))]
    assert pages[0] == pages[1]


def test_batches_of_other_sizes_have_a_layout_of_their_own(tmp_path):
    trainer = mg.trainers.AutoencoderTrainer(
        encoder := Dense(6, 3), decoder := Dense(3, 6),
        mg.optim.SGD(encoder.parameters() + decoder.parameters(), 0.1))
    recorder, (a, b, *_) = inspect.Recorder([1, 2]), batches("autoencoder")
    trainer.fit([a, b[:3]], 2, callbacks=[recorder])
    arrays = unpacked(page_of(recorder.recording, tmp_path))
    assert [len(arrays[f"0/{it}/0/tensors/x"]) for it in (1, 2)] == [5, 3]


# ----------------------------------------------------------------------------------- the colours

def luminance(colour):
    c = np.array([int(colour[i:i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.03928, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ (0.2126, 0.7152,
                                                                              0.0722)


@pytest.mark.parametrize("scheme", [0, 1])
def test_colours_can_be_read(scheme):
    """Contrast of text against the paper and what lies on it: at least 4.5."""
    blocks = re.findall(r":root \{(.*?)\}", SHELL["css"], re.DOTALL)
    colours = dict(re.findall(r"--([\w-]+): (#\w{6})", blocks[scheme]))
    for name in ("ink", "quiet", "d", "g", "real", "grad"):
        for ground in ("paper", "raised"):
            a, b = sorted((luminance(colours[name]), luminance(colours[ground])), reverse=True)
            assert (a + 0.05) / (b + 0.05) >= 4.5, (name, ground)
    a, b = sorted((luminance(colours["ink"]), luminance(colours["lit"])), reverse=True)
    assert (a + 0.05) / (b + 0.05) >= 4.5
