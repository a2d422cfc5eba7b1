"""Bounds that every recording keeps: checked before memory is taken for what a file states.

A file may state any size, rate or duration. The readers take memory for what is there; this is
the one place for what is merely stated, whatever the format.
"""

from __future__ import annotations

import gzip
import io
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from physiosync_rt.datatypes import RecordedStream, Recording
from physiosync_rt.errors import UserError
from physiosync_rt.utils.plain_file import is_special, require_plain

MOST_SFREQ: Final = 200_000.0
"""Largest sampling rate in Hz; sound has up to 192,000."""

LONGEST_S: Final = 366 * 86400.0
"""Longest stream in seconds: samples by rate."""

_MOST_CHANNELS = 20_000
_UNPACKED_RATIO = 20
_UNPACKED_BYTES = 100_000_000
"""What is compressed may unpack to the larger of these; signals compress to half or a third."""

_BLOCK = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_MAT_HEADER_BYTES = 128
_MAT_COMPRESSED = 15


def check_files(path: Path) -> None:
    """Refuse a recording that is not made of plain files, or that states more than it has.

    Parameters
    ----------
    path : Path
        A file, or a folder of which all files are looked at, but not of folders in it.

    Raises
    ------
    UserError
        A pipe, a socket or a device; compressed content that unpacks to many times its size; a
        chunk of an XDF file that states more samples or channels than it has bytes.
    """
    require_plain(path)
    if path.is_dir():
        for part in sorted(path.iterdir()):
            if not part.is_symlink() or part.exists():
                _check_special(path, part)
        return
    with path.open("rb") as file:
        head = file.read(_MAT_HEADER_BYTES)
    if head.startswith(_GZIP_MAGIC):
        _check_unpacked(path, _gzip_blocks(path))
    elif head.startswith(b"MATLAB "):
        _check_unpacked(path, _mat_blocks(path))
    if _unpacked_head(path, head).startswith(b"XDF:"):
        _check_xdf(path)
    elif head.startswith(b"Brain"):
        for part in _named_in_header(path):
            _check_special(path, part)


def within_limits(recording: Recording) -> Recording:
    """Return a recording whose streams state possible rates and durations.

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
    return recording


def _impossible(stream: RecordedStream) -> str:
    sfreq = stream.spec.sfreq
    if sfreq > MOST_SFREQ:
        return f"states a rate of {sfreq:g} Hz, and no device has more than {MOST_SFREQ:g} Hz"
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
        order = "big" if file.read(_MAT_HEADER_BYTES)[126:128] == b"MI" else "little"
        while len(tag := file.read(8)) == 8:
            kind = int.from_bytes(tag[:4], order)
            length = int.from_bytes(tag[4:], order)
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


# ------------------------------------------------------------------------------------------ XDF

_STREAM_HEADER, _SAMPLES = 2, 3
_SAMPLE_BYTES: Final = {
    "int8": 1,
    "int16": 2,
    "int32": 4,
    "int64": 8,
    "float32": 4,
    "double64": 8,
    "string": 1,
}


def _check_xdf(path: Path) -> None:
    """Refuse a chunk that states more samples or channels than it has bytes.

    pyxdf takes memory for what is stated: one wrong byte would exhaust it.
    """
    sample_bytes: dict[bytes, int] = {}
    with gzip.open(path) if _is_gzip(path) else path.open("rb") as file:
        file.read(4)
        while (length := _variable_int(file)) is not None:
            head = file.read(min(length, 2 + 4 + 1 + 8))
            kind, stream = int.from_bytes(head[:2], "little"), head[2:6]
            n_read = len(head)
            if kind == _STREAM_HEADER:
                text = head[6:] + file.read(min(max(length - n_read, 0), _BLOCK))
                n_read = 6 + len(text)
                sample_bytes[stream] = _bytes_of_sample(path, text)
            elif kind == _SAMPLES:
                n_samples = _variable_int(io.BytesIO(head[6:])) or 0
                # A stream without a header has at least a byte for each sample.
                least = n_samples * sample_bytes.get(stream, 1)
                if least > length:
                    raise UserError(
                        f"{path.name} is damaged: a chunk of {length} bytes declares {n_samples} "
                        "samples; use another copy"
                    )
            file.seek(length - n_read, io.SEEK_CUR)


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == _GZIP_MAGIC


def _bytes_of_sample(path: Path, header: bytes) -> int:
    """Return the least size of a sample by its stream's header."""
    count = re.search(rb"<channel_count>\s*(\d{1,18})\s*</channel_count>", header)
    form = re.search(rb"<channel_format>\s*(\w+)\s*</channel_format>", header)
    n_chans = int(count[1]) if count else 1
    if n_chans > _MOST_CHANNELS:
        raise UserError(
            f"{path.name} is damaged: a stream states {n_chans:,} channels, and no device has more "
            f"than {_MOST_CHANNELS:,}; use another copy"
        )
    return n_chans * _SAMPLE_BYTES.get(form[1].decode() if form else "", 1)


def _variable_int(file: BinaryIO | io.BytesIO) -> int | None:
    """Read an integer of 1, 4 or 8 bytes; None at the end of the file or where it is invalid."""
    size = file.read(1)
    if size not in (b"\x01", b"\x04", b"\x08"):
        return None
    return int.from_bytes(file.read(size[0]), "little")
