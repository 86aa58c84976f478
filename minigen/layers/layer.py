"""What every layer has: parameters with names, a state that can be saved, a mode, a picture in words. And Sequential.

A layer is an object whose attributes are set in __init__ and whose `forward` computes. Its attributes say what they are:

    self.weight = parameter(array)      a Tensor that requires a gradient: a parameter, which is learned
    self.running_mean = array           an array: a buffer, which is saved with the parameters but not learned
    self.hidden = [Dense(8, 3), ...]    a layer, or a list, tuple or dict of layers: found, with all that is inside them

The names of the attributes, joined by dots ("hidden.0.weight"), are the names in state_dict(), the same as PyTorch's for
the same structure. All else is neither: a computed Tensor, a constant one, and whatever `forward` keeps
(self.last = h, to look at later). Read next: weighted.py.
"""

import numpy

from ..autograd import Tensor
from ..backend import array_module, is_array, to_numpy


class Layer:
    """A function with parameters. Subclasses set attributes in __init__ and define forward(self, x)."""

    training = True
    output_shape = None                 # of the first call, for print(model)
    _in_forward = False
    _roles = {}                         # attribute name -> "parameter", "buffer" or "layers"; each layer has its own

    def __call__(self, *inputs):
        own = self.__dict__
        own["_in_forward"] = True
        try:
            y = self.forward(*inputs)
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            raise _with_layer_name(error, self, inputs)
        finally:
            own["_in_forward"] = False
        if self.output_shape is None:
            self.output_shape = getattr(y, "shape", None)
        return y

    def __setattr__(self, name, value):
        """Set an attribute and, outside forward, note its role. TypeError: anything but a parameter, or None, in a
        parameter's place."""
        roles = self.__dict__.setdefault("_roles", {})
        if roles.get(name) == "parameter":
            _check_replacement(self, name, value)
        elif not self._in_forward and (role := _role_of(value)):
            roles[name] = role
        super().__setattr__(name, value)

    def children(self):
        """(name, layer) of the layers directly inside, also of those in a list, a tuple or a dict."""
        found = []
        for name, role in self._roles.items():
            if role == "layers":
                value = getattr(self, name, None)
                found += [(name, value)] if isinstance(value, Layer) else _layers_in(name, value)
        return found

    def named_parameters(self):
        """(dotted name, Tensor) of every parameter, in the order they were made; one used in two layers once, under
        its first name."""
        return _once(self._named("parameter"))

    def parameters(self):
        """Every parameter, a list of Tensors."""
        return [p for _, p in self.named_parameters()]

    def named_buffers(self):
        """(dotted name, array) of the state that is not learned: running statistics. Each array once."""
        return _once(self._named("buffer"))

    def _named(self, *roles):
        """(dotted name, Tensor or array), first the layer's own, then those of its children, as PyTorch orders them."""
        found = [(name, getattr(self, name, None)) for name, role in self._roles.items() if role in roles]
        found = [(name, value) for name, value in found if isinstance(value, Tensor) or is_array(value)]
        for name, child in self.children():
            found += [(f"{name}.{inner}", value) for inner, value in child._named(*roles)]
        return found

    def train(self, mode=True):
        """Training mode: batch statistics, dropout. Returns the layer."""
        self.training = mode
        for _, child in self.children():
            child.train(mode)
        return self

    def eval(self):
        """Evaluation mode: running statistics, no dropout. Returns the layer."""
        return self.train(False)

    # ------------------------------------------------------------------------------ saving and loading

    def state_dict(self):
        """Dotted name -> a copy of the array, of every parameter and buffer; one used in two layers under both names."""
        return {name: getattr(value, "_data", value).copy() for name, value in self._named("parameter", "buffer")}

    def load_state_dict(self, state):
        """Copy the arrays of `state` into the parameters and buffers of the same names.

        A PyTorch state dict for the same structure fits (its num_batches_tracked is ignored). ValueError, and then
        nothing is loaded: missing, surplus and wrong-shaped entries, all of them listed; an entry that holds no
        numbers; two different entries for one weight that is used in two layers."""
        own = dict(self._named("parameter", "buffer"))
        given = {name: getattr(value, "_data", value) for name, value in state.items()
                 if name.split(".")[-1] != "num_batches_tracked"}
        arrays = _fitted(given, own, f"load_state_dict of {type(self).__name__}")
        for name, value in own.items():                     # from here on nothing can fail
            getattr(value, "_data", value)[...] = arrays[name]
            if isinstance(value, Tensor):
                value.written()

    # ------------------------------------------------------------------------------ what a person sees

    def describe(self):
        """The call that makes this layer, in short."""
        return f"{type(self).__name__}()"

    def __repr__(self):
        rows = list(self._rows("", ""))
        call, shape, count = (max(len(row[i]) for row in rows) for i in range(3))
        return "\n".join(f"{row[0]:{call}}  {row[1]:{shape}}  {row[2]:>{count}}  {row[3]}".rstrip() for row in rows)

    def _rows(self, name, indent):
        """(call, shape of the output, number of parameters, "frozen" or "") of this layer and of each inside it."""
        parameters = self.parameters()
        shape = "m" + "".join(f"×{n}" for n in self.output_shape[1:]) if self.output_shape else ""
        count = f"{sum(p.size for p in parameters):,}" if parameters else ""
        frozen = "frozen" if parameters and not any(p.requires_grad for p in parameters) else ""
        yield indent + (f"{name}: " if name else "") + self.describe(), shape, count, frozen
        for inner, child in self.children():
            yield from child._rows(inner, indent + "  ")


class Sequential(Layer):
    """The layers one after the other; their parameters are named "0.weight", "1.running_mean", ..."""

    def __init__(self, *layers):
        for position, layer in enumerate(layers):
            if not callable(layer):
                raise TypeError(f"Sequential: layer {position} is a {type(layer).__name__}, "
                                "expected a layer or a function")
            setattr(self, str(position), layer)
        vars(self)["steps"] = layers                    # past __setattr__, which would find each layer a second time
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


def parameter(array):
    """A leaf that is to be learned."""
    return Tensor(array, requires_grad=True)


# --------------------------------------------------------------------------------------- finding what is inside

def _is_parameter(value):
    return isinstance(value, Tensor) and value.creator is None and value.requires_grad


def _role_of(value):
    """What an attribute is to a layer: "parameter", "buffer", "layers", or None. A list may be filled later."""
    if isinstance(value, Tensor):
        return "parameter" if _is_parameter(value) else None
    if is_array(value):
        return "buffer"
    return "layers" if isinstance(value, (Layer, list, dict)) or _layers_in("", value) else None


def _layers_in(name, items):
    """(name, layer) of each layer in a list, a tuple or a dict, and in those inside it."""
    found = []
    if isinstance(items, (list, tuple, dict)):
        for key, item in items.items() if isinstance(items, dict) else enumerate(items):
            path = f"{name}.{key}"
            found += [(path, item)] if isinstance(item, Layer) else _layers_in(path, item)
    return found


def _once(named):
    """The pairs without those whose value came before under another name."""
    first = {}
    for name, value in named:
        first.setdefault(id(value), (name, value))
    return list(first.values())


# --------------------------------------------------------------------------------------- wrong calls, explained

def _with_layer_name(error, layer, inputs):
    """The error with the layer in front of its message, once: where it happened, not in the layers around that one."""
    if hasattr(error, "layer"):
        return error
    x = inputs[0] if inputs else None
    about_the_type = isinstance(error, (TypeError, AttributeError)) or not layer.children()
    if inputs and about_the_type and not (isinstance(x, Tensor) or is_array(x)):
        cause, error = error, TypeError(f"got a {type(x).__name__}, expected a Tensor or an array")
        error.__cause__ = cause
    error.args, error.layer = (f"{layer.describe()}: {error}",), layer
    return error


def _check_replacement(layer, name, value):
    if value is not None and not _is_parameter(value):
        kind = f"a {type(value).__name__}"
        if isinstance(value, Tensor):
            kind = "a computed Tensor" if value.creator else "a Tensor that does not require a gradient"
        raise TypeError(f"{layer.describe()}: {name} is a parameter, and {kind} in its place would never be trained. "
                        f"New values for it: layer.{name}.data = array. Another parameter in its place: "
                        "minigen.tensor(array, requires_grad=True), before the optimizer is made")


def _fitted(given, own, what):
    """The given arrays in the dtype and library of those they are for; or ValueError with everything that is wrong."""
    wrong = [f"missing: {name} {own[name].shape}" for name in own if name not in given]
    wrong += [f"surplus: {name} {_shape(value)}" for name, value in given.items() if name not in own]
    wrong += [f"wrong shape: {name} is {_shape(given[name])}, expected {own[name].shape}"
              for name in own if name in given and _shape(given[name]) != own[name].shape]
    arrays, first = {}, {}
    for name, value in {} if wrong else own.items():
        like = getattr(value, "_data", value)
        try:
            arrays[name] = array_module(like).asarray(given[name], dtype=like.dtype)
        except (TypeError, ValueError) as error:
            wrong.append(f"no numbers: {name} ({error})")
            continue
        other = first.setdefault(id(value), name)
        if not numpy.array_equal(to_numpy(arrays[name]), to_numpy(arrays[other]), equal_nan=True):
            wrong.append(f"one weight, two values: {other} and {name}")
    if wrong:
        raise ValueError(f"{what}: nothing was loaded\n  " + "\n  ".join(wrong))
    return arrays


def _shape(x):
    return tuple(x.shape) if hasattr(x, "shape") else f"a {type(x).__name__}"
