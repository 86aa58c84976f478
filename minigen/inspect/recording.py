"""A recording: what chosen iterations of a training run computed, by name, and every iteration in
summary.

    recording = load("run.recording.npz")
    recording.iterations                                            [1, 2, 5, ..., 400]
    recording[120].discriminator.gradients["2.weight"]              ∂V/∂(that weight), an array
    recording[120].phases[0].tensors["fake"]                        G(z) of phase 1
    recording[120].generator.before, .after                         name -> array
    recording.summary["values/V"]                                   a number for each iteration

All of it is a dict of NumPy arrays under names like "120/0/tensors/fake" (iteration 120, its first
phase), and `about`, a dict of what JSON can hold. The file is a NumPy .npz archive of these arrays,
without pickles, and one entry of JSON, "recording", that says its format:

    {it}/{phase}/tensors/{name}              what a line of the trainer named: z, x, fake, value ...
    {it}/{phase}/tensor_gradients/{name}     ∂value/∂ that, where the tape reaches it
    {it}/{phase}/layers/{pass}/{layer}/output, /gradient            of each layer that was called
    {it}/{phase}/parameters/{network}/{name}/before, /after, /gradient, /{state}_before, ...
                                             no gradient where none was kept (a frozen network),
                                             nothing after where nothing changed
    {it}/{phase}/parameters/{network}/{name}/checks     rows: entry, gradient, central difference
    {it}/{phase}/views/{name}                pictures of the plane, other losses' gradients
    summary/steps, summary/values/{name}, summary/norms/{network}/{layer}

Read next: theatre/page.py."""

import json
import pathlib
import zipfile

import numpy

from ..files import writing
from .recorded_plot import plot
from .theatre.page import write

FORMAT = 1
_KIND = "minigen recording"


class RecordingError(ValueError):
    """A file that is not a recording, is damaged, or is of a newer format."""


class Recording:
    """What a Recorder wrote down: `about` (dict), `arrays` (name -> NumPy array)."""

    def __init__(self, about, arrays):
        self.about, self.arrays = about, arrays

    @property
    def iterations(self):
        """The iterations that were recorded in full, in order."""
        return sorted(map(int, self.about["iterations"]))

    @property
    def summary(self):
        """"steps", "values/V", "norms/D/0 Dense", ... -> an array with a number an iteration."""
        return under(self.arrays, "summary")

    def __getitem__(self, iteration):
        """The Iteration of that number. KeyError, with those there are, for another."""
        if str(iteration) not in self.about["iterations"]:
            raise KeyError(f"iteration {iteration!r} was not recorded in full; what was: "
                           f"{', '.join(map(str, self.iterations)) or 'none'}")
        return Iteration(self, int(iteration))

    def __len__(self):
        return len(self.about["iterations"])

    def __iter__(self):
        return (self[iteration] for iteration in self.iterations)

    def __repr__(self):
        size = sum(array.nbytes for array in self.arrays.values())
        return (f"Recording({self.about['trainer']}, {len(self)} iterations in full, "
                f"{len(self.summary.get('steps', ()))} in summary, {size / 1e6:.1f} MB)")

    def save(self, path):
        """Write exactly `path`, in one piece. OSError: no file can be written there."""
        about = json.dumps({"kind": _KIND, "format": FORMAT, **self.about}, ensure_ascii=False)
        with writing(path, "recording") as file:
            numpy.savez(file, recording=about, **self.arrays)

    def to_html(self, path, counterfactuals=None, title="Gradient theatre", watched=8, budget=None):
        """Write the theatre to exactly `path`: one HTML file that needs nothing else. Returns its
        size in bytes.

        counterfactuals: name -> (Recording, a sentence that says what it shows), each a tab beside
        this run. watched: how many examples are shown inside the networks. budget: the most bytes;
        if left out, 3 MB for points and codes, 8 MB for images. ValueError: over the budget, naming
        what to reduce; a recording with no iteration in full. OSError: no file can be written."""
        runs = {"the run": (self, ""), **(counterfactuals or {})}
        for name, (other, _) in runs.items():
            if not isinstance(other, Recording) or not len(other):
                raise ValueError(f"theatre: {name!r} is {other!r}, expected a Recording with at "
                                 "least one iteration in full")
        return write(path, runs, title, watched, budget)

    def plot(self, iteration=None):
        """A Matplotlib Figure of one iteration, the last if none is named.

        ValueError: no iteration was recorded in full."""
        if not len(self):
            raise ValueError("plot: no iteration was recorded in full")
        return plot(self[self.iterations[-1] if iteration is None else iteration])


class Iteration:
    """One recorded iteration: `phases`, in their order, and each network by its name as it was in
    the last phase that updated it: iteration.discriminator."""

    def __init__(self, recording, step):
        self.recording, self.step = recording, step
        phases = recording.about["iterations"][str(step)]["phases"]
        self.phases = [Phase(recording, f"{step}/{i}", about) for i, about in enumerate(phases)]

    def __getattr__(self, name):
        for phase in reversed(self.__dict__.get("phases", [])):
            if name in phase.about["updates"]:
                return phase.networks[name]
        raise AttributeError(f"this iteration updated no {name!r}; it updated "
                             f"{', '.join(self._updated())}")

    def _updated(self):
        return dict.fromkeys(name for phase in self.phases for name in phase.about["updates"])

    def __dir__(self):
        return [*super().__dir__(), *self._updated()]

    def __repr__(self):
        return f"Iteration({self.step}: {', '.join(phase.name for phase in self.phases)})"


class Phase:
    """One phase of an iteration (of a GAN: an update of D, or of G).

    name; tensors, tensor_gradients: name -> array; networks: name -> Network; layers: "pass/layer"
    -> {"output", "gradient"}; views; tape: rows (operation, shape, bytes that it kept);
    statements: the lines of the trainer that ran, in order, and the names that they made."""

    def __init__(self, recording, place, about):
        self.about, self.place, self.name = about, place, about["name"]
        own = under(recording.arrays, place)
        self.tensors, self.tensor_gradients = under(own, "tensors"), under(own, "tensor_gradients")
        self.views, self.tape = under(own, "views"), about["tape"]
        self.statements = about["statements"]
        self.networks = {name: Network(name, under(own, f"parameters/{name}"), frozen)
                         for name, frozen in about["frozen"].items()}
        self.layers = {}
        for name, array in under(own, "layers").items():
            layer, _, what = name.rpartition("/")
            self.layers.setdefault(layer, {})[what] = array

    def __repr__(self):
        return f"Phase({self.name}: {', '.join(self.tensors)})"


class Network:
    """A network in one phase. frozen: whether its parameters were constants.

    gradients, before, after: parameter -> array (no gradients where it was frozen). checks:
    parameter -> rows (entry in flat order, gradient, central difference). state_before,
    state_after: of the optimizer, "velocity" -> parameter -> array."""

    def __init__(self, name, arrays, frozen):
        self.name, self.frozen = name, frozen
        kinds = {}
        for key, array in arrays.items():
            parameter, _, kind = key.rpartition("/")
            kinds.setdefault(kind, {})[parameter] = array
        self.gradients, self.checks = kinds.pop("gradient", {}), kinds.pop("checks", {})
        self.before, changed = kinds.pop("before", {}), kinds.pop("after", {})
        self.after = {**self.before, **changed}         # what did not change was kept once
        self.state_before, changed = (
            {kind.removesuffix(end): found for kind, found in kinds.items() if kind.endswith(end)}
            for end in ("_before", "_after"))
        self.state_after = {quantity: {**before, **changed.get(quantity, {})}
                            for quantity, before in self.state_before.items()}

    def __repr__(self):
        return f"Network({self.name}{', frozen' if self.frozen else ''}: {', '.join(self.before)})"


def under(arrays, prefix):
    """The arrays whose names begin with `prefix`/, by the rest of their names."""
    start = f"{prefix}/"
    return {name[len(start):]: array for name, array in arrays.items() if name.startswith(start)}


def load(path):
    """The Recording in a file. FileNotFoundError; RecordingError: not one, cut short, or newer."""
    try:
        with numpy.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        about = json.loads(str(arrays.pop("recording")))
        kind, found = about.pop("kind"), int(about.pop("format"))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        if isinstance(error, OSError) and not pathlib.Path(path).is_file():
            raise
        raise RecordingError(f"{path} is not a minigen recording, or is cut short ({error})"
                             ) from error
    if kind != _KIND or found > FORMAT:
        raise RecordingError(f"{path} is a {kind} of format {found}, and this minigen reads "
                             f"recordings up to format {FORMAT}: update minigen")
    return Recording(about, arrays)
