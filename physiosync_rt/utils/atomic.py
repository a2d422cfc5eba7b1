"""Files and folders that are whole or not there."""

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
"""What writing to a full disk or a forbidden place raises; torch and safetensors have their own."""

READ_ERRORS: Final = (
    *(OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError),
    *(BadZipFile, SafetensorError),
)
"""What reading a file raises that is cut off or damaged, whatever it should have held."""


def reason_of(error: BaseException) -> str:
    """What the system says of a failed write, or the writer itself, in one line."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror
        inner = inner.__context__
    return (str(error).splitlines() or ["unknown reason"])[0]


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Give a path beside a file that takes the file's name only when all went well.

    Parameters
    ----------
    path : Path
        Its folder is made when it is not there. What was there before is replaced, or untouched
        where anything fails.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not mkstemp, whose files nobody else may read.
    fresh = path.with_name(f".{path.name}-{secrets.token_hex(4)}")
    try:
        mode = _usual_mode(fresh)
        yield fresh
        _settle(fresh, mode)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Give an empty folder that takes a folder's name only when all went well.

    Parameters
    ----------
    path : Path
        What was there before is replaced with all it holds, or untouched where anything fails.

    Raises
    ------
    OSError
        The folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    mark = secrets.token_hex(4)
    fresh, old = (path.with_name(f".{kind}-{path.name}-{mark}") for kind in ("new", "old"))
    try:
        fresh.mkdir()
        mode = _usual_mode(fresh / ".mode")
        (fresh / ".mode").unlink()
        yield fresh
        for file in fresh.rglob("*"):
            if file.is_file():
                _settle(file, mode)
        _swap(fresh, path, old)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def _swap(fresh: Path, path: Path, old: Path) -> None:
    try:
        path.rename(old)
    except FileNotFoundError:
        fresh.rename(path)
        return
    try:
        fresh.rename(path)
    except OSError:
        old.rename(path)
        raise


def _usual_mode(path: Path) -> int:
    """Make an empty file and look up the mode that the person's umask gave it."""
    path.touch(exist_ok=False)
    return path.stat().st_mode


def _settle(path: Path, mode: int) -> None:
    """See to it that a file is on the disk, and readable for whom the person's files are."""
    path.chmod(mode)  # safetensors writes files that nobody else may read
    with path.open("r+b") as written:  # Windows syncs nothing that was opened to be read alone
        os.fsync(written.fileno())
