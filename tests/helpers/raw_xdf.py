"""XDF files of any format and any bytes, as a recorder copies them from streams."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from physiosync_rt.datatypes import FloatArray

_TYPES = {
    "int8": "i1",
    "int16": "<i2",
    "int32": "<i4",
    "int64": "<i8",
    "float32": "<f4",
    "double64": "<f8",
}


@dataclass(frozen=True)
class RawStream:
    """A stream as it is stored: its header's bytes, its samples and their stamps.

    ``samples`` are numbers, shape (n_samples, n_channels), or rows of bytes for ``string``.
    """

    xml: bytes
    fmt: str
    samples: np.ndarray | Sequence[Sequence[bytes]]
    stamps: FloatArray
    offsets: Sequence[tuple[float, float]] = ()


def header(
    name: str,
    stype: str,
    n_chans: int,
    sfreq: float,
    fmt: str = "float32",
    source_id: str = "",
    channels: bytes = b"",
    host: str = "pc",
) -> bytes:
    """Write a header as LSL does; ``channels`` is the content of ``desc/channels``."""
    text = (
        f'<?xml version="1.0"?>\n<info><name>{name}</name><type>{stype}</type>'
        f"<channel_count>{n_chans}</channel_count><nominal_srate>{sfreq}</nominal_srate>"
        f"<channel_format>{fmt}</channel_format><source_id>{source_id}</source_id>"
        f"<hostname>{host}</hostname><desc><channels>"
    )
    return text.encode() + channels + b"</channels></desc></info>"


def channel(label: str | bytes = "", unit: str | bytes = "", kind: str | bytes = "") -> bytes:
    """Write one entry of ``desc/channels``."""
    out = b"<channel>"
    for key, word in ((b"label", label), (b"unit", unit), (b"type", kind)):
        out += b"<" + key + b">" + _bytes(word) + b"</" + key + b">"
    return out + b"</channel>"


def write_xdf(path: Path, *streams: RawStream) -> Path:
    """Write the streams, one chunk of samples each."""
    out = bytearray(b"XDF:")
    out += _chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>')
    for number, stream in enumerate(streams, start=1):
        head = struct.pack("<I", number)
        out += _chunk(2, head + stream.xml)
        for t, value in stream.offsets:
            out += _chunk(4, head + struct.pack("<dd", t, value))
        rows = bytearray()
        for stamp, sample in zip(stream.stamps, stream.samples, strict=True):
            rows += struct.pack("<Bd", 8, stamp)
            if stream.fmt == "string":
                for text in sample:
                    rows += struct.pack("<BI", 4, len(text)) + text
            else:
                rows += np.asarray(sample, dtype=_TYPES[stream.fmt]).tobytes()
        count = struct.pack("<BI", 4, len(stream.stamps))
        out += _chunk(3, head + count + bytes(rows))
    path.write_bytes(out)
    return path


def _chunk(tag: int, content: bytes) -> bytes:
    return struct.pack("<BQH", 8, len(content) + 2, tag) + content


def _bytes(word: str | bytes) -> bytes:
    return word.encode() if isinstance(word, str) else word
