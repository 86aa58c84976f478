"""The recorder: a callback of fit that writes down whole iterations of a training run.

    recorder = Recorder([1, 2, 5, 10, 100])
    trainer.fit(data, steps=100, callbacks=[recorder])
    recorder.recording[5].generator.gradients["0.weight"]
    recorder.recording.save("run.npz")

Chosen iterations are kept in full: every tensor that the trainer's lines name, every layer's output
and its gradient, every parameter before and after with its gradient and its optimizer's state, what
was frozen, what the tape kept, and central differences of a few entries. Every iteration is kept in
summary. The trainers know nothing of it: see watching.py. Read next: watching.py.
"""

import contextlib
import platform

import numpy

from .. import backend
from ..errors import in_short, integer
from ..trainers import AutoencoderTrainer, GANTrainer, VAETrainer
from .curves import Curves
from .examine import phase_again
from .phase import PhaseNotes, layers_inside
from .recording import Recording
from .views import Views
from .watching import Watch, source

# For each kind of trainer: the method of each phase -> its name and the networks that it updates.
PHASES = {
    GANTrainer: {"update_discriminator": ("phase 1", ["discriminator"]),
                 "update_generator": ("phase 2", ["generator"])},
    AutoencoderTrainer: {"step": ("step", ["encoder", "decoder"])},
    VAETrainer: {"step": ("step", ["encoder", "decoder"])},
}
_ALSO_WATCHED = {"step", "bound"}           # what calls the phases, or is a part of one


class Recorder:
    """A callback (trainer, record) of fit.

    iterations: which to keep in full, integers >= 1; if left out, 1, 2, 3, 5, 8, 13, ... (each the
        sum of the two before), as far as the run goes.
    density: the data's density, a function of points (n, 2), where it is known: of a game in the
        plane the recording then has D* and the Jensen-Shannon divergence.
    checks: how many of the largest entries of each gradient are compared with central differences,
        besides one of middling size; 0: none.

    ValueError or TypeError: an iteration that is not an integer >= 1; from fit, a trainer that it
    does not know, or another than before."""

    def __init__(self, iterations=None, density=None, checks=2):
        self.iterations = None if iterations is None else _checked(iterations)
        integer("Recorder", 0, checks=checks)
        self.checks, self._views = checks, Views(density)
        self._about, self._arrays, self._curves = None, {}, Curves(every=1)
        self._trainer, self._phase, self._done = None, None, []

    @property
    def recording(self):
        """The Recording so far: after a Ctrl-C too, up to the last whole iteration.

        ValueError: nothing was recorded yet."""
        if self._about is None:
            raise ValueError("Recorder: nothing was recorded yet; give it to fit: "
                             "callbacks=[recorder]")
        about = {**self._about, "iterations": {**self._about["iterations"]},
                 "edge": self._views.edge}
        return Recording(about, {**self._arrays, **_summary(self._curves)})

    @contextlib.contextmanager
    def around(self, trainer):
        """A context that fit puts around each step: watch it, if it is a chosen iteration."""
        phases, step = _phases_of(trainer), trainer.steps + 1
        if self._about is None:
            self._about, self._trainer = _about(trainer), trainer
        elif trainer is not self._trainer:
            raise ValueError("Recorder: it holds a run of another trainer; make a new Recorder")
        self._done, self._phase = [], None
        if step not in (_fibonacci(step) if self.iterations is None else self.iterations):
            yield
            return
        self._phases, self._step = phases, step
        watch = Watch(trainer, {*phases, *_ALSO_WATCHED}, self._enter, self._after, self._leave,
                      self._layer)
        watch.start()
        try:
            yield
        finally:
            watch.stop()

    def __call__(self, trainer, record):
        """Called by fit after each step: keep what was seen."""
        if self._done:
            for phase in self._done:
                self._arrays.update(phase.arrays)
            self._about["iterations"][str(self._step)] = {"phases": [p.about for p in self._done]}
            self._done = []
        self._curves(trainer, record)

    # ------------------------------------------------------------------ what the watch reports

    def _enter(self, name, code, arguments):
        lines, first = source(code)
        self._about["source"][name] = {"file": _short(code.co_filename), "first": first,
                                       "lines": lines}
        if name in self._phases:
            place = f"{self._step}/{len(self._done)}"
            self._phase = PhaseNotes(self._trainer, place, *self._phases[name],
                                     phase_again(name, arguments), self.checks, self._views)

    def _after(self, name, statement, names):
        if self._phase is not None:
            self._phase.after(name, statement, names)

    def _layer(self, layer, inputs, output):
        if self._phase is not None:
            self._phase.layer(layer, inputs, output)

    def _leave(self, name):
        if self._phase is not None and name in self._phases:    # None: after super().step()
            self._phase.end()
            self._done.append(self._phase)
            self._phase = None


def _checked(iterations):
    if isinstance(iterations, (str, int)) or not hasattr(iterations, "__iter__"):
        raise TypeError(f"Recorder: got {in_short(iterations)} as iterations, expected a list of "
                        "integers: Recorder([1, 10, 100])")
    iterations = list(iterations)
    for iteration in iterations:
        integer("Recorder", 1, iteration=iteration)
    return {*map(int, iterations)}


def _fibonacci(end):
    """1, 2, 3, 5, 8, ... up to `end`."""
    found, a, b = [], 1, 2
    while a <= end:
        found.append(a)
        a, b = b, a + b
    return found


def _phases_of(trainer):
    for kind, phases in PHASES.items():
        if isinstance(trainer, kind):
            return phases
    raise TypeError(f"Recorder: got a {type(trainer).__name__}, expected one of "
                    f"{', '.join(kind.__name__ for kind in PHASES)}, or a subclass")


def _about(trainer):
    """What the recording says of the run, besides its numbers."""
    networks = {name: _layers_of(part) for name, part in trainer.parts().items()
                if hasattr(part, "named_parameters")}
    optimizers = {name: _optimizer(part) for name, part in trainer.parts().items()
                  if name not in networks}
    kind = next(kind for kind in PHASES if isinstance(trainer, kind))
    options = {name: getattr(trainer, name) for name in ("k", "generator_loss", "batches", "beta")
               if hasattr(trainer, name)}
    if hasattr(trainer, "likelihood"):
        options["likelihood"] = trainer.likelihood.__name__
    return {"trainer": kind.__name__, "options": options, "networks": networks,
            "optimizers": optimizers, "iterations": {}, "source": {},
            "backend": backend.describe(), "python": platform.python_version(),
            "numpy": numpy.__version__}


def _layers_of(network):
    """[path, the call that makes it, names of its parameters] of each layer without layers inside,
    or of the whole network, where it is no Layer."""
    found = [[path or "whole", layer.describe(), [f"{path}.{name}" if path else name
                                                  for name, _ in layer.named_parameters()]]
             for path, layer in layers_inside(network) if not layer.children()]
    names = [name for name, _ in network.named_parameters()]
    return found or [["whole", type(network).__name__, names]]


def _optimizer(optimizer):
    """Its name and its numbers; a schedule is said to be one."""
    settings = {name: value for name, value in vars(optimizer).items()
                if isinstance(value, (int, float, tuple)) and name != "steps"}
    if callable(optimizer.lr):
        settings["lr"] = "a schedule"
    return {"name": type(optimizer).__name__, **settings}


def _short(path):
    """A source file's path from the package's folder on, or its name alone."""
    path = path.replace("\\", "/")
    return path[path.rindex("/minigen/") + 1:] if "/minigen/" in path else path.rpartition("/")[2]


def _summary(curves):
    """The curves of every iteration, as arrays."""
    found = {"summary/steps": curves.steps}
    found.update({f"summary/values/{name}": values for name, values in curves.values.items()})
    found.update({f"summary/norms/{network}/{layer}": norms
                  for network, layers in curves.norms.items() for layer, norms in layers.items()})
    return {name: numpy.array(values) for name, values in found.items()}
