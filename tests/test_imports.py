"""The house: a floor imports only from the floors below it, and importing minigen is quick."""

import ast
import pathlib
import subprocess
import sys

import minigen

ROOT = pathlib.Path(minigen.__file__).parent
FLOORS = [["backend", "files"], ["errors", "memory", "modes", "parallel"],
          ["random", "arguments"], ["autograd"], ["replay"], ["functional"], ["flat"],
          ["layers", "optim"], ["kernels"], ["gradcheck"], ["data"], ["checkpoint"], ["trainers"],
          ["processes"], ["metrics"], ["inspect", "notebook"], ["__main__"]]
LEVEL = {name: level for level, floor in enumerate(FLOORS) for name in floor}


def module_name(path):
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in MODULES.items()}


def imported(name):
    """The modules, of minigen and others, that the module `name` imports anywhere in it."""
    package = name if MODULES[name].name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")
            parent = above[:len(above) - node.level + 1] if node.level else []
            base = ".".join([*parent, *(node.module or "").split(".")]).strip(".")
            # `from .. import backend` names a module, or what is in one
            for alias in node.names:
                yield f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base


def floor(name):
    return name.split(".")[1] if "." in name else None


def test_every_module_has_its_floor():
    assert {floor(name) for name in MODULES} - {None} <= set(LEVEL)


def test_no_module_imports_from_a_floor_above_or_beside_it():
    pairs = [(name, other) for name in MODULES if floor(name) for other in imported(name)
             if other.startswith("minigen.") and floor(other) != floor(name)]
    assert [f"{name} imports {other}" for name, other in pairs
            if LEVEL[floor(other)] >= LEVEL[floor(name)]] == []


def test_only_the_face_knows_the_whole_package():
    assert [name for name in MODULES if name != "minigen" and "minigen" in imported(name)] == []


def test_there_is_no_circle():
    def visit(name, above):
        assert name not in above, " -> ".join([*above, name])
        if name not in done:
            for other in set(imported(name)) & set(MODULES):
                visit(other, [*above, name])
            done.add(name)

    done = set()
    for name in MODULES:
        visit(name, [])
    assert done == set(MODULES)


SLOW = ("matplotlib", "PIL")            # and most runs need neither


def test_no_import_hides_in_a_function_but_slow_ones():
    hidden = [
        f"{name}, line {node.lineno}" for name, tree in TREES.items() for function in ast.walk(tree)
        if isinstance(function, (ast.FunctionDef, ast.ClassDef)) for node in ast.walk(function)
        if isinstance(node, (ast.Import, ast.ImportFrom)) and not any(name in ast.unparse(node)
                                                                      for name in SLOW)
    ]
    assert hidden == []


DYNAMIC = ("import_module", "__import__")


def test_only_the_backend_speaks_of_importing_cupy():
    def speaks(name):
        dynamic = [
            node.args[0].value for node in ast.walk(TREES[name])
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)
            and getattr(node.func, "attr", getattr(node.func, "id", "")) in DYNAMIC
        ]
        return any(str(other).split(".")[0] == "cupy" for other in [*imported(name), *dynamic])

    assert [name for name in MODULES if speaks(name)] == ["minigen.backend"]


def test_operations_and_optimizers_take_their_library_from_their_arrays():
    assert [
        name for name in MODULES
        if floor(name) in ("functional", "optim") and "numpy" in imported(name)
    ] == []


def test_the_engine_can_be_read_in_an_evening():
    lines = {
        name: len((ROOT / name).read_text(encoding="utf-8").splitlines())
        for name in ("backend.py", "autograd.py")
    }
    assert sum(lines.values()) < 620, lines


TIMED = """
import time, numpy
start = time.process_time()             # the processor's seconds: others may be using the machine
import minigen
print(time.process_time() - start)
"""

LOADED = """
import sys
opened = []
sys.addaudithook(lambda event, arguments: event == "open" and opened.append(str(arguments[0])))
import minigen
print(sorted({name.split(".")[0] for name in sys.modules}))
print([path for path in opened if not path.endswith((".py", ".pyc", ".so"))])
"""


def fresh(code):
    """The lines that a new interpreter prints."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=ROOT.parent).stdout.splitlines()


def test_importing_minigen_takes_less_than_three_tenths_of_a_second_beyond_numpy():
    seconds = [float(fresh(TIMED)[0]) for _ in range(5)]
    assert min(seconds) < 0.3, seconds


def test_importing_minigen_loads_neither_plots_nor_data_nor_a_gpu():
    packages, files = map(ast.literal_eval, fresh(LOADED))
    assert not {"matplotlib", "cupy", "scipy", "PIL", "torch", "pandas"} & set(packages)
    assert [path for path in files if path.startswith(str(ROOT))] == []
