"""Walk over the parts of XDF and FIF files before a library reads them.

pyxdf and MNE take memory for what a part states, and follow it wherever it points: one wrong byte
would exhaust the memory or never end.
"""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path
from typing import Final

from physiosync_rt.errors import UserError
from physiosync_rt.utils.plain_file import BoundedReader

MOST_CHANNELS = 20_000
_BLOCK = 1 << 20
_MOST_MISSING = 64 << 20
"""Of a part that was cut off, the most bytes that may be missing."""

FIF_MAGIC: Final = b"\x00\x00\x00\x64\x00\x00\x00\x1f"

_STREAM_HEADER, _SAMPLES = 2, 3
_KINDS = range(1, 7)
_BROKEN = "the file is damaged at byte {at:,}: what could be read before and after it was used"
_SAMPLE_BYTES: Final = {
    "int8": 1,
    "int16": 2,
    "int32": 4,
    "int64": 8,
    "float32": 4,
    "double64": 8,
    "string": 1,
}


def check_xdf(path: Path) -> tuple[str, ...]:
    """Refuse a chunk that states more samples or channels than it has bytes.

    Parameters
    ----------
    path : Path

    Returns
    -------
    tuple of str
        A note where the chunks break off before the end of the file.

    Raises
    ------
    UserError
        The first such chunk, or one that ends far behind the file.
    """
    sample_bytes: dict[bytes, int] = {}
    with BoundedReader(path) as file:
        n_bytes = file.n_bytes
        file.seek(4)
        while (length := variable_int(file)) is not None:
            if file.tell() + length > n_bytes + _MOST_MISSING:
                raise UserError(
                    f"{path.name} is damaged: a chunk declares {length:,} bytes and the file has "
                    f"{n_bytes - file.tell():,} more; use another copy"
                )
            stop = file.tell() + length
            head = file.read(min(length, 2 + 4 + 1 + 8))
            kind, stream = int.from_bytes(head[:2], "little"), head[2:6]
            if kind not in _KINDS:
                return (_BROKEN.format(at=stop - length),)
            n_read = len(head)
            if kind == _STREAM_HEADER:
                text = head[6:] + file.read(min(max(length - n_read, 0), _BLOCK))
                n_read = 6 + len(text)
                sample_bytes[stream] = _bytes_of_sample(path, text)
            elif kind == _SAMPLES:
                n_samples = variable_int(io.BytesIO(head[6:])) or 0
                # A stream without a header has at least a byte for each sample.
                least = n_samples * sample_bytes.get(stream, 1)
                if least > length:
                    raise UserError(
                        f"{path.name} is damaged: a chunk of {length} bytes declares {n_samples} "
                        "samples; use another copy"
                    )
            file.seek(stop)
        at = file.tell()
    return (_BROKEN.format(at=at),) if at < n_bytes else ()


def _bytes_of_sample(path: Path, header: bytes) -> int:
    """Return the least size of a sample by its stream's header."""
    count = re.search(rb"<channel_count>\s*(\d{1,18})\s*</channel_count>", header)
    form = re.search(rb"<channel_format>\s*(\w+)\s*</channel_format>", header)
    n_chans = int(count[1]) if count else 1
    if n_chans > MOST_CHANNELS:
        raise UserError(
            f"{path.name} is damaged: a stream states {n_chans:,} channels, and no device has more "
            f"than {MOST_CHANNELS:,}; use another copy"
        )
    return n_chans * _SAMPLE_BYTES.get(form[1].decode() if form else "", 1)


def variable_int(file: io.BufferedIOBase) -> int | None:
    """Read an integer of 1, 4 or 8 bytes; None at the end of the file or where it is invalid."""
    size = file.read(1)
    if size not in (b"\x01", b"\x04", b"\x08"):
        return None
    return int.from_bytes(file.read(size[0]), "little")


# ------------------------------------------------------------------------------------------ FIF

_TAG: Final = struct.Struct(">iiii")
"""Kind, type, size, and where the next one begins: 0 behind this one, -1 nowhere."""

_DIRECTORY = 102
_CUT = "the file ends before its last part: it was cut off or is damaged, what is there was read"


def check_fif(path: Path) -> tuple[str, ...]:
    """Refuse tags that point outside the file or backwards.

    Parameters
    ----------
    path : Path

    Returns
    -------
    tuple of str
        A note where the file ends before its last tag.

    Raises
    ------
    UserError
        A tag, or an entry of the directory, is where none can be.
    """
    starts: set[int] = set()
    directories: list[tuple[int, int]] = []
    with BoundedReader(path) as file:
        n_bytes = file.n_bytes
        at, whole = 0, False
        while at + _TAG.size <= n_bytes:
            file.seek(at)
            kind, _, size, following = _TAG.unpack(file.read(_TAG.size))
            stop = at + _TAG.size + size
            outside = size < 0 or stop > n_bytes + _MOST_MISSING
            if kind == 0 or outside or 0 < following <= at:
                raise UserError(
                    f"{path.name} is damaged: the part at byte {at:,} states {size:,} bytes and "
                    f"that the next one is at {following:,}; use another copy"
                )
            starts.add(at)
            if kind == _DIRECTORY:
                directories.append((at + _TAG.size, size))
            whole = following < 0
            if whole or stop > n_bytes:
                break
            at = following or stop
        for start, size in directories:
            file.seek(start)
            for *_, position in _TAG.iter_unpack(file.read(size - size % _TAG.size)):
                if position not in starts and position > 0:
                    raise UserError(
                        f"{path.name} is damaged: its directory names a part at byte "
                        f"{position:,}, where none begins; use another copy"
                    )
    if whole:
        return ()
    return (_CUT,)
