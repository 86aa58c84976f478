"""Files that are whole or not there: the one place that replaces a file. Not the engine."""

import contextlib
import os
import pathlib


@contextlib.contextmanager
def replacing(path):
    """`with replacing(path) as file:` writes binary data that becomes `path` in one piece.

    The data go to a temporary file beside it, renamed at the end, so that nobody ever sees half a
    file and the old one stays if anything fails. OSError: the folder cannot be written."""
    path = pathlib.Path(path)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            yield file
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
