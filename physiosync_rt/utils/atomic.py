"""Atomic writes: a file or folder is complete or does not exist."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

from safetensors import SafetensorError

WRITE_ERRORS: Final = (OSError, RuntimeError, SafetensorError)
"""Errors of writing to a full or read-only disk, including those of torch and safetensors."""

READ_ERRORS: Final = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError),
    *(BadZipFile, SafetensorError),
)
"""Errors of reading a truncated or damaged file of any format."""


def reason_of(error: BaseException) -> str:
    """Return the system's or the writer's reason of a failed write, in one line."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__context__
    return (str(error).splitlines() or ["unknown reason"])[0]


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path that is renamed to ``path`` on success.

    Parameters
    ----------
    path : Path
        Its folder is created when missing. An existing file is replaced on success, and untouched
        on failure.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not mkstemp, whose files are not readable for other users.
    temporary = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        mode = _default_mode(temporary)
        yield temporary
        _finish(temporary, mode)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield a temporary empty folder that is renamed to ``path`` on success.

    Parameters
    ----------
    path : Path
        An existing folder is replaced completely on success, and untouched on failure.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    mark = secrets.token_hex(4)
    temporary, old = (path.with_name(f".{kind}-{path.name}-{mark}") for kind in ("new", "old"))
    try:
        temporary.mkdir()
        mode = _default_mode(temporary / ".mode")
        (temporary / ".mode").unlink()
        yield temporary
        for file in temporary.rglob("*"):
            if file.is_file():
                _finish(file, mode)
        _swap(temporary, path, old)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _swap(temporary: Path, path: Path, old: Path) -> None:
    try:
        path.rename(old)
    except FileNotFoundError:
        temporary.rename(path)
        return
    try:
        temporary.rename(path)
    except OSError:
        old.rename(path)
        raise


def _default_mode(path: Path) -> int:
    """Create an empty file and return the mode that the user's umask gave it."""
    path.touch(exist_ok=False)
    return path.stat().st_mode


def _finish(path: Path, mode: int) -> None:
    """Flush a file to disk and give it the user's default mode."""
    path.chmod(mode)  # safetensors writes files that other users cannot read
    with path.open("r+b") as written:  # Windows cannot sync read-only files
        os.fsync(written.fileno())
