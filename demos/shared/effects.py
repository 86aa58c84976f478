"""The effect of a change, measured over paired runs: with it minus without it, the same seeds."""

from typing import NamedTuple

from minigen.metrics import paired_interval


class Effect(NamedTuple):
    """mean: of a measure with the change minus without it.  interval: its 95% interval.  verdict:
    "helped", "hurt" or, where the interval holds 0, "no effect seen".  certain: the same by an
    interval so wide that all intervals of the table hold together in 95%."""
    mean: float
    interval: tuple
    verdict: str
    certain: str


def effect(differences, intervals):
    """The Effect of differences (seeds,), one of so many `intervals` (Bonferroni's correction)."""
    mean, interval = paired_interval(differences)
    _, wider = paired_interval(differences, 1 - 0.05 / intervals)
    return Effect(mean, interval, _verdict(*interval), _verdict(*wider))


def _verdict(low, high):
    return "helped" if low > 0 else "hurt" if high < 0 else "no effect seen"


def draw_effects(axes, effects, colours):
    """A row for each of the `effects`: its interval and its mean, filled where it is certain."""
    for row, e in enumerate(effects):
        axes.plot(e.interval, (row, row), color=colours[e.verdict], linewidth=2.8)
        hollow = e.certain == "no effect seen"
        axes.plot(e.mean, row, "o", color=colours[e.verdict], markersize=8.5, markeredgewidth=2,
                  markerfacecolor="white" if hollow else colours[e.verdict])
    axes.axvline(0, color="0.3", linewidth=1)
    axes.grid(axis="x")
