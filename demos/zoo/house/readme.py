"""demos/zoo/README.md's table: written from the names, the rows of five seeds, and the pictures.

The rows are kept in results.json, so that one name can be measured anew without the others; the
text outside the two marker lines is written by hand.
"""

import io
import json
import sys

from PIL import Image

from minigen.files import replacing

from .catalogue import ENTRIES, FAMILIES, FOLDER, LINES
from .table import mean, number, passed

README, RESULTS, GALLERY = FOLDER / "README.md", FOLDER / "results.json", FOLDER / "gallery"
BEGIN = "<!-- from here to the next marker, run.py --seeds 5 writes -->"
END = "<!-- to here -->"
WIDTH = 900                             # of the pictures, pixels


def write_readme(rows, out):
    """Put these rows into results.json, their pictures into gallery/, and the table into README.md.

    out: the folder of run.py, with a folder for each name."""
    results = read_results() | rows
    with replacing(RESULTS) as file:
        file.write(json.dumps(results, indent=1, ensure_ascii=False).encode() + b"\n")
    GALLERY.mkdir(exist_ok=True)
    for name in rows:
        with Image.open(out / name / f"{name}.png") as image, \
                replacing(GALLERY / f"{name}.png") as file:
            image = image.convert("RGB")
            image.thumbnail((WIDTH, WIDTH))
            small = io.BytesIO()
            image.save(small, "PNG", optimize=True)
            file.write(small.getvalue())
    before, after = around_the_table()
    with replacing(README) as file:
        file.write(f"{before}{BEGIN}\n\n{table(results)}\n{END}{after}".encode())


def read_results():
    """name -> row of five seeds"""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def around_the_table():
    """README.md before the first marker and after the second."""
    before, begin, rest = README.read_text(encoding="utf-8").partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        sys.exit(f"{README} lacks the marker lines between which the table stands: {BEGIN} {END}")
    return before, after


def table(results):
    """All names by family: a table for each, those without a row as "not yet"."""
    parts = []
    for family in FAMILIES:
        parts += [f"### {family[0].upper()}{family[1:]}", "",
                  "| | the idea, and the line of Algorithm 1 that it changed | with the idea / "
                  "without / real | seeds passed | s |", "|---|---|---|---|---|"]
        parts += [row_of(entry, results.get(entry.name))
                  for entry in ENTRIES.values() if entry.family == family]
        parts.append("")
    return "\n".join(parts)


def row_of(entry, row):
    """A name's row: its title, paper and idea; with figures and a picture where it stands."""
    about = f"**{entry.title}** {entry.paper}<br>{entry.idea}; *{LINES[entry.line]}*"
    script = f"[`{entry.name}`]({entry.name}.py)"
    if row is None:
        name, state = (script, "five seeds not yet") if entry.stands else (entry.name, "not yet")
        return f"| {name} | {about} | {state} | | |"
    picture = f"{script}<br>"
    picture += f'<img src="gallery/{entry.name}.png" width="380" alt="{row["idea"]}">'
    figures = " / ".join(number(mean(row[key])) for key in ("with", "without", "real"))
    about += f"<br>{row['idea']}; without: {row['control']}"
    return (f"| {picture} | {about} | {row['measure']}: {figures} | {passed(row)} | "
            f"{row['seconds']:.0f} |")
