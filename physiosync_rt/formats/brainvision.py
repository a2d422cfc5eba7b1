"""Read BrainVision recordings: the samples with MNE, breaks and units by themselves."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from physiosync_rt.datatypes import FloatArray, Modality, RecordedMarkers, Recording
from physiosync_rt.formats.base import Format, modality_of
from physiosync_rt.formats.brainvision_header import (
    EMPTY_MARKERS,
    Header,
    Marker,
    find_parts,
    parse_markers,
    read_header,
    read_text,
    require_data,
)
from physiosync_rt.formats.breaks import OF_UNKNOWN_LENGTH, Break, annotated_break
from physiosync_rt.formats.channels import Channel, group_streams
from physiosync_rt.formats.clocks import moved_start
from physiosync_rt.formats.mne_raw import annotation_markers, applied_filters
from physiosync_rt.formats.trigger_channels import split_triggers
from physiosync_rt.formats.units import to_canonical

_MAGIC = (b"Brain Vision", b"BrainVision")

_LONGEST_PAUSE_S = 12 * 3600.0
"""A longer pause between two segments is a wrong date."""

_DATE_SLACK_S = 0.5
"""So much earlier than the samples before it end a segment may begin by its date."""


def read(path: Path) -> Recording:
    """Read a BrainVision recording from its header.

    Parameters
    ----------
    path : Path
        The ``.vhdr``.

    Returns
    -------
    Recording
        One stream per modality; markers as the markers ``annotations``. Stamps count seconds from
        the first sample, through the pauses between segments.

    Raises
    ------
    UserError
        The file of samples is missing.
    """
    header = read_header(path)
    parts = find_parts(path, header)
    data = require_data(parts)
    notes = [*parts.notes, *header.size_notes(data)]
    marker_text = read_text(parts.markers) if parts.markers else EMPTY_MARKERS
    raw = _read_raw(path, header, data, marker_text)
    sfreq = float(raw.info["sfreq"])
    markers = parse_markers(marker_text)
    times, breaks = _segments(markers, raw.n_times, sfreq)
    stated = header.channels
    breaks += _bad_intervals(markers, times, sfreq, tuple(raw.ch_names))
    channels = [
        _channel(name, kind, stated[i].unit if i < len(stated) else "", row, times, sfreq)
        for i, (name, kind, row) in enumerate(
            zip(raw.ch_names, raw.get_channel_types(), raw.get_data(), strict=True)
        )
    ]
    signals, triggers = split_triggers(channels)
    streams = group_streams(signals, notes, breaks)
    start = raw.info["meas_date"]
    return Recording(
        streams=streams,
        markers=(*_markers(raw, times, sfreq), *triggers),
        start_utc=moved_start(None if start is None else start.timestamp(), streams, 0.0),
        path=path,
        history=applied_filters(raw),
        notes=tuple(notes),
    )


def _read_raw(path: Path, header: Header, data: Path, marker_text: str) -> Any:
    """Read the samples with MNE from a header in which files, units and encoding are right."""
    # MNE takes a second to load, so only readers of these files import it.
    import mne

    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        markers = Path(folder) / "markers.vmrk"
        copy = Path(folder) / path.with_suffix(path.suffix.lower()).name
        markers.write_text(marker_text, encoding="utf-8")
        copy.write_text(header.in_microvolts(data.resolve(), markers), encoding="utf-8")
        return mne.io.read_raw_brainvision(copy, preload=True, verbose="ERROR")


def _channel(
    name: str, kind: str, unit: str, volts: FloatArray, times: FloatArray, sfreq: float
) -> Channel:
    modality = modality_of(kind)
    if modality is Modality.EEG and to_canonical(modality, unit) is None:
        # A channel of degrees or of breathing is EEG for MNE, because its unit was taken away.
        modality = Modality.OTHER
    return Channel(name, sfreq, unit, volts * 1e6, times, modality)


def _segments(markers: list[Marker], n_times: int, sfreq: float) -> tuple[FloatArray, list[Break]]:
    """Return the stamps, shape (n_times,), and the breaks between the segments.

    The dates of the ``New Segment`` markers say how long the pauses were.
    """
    begins = sorted((m for m in markers if m.kind == "New Segment"), key=lambda m: m.at)
    times: FloatArray = np.arange(n_times) / sfreq
    breaks = []
    dated: tuple[float, float] | None = None
    for marker in begins:
        at = min(max(marker.at, 0), n_times)
        seamless = float(times[at]) if at < n_times else n_times / sfreq
        begin = seamless
        if dated is not None and marker.when is not None:
            by_date = dated[1] + marker.when - dated[0]
            if -_DATE_SLACK_S <= by_date - seamless <= _LONGEST_PAUSE_S:
                begin = max(by_date, seamless)
        if 0 < at < n_times:
            why = "New Segment" + (OF_UNKNOWN_LENGTH if begin == seamless else "")
            breaks.append(Break(seamless, begin, why))
            times[at:] += begin - seamless
        if marker.when is not None:
            dated = (marker.when, begin)
    return times, breaks


def _bad_intervals(
    markers: list[Marker], times: FloatArray, sfreq: float, ch_names: tuple[str, ...]
) -> list[Break]:
    """Return the bad intervals, and what other programs wrote as comments such as ``boundary``."""
    found = []
    for marker in markers:
        if marker.kind == "New Segment" or marker.at >= len(times):
            continue
        bad = marker.kind == "Bad Interval"
        # Every marker covers at least one sample.
        n_samples = marker.n_samples if bad or marker.n_samples > 1 else 0
        start, duration = float(times[marker.at]), 0.0
        if n_samples > 0:
            last = min(marker.at + n_samples, len(times)) - 1
            duration = float(times[last]) + 1 / sfreq - start
        one = ch_names[marker.channel - 1 : marker.channel] if marker.channel > 0 else ()
        text = f"{marker.kind} {marker.text}".strip() if bad else marker.text
        found.append(annotated_break(text, start, duration, one))
    return [each for each in found if each is not None]


def _markers(raw: Any, times: FloatArray, sfreq: float) -> tuple[RecordedMarkers, ...]:
    """Return the markers on the clock of the stamps, which goes on through pauses."""
    out = annotation_markers(raw)
    if not out or not len(times):
        return out
    at = np.clip(np.rint(out[0].timestamps * sfreq).astype(int), 0, len(times) - 1)
    moved = out[0].timestamps + times[at] - at / sfreq
    return (RecordedMarkers(out[0].name, moved, out[0].labels),)


def _parts(path: Path) -> list[Path]:
    """List a header and the files of samples and markers that belong to it."""
    found = find_parts(path, read_header(path))
    return [part for part in (path, found.data, found.markers) if part is not None]


FORMAT = Format(
    name="BrainVision",
    suffixes=(".vhdr", ".ahdr"),
    matches=lambda _, head: head.startswith(_MAGIC) and b"Header File" in head[:100],
    read=read,
    parts=_parts,
)
