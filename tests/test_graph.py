"""draw_graph: its boxes and arrows are those of the tape, and its drawing can be read."""

import io
import itertools
import random

import numpy as np
import pytest
import strict_cupy
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyBboxPatch

import minigen as mg
from minigen import functional as F
from minigen import inspect
from minigen.inspect.layout import BEND, Box, place
from minigen.inspect.tape import LIMIT, read_tape
from minigen.layers import Dense, Layer, LeakyReLU, ReLU, Sequential, Sigmoid


# ------------------------------------------------------------------------ tapes, and names for them

def autoencoder():
    """The loss of the 8-3-8 network: its input is its target."""
    x = mg.backend.asarray(np.eye(8, dtype="float32"))
    encoder, decoder = Sequential(Dense(8, 3), Sigmoid()), Sequential(Dense(3, 8), Sigmoid())
    return F.mse_loss(decoder(encoder(x)), x), dict(encoder=encoder, decoder=decoder, x=x)


def players():
    return (Sequential(Dense(2, 128), ReLU(), Dense(128, 128), ReLU(), Dense(128, 2)),
            Sequential(Dense(2, 128), LeakyReLU(), Dense(128, 128), LeakyReLU(), Dense(128, 1)))


def phase_1():
    """Two passes through one D, on samples that are data."""
    G, D = players()
    x = mg.randn(64, 2)
    with mg.frozen(G):
        fake = G(mg.randn(64, 2))
    value = F.mean(F.logsigmoid(D(x))) + F.mean(F.logsigmoid(-D(fake)))
    return value, dict(D=D, x=x, fake=fake)


def phase_2():
    """The composed network: G, and a frozen D through which the gradient passes."""
    G, D = players()
    z = mg.randn(64, 2)
    fake = G(z)
    with mg.frozen(D):
        value = -F.mean(F.logsigmoid(D(fake)))
    return value, dict(G=G, D=D, z=z, fake=fake)


class Encoder(Layer):
    def __init__(self):
        self.hidden, self.mu, self.log_var = Dense(784, 400), Dense(400, 20), Dense(400, 20)

    def forward(self, x):
        h = F.relu(self.hidden(x))
        return self.mu(h), self.log_var(h)


def vae():
    """A step of a VAE: two routes into mu, the noise a constant."""
    encoder, decoder = Encoder(), Sequential(Dense(20, 400), ReLU(), Dense(400, 784))
    optimizer = mg.optim.SGD([*encoder.parameters(), *decoder.parameters()], 0.1)
    trainer = mg.trainers.VAETrainer(encoder, decoder, optimizer)
    x, noise = abs(mg.randn(32, 784)).clip(0, 1), mg.randn(32, 20)
    reconstruction, kl, mu, log_var, z = trainer.bound(x, noise)
    return -(reconstruction - kl), dict(
        encoder=encoder, decoder=decoder, x=x, noise=noise, mu=mu, log_var=log_var, z=z,
        reconstruction=reconstruction, kl=kl)


def used_twice():
    a = mg.tensor(3.0, requires_grad=True, name="a")
    b = a + a
    return b * b, {}


def joined():
    """An operation with any number of inputs, one of them a constant, and options."""
    a = mg.tensor(np.ones((2, 3)), requires_grad=True)
    return F.concatenate([a, np.zeros((1, 3)), a[:1]]).sum(), dict(a=a)


TAPES = {make.__name__: make for make in (autoencoder, phase_1, phase_2, vae, used_twice, joined)}
tapes = pytest.mark.parametrize("make", TAPES.values(), ids=TAPES)


# ---------------------------------------------------------------------- boxes and arrows, and kinds

def arrows_of(tensor):
    """What the tape says, read by recursion: (user, source, whether its gradient is wanted) of
    each use, users by birth."""
    found, seen = [], set()

    def visit(y):
        if id(y) not in seen:
            seen.add(id(y))
            for x, want in zip(y.creator.inputs, y.creator.wants):
                if isinstance(x, mg.Tensor) or mg.backend.is_array(x):
                    found.append((y, x, want is not None))
                if want is not None and want.creator:
                    visit(want)

    visit(tensor)
    return sorted(found, key=lambda use: use[0].creator.birth)


@tapes
def test_nodes_and_arrows_are_those_of_the_tape(make):
    value, _ = make()
    nodes, uses = read_tape(value), arrows_of(value)
    ours = [(node.x, source.x, gradient) for node in nodes for source, gradient in node.inputs]
    assert [[*map(id, use[:2]), use[2]] for use in ours] == [
        [*map(id, use[:2]), use[2]] for use in uses]
    tensors = {id(x) for use in uses for x in use[:2] if isinstance(x, mg.Tensor)}
    arrays = [x for _, x, _ in uses if not isinstance(x, mg.Tensor)]
    assert len(nodes) == len(tensors) + len(arrays)
    assert {id(node.x) for node in nodes if isinstance(node.x, mg.Tensor)} == tensors
    computed = [node.x for node in nodes if node.kind == "operation"]
    assert all(x.creator for x in computed) and computed[-1] is value
    births = [x.creator.birth for x in computed]
    assert births == sorted(births)
    wanted = {id(x) for _, x, gradient in uses if gradient}
    leaves = {id(node.x) for node in nodes if node.kind == "leaf"}
    assert leaves == {i for i in wanted if i not in map(id, computed)}


def kinds(value):
    nodes = read_tape(value)
    return {kind: [node.x for node in nodes if node.kind == kind]
            for kind in ("leaf", "frozen", "constant", "operation")}


def same(xs, ys):
    return sorted(map(id, xs)) == sorted(map(id, ys))


def test_in_phase_2_every_parameter_of_d_is_frozen_and_every_one_of_g_a_leaf():
    value, names = phase_2()
    found = kinds(value)
    assert same(found["frozen"], names["D"].parameters())
    assert same(found["leaf"], names["G"].parameters())
    assert same(found["constant"], [names["z"]])
    frozen = [gradient for node in read_tape(value) for source, gradient in node.inputs
              if source.kind == "frozen"]
    assert frozen == [False] * 6                        # no arrow goes back to them


def test_in_phase_1_g_is_not_there_and_its_samples_are_constants():
    value, names = phase_1()
    found = kinds(value)
    assert found["frozen"] == [] and same(found["leaf"], names["D"].parameters())
    assert same(found["constant"], [names["x"], names["fake"]])


def test_a_parameter_that_is_frozen_in_one_use_and_wanted_in_another_is_a_leaf():
    D, x = Dense(2, 1), mg.randn(3, 2)
    with mg.frozen(D):
        constant = D(mg.tensor(x, requires_grad=True))
    nodes = read_tape((constant + D(x)).sum())
    weight = next(node for node in nodes if node.x is D.weight)
    assert weight.kind == "leaf"
    assert sorted(gradient for node in nodes for source, gradient in node.inputs
                  if source is weight) == [False, True]


def test_a_condition_gets_no_arrow_back():
    c, x = (mg.tensor([1.0, 0.0], requires_grad=True) for _ in range(2))
    for condition, kind in ((x.data > 0, "constant"), (c, "leaf")):
        where = read_tape(F.where(condition, x, 0.0).sum())[-2]
        assert [(source.kind, gradient) for source, gradient in where.inputs] == [
            (kind, False), ("leaf", True)]
    assert sum("‖∇‖" in text for text in texts(
        inspect.draw_graph(F.where(c, x, 0.0).sum(), gradients=True))) == 4    # and the legend


def texts(figure):
    return [text.get_text() for text in figure.axes[0].texts]


def test_inside_the_block_a_frozen_network_is_known_by_its_name():
    G, D = players()
    fake = G(mg.randn(4, 2))
    with mg.frozen(D):
        logits = D(fake)
        unnamed, named = inspect.draw_graph(logits), inspect.draw_graph(logits, D=D)
    assert not any("frozen" in text for text in texts(unnamed))
    assert any("frozen" in text for text in texts(named))


# ---------------------------------------------------------------------------------- what is written

@tapes
def test_every_name_shape_and_call_is_written(make):
    value, names = make()
    written = texts(inspect.draw_graph(value, **names))
    for name, x in names.items():
        if isinstance(x, Layer):
            for inner, p in x.named_parameters():
                assert f"{name}.{inner}" in written and f"  {p.shape}" in written
        else:
            assert name in written
    nodes = read_tape(value)
    assert sum(text.startswith("  (") for text in written) == len(nodes)
    for node in nodes:
        if node.kind == "operation":
            name = node.x.creator.operation.__name__
            assert any(text == name or text.startswith(f"{name}(") for text in written)


def test_numbers_stand_in_the_call_and_unnamed_constants_have_their_arguments_names():
    x = mg.tensor([1.0, 2.0], requires_grad=True)
    written = texts(inspect.draw_graph(F.mse_loss(0.5 * x, np.array([0, 1], "float32"))))
    assert "multiply(0.5, ·)" in written and "target" in written
    assert "input" in texts(inspect.draw_graph(Dense(2, 1)(mg.randn(3, 2))))


@tapes
def test_norms_are_those_of_the_gradients(make):
    value, names = make()
    written = texts(inspect.draw_graph(value, gradients=True, **names))
    nodes = [node for node in read_tape(value) if node.kind in ("leaf", "operation")]
    expected = [f"‖∇‖ {np.linalg.norm(g.numpy()):.3g}"
                for g in mg.grad(value, [node.x for node in nodes])]
    assert sorted(text for text in written if text.startswith("‖∇‖")) == sorted(expected)
    assert not any("‖∇‖" in text for text in texts(inspect.draw_graph(value, **names)))


def test_the_legend_explains_what_is_there_and_nothing_else():
    value, names = phase_2()
    assert "frozen: no gradient is asked for" in texts(inspect.draw_graph(value, **names))
    written = texts(inspect.draw_graph(used_twice()[0]))
    assert [text for text in written if ":" in text] == ["leaf: a gradient arrives"]


def test_a_name_is_text_whatever_it_holds():
    a = mg.tensor(1.0, requires_grad=True, name="$\\frac{1}$ <b>")
    figure = inspect.draw_graph(a * 2.0)
    assert "$\\frac{1}$ <b>" in texts(figure)
    figure.savefig(io.BytesIO(), format="png")          # as a formula it would raise


# ----------------------------------------------------------------------------------- can it be read

def drawn(figure):
    """(boxes, texts) on the sheet, in points: (left, bottom, right, top)."""
    axes = figure.axes[0]
    renderer = FigureCanvasAgg(figure).get_renderer()
    to_points = axes.transData.inverted()
    boxes = [patch.get_path().get_extents(patch.get_transform() - axes.transData).extents
             for patch in axes.patches if isinstance(patch, FancyBboxPatch)
             and patch.get_linewidth() and patch.get_height() > 10]
    words = [text.get_window_extent(renderer).transformed(to_points).extents
             for text in axes.texts]
    return boxes, words


def overlap(a, b):
    return min(a[2], b[2]) - max(a[0], b[0]) > 0.5 and min(a[3], b[3]) - max(a[1], b[1]) > 0.5


@pytest.mark.parametrize("dpi", [100, 130])
@pytest.mark.parametrize("gradients", [False, True], ids=["plain", "gradients"])
@tapes
def test_no_box_covers_another_and_all_text_is_inside_one(make, gradients, dpi):
    value, names = make()
    figure = inspect.draw_graph(value, gradients=gradients, **names)
    figure.set_dpi(dpi)
    boxes, words = drawn(figure)
    nodes = read_tape(value)
    assert len(boxes) >= len(nodes) + 2                 # and the legend
    assert not any(overlap(a, b) for a, b in itertools.combinations(boxes, 2))
    for word in words:
        assert any(box[0] <= word[0] and word[2] <= box[2] for box in boxes if overlap(word, box))
    assert not any(overlap(a, b) for a, b in itertools.combinations(words, 2))
    assert figure.get_size_inches()[0] <= 10.05
    left, right = figure.axes[0].get_xlim()
    assert all(left < box[0] and box[2] < right for box in boxes)


def test_the_same_tape_is_the_same_picture():
    def picture():
        mg.seed(0)
        value, names = vae()
        file = io.BytesIO()
        inspect.draw_graph(value, gradients=True, **names).savefig(file, format="png")
        return file.getvalue()

    assert picture() == picture()


def test_the_demos_style_changes_nothing_and_warns_of_nothing(recwarn):
    import matplotlib
    value, _ = autoencoder()
    with matplotlib.rc_context({"figure.constrained_layout.use": True}):
        inspect.draw_graph(value).savefig(io.BytesIO(), format="png")
    assert len(recwarn) == 0


# ------------------------------------------------------------------------------------------- layout

def some_graph(seed):
    """Boxes of any size, and arrows from lower to higher numbers; every box has one."""
    chance = random.Random(seed)
    n = chance.randint(2, 25)
    boxes = [Box(chance.uniform(10, 120), chance.uniform(10, 60), chance.uniform(5, 30))
             for _ in range(n)]
    arrows = [(chance.randrange(max(0, j - 6), j), j) for j in range(1, n)]
    arrows += [(i, j) for i, j in (sorted(chance.sample(range(n), 2)) for _ in range(n // 3))]
    return boxes, arrows


@pytest.mark.parametrize("seed", range(30))
def test_boxes_are_apart_arrows_go_down_and_pass_between_boxes(seed):
    boxes, arrows = some_graph(seed)
    places, bends = place(boxes, arrows, (20, 15))
    corners = [(x - box.left, y - box.half, x + box.right, y + box.half)
               for (x, y), box in zip(places, boxes)]
    assert not any(overlap(a, b) for a, b in itertools.combinations(corners, 2))
    for (i, j), chain in zip(arrows, bends):
        heights = [corners[i][1], *(y for _, bottom, top in chain for y in (top, bottom)),
                   corners[j][3]]
        assert heights == sorted(heights, reverse=True)
        for x, bottom, top in chain:
            bend = x - BEND.left, bottom, x + BEND.right, top
            assert not any(overlap(bend, corner) for corner in corners)
    assert place(boxes, arrows, (20, 15)) == (places, bends)


def test_a_layer_is_the_longest_path():
    boxes, arrows = [Box(10, 10, 5)] * 5, [(0, 1), (1, 2), (0, 2), (2, 4), (3, 4)]
    places, bends = place(boxes, arrows, (20, 10))
    assert [y for _, y in places] == [65, 45, 25, 25, 5]    # 3 stands just above its only user
    assert [len(chain) for chain in bends] == [0, 0, 1, 0, 0]


def crossings(places, arrows, bends):
    """How many pairs of lines between the same two layers cross."""
    lines = []
    for (i, j), chain in zip(arrows, bends):
        points = [places[i], *((x, bottom) for x, bottom, _ in chain), places[j]]
        lines += [(round(y), x, x_next) for (x, y), (x_next, _) in zip(points, points[1:])]
    return sum(a[0] == b[0] and (a[1] - b[1]) * (a[2] - b[2]) < 0
               for a, b in itertools.combinations(lines, 2))


@pytest.mark.parametrize("seed", [8, 13, 15, 22])      # as they are numbered 1, 2, 3, 1
def test_lines_that_need_not_cross_do_not(seed):
    boxes, arrows = some_graph(seed)
    places, bends = place([Box(10, 10, 0)] * len(boxes), arrows, (20, 10))
    assert crossings(places, arrows, bends) == 0


def test_a_chain_is_straight():
    places, _ = place([Box(9, 9, 5)] * 6, [(i, i + 1) for i in range(5)], (20, 10))
    assert len({x for x, _ in places}) == 1


# ---------------------------------------------------------------------------------- what is refused

def test_what_has_no_tape_is_refused_by_name():
    D = Dense(2, 1)
    with pytest.raises(TypeError, match="got a .*Dense, expected a Tensor that was computed"):
        inspect.draw_graph(D)
    with pytest.raises(ValueError, match="no tape behind Tensor.*requires_grad.*: it was made"):
        inspect.draw_graph(D.weight)
    with mg.no_grad():
        constant = D(mg.randn(3, 2))
    with pytest.raises(ValueError, match="no tape behind .*no_grad"):
        inspect.draw_graph(constant)


def test_a_tape_that_backward_freed_is_refused():
    D = Dense(2, 1)
    h = D(mg.randn(3, 2))
    value, other = h.sum(), h.mean()
    value.backward()
    for y in (value, other):                            # h, which both use, is gone
        with pytest.raises(RuntimeError, match="this tape was freed by an earlier backward"):
            inspect.draw_graph(y)


def test_a_long_tape_is_refused_with_the_limit_and_what_to_draw():
    x = mg.tensor(1.0, requires_grad=True)
    y = x
    for _ in range(LIMIT):
        y = y + 1.0
    inspect.draw_graph(y)
    with pytest.raises(ValueError, match=rf"{LIMIT + 1} operations are behind .* more than {LIMIT} "
                                         r"cannot be read. Draw a part: .*draw_graph\(D\(x\)\)"):
        inspect.draw_graph(y + 1.0)


def test_gradients_need_one_number_and_a_tape_that_is_up_to_date():
    D = Dense(2, 1)
    h = D(mg.randn(3, 2))
    with pytest.raises(ValueError, match="expected a tensor of one number"):
        inspect.draw_graph(h, gradients=True)
    hidden = Dense(1, 1)
    value = hidden(h).sum()
    mg.optim.SGD(hidden.parameters(), 0.1).step(mg.grad(value, hidden.parameters()))
    inspect.draw_graph(value)                           # the tape is what it was
    with pytest.raises(RuntimeError, match="whose data was written to since"):
        inspect.draw_graph(value, gradients=True)


def test_names_are_for_what_is_on_the_tape():
    D, x = Dense(2, 1), mg.randn(3, 2)
    y = D(x)
    with pytest.raises(TypeError, match="x is a list, expected a network, a Tensor or an array"):
        inspect.draw_graph(y, x=[1.0])
    with pytest.raises(TypeError, match=r"path is a str, .*\(a file: draw_graph\(...\).savefig"):
        inspect.draw_graph(y, path="graph.png")
    for wrong in (x.copy(), D.weight.detach(), Dense(2, 1)):
        with pytest.raises(ValueError, match="this is not on this tape: give the very Tensor"):
            inspect.draw_graph(y, this=wrong)


# ------------------------------------------------------------------------------------------ corners

def test_no_elements_and_no_dimensions():
    x = mg.tensor(np.zeros((0, 3), "float32"), requires_grad=True, name="empty")
    written = texts(inspect.draw_graph(x.sum(), gradients=True))
    assert "  (0, 3)" in written and "  ()" in written and "‖∇‖ 0" in written


def test_the_tape_of_a_gradient_can_be_drawn():
    x = mg.tensor([0.5], requires_grad=True, name="x")
    (g,) = mg.grad(F.tanh(x).sum(), x, create_graph=True)
    assert "x" in texts(inspect.draw_graph(g.sum(), gradients=True))


@pytest.mark.parametrize("make", [phase_2, vae])
def test_on_the_stand_in_for_cupy(make):
    mg.seed(1)
    value, names = make()
    on_numpy = texts(inspect.draw_graph(value, gradients=True, **names))
    with strict_cupy.installed():
        mg.seed(1)
        value, names = make()
        strict_cupy.counts.reset()
        plain = texts(inspect.draw_graph(value, **names))
        assert strict_cupy.counts.to_host == 0
        with_norms = texts(inspect.draw_graph(value, gradients=True, **names))
        assert strict_cupy.counts.to_host == sum(text.startswith("‖∇‖") for text in with_norms)
    assert len(plain) < len(with_norms)
    for ours, numpys in zip(with_norms, on_numpy, strict=True):
        if ours.startswith("‖∇‖"):
            assert float(ours[4:]) == pytest.approx(float(numpys[4:]), rel=0.02)
        else:
            assert ours == numpys
