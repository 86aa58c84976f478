"""The rows of many names as one printed table."""

import textwrap


def as_table(rows):
    """rows: name -> a script's row (house/exhibit.py), or {"error": its last line}."""
    lines = [f"{'name':16} {'the idea; without it':38} {'with':>8} {'without':>8} {'real':>8} "
             f"{'passed':>8} {'seconds':>8}"]
    for name, row in rows.items():
        if "error" in row:
            lines.append(f"{name:16} failed: {row['error']}")
            continue
        numbers = [number(mean(row[key])) for key in ("with", "without", "real")]
        cells = [*numbers, passed(row), f"{row['seconds']:.0f}"]
        first, *rest = textwrap.wrap(f"{row['idea']}; {row['control']}", 38)
        lines.append(f"{name:16} {first:38} " + " ".join(cell.rjust(8) for cell in cells))
        lines += [f"{'':16} {line}" for line in rest + textwrap.wrap(f"({row['measure']})", 80)]
    return "\n".join(lines)


def passed(row):
    """How many seeds passed, as text; "shown" where nothing was promised."""
    return "shown" if row["passed"] is None else f"{row['passed']} of {row['seeds']}"


def mean(numbers):
    return sum(numbers) / len(numbers)


def number(x):
    """Three digits at most; the whole ones without a point."""
    return f"{x:.3g}"
