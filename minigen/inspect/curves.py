"""Curves: a callback that writes down, now and then, what a trainer shows and the norms of its
gradients.

    curves = Curves(every=10)
    trainer.fit(images, steps=1000, callbacks=[curves])
    curves.steps                        [1, 2, ..., 8, 10, 20, ...]
    curves.values["D(x)"]               a number for each of these steps, from trainer.progress()
    curves.norms["D"]["0 Conv2d"]       the norm of a layer's gradient, all its parameters together

On a GPU a number is fetched only when it is recorded. Read next: plots.py.
"""

from ..backend import array_module, to_numpy
from ..errors import integer


class Curves:
    """A callback (trainer, record) of fit: it records the first `first` steps that it sees, and
    then every `every`-th."""

    def __init__(self, every=10, first=8):
        integer("Curves", 1, every=every)
        integer("Curves", 0, first=first)
        self.every, self.first, self.seen = every, first, 0
        self.steps, self.values, self.norms = [], {}, {}

    def __call__(self, trainer, record):
        self.seen += 1
        if self.seen > self.first and trainer.steps % self.every:
            return
        self.steps.append(trainer.steps)
        for name, value in trainer.progress().items():
            self.values.setdefault(name, []).append(value)
        for name, (network, latest) in trainer.records().items():
            for layer, norm in _norms(network, _gradients(name, network, latest)).items():
                self.norms.setdefault(name, {}).setdefault(layer, []).append(norm)

    def last(self, name, share=0.2):
        """The mean of a recorded value over the last `share` of the run, by step number.

        ValueError: no such value was recorded."""
        if name not in self.values:
            raise ValueError(f"Curves: {name!r} was not recorded; what was: {sorted(self.values)}")
        start = (1 - share) * self.steps[-1]
        values = [v for step, v in zip(self.steps, self.values[name]) if step > start]
        return sum(values) / len(values)


def _gradients(name, network, record):
    """Parameter name -> gradient, of one network. A record of two, "encoder" and "decoder", says
    "encoder.0.weight" for its "0.weight"; a parameter that is not trained is in no record."""
    names = [inner for inner, _ in network.named_parameters()]
    return {inner: record.gradients[key] for inner in names for key in (inner, f"{name}.{inner}")
            if key in record.gradients}


def _norms(network, gradients):
    """"0 Conv2d" -> the norm of the gradients of its parameters together, all fetched at once."""
    if not gradients:
        return {}
    layers = {}
    for name, g in gradients.items():
        layers.setdefault(name.rpartition(".")[0], []).append((g * g).sum())
    xp = array_module(next(iter(gradients.values())))
    norms = to_numpy(xp.sqrt(xp.stack([sum(squares) for squares in layers.values()])))
    return {_label(network, layer): float(norm) for layer, norm in zip(layers, norms)}


def _label(network, path):
    """A layer's dotted name and its type."""
    for part in filter(None, path.split(".")):
        network = _inside(network, part)
    return f"{path} {type(network).__name__}".strip() if network is not None else path


def _inside(holder, part):
    """What a layer, a list or a dict of layers holds under this part of a dotted name."""
    if isinstance(holder, (list, tuple)):
        return holder[int(part)]
    return holder.get(part) if isinstance(holder, dict) else getattr(holder, part, None)
