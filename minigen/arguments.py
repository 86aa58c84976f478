"""How the arguments of an operation are sorted into inputs, which may want gradients, and options.

Python itself does this for a function; here it also has to be known which argument is which, and
for a call like linear(x, W, b) it may not take longer than the arithmetic. Not the subject: skim it
at a first reading.
Read next: memory.py.
"""

import inspect

import numpy

from . import backend, errors


class Arguments:
    """The signature of a function whose first `inputs` arguments are inputs and the rest options;
    with *arrays in it, all positional arguments are inputs."""

    def __init__(self, function, inputs):
        self.name = function.__name__.lstrip("_")
        self.signature = inspect.signature(function)
        parameters = self.signature.parameters.values()
        self.variadic = any(p.kind is p.VAR_POSITIONAL for p in parameters)
        self.inputs = None if self.variadic else inputs
        named = [p for p in parameters if p.kind is not p.VAR_POSITIONAL]
        self.names = [p.name for p in named]
        self.defaults = {p.name: p.default for p in named[inputs:] if p.default is not p.empty}
        # How many arguments, if all are given by position, can be sorted without the signature.
        required = sum(p.default is p.empty for p in named)
        positional = sum(p.kind is p.POSITIONAL_OR_KEYWORD for p in named)
        self.quick = () if self.variadic else range(max(inputs, required), positional + 1)

    def sort(self, given, options):
        """(inputs, options), with the defaults of the options that were left out. TypeError: an
        argument that is missing, unknown or given twice."""
        n = self.inputs
        if not options and len(given) in self.quick:
            if len(given) == n:
                return given, self.defaults
            return given[:n], {**self.defaults, **dict(zip(self.names[n:], given[n:]))}
        try:
            bound = self.signature.bind(*given, **options)
        except TypeError as error:
            raise TypeError(f"{self.name}{self.signature}: {error}") from None
        bound.apply_defaults()
        if self.variadic:
            return bound.args, bound.kwargs
        return [bound.arguments.pop(name) for name in self.names[:n]], bound.arguments


def plain(x, name):
    """An input that is not a Tensor, as an array or a Python number: NumPy's 64-bit scalars would
    turn float32 into float64. TypeError for anything else."""
    if type(x) is numpy.ndarray or type(x) is float or x is None or backend.is_array(x):
        return x
    if isinstance(x, numpy.generic):
        return x if x.dtype == numpy.float32 else x.item()
    if isinstance(x, (int, float)):
        return x
    if isinstance(x, (list, tuple)):
        return backend.asarray(x)
    raise errors.foreign_error(name, x)
