"""What every layer has: parameters with names, a state that can be saved, a mode, a picture in words. And Sequential.

A layer keeps Tensors (its parameters), arrays (its running statistics) and other layers as plain attributes; their
names, joined by dots, are the names in state_dict(), the same as PyTorch's for the same structure. A model of your own
is a subclass with layers as attributes and a `forward`. Read next: weighted.py.
"""

from ..autograd import Tensor
from ..backend import array_module, is_array


class Layer:
    """A function with parameters. Subclasses set attributes in __init__ and define forward(self, x)."""

    training = True
    output_shape = None                 # of the first call, for print(model)

    def __call__(self, *inputs):
        try:
            y = self.forward(*inputs)
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            if self.children():                         # the layer where it happened says so, those around it do not
                raise
            for x in inputs[:1]:
                if not (isinstance(x, Tensor) or is_array(x)):
                    raise TypeError(f"{self.describe()}: got a {type(x).__name__}, expected a Tensor or an array") from error
            error.args = (f"{self.describe()}: {error}",)
            raise
        if self.output_shape is None:
            self.output_shape = getattr(y, "shape", None)
        return y

    def children(self):
        """(name, layer) of the layers directly inside."""
        return [(name, value) for name, value in vars(self).items() if isinstance(value, Layer)]

    def named_parameters(self):
        """(dotted name, Tensor) of every parameter, in the order they were made."""
        own = [(name, value) for name, value in vars(self).items() if isinstance(value, Tensor)]
        return own + [(f"{name}.{inner}", p) for name, child in self.children() for inner, p in child.named_parameters()]

    def parameters(self):
        """Every parameter, a list of Tensors."""
        return [p for _, p in self.named_parameters()]

    def named_buffers(self):
        """(dotted name, array) of the arrays that are state but no parameters: running statistics."""
        own = [(name, value) for name, value in vars(self).items() if is_array(value)]
        return own + [(f"{name}.{inner}", a) for name, child in self.children() for inner, a in child.named_buffers()]

    def train(self, mode=True):
        """Training mode: batch statistics, dropout. Returns the layer."""
        self.training = mode
        for _, child in self.children():
            child.train(mode)
        return self

    def eval(self):
        """Evaluation mode: running statistics, no dropout. Returns the layer."""
        return self.train(False)

    def state_dict(self):
        """Dotted name -> a copy of the array, of every parameter and running statistic."""
        return {name: array.copy() for name, array in self._state()}

    def load_state_dict(self, state):
        """Copy the arrays of `state` into the parameters and running statistics of the same names.

        A PyTorch state dict of arrays for the same structure fits (its num_batches_tracked is ignored). ValueError,
        listing every missing, surplus and wrong-shaped entry, and then nothing is loaded."""
        given = {name: value._data if isinstance(value, Tensor) else value for name, value in state.items()
                 if name.split(".")[-1] != "num_batches_tracked"}
        own = dict(self._state())
        wrong = [f"missing: {name} {own[name].shape}" for name in own if name not in given]
        wrong += [f"surplus: {name} {_shape(value)}" for name, value in given.items() if name not in own]
        wrong += [f"wrong shape: {name} is {_shape(given[name])}, expected {own[name].shape}"
                  for name in own if name in given and _shape(given[name]) != own[name].shape]
        if wrong:
            raise ValueError(f"load_state_dict of {type(self).__name__}: nothing was loaded\n  " + "\n  ".join(wrong))
        arrays = {name: array_module(array).asarray(given[name], dtype=array.dtype) for name, array in own.items()}
        parameters = dict(self.named_parameters())
        for name, array in own.items():                     # from here on nothing can fail
            array[...] = arrays[name]
            if name in parameters:
                parameters[name].written()

    def _state(self):
        """(name, array), the parameters and running statistics of each layer together, as PyTorch orders them."""
        own = [(name, getattr(value, "_data", value)) for name, value in vars(self).items()
               if isinstance(value, Tensor) or is_array(value)]
        return own + [(f"{name}.{inner}", array) for name, child in self.children() for inner, array in child._state()]

    # ---------------------------------------------------------------------------- what a person sees

    def describe(self):
        """The call that makes this layer, in short."""
        return f"{type(self).__name__}()"

    def __repr__(self):
        rows = list(self._rows("", ""))
        widths = [max(len(row[i]) for row in rows) for i in range(3)]
        return "\n".join("  ".join((row[0].ljust(widths[0]), row[1].ljust(widths[1]), row[2].rjust(widths[2]), row[3])).rstrip()
                         for row in rows)

    def _rows(self, name, indent):
        parameters = self.parameters()
        shape = "m" + "".join(f"×{n}" for n in self.output_shape[1:]) if self.output_shape else ""
        count = f"{sum(p.size for p in parameters):,}" if parameters else ""
        mark = "frozen" if parameters and not any(p.requires_grad for p in parameters) else ""
        yield indent + (f"{name}: " if name else "") + self.describe(), shape, count, mark
        for inner, child in self.children():
            yield from child._rows(inner, indent + "  ")


class Sequential(Layer):
    """The layers one after the other; their parameters are named "0.weight", "1.running_mean", ..."""

    def __init__(self, *layers):
        for position, layer in enumerate(layers):
            if not callable(layer):
                raise TypeError(f"Sequential: layer {position} is a {type(layer).__name__}, expected a layer or a function")
            setattr(self, str(position), layer)
        self.steps = layers
        for name, p in self.named_parameters():
            p.name = name                               # an error then names the parameter as state_dict does

    def forward(self, x):
        for layer in self.steps:
            x = layer(x)
        return x

    def __getitem__(self, position):
        return self.steps[position]

    def __len__(self):
        return len(self.steps)

    def describe(self):
        return "Sequential"


def _shape(x):
    return tuple(x.shape) if hasattr(x, "shape") else f"a {type(x).__name__}"


def parameter(array):
    """A leaf that is to be learned."""
    return Tensor(array, requires_grad=True)
