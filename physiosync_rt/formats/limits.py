"""Bounds that every recording keeps: checked before memory is taken for what a file states.

A file may state any size, rate or duration. The readers take memory for what is there; this is
the one place for what is merely stated, whatever the format.
"""

from __future__ import annotations

import gzip
import io
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from physiosync_rt.datatypes import RecordedStream, Recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats.stated_parts import FIF_MAGIC, check_fif, check_xdf
from physiosync_rt.utils.plain_file import is_special, require_plain
from physiosync_rt.utils.translation import tr

MOST_SFREQ: Final = 200_000.0
"""Largest sampling rate in Hz; sound has up to 192,000."""

LONGEST_S: Final = 366 * 86400.0
"""Longest stream in seconds: samples by rate."""

_UNPACKED_RATIO = 20
_UNPACKED_BYTES = 100_000_000
"""What is compressed may unpack to the larger of these; signals compress to half or a third."""

_BLOCK = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_MAT_HEADER_BYTES = 128
_MAT_COMPRESSED = 15


def check_files(path: Path) -> tuple[str, ...]:
    """Refuse a recording that is not made of plain files, or that states more than it has.

    Parameters
    ----------
    path : Path
        A file, or a folder of which all files are looked at, but not of folders in it.

    Returns
    -------
    tuple of str
        Notes for the recording: where a file was cut off that its reader reads nevertheless.

    Raises
    ------
    UserError
        A pipe, a socket or a device; compressed content that unpacks to many times its size; a
        part of an XDF or FIF file that states more than there is.
    """
    require_plain(path)
    if path.is_dir():
        for part in sorted(path.iterdir()):
            if not part.is_symlink() or part.exists():
                _check_special(path, part)
        return ()
    with path.open("rb") as file:
        head = file.read(_MAT_HEADER_BYTES)
    if head.startswith(_GZIP_MAGIC):
        _check_unpacked(path, _gzip_blocks(path))
    elif head.startswith(b"MATLAB "):
        _check_unpacked(path, _mat_blocks(path))
    inside = _unpacked_head(path, head)
    if inside.startswith(b"XDF:"):
        return check_xdf(path)
    if inside.startswith(FIF_MAGIC):
        return check_fif(path)
    if head.startswith(b"Brain"):
        for part in _named_in_header(path):
            _check_special(path, part)
    return ()


def within_limits(recording: Recording, notes: Sequence[str] = ()) -> Recording:
    """Return a recording whose streams state possible rates and durations, with more notes.

    Raises
    ------
    UserError
        A stream states more; it is named.
    """
    for stream in recording.streams:
        if problem := _impossible(stream):
            name = recording.path.name if recording.path else "the recording"
            raise UserError(
                f"{name}: stream {stream.spec.name!r} {problem}; its header is damaged, take "
                "another copy"
            )
    return replace(recording, notes=(*recording.notes, *notes)) if notes else recording


def rate_problem(sfreq: float) -> str:
    """Return what is wrong with a stated rate in Hz, after "stream X"; empty where it can be."""
    if not sfreq > MOST_SFREQ:
        return ""
    said = tr("states a rate of {rate:g} Hz, and no device has more than {most:g} Hz")
    return said.format(rate=sfreq, most=MOST_SFREQ)


def _impossible(stream: RecordedStream) -> str:
    sfreq = stream.spec.sfreq
    if problem := rate_problem(sfreq):
        return problem
    if sfreq and len(stream.timestamps) / sfreq > LONGEST_S:
        days = len(stream.timestamps) / sfreq / 86400
        return f"is {days:,.0f} days long by its rate of {sfreq:g} Hz"
    return ""


def _check_special(recording: Path, part: Path) -> None:
    if part.exists() and (special := is_special(part)):
        raise UserError(
            f"{recording.name}: {part.name} is {special}, not a file; take it away, or copy its "
            "content into a file"
        )


def _named_in_header(path: Path) -> list[Path]:
    """List the files that the header of a BrainVision recording names."""
    header = path.read_bytes()[:_BLOCK].decode("utf-8", "replace")
    names = re.findall(r"^\s*(?:DataFile|MarkerFile)\s*=\s*(.+?)\s*$", header, re.MULTILINE)
    return [path.parent / name.replace("$b", path.stem) for name in names]


# ---------------------------------------------------------------------------------- compression


def _check_unpacked(path: Path, blocks: Iterator[int]) -> None:
    """Unpack without keeping anything, and stop where it is too much."""
    most = max(_UNPACKED_RATIO * path.stat().st_size, _UNPACKED_BYTES)
    total = 0
    for n_bytes in blocks:
        total += n_bytes
        if total > most:
            raise UserError(
                f"{path.name} has {path.stat().st_size:,} bytes but unpacks to more than "
                f"{most:,}, which no signal does; take another copy"
            )


def _gzip_blocks(path: Path) -> Iterator[int]:
    """Sizes of what a gzip file unpacks to; a damaged one ends early and is the reader's."""
    try:
        with gzip.open(path) as packed:
            while block := packed.read(_BLOCK):
                yield len(block)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return


def _mat_blocks(path: Path) -> Iterator[int]:
    """Sizes of what the compressed elements of a MATLAB 5 file unpack to."""
    with path.open("rb") as file:
        big = file.read(_MAT_HEADER_BYTES)[126:128] == b"MI"
        while len(tag := file.read(8)) == 8:
            kind, length = struct.unpack(">II" if big else "<II", tag)
            if kind != _MAT_COMPRESSED:
                file.seek(length, io.SEEK_CUR)
                continue
            unpack = zlib.decompressobj()
            left = length
            while left > 0 and (packed := file.read(min(left, _BLOCK))):
                left -= len(packed)
                try:
                    while packed and not unpack.eof:
                        yield len(unpack.decompress(packed, _BLOCK))
                        packed = unpack.unconsumed_tail
                except zlib.error:
                    return


def _unpacked_head(path: Path, head: bytes) -> bytes:
    if not head.startswith(_GZIP_MAGIC):
        return head
    try:
        with gzip.open(path) as packed:
            return packed.read(_MAT_HEADER_BYTES)
    except (EOFError, zlib.error, gzip.BadGzipFile):
        return b""
