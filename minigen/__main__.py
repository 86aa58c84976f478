"""python -m minigen: the version, the backend found, the demos, and what to run next."""

import ast
import importlib.metadata
import pathlib
import textwrap

from . import backend


def demos():
    """(file name, first line of its docstring) of the demos beside the package: there in a clone, not in a bare installation."""
    folder = pathlib.Path(__file__).resolve().parent.parent / "demos"
    found = []
    for path in sorted(folder.glob("*.py")):
        about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if path.name not in ("common.py", "digits_judge.py"):       # called by the others, not run
            found.append((f"demos/{path.name}", about.split("\n")[0]))
    return found


def main():
    print(f"minigen {importlib.metadata.version('minigen')}: a small engine for learning how generative models learn\n")
    try:
        print(f"array library in use   {backend.describe()}")
    except (backend.BackendError, ValueError) as reason:            # MINIGEN_BACKEND asks for one that is not there
        print(textwrap.fill(f"array library in use   none: {reason}", 100, subsequent_indent=" " * 23, break_on_hyphens=False))
    try:
        with backend.use("cupy"):
            print(f"on a GPU               {backend.describe()}")
    except backend.BackendError as reason:
        print(textwrap.fill(f"on a GPU               no. {reason}", 100, subsequent_indent=" " * 23, break_on_hyphens=False))
    listed = demos()
    if listed:
        print("\nThe demos, each a script to read in a sitting (--help lists its options):")
        width = max(len(name) for name, _ in listed)
        for name, about in listed:
            print(f"  python {name.ljust(width)}   {about}")
    print("\nNext:")
    if listed:
        print("  python demos/gan_mnist.py      a generator and a discriminator play on handwritten digits, two minutes")
    print("  python -m minigen.gradcheck    every gradient rule against central differences, half a minute")
    print("  python -m pytest               the tests, in a clone")


if __name__ == "__main__":
    main()
