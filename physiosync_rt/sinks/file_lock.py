"""Which files are being written: two runs on one computer do not share a log."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl


def is_held(path: Path) -> bool:
    """Return whether another run on this computer writes this file now."""
    if sys.platform == "win32":  # There an open file cannot be renamed anyway.
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:  # A file system without locks.
            return False
    return False


def hold(descriptor: int) -> None:
    """Mark an open file as being written; the mark goes with the descriptor."""
    if sys.platform != "win32":
        with suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
