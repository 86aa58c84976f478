"""Watching a trainer's own lines run, as a debugger does, so that the trainers need no word about
being watched, and cost nothing when they are not.

Python calls a trace function before every line of a function that asks for it. `Watch` asks for it
in the trainer's methods, and only for one iteration: after each statement it knows which line that
was, which names it made, and their values. Calls of layers are seen the same way. While it watches,
a debugger or a measurement of coverage sees nothing of this thread; afterwards it goes on.
Read next: phase.py.
"""

import ast
import functools
import inspect
import sys
import textwrap
from typing import NamedTuple

from ..layers.layer import Layer


class Statement(NamedTuple):
    """Lines of a source file, first to last, and the names that they assign."""

    first: int
    last: int
    made: tuple


class Watch:
    """From start() to stop(), of the thread that calls them.

    trainer: its methods in `methods`, a set of names, are watched.
    enter(name, code, arguments), after(name, statement, locals), leave(name): called as a method
    begins, after each of its statements, and as it ends.  layer(layer, inputs, output): after a
    layer's call."""

    def __init__(self, trainer, methods, enter, after, leave, layer):
        self.trainer, self.methods = trainer, methods
        self.enter, self.after, self.leave, self.layer = enter, after, leave, layer
        self.depth, self.before = 0, None

    def start(self):
        self.before = sys.gettrace()
        sys.settrace(self._call)

    def stop(self):
        sys.settrace(self.before)

    def _call(self, frame, event, _):
        code = frame.f_code
        if code is Layer.__call__.__code__ and self.depth:
            frame.f_trace_lines = False
            return self._layer
        if code.co_name in self.methods and frame.f_locals.get("self") is self.trainer:
            self.depth += 1
            arguments = dict(frame.f_locals)
            del arguments["self"]
            self.enter(code.co_name, code, arguments)
            return _Follow(self, frame)
        return None

    def _layer(self, frame, event, result):
        if event == "return" and result is not None:
            self.layer(frame.f_locals["self"], frame.f_locals["inputs"], result)
        return self._layer

    def left(self, name):
        self.leave(name)
        self.depth -= 1


class _Follow:
    """The trace function of one call of a watched method: knows which statement is running."""

    def __init__(self, watch, frame):
        self.watch, self.name = watch, frame.f_code.co_name
        self.statements, self.running = statements(frame.f_code), None

    def __call__(self, frame, event, _):
        if event == "line":
            statement = self.statements.get(frame.f_lineno)
            if statement is not self.running:
                self._finish(frame)
                self.running = statement
        elif event == "return":
            self._finish(frame)
            self.watch.left(self.name)
        return self

    def _finish(self, frame):
        if self.running is not None:
            self.watch.after(self.name, self.running, frame.f_locals)


@functools.cache
def statements(code):
    """Line number -> the Statement it belongs to, of a function's body. A compound statement (with,
    if, for) is here its head alone. RuntimeError: the source is not to be had."""
    found = {}
    lines, start = source(code)
    tree = ast.parse(textwrap.dedent("".join(lines)))
    for node in ast.walk(tree.body[0]):
        if isinstance(node, ast.stmt) and node is not tree.body[0]:
            body = getattr(node, "body", None)
            last = body[0].lineno - 1 if body else node.end_lineno
            targets = getattr(node, "targets", [getattr(node, "target", node)])
            made = tuple(dict.fromkeys(
                name.id for target in targets if target is not node for name in ast.walk(target)
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store)))
            statement = Statement(start + node.lineno - 1, start + last - 1, made)
            found.update({i: statement for i in range(statement.first, statement.last + 1)})
    return found


def source(code):
    """(lines, number of the first) of a function. RuntimeError: there is no source."""
    try:
        return inspect.getsourcelines(code)
    except OSError as error:
        raise RuntimeError(f"Recorder: the source of {code.co_name} in {code.co_filename} is not "
                           "to be had, and a recording names its lines") from error
