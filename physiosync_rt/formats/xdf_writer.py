"""Write XDF files: numeric streams, markers and clock offsets, as LabRecorder does.

Source: the XDF 1.0 specification (https://github.com/sccn/xdf/wiki/Specifications).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from xml.etree import ElementTree as ET

import numpy as np

from physiosync_rt.datatypes import FloatArray, IntArray, Modality, SampleArray, StreamSpec
from physiosync_rt.formats.metadata import COUNTER_LIMIT, COUNTER_TYPE

_FILE_HEADER, _STREAM_HEADER, _SAMPLES, _CLOCK_OFFSET, _BOUNDARY, _STREAM_FOOTER = range(1, 7)
_BOUNDARY_UUID: Final = bytes.fromhex("43a546dccbf5410fb30ed5467383cbe4")
_BYTES_BETWEEN_BOUNDARIES = 1 << 20
_UNIT_WORDS: Final = {"uV": "microvolts", "uS": "microsiemens", "mV": "millivolts"}
_CHANNEL_TYPES: Final = {Modality.GSR: "EDA"}


@dataclass(slots=True)
class _StreamState:
    """What the footer of a stream states."""

    n_chans: int
    first: float | None = None
    last: float | None = None
    n_samples: int = 0
    offsets: list[tuple[float, float]] = field(default_factory=list)


class XdfWriter:
    """Writer of one XDF file.

    Parameters
    ----------
    path : Path or str
        Created, or replaced when it exists.

    Notes
    -----
    Not thread-safe. A file without `close` can still be read: XDF does not need footers.
    """

    def __init__(self, path: Path | str) -> None:
        self._file = Path(path).open("wb")  # noqa: SIM115  (closed by close())
        self._file.write(b"XDF:")
        self._streams: dict[int, _StreamState] = {}
        self._since_boundary = 0
        header = ET.Element("info")
        ET.SubElement(header, "version").text = "1.0"
        self._chunk(_FILE_HEADER, _xml(header))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add_stream(self, spec: StreamSpec, *, counter: bool = False) -> int:
        """Add a numeric stream of float32 samples.

        Parameters
        ----------
        spec : StreamSpec
        counter : bool
            Whether a sample counter is stored as an additional channel.

        Returns
        -------
        int
            Stream number for the other methods.
        """
        n_chans = spec.n_chans + counter
        info = _info(spec.name, spec.stype or str(spec.modality), n_chans, spec.sfreq)
        ET.SubElement(info, "channel_format").text = "float32"
        ET.SubElement(info, "source_id").text = spec.source_id
        ET.SubElement(info, "hostname").text = spec.host
        channels = ET.SubElement(ET.SubElement(info, "desc"), "channels")
        unit = _UNIT_WORDS.get(spec.unit, "")
        kind = _CHANNEL_TYPES.get(spec.modality, str(spec.modality))
        described = [(name, unit, kind) for name in spec.ch_names]
        if counter:
            described.append(("counter", "", COUNTER_TYPE))
        for words in described:
            channel = ET.SubElement(channels, "channel")
            for key, word in zip(("label", "unit", "type"), words, strict=True):
                ET.SubElement(channel, key).text = word
        return self._begin(info, n_chans)

    def add_markers(self, name: str, source_id: str = "") -> int:
        """Add a stream of text markers and return its number."""
        info = _info(name, "Markers", 1, 0.0)
        ET.SubElement(info, "channel_format").text = "string"
        ET.SubElement(info, "source_id").text = source_id
        ET.SubElement(info, "desc")
        return self._begin(info, 1)

    def write_samples(
        self,
        stream: int,
        samples: SampleArray,
        timestamps: FloatArray,
        counter: IntArray | None = None,
    ) -> None:
        """Append samples with their raw stamps.

        Parameters
        ----------
        stream : int
        samples : float32 array, shape (n_samples, n_channels)
        timestamps : float64 array, shape (n_samples,)
        counter : int64 array, shape (n_samples,), optional
            For a stream that was added with a counter.

        Raises
        ------
        ValueError
            Shapes do not fit the stream, or float32 cannot represent the counter.
        """
        if counter is not None:
            if counter.size and np.abs(counter).max() >= COUNTER_LIMIT:
                raise ValueError(f"XDF stream {stream}: the counter must be below {COUNTER_LIMIT}")
            samples = np.column_stack([samples, counter.astype(np.float32)])
        state = self._streams[stream]
        if samples.shape != (len(timestamps), state.n_chans):
            raise ValueError(
                f"XDF stream {stream}: samples {samples.shape} do not fit {len(timestamps)} "
                f"stamps and {state.n_chans} channels"
            )
        if not len(timestamps):
            return
        rows = np.empty(
            len(timestamps),
            dtype=[("stamped", "u1"), ("t", "<f8"), ("values", "<f4", (state.n_chans,))],
        )
        rows["stamped"] = 8
        rows["t"] = timestamps
        rows["values"] = samples
        self._samples(stream, timestamps, rows.tobytes())

    def write_markers(
        self, stream: int, timestamps: FloatArray | Sequence[float], labels: Sequence[str]
    ) -> None:
        """Append text markers with their raw stamps."""
        if len(timestamps) != len(labels):
            raise ValueError(f"XDF stream {stream}: one stamp per marker expected")
        if not len(labels):
            return
        rows = bytearray()
        for t, label in zip(timestamps, labels, strict=True):
            text = label.encode()
            rows += struct.pack("<Bd", 8, t) + _length(len(text)) + text
        self._samples(stream, np.asarray(timestamps, dtype=np.float64), bytes(rows))

    def write_clock_offset(self, stream: int, t: float, offset: float) -> None:
        """Append a clock measurement: time on the sender's clock, seconds to add to its stamps."""
        self._streams[stream].offsets.append((t, offset))
        self._chunk(_CLOCK_OFFSET, struct.pack("<Idd", stream, t, offset))

    def flush(self) -> None:
        """Flush the file buffer."""
        self._file.flush()

    def close(self) -> None:
        """Write the footers and close the file; safe to call twice."""
        if self._file.closed:
            return
        try:
            for stream, state in self._streams.items():
                self._chunk(_STREAM_FOOTER, struct.pack("<I", stream) + _footer(state))
        finally:
            self._file.close()

    def _begin(self, info: ET.Element, n_chans: int) -> int:
        stream = len(self._streams) + 1
        self._streams[stream] = _StreamState(n_chans)
        self._chunk(_STREAM_HEADER, struct.pack("<I", stream) + _xml(info))
        return stream

    def _samples(self, stream: int, timestamps: FloatArray, rows: bytes) -> None:
        state = self._streams[stream]
        if state.first is None:
            state.first = float(timestamps[0])
        state.last = float(timestamps[-1])
        state.n_samples += len(timestamps)
        self._chunk(_SAMPLES, struct.pack("<I", stream) + _length(len(timestamps)) + rows)
        # Readers look for boundaries to continue after a damaged part.
        self._since_boundary += len(rows)
        if self._since_boundary >= _BYTES_BETWEEN_BOUNDARIES:
            self._chunk(_BOUNDARY, _BOUNDARY_UUID)
            self._since_boundary = 0

    def _chunk(self, tag: int, content: bytes) -> None:
        self._file.write(_length(len(content) + 2) + struct.pack("<H", tag))
        self._file.write(content)


def _info(name: str, stype: str, n_chans: int, sfreq: float) -> ET.Element:
    info = ET.Element("info")
    for key, value in (
        ("name", name),
        ("type", stype),
        ("channel_count", str(n_chans)),
        ("nominal_srate", repr(float(sfreq))),
    ):
        ET.SubElement(info, key).text = value
    return info


def _footer(state: _StreamState) -> bytes:
    info = ET.Element("info")
    if state.first is not None:
        ET.SubElement(info, "first_timestamp").text = repr(state.first)
        ET.SubElement(info, "last_timestamp").text = repr(state.last)
    ET.SubElement(info, "sample_count").text = str(state.n_samples)
    offsets = ET.SubElement(info, "clock_offsets")
    for t, value in state.offsets:
        offset = ET.SubElement(offsets, "offset")
        ET.SubElement(offset, "time").text = repr(t)
        ET.SubElement(offset, "value").text = repr(value)
    return _xml(info)


def _xml(element: ET.Element) -> bytes:
    text = ET.tostring(element, encoding="unicode")
    return f'<?xml version="1.0"?>{text}'.encode()


def _length(n: int) -> bytes:
    """Pack a number as XDF does: its size in bytes, then the bytes."""
    if n < 1 << 8:
        return struct.pack("<BB", 1, n)
    return struct.pack("<BI", 4, n) if n < 1 << 32 else struct.pack("<BQ", 8, n)
