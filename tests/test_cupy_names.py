"""What the source asks of an array library, without running it: each name must be CuPy's, and
NumPy's too.

The names are checked against those recorded from cupy 14.2.0 (strict_cupy.py), so a name that would
fail on a GPU fails here. Floors that compute on arrays do not import NumPy: they use the library
that their arrays belong to.
"""

import ast
import functools
import pathlib

import numpy
import pytest
import strict_cupy

import minigen.backend

pytestmark = pytest.mark.host_arrays

MINIGEN = pathlib.Path(minigen.backend.__file__).parent
SOURCES = {path.relative_to(MINIGEN).as_posix(): path.read_text()
           for path in sorted(MINIGEN.rglob("*.py"))}

# The floors that work on whatever arrays they are given.
ON_ARRAYS = [name for name in SOURCES if name.startswith(("functional/", "layers/", "trainers/"))
             or name in ("autograd.py", "optim.py")]

# What these may take from NumPy, and why. Short, and each entry must be in use.
NUMPY_ALLOWED = {
    # tests of type and dtype, and the scalars that only NumPy returns made arrays again
    "autograd.py": {"ndarray", "float64", "generic", "asarray", "result_type"},
    "arguments.py": {"ndarray", "generic", "float32"},
    # batches that come from the host, as arrays or lists, are checked there before they are moved
    "trainers/checks.py": {"asarray", "isfinite"},
}

# The places that may use what only CuPy has.
USE_CUPY = ("backend.py", "memory.py", "kernels/kernel.py", "processes/mpi.py")

ONLY_NUMPYS_ARRAYS_HAVE = {name for name in dir(numpy.ndarray)
                           if name[0] != "_" and name not in strict_cupy.NDARRAY_NAMES}


# ------------------------------------------------------------------------------- reading the source

def dotted_names(tree, is_module):
    """{dotted name: line} for all that is taken from a module: `xp.add.at` gives "add.at", and so
    does `getattr(xp, "add").at`. A name that is computed, `getattr(xp, name)`, is given as "?"."""
    names, inner = {}, set()
    for node in ast.walk(tree):     # from the outside in, so that the longest chain is seen first
        chain, value = [], node
        while isinstance(value, ast.Attribute) and not is_module(value):
            chain, value = [value.attr, *chain], value.value
            inner.add(value)
        if (isinstance(value, ast.Call) and getattr(value.func, "id", "") == "getattr"
                and is_module(value.args[0])):
            chain, value = [getattr(value.args[1], "value", "?"), *chain], value.args[0]
        if chain and node not in inner and is_module(value) and not chain[0].startswith("__"):
            names.setdefault(".".join(chain), node.lineno)
    return names


def from_array_modules(source, *roots):
    """dotted_names of the array modules: names in `roots`, attributes called `xp`, calls of
    array_module or current, and names that one of these was assigned to."""
    tree, roots = ast.parse(source), set(roots)

    def is_module(node):
        match node:
            case ast.Name(id=name):
                return name in roots
            case ast.Attribute(attr=name):
                return name == "xp"
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                return name in ("array_module", "current")
            case ast.BoolOp(values=values):
                return any(map(is_module, values))
            case ast.IfExp(body=body, orelse=orelse):
                return is_module(body) or is_module(orelse)
            case ast.NamedExpr(value=value):
                return is_module(value)
        return False

    def assign(target, value):
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            for pair in zip(target.elts, value.elts, strict=False):
                assign(*pair)
        elif isinstance(target, ast.Name) and is_module(value):
            roots.add(target.id)

    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.NamedExpr)):
            assign(node.targets[0] if isinstance(node, ast.Assign) else node.target, node.value)
    return dotted_names(tree, is_module)


def from_numpy(source):
    """The dotted names that a source takes from NumPy; "numpy" where it is imported whole."""
    def is_numpy(module):
        return (module or "").partition(".")[0] == "numpy"

    tree, whole, taken = ast.parse(source), set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            whole |= {alias.asname or "numpy" for alias in node.names if is_numpy(alias.name)}
        elif isinstance(node, ast.ImportFrom) and not node.level and is_numpy(node.module):
            taken |= {alias.name for alias in node.names}
    taken |= set(dotted_names(tree, lambda node: isinstance(node, ast.Name) and node.id in whole))
    return taken | ({"numpy"} if whole else set())


def imports(source):
    """The top-level packages that a source imports."""
    packages = set()
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                packages |= {alias.name.partition(".")[0] for alias in names}
            case ast.ImportFrom(module=str(name), level=0):
                packages.add(name.partition(".")[0])
            case ast.Call(func=ast.Name(id="__import__") | ast.Attribute(attr="import_module"),
                          args=[name, *_]):
                packages.add(getattr(name, "value", "?").partition(".")[0])
    return packages


def has(module, dotted):
    try:
        functools.reduce(getattr, dotted.split("."), module)
    except (AttributeError, NotImplementedError):
        return False
    return True


def cupy_has(dotted):
    return dotted.partition(".")[0] in strict_cupy.NAMES and has(strict_cupy.module, dotted)


# --------------------------------------------------------------------------------------- the checks

@pytest.mark.parametrize("name", SOURCES)
def test_names_exist_in_cupy_and_in_numpy(name):
    if name in USE_CUPY:
        lacking = [n for n in from_array_modules(SOURCES[name], "xp", "cupy", "_cupy")
                   if not cupy_has(n)]
    else:
        found = from_array_modules(SOURCES[name], "xp")
        lacking = [f"line {line}: {n}" for n, line in found.items()
                   if not cupy_has(n) or not has(numpy, n)]
    assert not lacking, (f"{name}: not in cupy 14.2, or not in numpy; '?' is a computed name, "
                         "which hides from this test")


@pytest.mark.parametrize("name", SOURCES)
def test_only_backend_imports_cupy(name):
    found = imports(SOURCES[name]) & {"cupy", "cupyx", "cupy_backends"}
    assert found == ({"cupy"} if name == "backend.py" else set())


@pytest.mark.parametrize("name", ON_ARRAYS)
def test_floors_on_arrays_take_nothing_from_numpy(name):
    taken, allowed = from_numpy(SOURCES[name]) - {"numpy"}, NUMPY_ALLOWED.get(name, set())
    assert taken <= allowed, (f"{name}: use array_module(x) instead, "
                              "or NumPy on the host, and say why above")
    assert allowed <= taken, f"{name}: allowed here for nothing"
    assert allowed or "numpy" not in from_numpy(SOURCES[name]), f"{name}: imports numpy for nothing"


@pytest.mark.parametrize("name", ON_ARRAYS)
def test_no_attribute_that_only_numpys_arrays_have(name):
    attributes = {node.attr for node in ast.walk(ast.parse(SOURCES[name]))
                  if isinstance(node, ast.Attribute)}
    assert not attributes & (ONLY_NUMPYS_ARRAYS_HAVE | {"writeable"})


@pytest.mark.parametrize("name", SOURCES)
def test_nothing_holds_on_to_the_module_in_use(name):
    """`from .backend import xp` would freeze the choice made when the file was imported."""
    froms = [node for node in ast.walk(ast.parse(SOURCES[name]))
             if isinstance(node, ast.ImportFrom)]
    assert "xp" not in {alias.name for node in froms for alias in node.names}


# ------------------------------------------------------------------------------ the checks can fail

@pytest.mark.parametrize("source, names", [
    ("xp.exp(x)", {"exp"}),
    ("xp.lib.stride_tricks.as_strided(x)", {"lib.stride_tricks.as_strided"}),
    ("backend.xp.add.at(y, i, x)", {"add.at"}),
    ("y = self.at.xp.matmul(x, x).T.sum()", {"matmul"}),
    ("array_module(x).where(x > xp.pi, current().ones(3), 0)", {"where", "pi", "ones"}),
    ("library, n = backend.array_module(x), 3\nlibrary.hypot(x, x)", {"hypot"}),
    ("m = m or backend.current()\nf(m.cuda.Device().id)", {"cuda.Device"}),
    ("m = xp if a else b\nm.abs(m.tanh(x)).max()", {"abs", "tanh"}),
    ("if (m := array_module(x)).any(x): m.all(x)", {"any", "all"}),
    ("(xp.maximum if a else xp.minimum)(x, y, out=y)", {"maximum", "minimum"}),
    ("getattr(xp, 'errstate')(all='ignore')", {"errstate"}),
    ("getattr(array_module(x), name)(x)", {"?"}),
    ("x.exp(y) + np.exp(y) + module.exp(y) + xp.__name__", set())])
def test_names_taken_from_an_array_module_are_found(source, names):
    assert set(from_array_modules(source, "xp")) == names


def test_names_are_found_in_minigen():
    elementwise = from_array_modules(SOURCES["functional/elementwise.py"], "xp")
    assert {"exp", "log1p", "minimum"} <= set(elementwise)
    in_backend = from_array_modules(SOURCES["backend.py"], "cupy", "_cupy")
    assert {"ones", "asnumpy", "ndarray"} <= set(in_backend)
    assert ON_ARRAYS and "setflags" in ONLY_NUMPYS_ARRAYS_HAVE


@pytest.mark.parametrize("name, cupys, numpys", [
    ("exp", True, True), ("add.at", True, True), ("pi", True, True),
    ("lib.stride_tricks.sliding_window_view", True, True),
    ("errstate", False, True), ("vecdot", False, True), ("exp.reduce", False, True),
    ("random.Generator.normal", False, True),
    ("float_", True, False), ("asnumpy", True, False), ("?", False, False)])
def test_has(name, cupys, numpys):
    assert (cupy_has(name), has(numpy, name)) == (cupys, numpys)


@pytest.mark.parametrize("source, packages, numpys", [
    ("import numpy as np\nimport cupy.cuda\ny = np.exp(x) + np.linalg.norm(x)", {"numpy", "cupy"},
     {"numpy", "exp", "linalg.norm"}),
    ("from numpy import log as ln\nfrom cupyx import jit", {"numpy", "cupyx"}, {"log"}),
    ("import importlib\nimportlib.import_module('cupy')", {"importlib", "cupy"}, set()),
    ("from . import backend\nbackend.numpy.exp(x)", set(), set())])
def test_imports_are_found(source, packages, numpys):
    assert imports(source) == packages and from_numpy(source) == numpys
