"""Files that are whole or not there: the one place that replaces a file.

Not the subject: skim it at a first reading. Read next: checkpoint.py.
"""

import contextlib
import os
import pathlib
import shutil


@contextlib.contextmanager
def replacing(path):
    """`with replacing(path) as file:` writes binary data that becomes `path` in one piece.

    The data go to a temporary file beside it, renamed at the end, so that nobody ever sees half a
    file and the old one stays if anything fails. A file that is replaced keeps its permissions.
    OSError: the folder cannot be written."""
    path = pathlib.Path(path)
    part = part_of(path)
    try:
        with open(part, "wb") as file:
            yield file
        if path.exists():
            shutil.copymode(path, part)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def part_of(path):
    """The temporary file beside `path`."""
    return path.with_name(f"{path.name}.{os.getpid()}.part")


@contextlib.contextmanager
def writing(path, what):
    """A file that becomes `path` in one piece; an OSError says what could not be written."""
    try:
        with replacing(path) as file:
            yield file
    except OSError as error:
        raise type(error)(f"the {what} {path} cannot be written: {error.strerror or error}"
                          ) from error
