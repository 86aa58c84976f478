"""What every layer has: parameters with names, a state to save, a mode, and a picture in words.

A layer is an object: __init__ sets its attributes, `forward` computes. What an attribute holds says
what it is:

    self.weight = parameter(array)      a leaf that requires a gradient: a parameter, learned
    self.running_mean = array           an array: a buffer, saved with the parameters, not learned
    self.hidden = [Dense(8, 3), ...]    a layer, or a list, tuple or dict of layers: its children,
                                        with parameters and buffers of their own

Joined by dots, the attributes' names ("hidden.0.weight") are the names in state_dict(), the same as
PyTorch's for the same structure. All else is no part of the state: a computed Tensor, a constant
one, and whatever `forward` keeps (self.last = h, to look at later). Read next: weighted.py.
"""

from ..autograd import Tensor
from ..backend import array_module, is_array
from ..errors import type_name


class Layer:
    """A function with parameters. Subclasses set attributes in __init__ and define forward(x)."""

    training = True
    output_shape = None                 # of the first call, for print(model)
    _in_forward = False
    _roles = {}                         # attribute -> "parameter", "buffer" or "layers"

    def __call__(self, *inputs):
        own = self.__dict__
        before, own["_in_forward"] = self._in_forward, True
        try:
            y = self.forward(*inputs)
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            raise _with_layer_name(error, self, inputs)
        finally:
            own["_in_forward"] = before
        if self.output_shape is None:
            self.output_shape = getattr(y, "shape", None)
        return y

    # -------------------------------------------------------------------------- what is inside

    def __setattr__(self, name, value):
        """Set an attribute and, outside forward, note its role.

        TypeError: anything but a parameter (or None) in a parameter's place."""
        roles = self.__dict__.setdefault("_roles", {})
        if roles.get(name) == "parameter":
            _check_replacement(self, name, value)
        elif not self._in_forward and (role := _role_of(value)):
            roles[name] = role
        super().__setattr__(name, value)

    def children(self):
        """(name, layer) of the layers directly inside, also of those in a list, tuple or dict."""
        found = []
        for name, role in self._roles.items():
            if role == "layers":
                value = self.__dict__.get(name)
                found += [(name, value)] if isinstance(value, Layer) else _layers_in(name, value)
        return found

    def named_layers(self, path=""):
        """(dotted name, layer) of this layer, whose name is `path`, and of all inside it."""
        yield path, self
        for name, child in self.children():
            yield from child.named_layers(f"{path}.{name}" if path else name)

    def named_parameters(self):
        """(dotted name, Tensor) of every parameter, in the order they were made.

        A parameter that is used in two layers is listed once, under its first name."""
        return _once(self._named("parameter"))

    def parameters(self):
        """Every parameter, a list of Tensors, each once."""
        return [p for _, p in self.named_parameters()]

    def named_buffers(self):
        """(dotted name, array) of the state that is not learned, such as running statistics."""
        return _once(self._named("buffer"))

    def _named(self, *roles):
        """(dotted name, Tensor or array): the layer's own, then its children's, as in PyTorch."""
        own = [(name, self.__dict__.get(name))
               for name, role in self._roles.items() if role in roles]
        found = [(name, value) for name, value in own if is_array(_array(value))]
        for name, child in self.children():
            found += [(f"{name}.{inner}", value) for inner, value in child._named(*roles)]
        return found

    # ---------------------------------------------------------------------------------- modes

    def train(self, mode=True):
        """Training mode: batch statistics, dropout. Returns the layer."""
        self.training = mode
        for _, child in self.children():
            child.train(mode)
        return self

    def eval(self):
        """Evaluation mode: running statistics, no dropout. Returns the layer."""
        return self.train(False)

    # ------------------------------------------------------------------------------ saved state

    def state_dict(self):
        """Dotted name -> a copy of the array, of every parameter and every buffer.

        What is used in two layers stands there under both names, as in PyTorch."""
        return {name: _array(value).copy() for name, value in self._named("parameter", "buffer")}

    def load_state_dict(self, state):
        """Copy the arrays of `state` into the parameters and buffers of the same names.

        A PyTorch state dict for the same structure fits (its num_batches_tracked is ignored).
        ValueError, and then nothing is loaded: missing, surplus and wrong-shaped entries, all of
        them listed; entries without numbers; two values for what is used in two layers."""
        own = dict(self._named("parameter", "buffer"))
        given = {name: _array(value) for name, value in state.items()
                 if name.split(".")[-1] != "num_batches_tracked"}
        arrays = _fitted(given, own, f"load_state_dict of {type(self).__name__}")
        for name, value in own.items():                     # from here on nothing can fail
            _array(value)[...] = arrays[name]
            if isinstance(value, Tensor):
                value.written()

    # ------------------------------------------------------------------------------ a picture

    def describe(self):
        """The call that makes this layer, in short."""
        return f"{type(self).__name__}()"

    def __repr__(self):
        """A row for this layer and for each inside it: call, output shape, parameters, frozen."""
        rows = list(self._rows("", ""))
        call, shape, count = (max(len(row[i]) for row in rows) for i in range(3))
        return "\n".join(f"{row[0]:{call}}  {row[1]:{shape}}  {row[2]:>{count}}  {row[3]}".rstrip()
                         for row in rows)

    def _rows(self, name, indent):
        parameters, shape, count, frozen = self.parameters(), "", "", ""
        if self.output_shape:
            shape = "m" + "".join(f"×{n}" for n in self.output_shape[1:])
        if parameters:
            count = f"{sum(p.size for p in parameters):,}"
            frozen = "" if any(p.requires_grad for p in parameters) else "frozen"
        yield indent + (f"{name}: " if name else "") + self.describe(), shape, count, frozen
        for inner, child in self.children():
            yield from child._rows(inner, indent + "  ")


class Sequential(Layer):
    """The layers one after the other; parameters are named "0.weight", "1.bias", ..."""

    def __init__(self, *layers):
        for position, layer in enumerate(layers):
            if not callable(layer):
                raise TypeError(f"Sequential: layer {position} is a {type(layer).__name__}, "
                                "expected a layer or a function")
            setattr(self, str(position), layer)
        self.__dict__["steps"] = layers     # without a role: each layer is found under its position
        for name, p in self.named_parameters():
            p.name = name                   # errors then name the parameter as state_dict does

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


# --------------------------------------------------------------------------- attributes and roles

def _role_of(value):
    """"parameter", "buffer", "layers" (a list may be filled later) or, for all else, None."""
    if isinstance(value, Tensor):
        return "parameter" if _is_parameter(value) else None
    if is_array(value):
        return "buffer"
    return "layers" if isinstance(value, (Layer, list, dict)) or _layers_in("", value) else None


def _is_parameter(value):
    return isinstance(value, Tensor) and value.creator is None and value.requires_grad


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


def _array(x):
    return x._data if isinstance(x, Tensor) else x


# ------------------------------------------------------------------------------------ wrong calls

def _with_layer_name(error, layer, inputs):
    """The error, with the name of the layer where it happened, not of those around it, in front."""
    if hasattr(error, "layer"):
        return error
    wrong_type = bool(inputs) and not (isinstance(inputs[0], Tensor) or is_array(inputs[0]))
    if wrong_type and (isinstance(error, (TypeError, AttributeError)) or not layer.children()):
        cause, given = error, type_name(inputs[0])
        error = TypeError(f"got a {given}, expected a Tensor or an array")
        error.__cause__ = cause
    error.layer = layer.describe()
    error.args = (f"{error.layer}: {error}",)
    return error


def _check_replacement(layer, name, value):
    """TypeError for what would never be trained, in the place of a parameter."""
    if value is None or value is getattr(layer, name, None) or _is_parameter(value):
        return
    kind = "an array" if is_array(value) else f"a {type(value).__name__}"
    if isinstance(value, Tensor):
        kind = "a computed Tensor" if value.creator else "a Tensor without requires_grad"
    raise TypeError(
        f"{layer.describe()}: {name} is a parameter, and {kind} in its place would never be "
        f"trained. To give it new values: .{name}.data = array. To put another parameter in its "
        f"place: .{name} = minigen.tensor(array, requires_grad=True), before making the optimizer")


def _fitted(given, own, what):
    """The given arrays in the dtype and library of `own`; ValueError with all that does not fit."""
    wrong = [f"missing: {name} {own[name].shape}" for name in own if name not in given]
    wrong += [f"surplus: {name} {_shape(x)}" for name, x in given.items() if name not in own]
    wrong += [f"wrong shape: {name} is {_shape(given[name])}, expected {own[name].shape}"
              for name in own if name in given and _shape(given[name]) != own[name].shape]
    arrays, first = {}, {}
    for name, value in own.items() if not wrong else ():
        xp = array_module(_array(value))
        try:
            arrays[name] = xp.asarray(given[name], dtype=value.dtype)
        except (TypeError, ValueError) as error:
            wrong.append(f"no numbers: {name} ({error})")
            continue
        other = first.setdefault(id(value), name)
        if other != name and not xp.array_equal(arrays[name], arrays[other], equal_nan=True):
            wrong.append(f"two values for one array: {other} and {name}")
    if wrong:
        raise ValueError(f"{what}: nothing was loaded\n  " + "\n  ".join(wrong))
    return arrays


def _shape(x):
    return tuple(x.shape) if hasattr(x, "shape") else f"a {type(x).__name__}"
