"""The row of a name in the zoo, and its picture: the idea, its control, real data.

A script hands over what is its own: `play` trains, `measure` looks at what was made, `draw` shows
it. What is done with these is the same for all: every seed plays twice, with the idea and without,
from the same seed and for as many steps; the row counts the seeds that kept the promise.
"""

import math
import pathlib
import time
from typing import NamedTuple

import minigen as mg
from minigen.metrics import paired_interval
from shared import run
from shared.claims import Claims
from shared.pictures import plt, save


class Row(NamedTuple):
    """What a script promises, of one figure. A mark is set before the run that is to meet it: the
    worst of five seeds or more, and a margin.

    idea, control: what is done with the idea, and what in its place without, in a few words each.
    mark: what the figure with the idea reaches; None where an honest try showed no effect at this
    size: then the row has figures, and nothing is to pass.
    gap: how far it is ahead of the control's with the same seed.
    less: whether the smaller figure is the better one.
    real: what the third panel shows, real data measured as if they were generated."""
    idea: str
    control: str
    mark: float | None
    gap: float = 0.0
    less: bool = False
    real: str = "real data"

    def ahead(self, with_idea, without):
        """How far the figure with the idea is ahead, positive if it is the better one."""
        return without - with_idea if self.less else with_idea - without

    def passes(self, with_idea, without):
        """Whether the two figures of a seed keep the promise."""
        return self.ahead(with_idea, self.mark) >= 0 and self.ahead(with_idea, without) >= self.gap


def exhibit(row, play, real, measure, draw, description, steps, quick=4,
            panel=(4.2, 4.2)):
    """Run a script of the zoo as it was called: train, measure, draw, print the row.

    play: (idea, steps) -> what was made, after training with the idea (True) or its control.
    real: () -> the same, of real data: what the best generator could reach.
    measure: what was made -> {name: figure}; the first is the row's.
    draw: (axes, what was made): one panel of the picture, of `panel` inches.
    description, steps, quick: as in shared.run.arguments."""
    arguments = run.arguments(description, steps, quick, folder=pathlib.Path("out/zoo"), options={
        "--seeds": dict(type=run.positive, default=1,
                        help="how many seeds, from --seed on (default 1)")})
    figures = []                                    # of each seed: with the idea, without, real
    for seed in range(arguments.seed, arguments.seed + arguments.seeds):
        made = []
        for make in (lambda: play(True, arguments.steps), lambda: play(False, arguments.steps),
                     real):
            mg.seed(seed)                           # all three begin alike
            made.append(make())
        figures.append([measure(each) for each in made])
        if seed == arguments.seed:
            picture(row, made, figures[0], draw, panel, arguments.out / f"{arguments.name}.png")
    claims, about = judge(row, figures)
    seconds = (time.time() - arguments.started) / arguments.seeds
    about |= {"name": arguments.name, "seeds": arguments.seeds, "seconds": round(seconds, 1)}
    print(f"\n{as_text(about)}")
    run.finish(arguments, claims, row=about)


def judge(row, figures):
    """The Claims of all seeds, and the row as a dict for run.json.

    figures: of each seed the measures with the idea, without it, of real data."""
    name, *others = figures[0][0]
    ideas, controls, reals = ([measures[name] for measures in column] for column in zip(*figures))
    pairs = [*zip(ideas, controls)]
    ahead = [row.ahead(*pair) for pair in pairs]
    claims = Claims()
    if row.mark is None:
        claims.report(f"{row.idea}: {name}", _list(ideas))
        claims.report("... how far ahead of the control, same seed: no promise", _list(ahead))
    else:
        mark = claims.at_most if row.less else claims.at_least
        mark(f"{row.idea}: {name}", ideas, row.mark, shown=_list(ideas))
        claims.at_least("... how far ahead of the control with the same seed", ahead, row.gap,
                        shown=_list(ahead))
    if len(pairs) > 1:
        mean, interval = paired_interval(ahead)
        if row.mark is None:
            claims.report("... on average", mean, interval)
        else:
            claims.interval_above("... on average", mean, interval, 0)
    claims.report(f"... {row.control}", _list(controls))
    claims.report(f"... {row.real}, measured the same way", _list(reals))
    for other in others:
        claims.report(f"{other}: with the idea; without; real", "; ".join(
            _list([measures[other] for measures in column]) for column in zip(*figures)))
    passed = None if row.mark is None else sum(row.passes(*pair) for pair in pairs)
    about = {"idea": row.idea, "control": row.control, "measure": name, "passed": passed,
             "with": ideas, "without": controls, "real": reals}
    return claims, about


def picture(row, made, figures, draw, panel, path):
    """The picture: what was made with the idea, without it, and real data, each with its figure."""
    figure, panels = plt.subplots(1, 3, figsize=(3 * panel[0], panel[1]))
    name = next(iter(figures[0]))
    for axes, title, each, measures in zip(panels, (row.idea, row.control, row.real), made,
                                           figures):
        draw(axes, each)
        axes.set_title(f"{title}\n{_number(measures[name])}")
    figure.suptitle(name[0].upper() + name[1:], x=0.01, ha="left")
    save(figure, path)


def as_text(about):
    """The row as it is printed: name, idea, the three figures, seeds passed, seconds."""
    passed = "no promise" if about["passed"] is None else f"{about['passed']} of {about['seeds']}"
    with_idea, without, real = (_list(about[key]) for key in ("with", "without", "real"))
    return (f"{about['name']} · {about['idea']} · {about['measure']}: {with_idea} / without: "
            f"{without} / real: {real} · seeds passed: {passed} · {about['seconds']:.0f} s")


def _list(numbers):
    return ", ".join(map(_number, numbers))


def _number(x):
    """Three digits, and whole numbers as they are; nothing was measured where it is nan."""
    return f"{x:d}" if isinstance(x, int) else "none" if math.isnan(x) else f"{x:.3g}"
