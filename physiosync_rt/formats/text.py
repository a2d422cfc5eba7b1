"""Decode text files of device software and spreadsheets, whatever their encoding."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from physiosync_rt.errors import UserError

# UTF-32 begins like UTF-16, so it is asked first.
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LONGEST_CHARACTER: Final = 4
_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class TextFile:
    """Lines of a text file.

    Attributes
    ----------
    path : Path
    lines : list of str
        Without line ends.
    unfinished : bool
        The last line has no end, as in a file that was cut off.
    """

    path: Path
    lines: list[str]
    unfinished: bool


def read_text(path: Path) -> TextFile:
    """Read the lines of a text file.

    Raises
    ------
    UserError
        The file cannot be opened, or is not text.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be opened: {error.strerror}") from error
    text = decode(raw)
    if "\0" in text:
        raise UserError(f"{path.name} contains NUL characters, so it is not a text file")
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    lines = text.split("\n")
    unfinished = lines[-1] != ""
    return TextFile(path, lines if unfinished else lines[:-1], unfinished)


def decode(raw: bytes) -> str:
    """Decode UTF-8 or UTF-16 or, where it is neither, Windows-1252 or Latin-1.

    Parameters
    ----------
    raw : bytes
        A file, or its beginning: a character that is cut in two at the end is left out.
    """
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return _decoded(raw[len(mark) :], encoding, "replace")
    try:
        return _decoded(raw, _unmarked(raw))
    except UnicodeDecodeError:
        pass
    try:
        return raw.decode("cp1252")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def shown(cell: str) -> str:
    """Return a cell for a message: quoted, and not longer than a few words."""
    return repr(cell if len(cell) <= _SHOWN else f"{cell[:_SHOWN]}...")


def _unmarked(raw: bytes) -> str:
    """Return the encoding of text without a mark: half of the bytes of UTF-16 are 0."""
    head = raw[:1000]
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        if len(zeros) > 1 and zeros.count(0) > 0.8 * len(zeros) > head.count(0) * 0.4:
            return encoding
    return "utf-8"


def _decoded(raw: bytes, encoding: str, errors: str = "strict") -> str:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        if len(raw) - error.start < _LONGEST_CHARACTER and error.end == len(raw):
            return raw[: error.start].decode(encoding)
        if errors == "strict":
            raise
        return raw.decode(encoding, errors)
