"""What the trainers share and call: the record of a step, and the checks of what comes in and goes out.

A record holds arrays where they were made. A number is worked out, and on a GPU fetched, when it is asked for: a record
that nobody reads costs nothing. Read next: gan.py.
"""

import math

import numpy

from ..autograd import Tensor
from ..backend import array_module, asarray, is_array, to_numpy
from ..errors import NonFiniteError


class Record:
    """Named quantities of one step, as attributes: single numbers as floats, everything else as it was given.

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

    def __dir__(self):
        return [*super().__dir__(), *self._quantities]

    def __repr__(self):
        values = {name: getattr(self, name) for name in self._quantities}
        numbers = ", ".join(f"{name}={value:.4f}" for name, value in values.items() if isinstance(value, float))
        return f"Record({numbers}; {', '.join(name for name, v in values.items() if v is not None and not isinstance(v, float))})"


def named(names, gradients):
    """Dotted parameter name -> gradient, as an array."""
    return {name: g.data for name, g in zip(names, gradients)}


def batch(x, dtype, what):
    """A batch as an array of the library in use and of the network's `dtype`.

    ValueError: no examples. NonFiniteError: a number that is not finite (looked for while the batch lies on the host; a GPU is
    not made to wait, and shows it in the value)."""
    x = x.data if isinstance(x, Tensor) else x
    if not is_array(x):
        try:
            x = numpy.asarray(x)
        except ValueError as error:                             # a tuple of images and labels, say
            raise TypeError(f"{what}: got a {type(x).__name__}, expected one array (m, ...)") from error
    if x.ndim < 2 or x.size == 0:
        raise ValueError(f"{what}: got shape {x.shape}, expected a batch (m, ...) of at least one example")
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{what}: got dtype {x.dtype}, expected real numbers")
    finite(x, what)
    return asarray(x, dtype=dtype)


def finite(value, what):
    """NonFiniteError, naming the quantity, where a value on the host is not finite."""
    if array_module(value) is not numpy or (math.isfinite(value) if value.ndim == 0 else numpy.isfinite(value).all()):
        return
    raise NonFiniteError(f"{what} is not finite ({'it is ' + str(value) if value.ndim == 0 else 'it holds NaN or infinity'}). "
                         "with minigen.detect_anomaly(): names the operation that made it")


def probabilities(x, what):
    """ValueError where a batch on the host is not within [0, 1]: its "likelihood" would have no bound."""
    if array_module(x) is numpy and not (x.min() >= 0 and x.max() <= 1):
        raise ValueError(f"{what}: got values from {x.min():g} to {x.max():g}, but the Bernoulli likelihood is of values in [0, 1]: "
                         'scale them, or take likelihood="gaussian"')


def names_of(optimizer, networks, what):
    """The dotted names of the optimizer's parameters, in its order; networks: prefix -> network.

    ValueError unless the optimizer updates exactly the parameters of the networks."""
    names = {id(p): prefix + name for prefix, network in networks.items() for name, p in network.named_parameters()}
    given = [id(p) for p in optimizer.parameters]
    if set(given) != set(names):
        raise ValueError(f"{what} updates {len(given)} parameters, {len(set(given) & set(names))} of them among the {len(names)} of "
                         "its network: it must be given exactly that network's parameters(). Are two optimizers swapped?")
    return [names[p] for p in given]
