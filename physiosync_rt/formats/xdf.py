"""Read XDF files (LabRecorder) with raw time stamps and all clock offset measurements.

pyxdf parses the file; its clock synchronization and dejitter stay off, because `align` does both
as in a live run.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

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
from physiosync_rt.formats.clocks import is_time
from physiosync_rt.formats.metadata import StreamLayout, StreamPart, stream_layout, stream_name
from physiosync_rt.formats.stamp_rate import measured_rate, regular_rate
from physiosync_rt.formats.triggers import TriggerReader, is_marker_stream, marker_text
from physiosync_rt.formats.xdf_returned import join_returned
from physiosync_rt.formats.xdf_text import readable


def read(path: Path) -> Recording:
    """Read an XDF file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Recording
        Numeric streams as recorded, split where they carry several modalities; text streams and
        numeric streams of a marker type become markers. Streams without samples are dropped with
        a note.

    Raises
    ------
    UserError
        There are no samples in the file, or a chunk declares more than it can contain.
    """
    import pyxdf

    source = readable(path)
    try:
        with source, _captured_warnings() as warnings:
            raw_streams, header = pyxdf.load_xdf(
                source,
                synchronize_clocks=False,
                dejitter_timestamps=False,
                handle_clock_resets=False,
                verbose=False,
            )
    except (ValueError, KeyError, IndexError, OverflowError, struct.error) as error:
        # The lengths and counts of chunks are all that pyxdf goes by.
        raise UserError(
            f"{path.name} is damaged: its chunks do not have the lengths that they state "
            f"({error}); take another copy"
        ) from error
    notes = [f"the file is damaged, the readable part was used ({c})" for c in warnings]
    filled = []
    raw_streams = join_returned(raw_streams, notes)
    for raw, name in zip(raw_streams, _names(raw_streams), strict=True):
        if len(raw["time_stamps"]) == 0 or int(raw["info"]["channel_count"][0]) == 0:
            notes.append(f"stream {name!r} was declared but contains no samples; it was dropped")
        else:
            filled.append((name, raw))
    if not filled:
        raise UserError(
            f"{path.name} contains no samples (streams declared: {len(raw_streams)}); it is cut "
            "off, or the devices did not stream: check that with `physiosync streams`"
        )
    markers = [_markers(name, raw) for name, raw in filled if _is_marker(raw)]
    streams: list[RecordedStream] = []
    for name, raw in filled:
        if not _is_marker(raw):
            streams += _streams(name, raw, notes, markers)
    # A part may be named like another stream.
    names = unique_names(stream.spec.name for stream in streams)
    named = [
        replace(stream, spec=replace(stream.spec, name=name))
        for stream, name in zip(streams, names, strict=True)
    ]
    return Recording(
        streams=tuple(named),
        markers=tuple(markers),
        start_utc=_start_utc(header),
        path=path,
        notes=tuple(notes),
    )


def _streams(
    name: str, raw: Mapping[str, Any], notes: list[str], markers: list[RecordedMarkers]
) -> list[RecordedStream]:
    """Convert a numeric stream, one part per modality; doubts are appended to ``notes``."""
    info = raw["info"]
    layout = stream_layout(
        name,
        _text(info, "type"),
        float(info["nominal_srate"][0]),
        _channels(info),
        n_chans=int(info["channel_count"][0]),
        source_id=_text(info, "source_id"),
        host=_text(info, "hostname"),
    )
    notes += layout.notes
    timestamps = np.asarray(raw["time_stamps"], dtype=np.float64)
    if layout.has_signals and layout.whole.sfreq == 0 and (sfreq := regular_rate(timestamps)):
        layout = layout.at_rate(sfreq)
        notes.append(measured_rate(name, sfreq))
    n_back = int((np.diff(timestamps) < 0).sum())
    if n_back:
        notes.append(f"stream {name!r}: {n_back} time stamps are earlier than the previous one")
    offsets = _clock_offsets(raw)
    (stamped,) = np.nonzero(is_time(timestamps))
    for column in layout.triggers:
        found = TriggerReader().read(raw["time_series"][stamped, column])
        at = stamped[[i for i, _ in found]]
        labels = tuple(label for _, label in found)
        markers.append(
            RecordedMarkers(_trigger_name(layout, column), timestamps[at], labels, offsets)
        )
    samples, counter = layout.split(raw["time_series"])
    return [
        RecordedStream(
            part.spec,
            part.of(samples),
            timestamps,
            offsets,
            counter,
            _unit_note(part, layout.unit_words, notes),
            breaks=np.asarray(raw.get("breaks", ()), dtype=np.float64),
            carrier=part.carrier,
        )
        for part in layout.parts
    ]


def _unit_note(part: StreamPart, unit_words: Sequence[str], notes: list[str]) -> str:
    """Note that the unit of a part is unknown, where it is."""
    if part.spec.unit or part.spec.modality is Modality.OTHER:
        return ""
    words = {unit_words[i] for i in part.carrier.columns}
    stated = ", ".join(sorted(filter(None, words))) or "none"
    note = (
        f"stream {part.spec.name!r}: unknown unit (stated: {stated}); samples are as recorded, "
        "state the unit in a device YAML"
    )
    notes.append(note)
    return note


def _trigger_name(layout: StreamLayout, column: int) -> str:
    """Name the markers of a trigger channel by its stream and its label."""
    return f"{layout.whole.name} {layout.whole.ch_names[layout.columns.index(column)]}"


def _markers(name: str, raw: Mapping[str, Any]) -> RecordedMarkers:
    """Convert a marker stream."""
    labels = tuple(marker_text(sample) for sample in raw["time_series"])
    timestamps = np.asarray(raw["time_stamps"], dtype=np.float64)
    return RecordedMarkers(name, timestamps, labels, _clock_offsets(raw))


def _is_marker(raw: Mapping[str, Any]) -> bool:
    info = raw["info"]
    return is_marker_stream(_text(info, "type"), is_text=info["channel_format"][0] == "string")


def _clock_offsets(raw: Mapping[str, Any]) -> FloatArray:
    """Return the clock offsets, shape (n, 2): time on the sender's clock, seconds to add."""
    pairs = [raw["clock_times"], raw["clock_values"]]
    return np.asarray(pairs, dtype=np.float64).T.reshape(-1, 2)


def _channels(info: Mapping[str, Any]) -> list[dict[str, str]]:
    """Read ``desc/channels``; empty where it is missing."""
    try:
        listed = info["desc"][0]["channels"][0]["channel"]
        return [{key: _text(c, key) for key in ("label", "unit", "type")} for c in listed]
    except (KeyError, IndexError, TypeError, AttributeError):
        return []


def _names(raw_streams: list[Any]) -> tuple[str, ...]:
    """Name the streams; duplicates get their type as a suffix (``Muse-EEG``, ``Muse-PPG``)."""
    names = [stream_name(_text(raw["info"], "name")) for raw in raw_streams]
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
