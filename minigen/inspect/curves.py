"""Curves: a callback that writes down, now and then, what a trainer shows and the norms of its gradients.

    curves = Curves(every=10)
    trainer.fit(images, steps=1000, callbacks=[curves])
    curves.steps                            [1, 2, ..., 8, 10, 20, ...]
    curves.values["D(x)"]                   one number for each of these steps, what trainer.progress() gives
    curves.norms["D"]["0 Conv2d"]           the norm of the gradient of each layer, all its parameters together

On a GPU a number is fetched only when it is recorded. Read next: plots.py.
"""

import numbers

from ..backend import array_module, to_numpy


class Curves:
    """A callback (trainer, record) of fit. It records the first `first` steps that it sees and then every `every`-th."""

    def __init__(self, every=10, first=8):
        for name, value, least in (("every", every, 1), ("first", first, 0)):
            if not isinstance(value, numbers.Integral) or value < least:
                raise ValueError(f"Curves: got {name} = {value!r}, expected an integer >= {least}")
        self.every, self.first, self.seen = every, first, 0
        self.steps, self.values, self.norms = [], {}, {}

    def __call__(self, trainer, record):
        self.seen += 1
        if self.seen > self.first and trainer.steps % self.every:
            return
        self.steps.append(trainer.steps)
        for name, value in trainer.progress().items():
            self.values.setdefault(name, []).append(value)
        for network, name, gradients in _gradients(trainer, record):
            norms = self.norms.setdefault(name, {})
            for layer, norm in _by_layer(network, gradients).items():
                norms.setdefault(layer, []).append(norm)

    def last(self, name, share=0.2):
        """The mean of a recorded value over the last `share` of the run, by step number. ValueError: no such value was recorded."""
        if name not in self.values:
            raise ValueError(f"Curves: {name!r} was not recorded; what was: {sorted(self.values)}")
        values = [v for step, v in zip(self.steps, self.values[name]) if step > (1 - share) * self.steps[-1]]
        return sum(values) / len(values)


def _gradients(trainer, record):
    """(network, its name, dotted parameter name -> gradient) of each network that a step updated."""
    if hasattr(trainer, "phase_1"):             # a GAN: D's in phase 1, G's in phase 2; the frozen network has none
        return [(trainer.discriminator, "D", trainer.phase_1.gradients), (trainer.generator, "G", trainer.phase_2.gradients)]
    parts = {}
    for name, g in record.gradients.items():    # "encoder.0.weight"
        part, inner = name.split(".", 1)
        parts.setdefault(part, {})[inner] = g
    return [(getattr(trainer, part, None), part, gradients) for part, gradients in parts.items()]


def _by_layer(network, gradients):
    """"0 Conv2d" -> the norm of the gradients of its parameters together, all fetched at once."""
    layers = {}
    for name, g in gradients.items():
        layers.setdefault(name.rpartition(".")[0], []).append((g * g).sum())
    xp = array_module(next(iter(gradients.values())))
    norms = to_numpy(xp.sqrt(xp.stack([sum(squares) for squares in layers.values()])))
    return {_label(network, layer): float(norm) for layer, norm in zip(layers, norms)}


def _label(network, path):
    """A layer's dotted name and its type."""
    for part in filter(None, path.split(".")):
        network = getattr(network, part, None)
    return f"{path} {type(network).__name__}".strip() if network is not None else path
