"""Read XDF files (LabRecorder) with raw time stamps and all clock offset measurements.

pyxdf parses the file; its clock synchronization and dejitter stay off, because `align` does both
as in a live run.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from physiosync_rt.datatypes import (
    FloatArray,
    Modality,
    RecordedMarkers,
    RecordedStream,
    Recording,
)
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import Format, unique_names
from physiosync_rt.formats.metadata import stream_layout
from physiosync_rt.utils.plain_file import BoundedReader

_SAMPLES_TAG = b"\x03\x00"
# Tag, stream number, size of the sample count, sample count.
_SAMPLES_HEAD_BYTES = 2 + 4 + 1 + 8
_INT_SIZES = (b"\x01", b"\x04", b"\x08")


def read(path: Path) -> Recording:
    """Read an XDF file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Recording
        Numeric streams as recorded; text streams and numeric streams of a marker type become
        markers. Streams without samples are dropped with a note.

    Raises
    ------
    UserError
        There are no samples in the file, or a chunk declares more than it can contain.
    """
    import pyxdf

    _check_sample_counts(path)
    with _captured_warnings() as warnings:
        raw_streams, header = pyxdf.load_xdf(
            BoundedReader(path),
            synchronize_clocks=False,
            dejitter_timestamps=False,
            handle_clock_resets=False,
            verbose=False,
        )
    notes = [f"the file is damaged, the readable part was used ({c})" for c in warnings]
    filled = []
    for raw, name in zip(raw_streams, _names(raw_streams), strict=True):
        if len(raw["time_stamps"]) == 0 or int(raw["info"]["channel_count"][0]) == 0:
            notes.append(f"stream {name!r} was declared but contains no samples; it was dropped")
        else:
            filled.append((name, raw))
    if not filled:
        raise UserError(
            f"{path.name} contains no samples ({len(raw_streams)} streams declared); "
            "check with `physiosync streams` that the devices stream before recording"
        )
    markers = tuple(_markers(name, raw) for name, raw in filled if _is_marker(raw))
    streams = tuple(_stream(name, raw, notes) for name, raw in filled if not _is_marker(raw))
    return Recording(
        streams=streams,
        markers=markers,
        start_utc=_start_utc(header),
        path=path,
        notes=tuple(notes),
    )


def _check_sample_counts(path: Path) -> None:
    """Reject a chunk that declares more samples than it has bytes.

    pyxdf allocates memory for the declared number: one wrong byte would exhaust the memory.
    """
    from pyxdf.pyxdf import open_xdf

    with open_xdf(path) as file:
        while True:
            length = _variable_int(file.read(1), file)
            if length is None:
                return
            head = file.read(min(length, _SAMPLES_HEAD_BYTES))
            if head[:2] == _SAMPLES_TAG:
                rest = io.BytesIO(head[6:])
                n_samples = _variable_int(rest.read(1), rest)
                if n_samples is not None and n_samples > length:
                    raise UserError(
                        f"{path.name} is damaged: a chunk of {length} bytes declares {n_samples} "
                        "samples; use another copy"
                    )
            file.seek(length - len(head), io.SEEK_CUR)


def _variable_int(size: bytes, file: BinaryIO) -> int | None:
    """Read an integer of 1, 4 or 8 bytes; None at the end of the file or where it is invalid."""
    return int.from_bytes(file.read(size[0]), "little") if size in _INT_SIZES else None


def _stream(name: str, raw: Mapping[str, Any], notes: list[str]) -> RecordedStream:
    """Convert a numeric stream to its canonical unit; doubts are appended to ``notes``."""
    info = raw["info"]
    layout = stream_layout(
        name,
        _text(info, "type"),
        float(info["nominal_srate"][0]),
        _channels(info, int(info["channel_count"][0])),
        source_id=_text(info, "source_id"),
        host=_text(info, "hostname"),
    )
    unit_note = ""
    if layout.conversions is None and layout.spec.modality is not Modality.OTHER:
        stated = ", ".join(sorted({word for word in layout.unit_words if word})) or "none"
        unit_note = (
            f"stream {name!r}: unknown unit (stated: {stated}); samples are as recorded, "
            "state the unit in a device YAML"
        )
        notes.append(unit_note)
    samples, counter = layout.split(raw["time_series"])
    timestamps = np.asarray(raw["time_stamps"], dtype=np.float64)
    n_back = int((np.diff(timestamps) < 0).sum())
    if n_back:
        notes.append(f"stream {name!r}: {n_back} time stamps are earlier than the previous one")
    offsets = _clock_offsets(raw)
    return RecordedStream(layout.spec, samples, timestamps, offsets, counter, unit_note)


def _markers(name: str, raw: Mapping[str, Any]) -> RecordedMarkers:
    """Convert a marker stream; the channels of one marker are joined by commas."""
    labels = tuple(",".join(str(value) for value in sample) for sample in raw["time_series"])
    timestamps = np.asarray(raw["time_stamps"], dtype=np.float64)
    return RecordedMarkers(name, timestamps, labels, _clock_offsets(raw))


def _is_marker(raw: Mapping[str, Any]) -> bool:
    info = raw["info"]
    return info["channel_format"][0] == "string" or "marker" in _text(info, "type").lower()


def _clock_offsets(raw: Mapping[str, Any]) -> FloatArray:
    """Return the clock offsets, shape (n, 2): time on the sender's clock, seconds to add."""
    pairs = [raw["clock_times"], raw["clock_values"]]
    return np.asarray(pairs, dtype=np.float64).T.reshape(-1, 2)


def _channels(info: Mapping[str, Any], n_chans: int) -> list[dict[str, str]]:
    """Read ``desc/channels``; empty where it is missing or has the wrong length."""
    try:
        listed = info["desc"][0]["channels"][0]["channel"]
        found = [{key: (c[key][0] or "").strip() for key in c} for c in listed]
    except (KeyError, IndexError, TypeError, AttributeError):
        return [{} for _ in range(n_chans)]
    return found if len(found) == n_chans else [{} for _ in range(n_chans)]


def _names(raw_streams: list[Any]) -> tuple[str, ...]:
    """Name the streams; duplicates get their type as a suffix (``Muse-EEG``, ``Muse-PPG``)."""
    names = [_text(raw["info"], "name") or "stream" for raw in raw_streams]
    return unique_names(
        name if names.count(name) == 1 else f"{name}-{_text(raw['info'], 'type')}"
        for name, raw in zip(names, raw_streams, strict=True)
    )


def _text(info: Mapping[str, Any], key: str) -> str:
    """Return a header field as text; empty where it is missing or empty."""
    values = info.get(key) or [""]
    return (values[0] or "").strip() if isinstance(values[0], str) else ""


def _start_utc(header: Mapping[str, Any] | None) -> float | None:
    """Return the UNIX time at which the recorder opened the file, in whole seconds."""
    text = _text((header or {}).get("info") or {}, "datetime")
    try:
        return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S%z").timestamp()
    except ValueError:
        return None


@contextmanager
def _captured_warnings() -> Iterator[list[str]]:
    """Collect pyxdf's log messages, and keep them off the console."""
    import pyxdf

    found: list[str] = []

    class Collector(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(record.getMessage().strip())

    logger = logging.getLogger(pyxdf.pyxdf.__name__)
    collector = Collector(logging.WARNING)
    propagate, level = logger.propagate, logger.level
    logger.addHandler(collector)
    logger.propagate = False
    try:
        yield found
    finally:
        logger.removeHandler(collector)
        logger.propagate = propagate
        logger.setLevel(level)


FORMAT = Format(
    name="XDF",
    suffixes=(".xdf", ".xdfz", ".xdf.gz"),
    matches=lambda _, head: head.startswith(b"XDF:"),
    read=read,
)
