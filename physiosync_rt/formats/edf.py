"""Read EDF, EDF+ and BDF files.

MNE is not used here, because it resamples all channels to the highest rate, supports only volts,
and treats a discontinuous EDF+D file as continuous.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from physiosync_rt.datatypes import FloatArray, RecordedMarkers, Recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import Format
from physiosync_rt.formats.breaks import Break, annotated_break
from physiosync_rt.formats.channels import Channel, group_streams
from physiosync_rt.formats.clocks import moved_start
from physiosync_rt.formats.edf_annotations import Annotations, Records, read_annotations
from physiosync_rt.formats.edf_header import BDF_MAGIC, Header, read_header
from physiosync_rt.formats.trigger_channels import split_triggers

_APART_S = 0.05
"""Data records that begin this much later than the one before ends are apart."""

_ROUNDED_S = 1.0
"""So much the times of the data records of a continuous file may be rounded."""


def read(path: Path) -> Recording:
    """Read an EDF, EDF+ or BDF file.

    Parameters
    ----------
    path : Path

    Returns
    -------
    Recording
        One stream per modality and rate, every channel at the rate it was recorded with.
        Annotations become the markers ``annotations``. Stamps count seconds from the start.

    Raises
    ------
    UserError
        The header is not valid, or there are no data.
    """
    header = read_header(path)
    notes = list(header.notes)
    records = _read_records(path, header, notes)
    annotations = read_annotations(header, records)
    notes += annotations.notes
    onsets = _onsets(header, len(records), annotations.onsets, notes)
    channels = []
    for signal in header.signals:
        if signal.is_annotation or signal.dead:
            continue
        stop = signal.start + signal.n_per_record
        # The rate may be fractional where a record is several seconds long.
        sfreq = signal.n_per_record / header.record_s
        digital: FloatArray = records[:, signal.start : stop].astype(np.float64)
        values = digital * signal.gain + signal.offset
        times = onsets[:, np.newaxis] + np.arange(signal.n_per_record) / sfreq
        channels.append(Channel(signal.label, sfreq, signal.unit, values.ravel(), times.ravel()))
    breaks = [*_pauses(header, onsets), *_annotated(annotations)]
    signals, triggers = split_triggers(channels)
    streams = group_streams(signals, notes, breaks)
    if header.start_utc is None:
        notes.append("the start time in the header is blank or anonymized")
    history = sorted({s.prefilter for s in header.signals if s.prefilter.strip(" ?")})
    return Recording(
        streams=streams,
        markers=(*_markers(annotations), *triggers),
        start_utc=moved_start(header.start_utc, streams, float(onsets[0])),
        path=path,
        history=tuple(history),
        notes=tuple(notes),
    )


def _read_records(path: Path, header: Header, notes: list[str]) -> Records:
    """Read all data records as integers, shape (n_records, record_samples)."""
    record_bytes = header.record_samples * header.sample_bytes
    raw = np.fromfile(path, dtype=np.uint8, offset=header.n_bytes)
    n_whole, n_left = divmod(len(raw), record_bytes)
    if n_whole == 0:
        raise UserError(f"{path.name} has a header but no complete data record; it was cut off")
    if header.n_records > n_whole:
        notes.append(f"the file was cut off: {n_whole} of {header.n_records} records were read")
    elif 0 < header.n_records < n_whole or (header.n_records > 0 and n_left):
        surplus = len(raw) - header.n_records * record_bytes
        notes.append(
            f"the file is longer than its header states: {header.n_records} records were read, "
            f"{surplus} bytes after them ({surplus / record_bytes:.1f} records) were left out"
        )
        n_whole = header.n_records
    elif n_left:
        notes.append(f"the last data record was cut off and left out; {n_whole} records were read")
    raw = raw[: n_whole * record_bytes]
    if header.sample_bytes == 2:
        return raw.view("<i2").reshape(n_whole, -1)
    triples = raw.reshape(-1, 3).astype(np.int32)
    values = triples[:, 0] | (triples[:, 1] << 8) | (triples[:, 2] << 16)
    signed = np.where(values >= 1 << 23, values - (1 << 24), values)
    return signed.reshape(n_whole, -1)


def _onsets(
    header: Header, n_records: int, stated: list[float | None], notes: list[str]
) -> FloatArray:
    """Return when each data record begins in seconds, shape (n_records,)."""
    even: FloatArray = np.arange(n_records, dtype=np.float64) * header.record_s
    onsets: FloatArray = np.array([np.nan if onset is None else onset for onset in stated])
    known = np.flatnonzero(np.isfinite(onsets))
    if not header.is_discontinuous:
        # The onsets of a continuous file are rounded, so that only the first one is needed.
        late = onsets[known] - even[known]
        if len(known) < 2 or (np.diff(late) <= max(header.record_s, _ROUNDED_S)).all():
            return even + (stated[0] or 0.0 if stated else 0.0)
        notes.append(
            "the file declares to be continuous, but its data records are apart by their times, "
            "which were taken"
        )
    elif len(known) == 0:
        notes.append(
            "the file is discontinuous (EDF+D) but no data record states its time; they were "
            "taken as one after the other"
        )
        return even
    silent = np.flatnonzero(np.isnan(onsets))
    onsets[: known[0]] = onsets[known[0]] + even[: known[0]] - even[known[0]]
    for i in silent[silent > known[0]]:
        onsets[i] = onsets[i - 1] + header.record_s
    if len(silent):
        which = ", ".join(map(str, silent[:5] + 1)) + (" ..." if len(silent) > 5 else "")
        notes.append(
            f"{len(silent)} of {n_records} data records do not state their time (number {which}); "
            "they were taken to follow the one before"
        )
    return onsets


def _pauses(header: Header, onsets: FloatArray) -> list[Break]:
    """Return the breaks between data records that are apart."""
    ends = onsets[:-1] + header.record_s
    apart = np.flatnonzero(onsets[1:] - ends > _APART_S)
    return [Break(float(ends[i]), float(onsets[i + 1]), "EDF+D") for i in apart]


def _annotated(annotations: Annotations) -> list[Break]:
    found = [annotated_break(each.text, each.onset, each.duration) for each in annotations.found]
    return [each for each in found if each is not None]


def _markers(annotations: Annotations) -> tuple[RecordedMarkers, ...]:
    if not annotations.found:
        return ()
    times = np.array([each.onset for each in annotations.found])
    labels = tuple(each.text for each in annotations.found)
    return (RecordedMarkers("annotations", times, labels),)


FORMAT = Format(
    name="EDF/BDF",
    suffixes=(".edf", ".bdf", ".rec"),
    matches=lambda _, head: head.startswith((b"0       ", BDF_MAGIC)),
    read=read,
)
