"""The theatre's file: the shell, what Stage makes of the recordings, and the arrays as they are,
end to end in base64. Nothing in it refers to anything outside. Read next: stories.py.
"""

import base64
import html
import importlib.resources
import json

import numpy

from ...files import writing
from . import charts, tours
from .stage import Stage

MB = 1_000_000
BUDGETS = {"plane": 3 * MB, "codes": 3 * MB, "images": 8 * MB, "vae": 8 * MB}
_CUBE = "M0 0H1V1H0ZM.42 .36H1.42V1.36H.42ZM0 0L.42 .36M1 0L1.42 .36M0 1L.42 1.36M1 1L1.42 1.36"


def write(path, runs, title, watched, budget):
    """What Recording.to_html says; runs: name -> (Recording, sentence), the first first."""
    stages = [Stage(other, i, name, sentence, watched)
              for i, (name, (other, sentence)) in enumerate(runs.items())]
    for stage in stages:
        _add_curves(stage, stages[0].recording)
    layouts, frames, blob = packed(stages)
    about = {"runs": [stage.about for stage in stages], "layouts": layouts, "frames": frames,
             "watched": watched, "cube": _CUBE, "tour": tours.tour_of([*runs.values()]),
             "blob": blob}
    page = _filled(title, about).encode()
    budget = BUDGETS[stages[0].kind] if budget is None else budget
    if len(page) > budget:
        raise ValueError(_over_budget(len(page), budget, stages, watched))
    with writing(path, "page") as file:
        file.write(page)
    return len(page)


def _add_curves(stage, first):
    recording, last = stage.recording, int(stage.recording.summary["steps"][-1])
    stage.about["charts"] = charts.charts_of(recording)
    stage.about["cursor"] = [charts.cursor(step, last) for step in recording.iterations]
    if stage.index:
        stage.about["comparison"] = charts.comparison(
            first, recording, ("the run", stage.about["name"]))


def packed(stages):
    """(layouts, frames, blob): every array as it is, end to end in base64, little end first.

    frames: "run/iteration/phase" -> [a layout's number, where its bytes begin]. A layout, which
    most iterations share: name -> [dtype, where its bytes are from there on, shape]."""
    layouts, frames, parts, at = [], {}, [], 0
    for stage in stages:
        for frame, arrays in stage.frames.items():
            layout, size = {}, 0
            for name, array in arrays.items():
                if array.dtype != numpy.float32:
                    array = array.astype("float64")
                data = numpy.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
                layout[name] = [array.dtype.name, size, list(array.shape)]
                parts += [data, bytes(-len(data) % 8)]          # each begins at a multiple of 8
                size += len(data) + len(parts[-1])
            if layout not in layouts:
                layouts.append(layout)
            frames[frame] = [layouts.index(layout), at]
            at += size
    return layouts, frames, base64.b64encode(b"".join(parts)).decode()


def unpacked(page):
    """The page's arrays again, "run/iteration/phase/name" -> array. page: the HTML as text."""
    data = json.loads(page.split('<script type="application/json" id="data">')[1]
                      .split("</script>")[0])
    blob = base64.b64decode(data["blob"])
    return {f"{frame}/{name}": numpy.frombuffer(
                blob, numpy.dtype(dtype).newbyteorder("<"), numpy.prod(shape, dtype=int),
                start + at).reshape(shape)
            for frame, (layout, start) in data["frames"].items()
            for name, (dtype, at, shape) in data["layouts"][layout].items()}


def _filled(title, about):
    shell = {name: _text(f"theatre.{name}") for name in ("html", "css", "js")}
    data = json.dumps(about, ensure_ascii=False, separators=(",", ":"))
    data = data.replace("</", "<\\/").replace("<!--", "<\\u0021--")       # no end of the script
    page = shell["html"].replace("{{title}}", html.escape(title))
    for name, text in (("css", shell["css"]), ("js", shell["js"]), ("data", data)):
        page = page.replace(f"{{{{{name}}}}}", text.strip())
    return page


def _text(name):
    return importlib.resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


def _over_budget(size, budget, stages, watched):
    sizes = {}
    for stage in stages:
        for frame in stage.frames.values():
            for name, array in frame.items():
                what = f"{name.split('/')[0]} of {stage.about['name']!r}"
                sizes[what] = sizes.get(what, 0) + array.nbytes
    most = max(sizes, key=sizes.get)
    return (f"theatre: the page would be {size / MB:.2f} MB, over its budget of {budget / MB:.2f} "
            f"MB. Record fewer iterations ({sum(len(s.recording) for s in stages)} in "
            f"{len(stages)} runs), watch fewer examples (watched={watched}), or leave out "
            f"counterfactuals; the largest part is {most}")
