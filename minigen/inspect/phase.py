"""What is kept of one phase of an iteration, as its lines run. Read next: examine.py."""

import numpy

from ..autograd import Tensor, grad
from ..backend import is_array, to_numpy
from ..layers.layer import Layer
from .examine import central_differences, largest_entries, optimizer_state, tape


class PhaseNotes:
    """`about` (what JSON can hold) and `arrays` of a phase, under the names of recording.py.

    trainer; place: "iteration/phase"; name: of the phase; updates: the networks it updates; again:
    a function of a trainer that does the phase again, from the same random numbers; checks: how
    many of each gradient's largest entries to compare with central differences; views: a Views."""

    def __init__(self, trainer, place, name, updates, again, checks, views):
        self.trainer, self.place, self.again = trainer, place, again
        self.checks, self.views = checks, views
        self.about = {"name": name, "updates": updates, "statements": [], "passes": [], "tape": []}
        self.arrays, self.calls, self.versions, self.made = {}, [], None, {}
        parts = trainer.parts()
        self.networks = {key: x for key, x in parts.items() if hasattr(x, "named_parameters")}
        self.optimizers = [x for key, x in parts.items() if key not in self.networks]
        self._keep_parameters("before")

    def put(self, name, array):
        """Keep a copy, on the host."""
        self.arrays[f"{self.place}/{name}"] = numpy.array(to_numpy(array))

    def get(self, name):
        return self.arrays.get(f"{self.place}/{name}")

    # -------------------------------------------------------------------- as the lines run

    def after(self, function, statement, names):
        """A statement has run. At the one that made `gradients` everything is there and nothing is
        updated yet; the next one that writes to a parameter is the update."""
        note = {"function": function, "first": statement.first, "last": statement.last,
                "made": list(statement.made), "updates": False}
        self.about["statements"].append(note)
        self.made |= {name: names[name] for name in statement.made if name in names}
        for name in statement.made:
            x = names.get(name)
            x = x[0] if name in ("y", "c") and isinstance(x, list) and x else x     # labels
            if isinstance(x, Tensor) or is_array(x):
                self.put(f"tensors/{name}", x)
        if "gradients" in statement.made and "gradients" in names:
            self._examine({**names, **self.made})       # also of a method that it called
            self.versions = self._versions()
        elif self.versions is not None and self.versions != self._versions():
            note["updates"] = True
            self.versions = self._versions()

    def layer(self, layer, inputs, output):
        """A layer was called."""
        parameters = layer.parameters()
        frozen = bool(parameters) and not any(p.requires_grad for p in parameters)
        running = len(self.about["statements"])
        self.calls.append((layer, inputs[0], output, frozen, running))

    def end(self):
        """The phase is over."""
        self._keep_parameters("after")
        if self.versions is not None:
            self.views.after(self)

    # ---------------------------------------------------------------------- what is kept

    def _keep_parameters(self, when):
        """Every parameter, and what its optimizer keeps of it, before or after the phase: what did
        not change is kept once."""
        names = {}
        for network, name, p in self._parameters():
            names[id(p)] = f"parameters/{network}/{name}"
            self._put_state(f"{names[id(p)]}/{{}}", when, p.data)
        for optimizer in self.optimizers:
            own = [names[id(p)] for p in optimizer.parameters]
            for quantity, arrays in optimizer_state(optimizer, own).items():
                for name, array in arrays.items():
                    self._put_state(f"{name}/{quantity}_{{}}", when, array)

    def _put_state(self, name, when, array):
        array = to_numpy(array)
        if when == "before" or not numpy.array_equal(array, self.get(name.format("before"))):
            self.put(name.format(when), array)

    def _parameters(self):
        return [(network, name, p) for network, part in self.networks.items()
                for name, p in part.named_parameters()]

    def _versions(self):
        return [p.version for _, _, p in self._parameters()]

    def _examine(self, names):
        """All the gradients of this tape, also those that the trainer did not ask for."""
        value = names["value"]
        targets = {f"{name}/gradient": y for name, y in self._passes(names).items()}
        targets |= {f"tensor_gradients/{name}": x for name, x in names.items()
                    if isinstance(x, Tensor)}
        targets |= {f"parameters/{network}/{name}/gradient": p
                    for network, name, p in self._parameters()}
        for name, g in zip(targets, grad(value, [*targets.values()], allow_unused=True)):
            if g is not None:
                self.put(name, g)
        self.about["tape"] = tape(value, [p for _, _, p in self._parameters()])
        self.views.before(self, names)
        self._check()

    def _passes(self, names):
        """Note each network's calls, in order. Returns "layers/pass/layer" -> output, a Tensor."""
        paths = {id(layer): (network, path) for network, part in self.networks.items()
                 for path, layer in layers_inside(part)}
        self.about["frozen"], found, inner = dict.fromkeys(self.networks, False), {}, {}
        for layer, x, y, frozen, statement in self.calls:
            network, path = paths.get(id(layer), (None, None))
            if path and not layer.children():
                times = sum(key.partition("#")[0] == path for key in inner)
                inner[f"{path}#{times + 1}" if times else path] = y
            elif path == "":
                given = _name_of(x, names)
                self.about["passes"].append({
                    "network": network, "input": given, "frozen": frozen, "statement": statement,
                    "remembered": any(getattr(output, "creator", None) is not None
                                      for output in (y if isinstance(y, tuple) else (y,))),
                    "layers": [*inner] or ["whole"]})
                self.about["frozen"][network] |= frozen
                found |= {f"layers/{network} {given}/{key}": output
                          for key, output in (inner or {"whole": y}).items()}
                inner = {}
        for key, y in found.items():
            if isinstance(y, Tensor) or is_array(y):
                self.put(f"{key}/output", y)
        return {key: y for key, y in found.items() if isinstance(y, Tensor)}

    def _check(self):
        """Central differences of the largest entries of each gradient, and of one of middling
        size."""
        if not self.checks:
            return
        gradients = {(network, name): self.get(f"parameters/{network}/{name}/gradient")
                     for network, name, _ in self._parameters()}
        chosen = {key: largest_entries(g, self.checks)
                  for key, g in gradients.items() if g is not None}
        found = central_differences(self.trainer, self.again, chosen)
        for (network, name), differences in found.items():
            flat = gradients[network, name].ravel()
            rows = [[i, flat[i], d] for i, d in zip(chosen[network, name], differences)]
            self.put(f"parameters/{network}/{name}/checks", numpy.array(rows, "float64"))


def _name_of(x, names):
    """The name that the trainer has for what a network was given; "both", for real and fake as one
    batch."""
    data = x.data if isinstance(x, Tensor) else x
    found = [name for name, other in names.items()
             if other is x or isinstance(other, Tensor) and other.data is data or other is data]
    return found[-1] if found else "both"           # the argument `real` is called x later on


def layers_inside(network):
    """(dotted path, layer) of a Layer and of all the layers inside it; nothing of another
    object."""
    return network.named_layers() if isinstance(network, Layer) else ()
