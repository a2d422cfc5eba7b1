"""Open plain files only: reading a pipe, a socket or a device may never end."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from physiosync_rt.errors import UserError

_KINDS: Final = (
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def is_special(path: Path) -> str:
    """Return what stands at ``path`` where it is a pipe, a socket or a device; else nothing.

    Raises
    ------
    OSError
        The system cannot tell: nothing is there, or the path is too long.
    """
    mode = path.stat().st_mode
    return next((kind for test, kind in _KINDS if test(mode)), "")


def require_plain(path: Path, most_bytes: int | None = None) -> None:
    """Refuse what is not a plain file or a folder, or is larger than it can be.

    Parameters
    ----------
    path : Path
    most_bytes : int, optional
        Largest size of a file of this kind.

    Raises
    ------
    UserError
        It is a pipe, a socket or a device, it is too large, or the system cannot tell.
    """
    try:
        special = is_special(path)
        size = path.stat().st_size
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{path} cannot be opened: {reason}; check the path") from error
    if special:
        raise UserError(f"{path} is {special}, not a file; copy its content into a file first")
    if most_bytes is not None and size > most_bytes:
        raise UserError(
            f"{path} has {size:,} bytes, which is more than the {most_bytes:,} that a file of "
            "this kind can have; it is something else, check the path"
        )


def read_text(path: Path, most_bytes: int) -> str:
    """Read a small UTF-8 text file.

    Raises
    ------
    UserError
        As `require_plain`, or it cannot be read or is not UTF-8 (the line is named).
    """
    require_plain(path, most_bytes)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}; check the path") from error
    try:
        return content.decode().removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise UserError(
            f"{path}, line {line}: byte 0x{content[error.start]:02x} is not UTF-8; save the file "
            "with the encoding UTF-8"
        ) from error
