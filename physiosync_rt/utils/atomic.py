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

_NO_LINKS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
_CREATE: Final = (
    os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0) | _NO_LINKS
)
_NAME_CHARS: Final = 40
"""So much of a name is kept in a temporary one, which may be no longer than 255 bytes."""

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


def create_file(path: Path, *, private: bool = False) -> int:
    """Create a file and return its descriptor, open for writing at its end.

    Parameters
    ----------
    path : Path
    private : bool
        Whether the file is about a person: other users of the computer may not read it (mode
        0600; Windows has no such modes). Else the user's umask decides.

    Raises
    ------
    OSError
        Something of that name exists, links included, or it cannot be written.
    """
    return os.open(path, _CREATE, 0o600 if private else 0o666)


@contextmanager
def atomic_file(path: Path, *, private: bool = False) -> Iterator[Path]:
    """Yield a temporary path that is renamed to ``path`` on success.

    Parameters
    ----------
    path : Path
        Its folder is created when missing. An existing file is replaced on success, and untouched
        on failure; a link is replaced, not followed.
    private : bool
        As in `create_file`.

    Raises
    ------
    OSError
        The file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # The suffix stays, by which some writers choose a format.
    temporary = path.with_name(f".{path.stem[:_NAME_CHARS]}-{_mark()}{path.suffix}")
    try:
        mode = _created_mode(temporary, private=private)
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
    mark = _mark()
    temporary, old = (path.with_name(f".{kind}-{path.name}-{mark}") for kind in ("new", "old"))
    try:
        temporary.mkdir()
        mode = _created_mode(temporary / ".mode")
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


def _mark() -> str:
    """Return a part of a temporary name that nobody can guess, to put something else there."""
    return secrets.token_hex(16)


def _created_mode(path: Path, *, private: bool = False) -> int:
    """Create an empty file and return its mode."""
    descriptor = create_file(path, private=private)
    try:
        return os.fstat(descriptor).st_mode
    finally:
        os.close(descriptor)


def _finish(path: Path, mode: int) -> None:
    """Flush a file to disk and give it the mode that it was created with."""
    # Windows cannot sync read-only files, and safetensors writes ones that others cannot read.
    if os.name == "nt":
        path.chmod(mode)
    descriptor = os.open(path, os.O_RDWR | _NO_LINKS)
    try:
        if os.name != "nt":
            os.fchmod(descriptor, mode)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
