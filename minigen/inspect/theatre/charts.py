"""The page's curves as SVG, drawn in Python: every point's place is worked out here.

Each chart is WIDTH by HEIGHT units, its frame from x = LEFT to RIGHT; `cursor(step, last)` says
where a step is, so that the page can move a line there. Read next: tours.py.
"""

import html
import math

import numpy

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 320, 160, 40, 312, 8, 138
POINTS = 300                # of a curve, at most: every n-th iteration is drawn
TITLES = {"elbo": "the bound (ELBO): nats an example",
          "reconstruction": "reconstruction, E log p(x | z): nats an example",
          "kl": "KL(q(z | x) ‖ p(z)): nats an example"}
# Dashes, never colour alone:
STYLES = ("", "6 3", "2 2", "8 3 2 3", "4 4", "1 3", "12 4", "8 2 2 2 2 2")


def chart(title, curves, level=None, log=False, last=None, moves=True, marks=False):
    """<figure> with curves, a list of (label, class, steps, values), and `level` (height, text), a
    line to compare with. last: the step at the right end; of the curves, if left out. moves:
    whether a line marks the iteration that the page shows. marks: single points, no curves."""
    values = numpy.concatenate([numpy.asarray(v, float) for _, _, _, v in curves])
    values = numpy.append(values, level[0]) if level else values
    low, high = _limits(values, log)
    last = last or max(max(steps) for _, _, steps, _ in curves)

    def y(value):
        a, b, v = numpy.log10([low, high, value]) if log else (low, high, value)
        return round(BOTTOM - (v - a) / (b - a) * (BOTTOM - TOP), 1)

    parts, legend = [*_frame(y, _ticks(low, high, log), level, last)], []
    for i, (label, style, steps, curve) in enumerate(curves):
        points = [f"{cursor(s, last)} {y(v)}" for s, v in _some(steps, curve)
                  if math.isfinite(v) and (v > 0 or not log)]
        if marks:                       # a line of no length, seen by its round or square end
            line = f'<path class="mark {style}" stroke-linecap="{("round", "square")[i % 2]}" d='
            path, sample = "".join(f"M{point}h0" for point in points), "M12 3h0"
        else:
            line = f'<path class="curve {style}" stroke-dasharray="{STYLES[i % len(STYLES)]}" d='
            path, sample = f"M{'L'.join(points)}", "M0 3H24"
        parts += [f'{line}"{path}"/>'] if points else []
        legend.append(f'<span class="{style}"><svg viewBox="0 0 24 6" aria-hidden="true">'
                      f'{line}"{sample}"/></svg>{html.escape(label)}</span>')
    if moves:
        parts.append(f'<path class="cursor" data-cursor d="M0 {TOP}V{BOTTOM}"/>')
    return (f'<figure><figcaption>{html.escape(title)}</figcaption><svg class="chart" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(title)}">'
            f'{"".join(parts)}</svg><div class="legend">{"".join(legend)}</div></figure>')


def _frame(y, ticks, level, last):
    """Lines and numbers at the left, the first and last step below, and the level."""
    for tick in ticks:
        yield (f'<path class="rule" d="M{LEFT} {y(tick)}H{RIGHT}"/><text class="tick" '
               f'x="{LEFT - 4}" y="{y(tick) + 3}" text-anchor="end">{_text(tick)}</text>')
    if level:
        yield (f'<path class="level" d="M{LEFT} {y(level[0])}H{RIGHT}"/><text class="tick" '
               f'x="{RIGHT}" y="{y(level[0]) - 3}" text-anchor="end">{level[1]}</text>')
    for step, anchor in ((1, "start"), (int(last), "end")):
        yield (f'<text class="tick" x="{cursor(step, last)}" y="{HEIGHT - 8}" '
               f'text-anchor="{anchor}">{step:,}</text>')


def _some(steps, values):
    """At most POINTS pairs, evenly spaced, and the last."""
    pairs = [*zip(steps, values)]
    every = -(-len(pairs) // POINTS)
    return pairs[::every] + pairs[-1:]


def cursor(step, last):
    """Where a step is on the horizontal axis."""
    return round(LEFT + (step - 1) / max(last - 1, 1) * (RIGHT - LEFT), 1)


def _limits(values, log):
    values = values[numpy.isfinite(values) & ((values > 0) | (not log))]
    if not values.size:
        return 0.1, 1.0                 # nothing that could be drawn
    low, high = float(values.min()), float(values.max())
    if log:
        return 10 ** math.floor(math.log10(low)), 10 ** math.ceil(math.log10(high) + 1e-9)
    pad = 0.06 * (high - low) or 1.0
    return low - pad, high + pad


def _ticks(low, high, log):
    if log:
        powers = range(round(math.log10(low)), round(math.log10(high)) + 1)
        return [10.0 ** power for power in powers][::max(1, len(powers) // 4)]
    step = 10 ** math.floor(math.log10((high - low) / 2))
    step *= 5 if (high - low) / step > 10 else 2 if (high - low) / step > 5 else 1
    first = math.ceil(low / step)
    return [i * step for i in range(first, math.floor(high / step) + 1)]


def _text(tick):
    text = f"{tick:,.0f}" if abs(tick) >= 1000 else f"{tick:.3g}"
    return text.replace("-", "−")


def charts_of(recording):
    """The charts of one run, as HTML: what the trainer shows, and each layer's gradient norm."""
    summary = recording.summary
    steps = summary["steps"]
    values = {name.removeprefix("values/"): v for name, v in summary.items()
              if name.startswith("values/")}
    found = []
    if "V" in values:
        found.append(chart("V(D, G), D ascends it, G descends it", [("V", "d", steps, values["V"])],
                           (-math.log(4), "−log 4")))
        found.append(chart("what D thinks, mean over the batch",
                           [("D(x)", "real", steps, values["D(x)"]),
                            ("D(G(z))", "fake", steps, values["D(G(z))"])], (0.5, "1/2")))
        jsd = [(it.step, float(phase.views["jsd"])) for it in recording for phase in it.phases
               if "jsd" in phase.views]
        if jsd:
            found.append(chart("JSD(p ‖ q), nats, at the recorded iterations",
                               [("JSD", "ink", *zip(*jsd))], (math.log(2), "log 2"),
                               last=steps[-1]))
    else:
        for name, v in values.items():
            found.append(chart(TITLES.get(name, name), [(name, "ink", steps, v)]))
    networks = dict.fromkeys(name.split("/")[1] for name in summary if name.startswith("norms/"))
    for network in networks:
        style = {"D": "d", "G": "fake"}.get(network, "ink")
        layers = [(name.split("/", 2)[2], style, steps, v) for name, v in summary.items()
                  if name.startswith(f"norms/{network}/")]
        found.append(chart(f"{network}: norm of each layer's gradient", layers, log=True))
    if {*networks} == {"D", "G"} and steps[0] == 1:
        found.append(_phase_by_phase(summary))
    return "".join(found)


def _phase_by_phase(summary, first=8):
    """The norms of D's and of G's whole gradient in the first iterations, phase 1 and phase 2 of
    each side by side: a frozen network keeps no gradient, so it has no mark (absent, not zero)."""
    marks = []
    for network, style, phase in (("D", "d", 1), ("G", "fake", 2)):
        layers = [v[:first] for name, v in summary.items() if name.startswith(f"norms/{network}/")]
        places = summary["steps"][:first] + (phase - 1) / 2
        marks.append((f"phase {phase}: {network}", style, places,
                      numpy.linalg.norm(layers, axis=0)))
    return chart("norm of the whole gradient, phase by phase: a frozen network has none", marks,
                 log=True, moves=False, marks=True)


def comparison(base, other, names):
    """Curves of two runs in the same charts, as HTML."""
    a, b = base.summary, other.summary
    found = []
    for key in (name for name in a if name.startswith("values/") and name in b):
        title = key.removeprefix("values/")
        found.append(chart(title, [(names[0], "quiet", a["steps"], a[key]),
                                   (names[1], "grad", b["steps"], b[key])],
                           {"V": (-math.log(4), "−log 4"), "D(x)": (0.5, "1/2"),
                            "D(G(z))": (0.5, "1/2")}.get(title), moves=False))
    return "".join(found)
