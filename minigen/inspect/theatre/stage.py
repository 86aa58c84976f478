"""What a page holds of a recording: the arrays it shows, the numbers derived from them, and for
each cue the line, the words and the pictures. Read next: numbers.py.
"""

import html

import numpy

from . import stories
from .figures import figures_of
from .formulas import rules, update_rule
from .numbers import as_matrix, check_rows, corner, derived, norm, window

FEATURES = 64               # numbers that are shown of one example inside a network


class Stage:
    """A recording, staged as the page's run number `index`: `about`, what JSON holds, and `frames`,
    "run/iteration/phase" -> name -> array. watched: how many examples of a batch are shown inside
    the networks."""

    def __init__(self, recording, index, name, sentence, watched):
        self.recording, self.watched, self.frames = recording, watched, {}
        self.index, first = index, recording[recording.iterations[0]]
        self.kind = kind_of(recording)
        about = recording.about
        for iteration in recording:
            for i, phase in enumerate(iteration.phases):
                self._phase(f"{index}/{iteration.step}/{i}", phase)
        self.about = {
            "name": html.escape(name), "sentence": sentence, "kind": self.kind,
            "iterations": recording.iterations, "trainer": about["trainer"],
            "settings": _settings(about), "source": _source(about["source"]),
            "paper": _paper(about), "cues": [*self._cues(first)],
            "phases": [self._phase_about(phase) for phase in first.phases],
            "networks": {network: [[path, html.escape(call), rules(call), parameters]
                                   for path, call, parameters in layers]
                         for network, layers in about["networks"].items()},
            "edge": about.get("edge"),
            "tapes": {str(it.step): [_tape(phase) for phase in it.phases] for it in recording}}

    # ------------------------------------------------------------------------------- the cues

    def _cues(self, iteration):
        """Each cue of an iteration, in order, with what the page shows at it."""
        about = self.recording.about
        for i, phase in enumerate(iteration.phases):
            again = f"@{i + 1}" if phase.name == "phase 1" and i else ""
            for cue in _cues_of(about, phase.name, self.kind):
                at = _statement_of(cue, phase)
                if at is None:
                    continue
                line = phase.statements[at]
                thawed = cue.thawed and not phase.networks["discriminator"].frozen
                yield {"id": cue.key + again, "key": cue.key, "phase": i, "title": cue.title,
                       "words": cue.thawed if thawed else cue.words,
                       "line": [line["function"], line["first"], line["last"]],
                       "formulas": [_filled(text, about) for text in cue.formulas],
                       "columns": [[head, ref] for head, ref in cue.columns],
                       "figures": figures_of(cue, self.kind, i, phase,
                                             about["options"].get("likelihood")),
                       "passes": [p["statement"] <= at for p in phase.about["passes"]],
                       "gradients": cue.gradients, "moved": cue.made == "updates"}

    def _phase_about(self, phase):
        return {"name": phase.name, "updates": phase.about["updates"],
                "frozen": phase.about["frozen"], "passes": phase.about["passes"],
                "gradients": {name: sorted(network.gradients)
                              for name, network in phase.networks.items()},
                "checks": {name: sorted(network.checks)
                           for name, network in phase.networks.items()},
                "states": {name: sorted(network.state_after)
                           for name, network in phase.networks.items()}}

    # ----------------------------------------------------------------------------- the numbers

    def _phase(self, place, phase):
        frame = self.frames[place] = {}

        def put(name, array):
            frame[name] = numpy.asarray(array)

        for kind, arrays in (("tensors", phase.tensors),
                             ("tensor_gradients", phase.tensor_gradients)):
            for name, array in arrays.items():
                if kind != "tensors" or not name.endswith("_gradient"):     # it has them, by name
                    put(f"{kind}/{name}", self._shown(array))
        for name, array in phase.views.items():
            if "gradient" not in name:
                put(f"views/{name}", array if self.kind == "plane" else self._shown(array))
        for name, parts in phase.layers.items():
            for what, array in parts.items():
                put(f"layers/{name}/{what}", self._window_of_examples(array))
        for name, network in phase.networks.items():
            self._parameters(put, name, network)
        found = derived(phase, self.recording.about.get("edge")) | self._edges(phase)
        for name, array in found.items():
            put(f"derived/{name}", numpy.float32(self._shown(numpy.asarray(array))))

    def _shown(self, array):
        """All of a batch of points or numbers, the watched examples of a batch of anything
        larger."""
        return array if array.ndim == 0 or array[:1].size <= 4 else array[:self.watched]

    def _window_of_examples(self, array):
        return array.reshape(len(array), -1)[:self.watched, :FEATURES]

    def _parameters(self, put, name, network):
        """Every parameter as a matrix: before, after, gradient, state, update, norms, checks."""
        for parameter, before in network.before.items():
            key = f"parameters/{name}/{parameter}"
            put(f"{key}/before", window(before))
            matrix = as_matrix(before)
            put(f"{key}/place", numpy.array([*matrix.shape, *corner(matrix)], "float32"))
            if parameter not in network.gradients:
                continue                                            # it stays as it is
            put(f"{key}/after", window(network.after[parameter]))
            put(f"{key}/update", window(network.after[parameter] - before))
            for when, states in (("before", network.state_before), ("after", network.state_after)):
                for quantity, arrays in states.items():
                    if parameter in arrays:
                        put(f"{key}/{quantity}_{when}", window(arrays[parameter]))
            g = network.gradients[parameter]
            put(f"{key}/gradient", window(g))
            put(f"{key}/gradient_norm", numpy.float32(norm(g)))
            if parameter in network.checks:
                put(f"{key}/checks", check_rows(network.checks[parameter], before))

    def _edges(self, phase):
        """The norm of what leaves each layer, and of the gradient that comes back to it; and as
        widths of lines, in pixels: 1 to 9, by the square root of the norm."""
        norms = {}
        for passed in phase.about["passes"]:
            key = f"{passed['network']} {passed['input']}"
            norms[key] = numpy.array([
                [norm(phase.layers[f"{key}/{layer}"].get(what, 0))
                 for what in ("output", "gradient")]
                for layer in passed["layers"]])
        largest = numpy.max([n.max(0) for n in norms.values()], axis=0, initial=1e-30)
        found = {}
        for key, n in norms.items():
            found[f"norms/{key}"] = n
            found[f"widths/{key}"] = numpy.where(n > 0, 1 + 8 * numpy.sqrt(n / largest), 0).round(1)
        return found


# ---------------------------------------------------------------------------- what JSON holds

def kind_of(recording):
    """"plane", "images", "vae" or "codes": what the examples are."""
    about = recording.about
    if about["trainer"] == "GANTrainer":
        return "plane" if about.get("edge") else "images"
    return "vae" if about["trainer"] == "VAETrainer" else "codes"


def _cues_of(about, phase, kind):
    if about["trainer"] == "GANTrainer":
        d, g = stories.gan_cues(about["options"]["generator_loss"], kind == "plane",
                                about["options"]["k"])
        return d if phase == "phase 1" else g
    return stories.vae_cues() if about["trainer"] == "VAETrainer" else stories.ae_cues()


def _paper(about):
    if about["trainer"] == "GANTrainer":
        return stories.gan_paper(about["options"]["generator_loss"])
    return stories.VAE_PAPER if about["trainer"] == "VAETrainer" else stories.AE_PAPER


def _statement_of(cue, phase):
    """Where in the phase's statements the line of this cue is, or None."""
    for i, statement in enumerate(phase.statements):
        if cue.made in statement["made"] or cue.made == "updates" and statement["updates"]:
            return i
    return None


def _filled(text, about):
    """"{update discriminator}" as the rule of that network's optimizer."""
    if not text.startswith("{update "):
        return text
    network = text[len("{update "):-1]
    optimizers = about["optimizers"]
    optimizer = optimizers.get(f"{network}_optimizer") or optimizers["optimizer"]
    return update_rule(optimizer, network == "discriminator")


def _settings(about):
    """The run's settings in a line."""
    options = [f"{name.replace('_', ' ')}: {value}".replace("non_saturating", "non-saturating")
               for name, value in about["options"].items()]
    for name, optimizer in about["optimizers"].items():
        kept = {key: value for key, value in optimizer.items()
                if key in ("lr", "momentum", "betas", "alpha")}
        options.append(f"{name.replace('_', ' ')}: {optimizer['name']}("
                       + ", ".join(f"{key} {value}" for key, value in kept.items()) + ")")
    return "; ".join([*options, about["backend"]])


def _source(source):
    """The functions that ran, without their docstrings: file, and [number, text] of each line."""
    found = {}
    for name, about in source.items():
        lines = [[about["first"] + i, line.rstrip("\n")] for i, line in enumerate(about["lines"])]
        quotes = [i for i, (_, text) in enumerate(lines) if '"""' in text]
        if quotes and quotes[0] == 1:
            last = 1 if lines[1][1].count('"""') == 2 else quotes[1]
            lines = lines[:1] + lines[last + 1:]
        indent = min(len(t) - len(t.lstrip()) for _, t in lines if t.strip())
        found[name] = {"file": about["file"], "lines": [[n, t[indent:]] for n, t in lines]}
    return found


def _tape(phase):
    return {"rows": phase.tape, "bytes": sum(row[2] for row in phase.tape)}
