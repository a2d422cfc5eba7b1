"""Programs under test: never left behind, and waited for as long as a busy computer takes.

Most of a short program's time is its start. Where the start is not the point, `Program` forks it
from a parent that has loaded the libraries already.
"""

from __future__ import annotations

import atexit
import ctypes
import inspect
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE_S = 200.0
"""Longest wait for a program; a start takes half a minute where ten others run beside it."""

LATE = 10
"""Rows that a busy computer may give beyond a duration, because it looks at its clock late."""

LIVE = (
    *("torch", "scipy.signal", "pylsl", "pyqtgraph", "PySide6.QtWidgets", "physiosync_rt.cli"),
    *("physiosync_rt.live.engine", "physiosync_rt.bundle.predictor"),
    *("physiosync_rt.dashboard.application", "brainflow", "onnx"),
    *("physiosync_rt.cli.app", "physiosync_rt.cli.live", "physiosync_rt.cli.files"),
    *("physiosync_rt.cli.session", "physiosync_rt.setup.live_run", "physiosync_rt.lsl.source"),
    *("physiosync_rt.formats.registry", "rich.live"),
)
"""What a live run imports."""

TRAINING = (
    *("torch._dynamo", "physiosync_training.experiment.experiment", "physiosync_rt.cli.train"),
    *LIVE,
)
"""What a training imports."""

_CAN_ADOPT = sys.platform == "linux"
_PR_SET_CHILD_SUBREAPER = 36
_PARENTS: dict[tuple[str, ...], socket.socket] = {}

HOSTILE = ("models", "training", "config", "signals", "tests")


def _parent(modules: tuple[str, ...]) -> socket.socket:
    """Return the line to a parent that has loaded modules, or more, started where there is none."""
    for loaded, line in _PARENTS.items():
        if set(modules) <= set(loaded):
            return line
    # A child whose own parent has ended becomes one of this process, which can wait for it.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    script = Path(__file__).with_name("loaded_parent.py")
    parent = subprocess.Popen(
        [sys.executable, str(script), str(there.fileno()), *modules],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        pass_fds=[there.fileno()],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    there.close()

    def end() -> None:
        here.close()
        parent.wait()

    atexit.register(end)
    _PARENTS[modules] = here
    return here


class Program(subprocess.Popen[Any]):
    """A Python program that is forked from a loaded parent; in all else a `Popen`.

    Off Linux it is started like any other.

    Parameters
    ----------
    command : sequence of str
        This Python, and a script, ``-m`` and a module or ``-c`` and text, with their arguments.
    loaded : tuple of str, optional
        Modules that the parent has loaded.
    **options
        Of `Popen`: pipes, ``cwd``, ``env`` and ``text``.
    """

    def __init__(
        self, command: Sequence[str], loaded: tuple[str, ...] = LIVE, **options: Any
    ) -> None:
        assert command[0] == sys.executable
        self._loaded = loaded
        super().__init__(command, **options)

    def _execute_child(self, *arguments: Any) -> None:
        if not _CAN_ADOPT:
            super()._execute_child(*arguments)  # type: ignore[misc]
            return
        given = inspect.signature(subprocess.Popen._execute_child)  # type: ignore[attr-defined]
        of = given.bind(self, *arguments).arguments
        ends = [of["p2cread"], of["c2pwrite"], of["errwrite"]]
        order = {
            "argv": list(map(str, of["args"][1:])),
            "cwd": str(of["cwd"] or Path.cwd()),
            "env": dict(os.environ if of["env"] is None else of["env"]),
        }
        line = _parent(self._loaded)
        files = [number if end == -1 else end for number, end in enumerate(ends)]
        socket.send_fds(line, [json.dumps(order).encode()], files)
        self.pid = int(line.recv(20))
        self._child_created = True
        pipes = (of[name] for name in ("p2cread", "p2cwrite", "c2pread", "c2pwrite"))
        self._close_pipe_fds(*pipes, of["errread"], of["errwrite"])  # type: ignore[attr-defined]


def run(
    command: Sequence[str], timeout: float = PATIENCE_S, **options: Any
) -> subprocess.CompletedProcess[str]:
    """Run a `Program` to its end and return all that it said."""
    pipe = subprocess.PIPE
    with Program(command, stdout=pipe, stderr=pipe, text=True, **options) as program:
        try:
            said, complained = program.communicate(timeout=timeout)
        finally:
            program.kill()
    return subprocess.CompletedProcess(command, program.returncode, said, complained)


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Start a program, and kill it where the test fails before it has ended."""
    with Program(command, **options) as program:
        try:
            yield program
        finally:
            program.kill()


def wait_for(ready: Callable[[], bool], program: subprocess.Popen[Any]) -> None:
    """Wait until a program has come so far; it must not end before."""
    deadline = time.monotonic() + PATIENCE_S
    while not ready():
        assert program.poll() is None, f"ended with {program.returncode}"
        assert time.monotonic() < deadline, "did not come so far"
        time.sleep(0.05)


def plant(folder: Path, *names: str) -> None:
    """Write modules that end whatever imports them."""
    for name in names:
        text = f"raise SystemExit('hostile {name}')\n"
        (folder / f"{name}.py").write_text(text, encoding="utf-8")


def console_script() -> str | None:
    """Return the path of ``physiosync`` beside this Python, if it is installed."""
    beside = str(Path(sys.executable).parent)
    return shutil.which("physiosync", path=beside) or shutil.which("physiosync")
