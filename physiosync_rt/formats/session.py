"""Several files of one session as one `Recording`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

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
from physiosync_rt.formats.clocks import corrected

FILE_GAP_S = 1.0
"""Pause between files that follow each other."""


def zero_time(recording: Recording) -> float:
    """Time that ``start_utc`` and `Segment` refer to, on the recorder's clock, in seconds.

    It is the first EEG sample; where there is no EEG, the first sample of the stream that began
    first. First is first in the file: a smaller stamp may lie behind a reset of the clock.
    """
    candidates: Iterable[RecordedStream | RecordedMarkers] = (
        recording.of(Modality.EEG) or recording.streams or recording.markers
    )
    return float(min(corrected(s)[0] for s in candidates if len(s.timestamps)))


def span(recording: Recording) -> tuple[float, float]:
    """First and last sample on the recorder's clock in seconds; markers count where alone."""
    every: Iterable[RecordedStream | RecordedMarkers] = recording.streams or recording.markers
    times = [corrected(s) for s in every if len(s.timestamps)]
    return float(min(t.min() for t in times)), float(max(t.max() for t in times))


def one_session(recordings: Sequence[Recording]) -> Recording:
    """Join the files of one session.

    Parameters
    ----------
    recordings : sequence of Recording
        Placed by absolute time where all know theirs and no two of them hold the same modality
        at the same time; else one after the other in the given order, `FILE_GAP_S` apart.

    Returns
    -------
    Recording
        The only one as it is, its raw stamps included. Otherwise all of them on one clock, with
        streams of equal specification joined.

    Raises
    ------
    UserError
        There is none.
    """
    if not recordings:
        raise UserError("no recording given; name at least one file")
    if len(recordings) == 1:
        return recordings[0]
    by_utc = _placed_by_utc(recordings)
    placed = sorted(by_utc or _placed_in_turn(recordings), key=lambda p: p.start)
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
        start_utc=first.recording.start_utc if by_utc else None,
        path=first.recording.path,
        history=tuple(dict.fromkeys(h for p in placed for h in p.recording.history)),
        notes=tuple(f"{p.name}: {note}" for p in placed for note in p.recording.notes),
    )


@dataclass(frozen=True, slots=True)
class _Placed:
    """A recording and what to add to its corrected stamps."""

    recording: Recording
    shift: float

    @property
    def name(self) -> str:
        return self.recording.path.name if self.recording.path else "recording"

    @property
    def zero(self) -> float:
        return zero_time(self.recording) + self.shift

    @property
    def start(self) -> float:
        return span(self.recording)[0] + self.shift

    def streams(self) -> Iterator[RecordedStream]:
        for stream in self.recording.streams:
            times = corrected(stream) + self.shift
            yield replace(stream, timestamps=times, clock_offsets=np.empty((0, 2)))

    def markers(self) -> Iterator[RecordedMarkers]:
        for markers in self.recording.markers:
            times = corrected(markers) + self.shift
            yield replace(markers, timestamps=times, clock_offsets=np.empty((0, 2)))


def _placed_by_utc(recordings: Sequence[Recording]) -> list[_Placed] | None:
    """Place by absolute time; None where one is unknown or two would be in each other's way."""
    known = [(r, r.start_utc) for r in recordings if r.start_utc is not None]
    if len(known) < len(recordings):
        return None
    # Seconds since the first start: UNIX times themselves would cost resolution.
    base = min(start for _, start in known)
    placed = [_Placed(r, start - base - zero_time(r)) for r, start in known]
    stretches: dict[Modality, list[tuple[float, float]]] = {}
    for p in placed:
        for modality in {s.spec.modality for s in p.recording.streams} - {Modality.OTHER}:
            times = [corrected(s) + p.shift for s in p.recording.of(modality)]
            here = (float(min(t.min() for t in times)), float(max(t.max() for t in times)))
            others = stretches.setdefault(modality, [])
            if any(here[0] <= stop and start <= here[1] for start, stop in others):
                return None
            others.append(here)
    return placed


def _placed_in_turn(recordings: Sequence[Recording]) -> list[_Placed]:
    cursor, placed = 0.0, []
    for recording in recordings:
        start, stop = span(recording)
        placed.append(_Placed(recording, cursor - start))
        cursor += stop - start + FILE_GAP_S
    return placed


def _join_streams(streams: Sequence[RecordedStream]) -> tuple[RecordedStream, ...]:
    """Join streams of equal specification in time; others of one name are numbered."""
    groups: dict[object, list[RecordedStream]] = {}
    for stream in streams:
        # The same device has another source_id on another day, and is the same stream still.
        key = replace(stream.spec, source_id="", host="")
        groups.setdefault(key, []).append(stream)
    names = unique_names(group[0].spec.name for group in groups.values())
    return tuple(
        replace(
            group[0],
            spec=replace(group[0].spec, name=name),
            samples=np.concatenate([s.samples for s in group]),
            timestamps=np.concatenate([s.timestamps for s in group]),
            counter=_join_counters(group),
        )
        for name, group in zip(names, groups.values(), strict=True)
    )


def _join_counters(group: Sequence[RecordedStream]) -> IntArray | None:
    """Let the counter run on through the pause between files, as the device would have."""
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
