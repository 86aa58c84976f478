"""How a Tensor, a layer and a record look in a notebook: plain tables that bring no colours, so
that they read well in light and in dark.

A notebook asks an object for `_repr_html_()`, and shows that in place of its repr. The methods are
given to their classes here, as functional gives Tensor its operators: no file of the engine holds
markup. On a GPU, what is shown is fetched. Not the subject: skim it at a first reading.
Read next: parallel.py.
"""

import html

from .autograd import Tensor
from .backend import array_module, is_array, to_numpy
from .layers import Layer
from .trainers import Record

LIMIT = 8                   # so many rows and columns of a Tensor are shown
MORE = "…"                  # stands for the others


def tensor_html(x):
    """What repr says; and the values, the first 8 × 8 of them, of one number, a vector or a
    matrix."""
    about = repr(x)
    if x.ndim > 2 or not x.size:
        return _table(about, (), ())
    matrix = x.data.reshape((1,) * (2 - x.ndim) + x.shape)
    more_rows, more_columns = (max(length - LIMIT, 0) for length in matrix.shape)
    corner = to_numpy(matrix[:LIMIT, :LIMIT]).tolist()
    head = ["", *map(str, range(len(corner[0])))] if x.ndim else []
    body = [[str(i) if x.ndim == 2 else "value", *row] for i, row in enumerate(corner)]
    if more_columns:
        head.append(f"{more_columns:,} more")
        body = [[*row, MORE] for row in body]
    if more_rows:
        body.append([f"{more_rows:,} more", *[MORE] * (len(head) - 1)])
    return _table(about, head, body)


def layer_html(layer):
    """A row for each layer that is inside, or for the layer itself: its name, call, output shape,
    arrays and number of parameters; and their total. What two layers share stands in the first."""
    owned = {}
    for name, p in layer.named_parameters():
        path, _, own = name.rpartition(".")
        owned.setdefault(path, {})[own] = p
    rows = []
    for path, inner in layer.named_layers():
        own = owned.get(path, {})
        if own or not inner.children():
            shapes = [f"{name} {p.shape}{'' if p.requires_grad else ' frozen'}"
                      for name, p in own.items()]
            rows.append([path, inner.describe(), _output(inner), ", ".join(shapes),
                         sum(p.size for p in own.values())])
    total = sum(p.size for p in layer.parameters())
    return _table(type(layer).__name__, ["name", "layer", "output", "arrays", "parameters"], rows,
                  ["total", "", "", "", total])


def record_html(record):
    """The single numbers of a step; and its arrays, the gradients among them, each with its shape
    and its norm, the square root of the sum of its squares."""
    values = [[name, value] for name, value in record.numbers().items() if value is not None]
    arrays = [[name, str(tuple(x.shape)), _norm(x)] for name, x in _arrays(record)]
    return (_table(type(record).__name__, ["number", "value"], values)
            + _table("", ["array", "shape", "norm"], arrays))


# ------------------------------------------------------------------------------ what is inside

def _output(layer):
    """The shape of the layer's output for m examples, once it has been called."""
    return "×".join(["m", *map(str, layer.output_shape[1:])]) if layer.output_shape else ""


def _arrays(record):
    """(what to write for it, array) of each array of a record, also of those in a dict."""
    for name in record._quantities:
        value = getattr(record, name)
        held = value.items() if isinstance(value, dict) else [(None, value)]
        yield from ((name if key is None else f"{name}[{key!r}]", x)
                    for key, x in held if is_array(x))


def _norm(x):
    return float(array_module(x).sqrt((x * x).sum()))


# -------------------------------------------------------------------------------------- tables

def _table(title, head, rows, foot=()):
    """A title above an HTML table whose rows begin with a heading. head: what stands over the
    columns; foot: the last row. All but the rows may be empty; without rows there is no table."""
    above = title and f"<p><code>{html.escape(title)}</code></p>"
    if not rows:
        return above
    heading = "".join(_cell("th scope=col", text, _side(cell)) for text, cell in zip(head, rows[0]))
    return "\n".join(filter(None, [
        above, "<table>", heading and f"<thead><tr>{heading}</tr></thead>",
        "<tbody>", *map(_row, rows), "</tbody>", foot and f"<tfoot>{_row(foot)}</tfoot>",
        "</table>"]))


def _row(cells):
    first, *others = cells
    return f"<tr>{_cell('th scope=row', first)}{''.join(_cell('td', cell) for cell in others)}</tr>"


def _cell(tag, content, side=None):
    """A cell, its text escaped; text stands on the left, a number on the right."""
    text = content if isinstance(content, str) else _written(content)
    return (f'<{tag} style="text-align: {side or _side(content)}">{html.escape(text)}'
            f"</{tag.split()[0]}>")


def _side(content):
    return "left" if isinstance(content, str) and content != MORE else "right"


def _written(number):
    return f"{number:,}" if isinstance(number, int) else f"{number:.4g}"


Tensor._repr_html_, Layer._repr_html_, Record._repr_html_ = tensor_html, layer_html, record_html
