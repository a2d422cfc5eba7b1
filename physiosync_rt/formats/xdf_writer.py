"""Writing XDF: numeric streams, markers and clock offsets, as LabRecorder lays them down.

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
class _Written:
    """What the footer of a stream must say."""

    n_chans: int
    first: float | None = None
    last: float | None = None
    n_samples: int = 0
    offsets: list[tuple[float, float]] = field(default_factory=list)


class XdfWriter:
    """Writes one XDF file from its header to its footers.

    Parameters
    ----------
    path : Path or str
        Created, or replaced when it exists.

    Notes
    -----
    One thread. What was written can be read even where `close` never came: XDF needs no footers.
    """

    def __init__(self, path: Path | str) -> None:
        self._file = Path(path).open("wb")  # noqa: SIM115  (closed by close())
        self._file.write(b"XDF:")
        self._streams: dict[int, _Written] = {}
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
        """Begin a numeric stream of float32 samples.

        Parameters
        ----------
        spec : StreamSpec
        counter : bool
            Whether a sample counter comes with the samples, stored as one more channel.

        Returns
        -------
        int
            Number by which the other methods know the stream.
        """
        n_chans = spec.n_chans + counter
        info = _info(spec.name, spec.stype or str(spec.modality), n_chans, spec.sfreq)
        ET.SubElement(info, "channel_format").text = "float32"
        ET.SubElement(info, "source_id").text = spec.source_id
        ET.SubElement(info, "hostname").text = spec.host
        channels = ET.SubElement(ET.SubElement(info, "desc"), "channels")
        unit = _UNIT_WORDS.get(spec.unit, "")
        kind = _CHANNEL_TYPES.get(spec.modality, str(spec.modality))
        about = [(name, unit, kind) for name in spec.ch_names]
        if counter:
            about.append(("counter", "", COUNTER_TYPE))
        for words in about:
            channel = ET.SubElement(channels, "channel")
            for key, word in zip(("label", "unit", "type"), words, strict=True):
                ET.SubElement(channel, key).text = word
        return self._begin(info, n_chans)

    def add_markers(self, name: str, source_id: str = "") -> int:
        """Begin a stream of text markers; returns its number."""
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
            Goes with a stream that was begun with a counter.

        Raises
        ------
        ValueError
            Shapes that do not go with the stream, or a counter that float32 cannot hold.
        """
        if counter is not None:
            if counter.size and np.abs(counter).max() >= COUNTER_LIMIT:
                raise ValueError(f"XDF stream {stream}: a counter from {COUNTER_LIMIT} on is lost")
            samples = np.column_stack([samples, counter.astype(np.float32)])
        written = self._streams[stream]
        if samples.shape != (len(timestamps), written.n_chans):
            raise ValueError(
                f"XDF stream {stream}: samples {samples.shape} do not go with {len(timestamps)} "
                f"stamps and {written.n_chans} channels"
            )
        if not len(timestamps):
            return
        rows = np.empty(
            len(timestamps),
            dtype=[("stamped", "u1"), ("t", "<f8"), ("values", "<f4", (written.n_chans,))],
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
        """Hand everything written so far to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Write the footers and close the file; safe to call twice."""
        if self._file.closed:
            return
        try:
            for stream, written in self._streams.items():
                self._chunk(_STREAM_FOOTER, struct.pack("<I", stream) + _footer(written))
        finally:
            self._file.close()

    def _begin(self, info: ET.Element, n_chans: int) -> int:
        stream = len(self._streams) + 1
        self._streams[stream] = _Written(n_chans)
        self._chunk(_STREAM_HEADER, struct.pack("<I", stream) + _xml(info))
        return stream

    def _samples(self, stream: int, timestamps: FloatArray, rows: bytes) -> None:
        written = self._streams[stream]
        if written.first is None:
            written.first = float(timestamps[0])
        written.last = float(timestamps[-1])
        written.n_samples += len(timestamps)
        self._chunk(_SAMPLES, struct.pack("<I", stream) + _length(len(timestamps)) + rows)
        # Readers look for boundaries to go on behind a damaged stretch.
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


def _footer(written: _Written) -> bytes:
    info = ET.Element("info")
    if written.first is not None:
        ET.SubElement(info, "first_timestamp").text = repr(written.first)
        ET.SubElement(info, "last_timestamp").text = repr(written.last)
    ET.SubElement(info, "sample_count").text = str(written.n_samples)
    offsets = ET.SubElement(info, "clock_offsets")
    for t, value in written.offsets:
        offset = ET.SubElement(offsets, "offset")
        ET.SubElement(offset, "time").text = repr(t)
        ET.SubElement(offset, "value").text = repr(value)
    return _xml(info)


def _xml(element: ET.Element) -> bytes:
    text = ET.tostring(element, encoding="unicode")
    return f'<?xml version="1.0"?>{text}'.encode()


def _length(n: int) -> bytes:
    """Pack a number as XDF does: how many bytes it takes, then the bytes."""
    if n < 1 << 8:
        return struct.pack("<BB", 1, n)
    return struct.pack("<BI", 4, n) if n < 1 << 32 else struct.pack("<BQ", 8, n)
