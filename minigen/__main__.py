"""python -m minigen: the version, the array library found, the demos, and what to run next.

Not the subject: skim it at a first reading. Read next: backend.py.
"""

import ast
import importlib.metadata
import pathlib
import sys
import textwrap

from . import backend

DEMOS = pathlib.Path(__file__).resolve().parent.parent / "demos"


def main():
    print(f"minigen {version()}: a small engine for learning how generative models learn\n")
    print_entry("array library in use", *describe())
    print_entry("on a GPU", *describe("cupy"))
    listed = demos()
    if listed:
        print("\nThe demos, each a script to read in a sitting (--help lists its options):")
        width = max(len(name) for name, _ in listed)
        for name, about in listed:
            print(textwrap.fill(f"  python {name:{width}}   {about}", 100,
                                subsequent_indent=" " * (width + 12)))
    print("\nNext:")
    if listed:
        print("  python demos/gan_mnist.py      a generator and a discriminator play on digits")
    print("  python -m minigen.gradcheck    every gradient rule against central differences")
    print("  python -m pytest               the tests, in a clone")


def version():
    """The version; in a clone that pip has not installed, how to install it."""
    try:
        return importlib.metadata.version("minigen")
    except importlib.metadata.PackageNotFoundError:
        return "(not installed: pip install -e .)"


def describe(library=None):
    """The array library (the one in use, if no other is named), or why there is none."""
    try:
        if library is None:
            return backend.describe(), ""
        with backend.use(library):
            return backend.describe(), ""
    except (backend.BackendError, ValueError) as reason:    # ValueError: MINIGEN_BACKEND is unknown
        return "no", str(reason)


def print_entry(title, answer, reason):
    text = f"{title:20}   {answer}{'. ' if reason else ''}{reason}"
    print(textwrap.fill(text, 100, subsequent_indent=" " * 23, break_on_hyphens=False))


def demos():
    """(path, first paragraph of its docstring) of each demo: in a clone, not in an installation.

    claims.py is not one of them: it runs them all."""
    found = []
    for path in sorted(DEMOS.glob("*.py")):
        about = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        if path.name != "claims.py":
            found.append((f"demos/{path.name}", " ".join(about.split("\n\n")[0].split())))
    return found


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="replace")    # a pipe on Windows cannot show every character
    main()
