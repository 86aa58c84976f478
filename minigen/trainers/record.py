"""What a step leaves behind: its record, with the gradients by their parameters' names.

A record holds arrays where they were made. A number is worked out, and on a GPU fetched, when it is
asked for: a record that nobody reads costs nothing. Read next: vae.py.
"""

import functools

from ..autograd import grad
from ..backend import to_numpy
from ..functional import mean, sigmoid
from .checks import finite, require_used


class Record:
    """Named quantities of one step, as attributes: single numbers as floats, everything else as it
    was given.

    A quantity may be given as a function, which is called when it is asked for."""

    def __init__(self, **quantities):
        self._quantities = quantities

    def __getattr__(self, name):
        quantities = self.__dict__.get("_quantities", {})
        if name not in quantities:
            raise AttributeError(f"this record has no {name!r}; it has {', '.join(quantities)}")
        value = quantities[name]() if callable(quantities[name]) else quantities[name]
        if getattr(value, "shape", None) == ():
            value = float(to_numpy(value))
        quantities[name] = value
        return value

    def values(self):
        """name -> value of every quantity."""
        return {name: getattr(self, name) for name in self._quantities}

    def numbers(self):
        """name -> float (or None) of the quantities that are single numbers."""
        return {name: v for name, v in self.values().items() if v is None or isinstance(v, float)}

    def replayed(self, read):
        """The record of a replayed step (replay/): a quantity is read(as it was given), which
        copies it, when it is asked for."""
        def later(given):
            value = read(given)
            return value() if callable(value) else value

        return Record(**{name: functools.partial(later, given)
                         for name, given in self._quantities.items()})

    def __dir__(self):
        return [*super().__dir__(), *self._quantities]

    def __repr__(self):
        numbers = {name: v for name, v in self.numbers().items() if v is not None}
        shown = ", ".join(f"{name}={value:.4f}" for name, value in numbers.items())
        others = [name for name in self._quantities if name not in self.numbers()]
        return f"Record({'; '.join(filter(None, [shown, ', '.join(others)]))})"


def record_of_numbers(numbers):
    """The record that a checkpoint holds, its single numbers alone; None where there was none."""
    return None if numbers is None else Record(**numbers)


def gradients_of(value, inputs, names, what):
    """grad(value, inputs), a list of Tensors. inputs: the parameters called `names`, then others.

    NonFiniteError: the value is not finite. RuntimeError: it does not depend on a parameter, named
    in the message. what: the value in words."""
    finite(value.data, what)
    gradients = grad(value, inputs, allow_unused=True)
    require_used(gradients, inputs, names, what)
    return gradients


def by_name(names, gradients):
    """Dotted parameter name -> gradient, as an array."""
    return {name: g.data for name, g in zip(names, gradients)}


def mean_probability(logits):
    """A function that returns the mean of σ(logits); a Record calls it when the number is asked
    for.

    It keeps only the array: if it kept the Tensor, every stored record would keep a tape."""
    return functools.partial(_mean_probability, logits.data)


def _mean_probability(logits):
    return mean(sigmoid(logits))
