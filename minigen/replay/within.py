"""What a step can reach: the arrays, networks, optimizers and settings that it may read or change.

    Within(step)    from the function: the variables of its closure, the globals that it names, the
                    object that it is a method of; from there all attributes and items (but not
                    what is iterated over: that is where batches come from)

Each place has a name for messages ("discriminator.0.weight"). A snapshot of all places can be
compared with a later one, and restored.
"""

import contextlib
import functools
import sys
import types
from operator import is_

import numpy

from ..autograd import Operation, Tensor

_OPAQUE = (types.ModuleType, type, Operation, str, bytes, int, float, complex, type(None))
_LIBRARIES = {"minigen", "numpy", *sys.stdlib_module_names}         # whose functions keep nothing
_SLOTS = ("_data", "grad", "requires_grad")


class _Globals:
    """The globals that a function names, as attributes."""

    def __init__(self, function):
        names = function.__code__.co_names
        vars(self).update(space=function.__globals__,
                          names=[name for name in names if name in function.__globals__])

    def __getattr__(self, name):
        return self.space[name]

    def __setattr__(self, name, value):
        self.space[name] = value


class Within:
    """owners: (name, container) of all that can be reached: dicts (an object is its attributes),
    lists, tuples, cells of closures, globals, Tensors.  tensors: the Tensors among them."""

    def __init__(self, step):
        self.owners, self.tensors = [], []
        seen, found = set(), [("", step)]
        while found:
            name, x = found.pop()
            if id(x) not in seen and not _is_opaque(x):
                seen.add(id(x))
                for prefix, owner in _owners(name, x):
                    self.owners.append((prefix, owner))
                    found += [(_name(prefix, owner, key), value)
                              for key, value in _entries(owner).items()]
                if type(x) is Tensor:
                    self.tensors.append(x)

    def entries(self):
        """What each owner holds now: key -> value."""
        return [_entries(owner) for _, owner in self.owners]

    def arrays(self):
        """name -> array, of each array once."""
        named, seen = {}, set()
        for prefix, owner in self.owners:
            for key, value in _entries(owner).items():
                if isinstance(value, numpy.ndarray) and id(value) not in seen:
                    seen.add(id(value))
                    name = _name(prefix, owner, key)
                    while name in named:            # two variables of one name
                        name += "′"
                    named[name] = value
        return named

    def copies(self):
        return {name: array.copy() for name, array in self.arrays().items()}

    def changes(self, before):
        """(name, owner, key, value now) wherever an owner holds something else than `before`, the
        entries of an earlier moment."""
        for (name, owner), old in zip(self.owners, before):
            for key, value in _entries(owner).items():
                if key not in old or old[key] is not value:
                    yield _name(name, owner, key), owner, key, value
            for key in set(old) - set(_entries(owner)):
                yield _name(name, owner, key), owner, key, None

    def restore(self, entries, copies):
        """Put everything back as it was: what each owner held, and the numbers in each array."""
        for (_, owner), old in zip(self.owners, entries):
            if isinstance(owner, list):
                owner[:] = old.values()
            for key in set(_entries(owner)) - set(old):
                del owner[key]
            for key, value in old.items():
                if _entries(owner).get(key, self) is not value:
                    put(owner, key, value)
        for name, array in self.arrays().items():
            array[...] = copies[name]

    @contextlib.contextmanager
    def holding(self, kind):
        """Inside the block every array is wrapped: kind(array) in its place."""
        wrapped = {id(array): kind(array) for array in self.arrays().values()}
        places = [(owner, key, value) for _, owner in self.owners if not isinstance(owner, tuple)
                  for key, value in _entries(owner).items() if isinstance(value, numpy.ndarray)]
        try:
            for owner, key, array in places:
                put(owner, key, wrapped[id(array)])
            yield
        finally:
            for owner, key, array in places:
                if _entries(owner).get(key) is wrapped[id(array)]:
                    put(owner, key, array)

    def same(self, changing):
        """A function that tells, as quickly as Python can, whether everything is as it is now: the
        same objects, arrays and settings, but for the (owner, key) in `changing`. (Containers are
        compared by ==, which looks first whether two things are one.)"""
        free = {(id(owner), key) for owner, key in changing}
        dicts = [owner for _, owner in self.owners if isinstance(owner, dict)]
        lists = [owner for _, owner in self.owners if isinstance(owner, list)]

        def held(owner):
            return {key: _ANY if (id(owner), key) in free else _Same.of(value)
                    for key, value in _entries(owner).items()}

        dicts_then = [held(owner) for owner in dicts]
        lists_then = [[*held(owner).values()] for owner in lists]
        cells = [owner for _, owner in self.owners if isinstance(owner, types.CellType)]
        named = [(owner.space, name) for _, owner in self.owners if isinstance(owner, _Globals)
                 for name in owner.names]

        def single():
            yield from [x._data for x in self.tensors]
            yield from [x.requires_grad for x in self.tensors]
            yield from [cell.cell_contents for cell in cells]
            yield from [space[name] for space, name in named]

        singles_then = [*single()]

        def is_same():
            try:
                return (dicts == dicts_then and lists_then == lists
                        and all(map(is_, single(), singles_then)))
            except (KeyError, ValueError):      # no such variable; two arrays were compared
                return False
        return is_same


class _Any:
    __array_ufunc__ = None              # array == this asks this

    def __eq__(self, other):
        return True


class _Same:
    """Equal to one object only (a Tensor, asked, compares its data), where == would compare the
    number in it."""

    __array_ufunc__ = None

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return other is self.value or other is getattr(self.value, "_data", self)

    @classmethod
    def of(cls, value):
        return cls(value) if getattr(value, "size", 0) == 1 else value


_ANY = _Any()


def _is_opaque(x):
    library = (getattr(x, "__module__", None) or "").split(".")[0]
    is_source = hasattr(type(x), "__iter__") and not isinstance(x, (Tensor, dict, list, tuple))
    return (isinstance(x, _OPAQUE) or is_source                     # of batches: not the step's
            or hasattr(x, "replayed")                               # the record of an earlier step
            or isinstance(x, types.FunctionType) and library in _LIBRARIES)


def _owners(name, x):
    """(name, container) of what is directly within x."""
    if type(x) is Tensor or isinstance(x, (dict, list, tuple)):
        return [(name, x)]
    if isinstance(x, types.MethodType):
        return [(name, (x.__self__, x.__func__))]
    if isinstance(x, functools.partial):
        return [(name, (x.func, x.args, x.keywords))]
    if isinstance(x, types.FunctionType):
        cells = zip(x.__code__.co_freevars, x.__closure__ or ())
        return [*cells, ("", _Globals(x)), (name, x.__defaults__ or ())]
    return [(name, vars(x))] if hasattr(x, "__dict__") else []


def _entries(owner):
    """key -> value."""
    if isinstance(owner, dict):
        return dict(owner)
    if isinstance(owner, (list, tuple)):
        return dict(enumerate(owner))
    if type(owner) is Tensor:
        return {slot: getattr(owner, slot) for slot in _SLOTS}
    if isinstance(owner, _Globals):
        return {name: owner.space[name] for name in owner.names}
    try:
        return {"cell_contents": owner.cell_contents}
    except ValueError:                  # a variable without a value
        return {}


def put(owner, key, value):
    """Make `owner` hold this value under this key."""
    if isinstance(owner, (dict, list)):
        owner[key] = value
    else:
        setattr(owner, key, value)


def _name(prefix, owner, key):
    """The name of an entry: "optimizer.state.velocity"."""
    if key in ("_data", "cell_contents") and not isinstance(owner, dict):
        return prefix
    return f"{prefix}.{key}" if prefix else str(key)
