"""Join several files of one session into one `Recording`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from physiosync_rt.datatypes import (
    FloatArray,
    IntArray,
    Modality,
    RecordedMarkers,
    RecordedStream,
    Recording,
)
from physiosync_rt.errors import UserError
from physiosync_rt.formats.base import unique_names
from physiosync_rt.formats.breaks import SHORTEST_S
from physiosync_rt.formats.clocks import zero_time
from physiosync_rt.formats.join import Join
from physiosync_rt.formats.placement import place


def one_session(recordings: Sequence[Recording], join: Join | None = None) -> Recording:
    """Join the files of one session.

    Parameters
    ----------
    recordings : sequence of Recording
    join : Join, optional
        How they are aligned in time; see `formats.placement.place`.

    Returns
    -------
    Recording
        A single one is returned unchanged, with its raw stamps. Several are put on one clock,
        streams of equal specification are joined, and a note states how they were aligned. A file
        that begins where another ends loses its first 0.1 s, and one sample at least: the gap keeps
        what is in one file from reaching into the next.

    Raises
    ------
    UserError
        There is none, or they cannot be aligned: see `formats.placement.place`.
    """
    if not recordings:
        raise UserError("no recording given; name at least one file")
    if len(recordings) == 1:
        return recordings[0]
    placement = place(recordings, join)
    placed = sorted(placement.placed, key=lambda p: p.start)
    streams = _join_streams([s for p in placed for s in p.streams()])
    with_eeg = [p for p in placed if p.recording.of(Modality.EEG)]
    first = (with_eeg or placed)[0]
    zero = zero_time(first.recording) + first.shift
    subjects = dict.fromkeys(p.recording.subject for p in placed if p.recording.subject)
    return Recording(
        streams=streams,
        markers=_join_markers([m for p in placed for m in p.markers()]),
        segments=tuple(
            replace(seg, start=seg.start + p.zero - zero, stop=seg.stop + p.zero - zero)
            for p in placed
            for seg in p.recording.segments
        ),
        subject="+".join(subjects),
        start_utc=first.recording.start_utc if placement.by_clock else None,
        path=first.recording.path,
        history=tuple(dict.fromkeys(h for p in placed for h in p.recording.history)),
        notes=(
            placement.note,
            *(f"{p.name}: {note}" for p in placed for note in p.recording.notes),
        ),
    )


def _join_streams(streams: Sequence[RecordedStream]) -> tuple[RecordedStream, ...]:
    """Concatenate streams of equal specification; others with the same name are numbered."""
    groups: dict[object, list[RecordedStream]] = {}
    for stream in streams:
        # A device may change its source_id from day to day but is the same stream.
        key = replace(stream.spec, source_id="", host="")
        group = groups.setdefault(key, [])
        part = _apart(stream, group[-1].timestamps) if group else stream
        if len(part.timestamps) or not group:
            group.append(part)
    names = unique_names(group[0].spec.name for group in groups.values())
    return tuple(
        replace(
            group[0],
            spec=replace(group[0].spec, name=name),
            samples=np.concatenate([s.samples for s in group]),
            timestamps=np.concatenate([s.timestamps for s in group]),
            counter=_join_counters(group),
            breaks=np.concatenate([s.breaks for s in group]),
        )
        for name, group in zip(names, groups.values(), strict=True)
    )


def _apart(stream: RecordedStream, before: FloatArray) -> RecordedStream:
    """Leave out what follows too closely on stamps of another file for stamps to show a gap."""
    sfreq = stream.spec.sfreq
    if sfreq == 0 or not len(before):
        return stream
    period = 1.0 / sfreq
    begin = before.max() + period + max(SHORTEST_S, period) - 1e-3 * period
    at = int(np.searchsorted(np.maximum.accumulate(stream.timestamps), begin))
    if at == 0:
        return stream
    return replace(
        stream,
        samples=stream.samples[at:],
        timestamps=stream.timestamps[at:],
        counter=None if stream.counter is None else stream.counter[at:],
    )


def _join_counters(group: Sequence[RecordedStream]) -> IntArray | None:
    """Continue the counter through the pause between files, as the device would have."""
    joined: list[IntArray] = []
    before: RecordedStream | None = None
    for stream in group:
        if stream.counter is None:
            return None
        counter = stream.counter
        if before is not None:
            pause: FloatArray = stream.timestamps[0] - before.timestamps[-1]
            n_missing = max(int(np.rint(pause * stream.spec.sfreq)), 1)
            counter = counter - counter[0] + joined[-1][-1] + n_missing
        joined.append(counter)
        before = stream
    return np.concatenate(joined)


def _join_markers(markers: Sequence[RecordedMarkers]) -> tuple[RecordedMarkers, ...]:
    groups: dict[str, list[RecordedMarkers]] = {}
    for one in markers:
        groups.setdefault(one.name, []).append(one)
    return tuple(
        RecordedMarkers(
            name,
            np.concatenate([m.timestamps for m in group]),
            tuple(label for m in group for label in m.labels),
        )
        for name, group in groups.items()
    )
