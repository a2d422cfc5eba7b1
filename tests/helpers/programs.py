"""Programs under test: never left behind, and waited for as long as a busy computer takes."""

from __future__ import annotations

import shutil
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

HOSTILE = ("models", "training", "config", "signals", "tests")


@contextmanager
def started(command: Sequence[str], **options: Any) -> Iterator[subprocess.Popen[Any]]:
    """Start a program, and kill it where the test fails before it has ended."""
    with subprocess.Popen(command, **options) as program:
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
