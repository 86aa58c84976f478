"""The theatre's file: the shell, what Stage makes of the recordings, and the arrays as they are, end
to end in base64. Nothing in it refers to anything outside. Read next: stories.py.
"""

import base64
import importlib.resources
import json

import numpy

from ..recording import Recording, writing
from . import charts, tours
from .stage import Stage

MB = 1_000_000
BUDGETS = {"plane": 3 * MB, "codes": 3 * MB, "images": 8 * MB, "vae": 8 * MB}
_CUBE = "M0 0H1V1H0ZM.42 .36H1.42V1.36H.42ZM0 0L.42 .36M1 0L1.42 .36M0 1L.42 1.36M1 1L1.42 1.36"


def write(path, recording, counterfactuals, title="Gradient theatre", watched=8, budget=None):
    """Write the page to exactly `path`, in one piece. Returns its size in bytes.

    counterfactuals: name -> (Recording, a sentence that says what it shows), each a tab beside the
    first. watched: how many examples are shown inside the networks. budget: the most bytes; 3 MB
    for points, 8 MB for images if left out. ValueError: over the budget, naming what to reduce;
    nothing was recorded in full. OSError: no file can be written there."""
    runs = {"the run": (recording, ""), **counterfactuals}
    for name, (other, _) in runs.items():
        if not isinstance(other, Recording) or not len(other):
            raise ValueError(f"theatre: {name!r} is {other!r}, expected a Recording with at least "
                             "one iteration in full")
    stages = [Stage(other, i, name, sentence, watched)
              for i, (name, (other, sentence)) in enumerate(runs.items())]
    for stage in stages:
        _add_curves(stage, recording, stage.about["name"])
    index, blob = packed({name: array for stage in stages for name, array in stage.arrays.items()})
    about = {"runs": [stage.about for stage in stages], "arrays": index, "watched": watched,
             "cube": _CUBE, "tour": tours.tour_of([*runs.values()]), "blob": blob}
    page = _filled(title, about).encode()
    budget = BUDGETS[stages[0].kind] if budget is None else budget
    if len(page) > budget:
        raise ValueError(_over_budget(len(page), budget, stages, watched))
    with writing(path, "page") as file:
        file.write(page)
    return len(page)


def _add_curves(stage, first, name):
    recording, last = stage.recording, int(stage.recording.summary["steps"][-1])
    stage.about["charts"] = charts.charts_of(recording)
    stage.about["cursor"] = [charts.cursor(step, last) for step in recording.iterations]
    if stage.index:
        stage.about["comparison"] = charts.comparison(first, recording, ("the run", name))


def packed(arrays):
    """(name -> [dtype, offset, shape], the bytes of all in base64): floats as they are, others as
    float64; each begins at a multiple of 8."""
    index, parts, at = {}, [], 0
    for name, array in arrays.items():
        if array.dtype not in (numpy.float32, numpy.float64):
            array = array.astype("float64")
        data = numpy.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        index[name] = [array.dtype.name, at, list(array.shape)]
        parts += [data, bytes(-len(data) % 8)]
        at += len(data) + len(parts[-1])
    return index, base64.b64encode(b"".join(parts)).decode()


def _filled(title, about):
    shell = {name: _text(f"theatre.{name}") for name in ("html", "css", "js")}
    data = json.dumps(about, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    page = shell["html"].replace("{{title}}", title)
    for name, text in (("css", shell["css"]), ("js", shell["js"]), ("data", data)):
        page = page.replace(f"{{{{{name}}}}}", text.strip())
    return page


def _text(name):
    return importlib.resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _over_budget(size, budget, stages, watched):
    heavy = max(stages, key=lambda stage: sum(a.nbytes for a in stage.arrays.values()))
    sizes = {}
    for name, array in heavy.arrays.items():
        sizes[name.split("/")[3]] = sizes.get(name.split("/")[3], 0) + array.nbytes
    most = max(sizes, key=sizes.get)
    return (f"theatre: the page would be {size / MB:.2f} MB, over its budget of {budget / MB:.2f} "
            f"MB. Record fewer iterations ({sum(len(s.recording) for s in stages)} in "
            f"{len(stages)} runs), watch fewer examples (watched={watched}), or leave out "
            f"counterfactuals; the largest part is {most!r} of {heavy.about['name']!r}")
