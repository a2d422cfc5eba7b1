"""Open plain files only: reading a pipe, a socket or a device may never end."""

from __future__ import annotations

import gzip
import io
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


_SMALL = 1 << 16


def is_special(path: Path) -> str:
    """Return what stands at ``path`` where it is a pipe, a socket or a device; else nothing.

    Raises
    ------
    OSError
        The system cannot tell: nothing is there, or the path is too long.
    """
    mode = path.stat().st_mode
    return next((kind for test, kind in _KINDS if test(mode)), "")


def is_there(path: Path) -> bool:
    """Return whether a file, a pipe, a socket or a device stands at ``path``.

    Who asks only for plain files takes a pipe for nothing; `require_plain` says what it is.
    """
    try:
        return path.is_file() or bool(is_special(path))
    except (OSError, ValueError):
        return False


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


class BoundedReader(io.BufferedIOBase):
    """A file, gzipped or not, of which never more is asked for than there is.

    Python takes memory for the whole size that a reader asks for, which may be what one damaged
    byte of the file states.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            packed = file.read(2) == b"\x1f\x8b"
        # Closed by `close`.
        self._file = gzip.open(path) if packed else path.open("rb")  # noqa: SIM115
        self.n_bytes = self._file.seek(0, io.SEEK_END)
        self._file.seek(0)

    def read(self, size: int | None = -1, /) -> bytes:
        """Read up to ``size`` bytes, or all that are left."""
        if size is not None and 0 <= size <= _SMALL:
            return self._file.read(size)
        left = max(self.n_bytes - self._file.tell(), 0)
        return self._file.read(left if size is None or size == -1 else min(size, left))

    def readline(self, size: int | None = -1, /) -> bytes:
        """Read to the end of a line."""
        return self._file.readline(-1 if size is None else size)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place in the file; return it."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the place in the file."""
        return self._file.tell()

    def seekable(self) -> bool:
        """Whether `seek` can be called: yes."""
        return True

    def readable(self) -> bool:
        """Whether `read` can be called: yes."""
        return True

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


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
