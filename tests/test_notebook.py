"""What a notebook shows of a Tensor, a layer and a record, read back from the HTML."""

import html.parser

import numpy as np
import pytest
import strict_cupy

import minigen as mg
from minigen.layers import BatchNorm, Dense, Layer, LeakyReLU, ReLU, Sequential


class Page(html.parser.HTMLParser):
    """Titles and tables of a page, as lists of rows of text; elements must be closed in order."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tables, self.titles, self.sides = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert tag in ("p", "code", "table", "thead", "tbody", "tfoot", "tr", "th", "td"), tag
        self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("th", "td"):
            self.tables[-1][-1].append("")
            self.sides.append(dict(attributes)["style"].removeprefix("text-align: "))
            assert tag == "td" or dict(attributes)["scope"] in ("row", "col")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] == "code":
            self.titles.append(data)
        elif data.strip():
            assert self.open[-1] in ("th", "td"), data
            self.tables[-1][-1][-1] += data


def shown(x):
    return Page(x._repr_html_())


# ------------------------------------------------------------------------------------------ Tensors

def test_a_matrix():
    x = mg.tensor([[1.0, -2.5], [1e-7, 12345.678]], requires_grad=True, name="W")
    page = shown(x)
    assert page.titles == [repr(x)]
    assert page.tables == [[["", "0", "1"], ["0", "1", "-2.5"], ["1", "1e-07", "1.235e+04"]]]
    assert page.sides == ["left", "right", "right"] * 3


def test_a_vector_and_a_number():
    assert shown(mg.tensor([1.0, 2.0])).tables == [[["", "0", "1"], ["value", "1", "2"]]]
    assert shown(mg.tensor(3.5)).tables == [[["value", "3.5"]]]


def test_the_title_says_what_made_it():
    y = mg.tensor([1.0, 2.0], requires_grad=True) * 2.0
    assert shown(y).titles == [
        f"Tensor(shape=(2,), float32, {mg.backend.xp.__name__}, made by multiply)"]


@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 3, 4)])
def test_without_elements_or_of_more_dimensions_only_the_title(shape):
    page = shown(mg.tensor(np.zeros(shape)))
    library = mg.backend.xp.__name__
    assert page.titles == [f"Tensor(shape={shape}, float64, {library})"] and page.tables == []


def test_eight_by_eight_are_shown_whole():
    values = np.arange(64.0).reshape(8, 8)
    (table,) = shown(mg.tensor(values)).tables
    assert [[float(cell) for cell in row[1:]] for row in table[1:]] == values.tolist()


@pytest.mark.parametrize("shape", [(9, 8), (8, 9), (20, 1234), (1, 9)])
def test_beyond_that_it_says_how_many_are_left_out(shape):
    values = np.random.default_rng(0).standard_normal(shape).round(3)
    head, *rows = shown(mg.tensor(values)).tables[0]
    more_rows, more_columns = (max(n - 8, 0) for n in shape)
    assert head[9:] == ([f"{more_columns:,} more"] if more_columns else [])
    if more_rows:
        last = rows.pop()
        assert last[0] == f"{more_rows:,} more" and set(last[1:]) == {"…"}
    assert [[float(cell) for cell in row[1:9]] for row in rows] == values[:8, :8].tolist()
    assert all(row[9:] == ["…"] * bool(more_columns) for row in rows)
    assert {len(row) for row in rows} == {len(head)}


def test_a_long_vector():
    (table,) = shown(mg.tensor(np.arange(1000.0))).tables
    assert table == [["", *map(str, range(8)), "992 more"],
                     ["value", *map(str, range(8)), "…"]]


def test_what_is_no_number_is_shown_too():
    assert shown(mg.tensor([np.nan, np.inf, -np.inf])).tables[0][1][1:] == ["nan", "inf", "-inf"]


def test_names_are_escaped():
    x = mg.tensor(1.0, name="<script>alert('&')</script>")
    assert "<script" not in x._repr_html_()
    assert "name=\"<script>alert('&')</script>\"" in shown(x).titles[0]


# ------------------------------------------------------------------------------------------- layers

def test_a_network_layer_by_layer():
    network = Sequential(Dense(2, 8), ReLU(), BatchNorm(8), Dense(8, 1, bias=False))
    network[0].bias.requires_grad = False
    network(mg.randn(5, 2))
    page = shown(network)
    assert page.titles == ["Sequential"]
    assert page.tables == [[
        ["name", "layer", "output", "arrays", "parameters"],
        ["0", "Dense(2, 8)", "m×8", "weight (8, 2), bias (8,) frozen", "24"],
        ["1", "ReLU()", "m×8", "", "0"],
        ["2", "BatchNorm(8)", "m×8", "weight (8,), bias (8,)", "16"],
        ["3", "Dense(8, 1, bias=False)", "m×1", "weight (1, 8)", "8"],
        ["total", "", "", "", "48"]]]


def test_one_layer_that_was_not_called():
    assert shown(Dense(1000, 2)).tables[0][1:] == [
        ["", "Dense(1000, 2)", "", "weight (2, 1000), bias (2,)", "2,002"],
        ["total", "", "", "", "2,002"]]


class Tied(Layer):
    """One layer inside twice, another in a dict with a hostile name, and a parameter of its own."""

    def __init__(self):
        self.first = Dense(2, 2)
        self.parts = {"<b>": Sequential(self.first, LeakyReLU()), "two": [Dense(2, 3)]}
        self.scale = mg.tensor([1.0], requires_grad=True)


def test_the_total_counts_what_is_shared_once():
    layer = Tied()
    _, *rows, total = shown(layer).tables[0]
    assert [(row[0], row[3], row[4]) for row in rows] == [
        ("", "scale (1,)", "1"),
        ("first", "weight (2, 2), bias (2,)", "6"),
        ("parts.<b>.0", "", "0"),
        ("parts.<b>.1", "", "0"),
        ("parts.two.0", "weight (3, 2), bias (3,)", "9")]
    assert int(total[-1]) == sum(p.size for p in layer.parameters()) == 16
    assert "<b>" not in layer._repr_html_()


# ------------------------------------------------------------------------------------------ records

def gan():
    G, D = (Sequential(Dense(n, 4), LeakyReLU(), Dense(4, m)) for n, m in ((2, 3), (3, 1)))
    optimizers = mg.optim.SGD(G.parameters(), 0.1), mg.optim.SGD(D.parameters(), 0.1)
    trainer = mg.trainers.GANTrainer(G, D, *optimizers, prior=lambda m: mg.randn(m, 2))
    trainer.step([mg.randn(5, 3)])
    return trainer


def test_a_record_s_numbers_and_the_norms_of_its_gradients():
    trainer = gan()
    real, fake = "logit_gradients['real']", "logit_gradients['fake']"
    for record, others in ((trainer.phase_1, [real, fake]),
                           (trainer.phase_2, [fake, "sample_gradient"])):
        page = shown(record)
        assert page.titles == ["Record"]
        numbers, arrays = page.tables
        assert numbers == [["number", "value"], *(
            [name, f"{value:.4g}"] for name, value in record.numbers().items()
            if value is not None)]
        names = [f"gradients[{name!r}]" for name in record.gradients]
        assert arrays[0] == ["array", "shape", "norm"]
        assert [row[0] for row in arrays[1:]] == [*names, *others]
        for (_, shape, norm), g in zip(arrays[1:], record.gradients.values()):
            assert shape == str(g.shape)
            assert float(norm) == pytest.approx(np.linalg.norm(g), rel=1e-3)


def test_a_record_of_a_checkpoint_has_numbers_alone():
    record = mg.trainers.record.record_of_numbers({"value": 0.0, "d_real": None})
    assert shown(record).tables == [[["number", "value"], ["value", "0"]]]


def test_a_record_s_names_are_escaped():
    record = mg.trainers.Record(gradients={"<i>": np.ones(4)})
    assert "<i>" not in record._repr_html_()
    assert shown(record).tables == [[["array", "shape", "norm"], ["gradients['<i>']", "(4,)", "2"]]]


# --------------------------------------------------------------------------------------------- CuPy

def test_on_the_stand_in_for_cupy_only_what_is_shown_is_fetched():
    with strict_cupy.installed():
        x, big = mg.tensor(np.ones((1000, 1000))), mg.tensor(np.ones((2, 2, 2)))
        trainer = gan()
        strict_cupy.counts.reset()
        assert shown(x).tables[0][-1][0] == "992 more" and strict_cupy.counts.to_host == 1
        assert "cupy" in shown(big).titles[0] and strict_cupy.counts.to_host == 1
        assert shown(trainer.discriminator).tables[0][-1][-1] == "21"
        assert strict_cupy.counts.to_host == 1
        _, arrays = shown(trainer.phase_1).tables
        assert len(arrays) == 7 and strict_cupy.counts.to_host == 1 + 3 + 6


def test_a_class_of_ones_own_may_show_itself_otherwise():
    class Mine(Layer):
        def _repr_html_(self):
            return "mine"

    assert Mine()._repr_html_() == "mine"
