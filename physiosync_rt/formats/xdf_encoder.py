"""Chunks of an XDF file as bytes: headers, samples, markers, clock offsets, footers.

Source: the XDF 1.0 specification (https://github.com/sccn/xdf/wiki/Specifications).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from xml.etree import ElementTree as ET

import numpy as np

from physiosync_rt.datatypes import FloatArray, IntArray, Modality, SampleArray, StreamSpec
from physiosync_rt.formats.metadata import COUNTER_TYPE
from physiosync_rt.utils.plain_text import encodable, plain_text

COUNTER_END: Final = 1 << 53
"""Float64, in which a counted stream is stored, represents all whole numbers below this exactly."""

_FILE_HEADER, _STREAM_HEADER, _SAMPLES, _CLOCK_OFFSET, _BOUNDARY, _STREAM_FOOTER = range(1, 7)
_BOUNDARY_UUID: Final = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
_BYTES_BETWEEN_BOUNDARIES: Final = 1 << 20
_UNIT_WORDS: Final = {"uV": "microvolts", "uS": "microsiemens", "mV": "millivolts"}
_CHANNEL_TYPES: Final = {Modality.GSR: "EDA"}


@dataclass(slots=True)
class StreamTally:
    """What the footer of a stream states."""

    first: float | None = None
    last: float | None = None
    n_samples: int = 0
    offsets: list[tuple[float, float]] = field(default_factory=list)

    def add(self, first: float, last: float, n_samples: int) -> None:
        """Take up samples by their first and last stamp and their number."""
        if self.first is None:
            self.first = first
        self.last = last
        self.n_samples += n_samples


@dataclass(frozen=True, slots=True)
class _Layout:
    n_chans: int
    dtype: str


class XdfEncoder:
    """Encodes the chunks of one file; streams are numbered as they are added.

    Attributes
    ----------
    headers : list of bytes
        The header of the file and those of its streams so far, in their order.
    """

    def __init__(self) -> None:
        header = ET.Element("info")
        _add(header, "version", "1.0")
        self.headers = [b"XDF:" + _chunk(_FILE_HEADER, _xml(header))]
        self._layouts: dict[int, _Layout] = {}
        self._since_boundary = 0

    def add_stream(self, spec: StreamSpec, *, counter: bool = False) -> int:
        """Add a numeric stream and return its number.

        Parameters
        ----------
        spec : StreamSpec
        counter : bool
            Whether a sample counter is stored as an additional channel. Such a stream is stored
            as float64, which holds float32 samples as they are and every count of a long run.
        """
        layout = _Layout(spec.n_chans + counter, "<f8" if counter else "<f4")
        info = _info(spec.name, spec.stype or str(spec.modality), layout.n_chans, spec.sfreq)
        _add(info, "channel_format", "double64" if counter else "float32")
        _add(info, "source_id", spec.source_id)
        _add(info, "hostname", spec.host)
        channels = ET.SubElement(ET.SubElement(info, "desc"), "channels")
        unit = _UNIT_WORDS.get(spec.unit, "")
        kind = _CHANNEL_TYPES.get(spec.modality, str(spec.modality))
        described = [(name, unit, kind) for name in spec.ch_names]
        if counter:
            described.append(("counter", "", COUNTER_TYPE))
        for words in described:
            channel = ET.SubElement(channels, "channel")
            for key, word in zip(("label", "unit", "type"), words, strict=True):
                _add(channel, key, word)
        return self._begin(info, layout)

    def add_markers(self, name: str, source_id: str = "") -> int:
        """Add a stream of text markers and return its number."""
        info = _info(name, "Markers", 1, 0.0)
        _add(info, "channel_format", "string")
        _add(info, "source_id", source_id)
        ET.SubElement(info, "desc")
        return self._begin(info, _Layout(1, ""))

    def samples(
        self,
        stream: int,
        samples: SampleArray,
        timestamps: FloatArray,
        counter: IntArray | None = None,
    ) -> bytes:
        """Encode samples with their raw stamps; see `XdfWriter.write_samples`."""
        layout = self._layouts[stream]
        columns: FloatArray | SampleArray = samples
        if counter is not None:
            if counter.size and np.abs(counter).max() >= COUNTER_END:
                raise ValueError(f"XDF stream {stream}: the counter must be below {COUNTER_END}")
            columns = np.column_stack([samples, counter.astype(np.float64)])
        if columns.shape != (len(timestamps), layout.n_chans):
            raise ValueError(
                f"XDF stream {stream}: samples {columns.shape} do not fit {len(timestamps)} "
                f"stamps and {layout.n_chans} channels"
            )
        rows = np.empty(
            len(timestamps),
            dtype=[("stamped", "u1"), ("t", "<f8"), ("values", layout.dtype, (layout.n_chans,))],
        )
        rows["stamped"] = 8
        rows["t"] = timestamps
        rows["values"] = columns
        return self._samples(stream, len(timestamps), rows.tobytes())

    def markers(
        self, stream: int, timestamps: FloatArray | Sequence[float], labels: Sequence[str]
    ) -> bytes:
        """Encode text markers with their stamps."""
        rows = bytearray()
        for t, label in zip(timestamps, labels, strict=True):
            text = encodable(label).encode()
            rows += struct.pack("<Bd", 8, t) + _length(len(text)) + text
        return self._samples(stream, len(labels), bytes(rows))

    def clock_offset(self, stream: int, t: float, offset: float) -> bytes:
        """Encode a clock measurement: time on the sender's clock, seconds to add to its stamps."""
        return _chunk(_CLOCK_OFFSET, struct.pack("<Idd", stream, t, offset))

    def footer(self, stream: int, tally: StreamTally) -> bytes:
        """Encode the footer of a stream."""
        info = ET.Element("info")
        if tally.first is not None:
            _add(info, "first_timestamp", repr(tally.first))
            _add(info, "last_timestamp", repr(tally.last))
        _add(info, "sample_count", str(tally.n_samples))
        offsets = ET.SubElement(info, "clock_offsets")
        for t, value in tally.offsets:
            offset = ET.SubElement(offsets, "offset")
            _add(offset, "time", repr(t))
            _add(offset, "value", repr(value))
        return _chunk(_STREAM_FOOTER, struct.pack("<I", stream) + _xml(info))

    def _begin(self, info: ET.Element, layout: _Layout) -> int:
        stream = len(self._layouts) + 1
        self._layouts[stream] = layout
        self.headers.append(_chunk(_STREAM_HEADER, struct.pack("<I", stream) + _xml(info)))
        return stream

    def _samples(self, stream: int, n: int, rows: bytes) -> bytes:
        chunk = _chunk(_SAMPLES, struct.pack("<I", stream) + _length(n) + rows)
        # Readers look for boundaries to continue after a damaged part.
        self._since_boundary += len(rows)
        if self._since_boundary < _BYTES_BETWEEN_BOUNDARIES:
            return chunk
        self._since_boundary = 0
        return chunk + _chunk(_BOUNDARY, _BOUNDARY_UUID)


def _info(name: str, stype: str, n_chans: int, sfreq: float) -> ET.Element:
    info = ET.Element("info")
    for key, value in (
        ("name", name),
        ("type", stype),
        ("channel_count", str(n_chans)),
        ("nominal_srate", repr(float(sfreq))),
    ):
        _add(info, key, value)
    return info


def _add(parent: ET.Element, key: str, text: str) -> None:
    """Add an element; its text may come from any device."""
    ET.SubElement(parent, key).text = plain_text(text)


def _xml(element: ET.Element) -> bytes:
    text = ET.tostring(element, encoding="unicode")
    return f'<?xml version="1.0"?>{text}'.encode()


def _chunk(tag: int, content: bytes) -> bytes:
    return _length(len(content) + 2) + struct.pack("<H", tag) + content


def _length(n: int) -> bytes:
    """Pack a number as XDF does: its size in bytes, then the bytes."""
    if n < 1 << 8:
        return struct.pack("<BB", 1, n)
    return struct.pack("<BI", 4, n) if n < 1 << 32 else struct.pack("<BQ", 8, n)
