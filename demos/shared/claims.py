"""The table of claims: what the lecture says, what this run measured, and whether it held.

A mark is stated once: the text that is printed and the comparison are made from the same number.

    claims = Claims()
    claims.at_least("share of digits that are recognised", share, 0.6)            # >= 0.6
    claims.near("D(x) ends at 1/2", d_real, 0.5, within=0.05)                     # 0.5 ± 0.05
    claims.interval_above("it helps: mean gain", gain, interval, 0)               # interval above 0
    claims.report("the same share of real images", reference)                     # no mark
"""

import operator
import textwrap
from fractions import Fraction

import numpy as np


class Claims:
    """Rows of claims, each with its verdict: held, not held, or reported where there is no mark.

    print(claims) is a table of 80 columns; claims.rows are the same as dicts for run.json.
    A mark is set before the run and never widened to pass. Arguments that several methods share:

    text: the claim, in the lecture's words.
    value: the number that was measured; of several (a list or an array) all must meet the mark.
    interval: its (low, high).
    shown: what the table says was measured, where that is not the value itself.
    unit: what stands after the mark ("%"). The value is in the same unit.
    digits: decimals of the mark in the table, where the mark was itself measured.
    when: whether the mark counts in this run (say, with --full only); if not, reported."""

    def __init__(self):
        self.rows = []

    def report(self, text, value, interval=None):
        """A figure without a mark."""
        self._add(text, value, None, None, interval)

    def at_least(self, text, value, mark, **how):
        """value >= mark"""
        self._compare(text, value, operator.ge, ">=", mark, **how)

    def at_most(self, text, value, mark, **how):
        """value <= mark"""
        self._compare(text, value, operator.le, "<=", mark, **how)

    def above(self, text, value, mark, **how):
        """value > mark"""
        self._compare(text, value, operator.gt, ">", mark, **how)

    def below(self, text, value, mark, **how):
        """value < mark"""
        self._compare(text, value, operator.lt, "<", mark, **how)

    def near(self, text, value, target, within=None, percent=None, digits=None, **how):
        """|value − target| <= within, or |value / target − 1| <= percent / 100"""
        if percent is None:
            held, spread = abs(np.asarray(value) - target) <= within, _mark(within)
        else:
            held = abs(np.asarray(value) / target - 1) <= percent / 100
            spread = f"{_mark(percent)}%"
        self._judge(text, value, f"{_mark(target, digits)} ± {spread}", held, **how)

    def between(self, text, value, low, high, unit="", digits=None, **how):
        """low <= value <= high"""
        held = (float(low) <= np.asarray(value)) & (np.asarray(value) <= float(high))
        mark = f"{_mark(low, digits)}{unit} to {_mark(high, digits)}{unit}"
        self._judge(text, value, mark, held, **how)

    def equal(self, text, value, expected, unit="", **how):
        """value == expected"""
        self._judge(text, value, f"{_mark(expected)}{unit}", value == expected, **how)

    def every(self, text, count, of, shown=None, **how):
        """count == of: it is so in each of `of` cases."""
        shown = f"{count} of {of}" if shown is None else shown
        self.equal(text, count, of, unit=f" of {of}", shown=shown, **how)

    def more(self, text, ours, theirs, **how):
        """ours > theirs, both measured: `shown` says both."""
        self._judge(text, ours, "more", ours > theirs, **how)

    def fewer(self, text, ours, theirs, **how):
        """ours < theirs, both measured: `shown` says both."""
        self._judge(text, ours, "fewer", ours < theirs, **how)

    def interval_above(self, text, value, interval, mark, digits=None, **how):
        """The whole interval lies above the mark."""
        self._judge(text, value, f"interval above {_mark(mark, digits)}",
                    interval[0] > float(mark), interval=interval, **how)

    def interval_below(self, text, value, interval, mark, digits=None, **how):
        """The whole interval lies below the mark."""
        self._judge(text, value, f"interval below {_mark(mark, digits)}",
                    interval[1] < float(mark), interval=interval, **how)

    def interval_holds(self, text, value, interval, mark, digits=None, **how):
        """The mark lies in the interval."""
        self._judge(text, value, f"interval holds {_mark(mark, digits)}",
                    interval[0] <= float(mark) <= interval[1], interval=interval, **how)

    def holds(self, text, value, mark, truth, **how):
        """For the few that fit nowhere else: a mark in words, and whether it was met."""
        self._judge(text, value, mark, truth, **how)

    def _compare(self, text, value, compare, sign, mark, unit="", digits=None, **how):
        held = compare(np.asarray(value), float(mark))
        self._judge(text, value, f"{sign} {_mark(mark, digits)}{unit}", held, **how)

    def _judge(self, text, value, mark, held, interval=None, shown=None, when=True):
        measured = value if shown is None else shown
        if not when:
            self._add(text, measured, None, None, interval)
        else:
            verdict = "held" if np.size(held) and np.all(held) else "not held"
            self._add(text, measured, mark, verdict, interval)

    def _add(self, text, measured, threshold, verdict, interval):
        interval = None if interval is None else [float(end) for end in interval]
        self.rows.append({"claim": text, "measured": measured, "interval": interval,
                          "threshold": threshold, "verdict": verdict or "reported"})

    def __str__(self):
        header = _row("claim", "measured in this run", "threshold", "")
        lines = [*header, "-" * 80]
        for row in self.rows:
            measured = _figure(row["measured"])
            if row["interval"]:
                measured += " [" + ", ".join(_figure(end) for end in row["interval"]) + "]"
            lines += _row(row["claim"], measured, row["threshold"] or "none", row["verdict"])
        return "\n".join(lines)


def _mark(x, digits=None):
    """A mark as text: 0.6, 10, 1e-12, 2/3 (a Fraction), or with so many decimals."""
    if digits is not None:
        return f"{x:.{digits}f}"
    if isinstance(x, (Fraction, int)):
        return str(x)
    if 0 < abs(x) < 0.002:
        return np.format_float_scientific(x, trim="-", exp_digits=1)
    return np.format_float_positional(x, trim="-")


def _figure(x):
    """A measured figure as text."""
    if isinstance(x, (str, int)):
        return str(x)
    return f"{float(x):.3g}" if abs(x) < 1e-3 else f"{float(x):.3f}"


def _row(*cells):
    """One row of the table, its cells wrapped to their columns."""
    widths = (31, 23, 13, 8)
    wrapped = [textwrap.wrap(cell, width, break_on_hyphens=False) or [""]
               for cell, width in zip(cells, widths)]
    height = max(map(len, wrapped))
    padded = [column + [""] * (height - len(column)) for column in wrapped]
    return [" ".join(part.ljust(width) for part, width in zip(parts, widths)).rstrip()
            for parts in zip(*padded)]
