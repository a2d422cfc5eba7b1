"""A parent that has loaded what programs import, and forks a program whenever it is told to.

Started with the number of a socket and the names of modules. An order is a JSON object (``argv``,
``cwd``, ``env``) that comes with three file descriptors; the answer is the program's process id.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import runpy
import socket
import sys
from pathlib import Path
from typing import Any

LONGEST_ORDER = 1 << 17
_ENDED: list[int] = []
"""The exit code of a program that came to its end."""


def wait_for_order(connection: socket.socket) -> dict[str, Any] | None:
    """Fork a child for each order; return the order in the child, and nothing at the end."""
    while True:
        message, files, _, _ = socket.recv_fds(connection, LONGEST_ORDER, 3)
        if not message:
            return None
        receiver, sender = os.pipe()
        between = os.fork()
        if between == 0:
            child = os.fork()
            if child:
                # Without its parent the child becomes one of the test's.
                os.write(sender, str(child).encode())
                os._exit(0)
            for number, file in enumerate(files):
                os.dup2(file, number)
            os.closerange(3, max(*files, receiver, sender, connection.fileno()) + 1)
            order: dict[str, Any] = json.loads(message)
            return order
        os.waitpid(between, 0)
        connection.send(os.read(receiver, 20))
        for file in (*files, receiver, sender):
            os.close(file)


def become(order: dict[str, Any]) -> None:
    """Run a program as Python would: a module after ``-m``, text after ``-c``, or a script."""
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    first, *words = order["argv"]
    how = first if first in ("-m", "-c") else ""
    if how:
        first, *words = words
    folders = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:1] = [order["cwd"] if how else str(Path(first).parent), *filter(None, folders)]
    sys.argv = [how if how == "-c" else first, *words]
    if how == "-c":
        exec(first, {"__name__": "__main__"})
    elif how == "-m":
        runpy.run_module(first, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(first, run_name="__main__")


def leave() -> None:
    """End a program that came to its end before Python takes apart all that the parent had loaded.

    That takes half a second. Where there was a window it is left to Python, for Qt can crash there.
    """
    widgets = sys.modules.get("PySide6.QtWidgets")
    if not _ENDED or (widgets and widgets.QApplication.instance()):
        return
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except (OSError, ValueError):
        return
    os._exit(_ENDED[0])


if __name__ == "__main__":
    # Before any other, so that it comes last.
    atexit.register(leave)
    to_test = socket.socket(fileno=int(sys.argv[1]))
    for module in sys.argv[2:]:
        importlib.import_module(module)
    gc.freeze()
    if (given := wait_for_order(to_test)) is not None:
        to_test.detach()
        try:
            become(given)
        except SystemExit as end:
            if end.code is None or isinstance(end.code, int):
                _ENDED.append(end.code or 0)
            raise
    _ENDED.append(0)
