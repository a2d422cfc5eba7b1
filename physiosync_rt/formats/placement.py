"""Align the files of one session in time, and state how exact the alignment is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from physiosync_rt.datatypes import Modality, RecordedMarkers, RecordedStream, Recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats.clocks import corrected, sample_offsets, span, zero_time
from physiosync_rt.formats.join import Join

FILE_GAP_S = 1.0
"""Pause between files that are put one after the other."""

LONGEST_PAUSE_S = 300.0
"""Longest pause within one session: a longer one looks like a clock reset
(`align.thresholds.RESET_S`), and a row for every second of it would carry no information."""

_SEQUENCE_NOTE = f"the files were put one after the other, {FILE_GAP_S:g} s apart"


@dataclass(frozen=True, slots=True)
class Placed:
    """A recording and the shift to add to its corrected stamps."""

    recording: Recording
    shift: float

    @property
    def name(self) -> str:
        """Name of the file."""
        return _name(self.recording)

    @property
    def zero(self) -> float:
        """Its `zero_time` in the session."""
        return zero_time(self.recording) + self.shift

    @property
    def start(self) -> float:
        """Its first sample in the session."""
        return span(self.recording)[0] + self.shift

    @property
    def stop(self) -> float:
        """Its last sample in the session."""
        return span(self.recording)[1] + self.shift

    def streams(self) -> Iterator[RecordedStream]:
        """Return its streams with stamps on the session's clock."""
        for stream in self.recording.streams:
            times = corrected(stream) + self.shift
            moved = stream.breaks + sample_offsets(stream.breaks, stream.clock_offsets)
            yield replace(
                stream,
                timestamps=times,
                clock_offsets=np.empty((0, 2)),
                breaks=moved + self.shift,
            )

    def markers(self) -> Iterator[RecordedMarkers]:
        """Return its markers with stamps on the session's clock."""
        for markers in self.recording.markers:
            times = corrected(markers) + self.shift
            yield replace(markers, timestamps=times, clock_offsets=np.empty((0, 2)))


def _name(recording: Recording) -> str:
    return recording.path.name if recording.path else "recording"


def _modalities(recording: Recording) -> frozenset[Modality]:
    found = {s.spec.modality for s in recording.streams if len(s.timestamps)}
    return frozenset(found - {Modality.OTHER})


class Placement(NamedTuple):
    """The aligned files, and a note on how they were aligned."""

    placed: list[Placed]
    note: str
    by_clock: bool = False


def place(recordings: Sequence[Recording], join: Join | None = None) -> Placement:
    """Align the files of a session in time.

    Parameters
    ----------
    recordings : sequence of Recording
    join : Join, optional
        How to align. By default by absolute time where all start times are known; otherwise, or
        where they overlap, files of the same modalities are put one after the other.

    Raises
    ------
    UserError
        One is empty, files of different modalities have no common clock, or they are further
        apart than `LONGEST_PAUSE_S`.
    """
    for recording in recordings:
        times = [s.timestamps for s in recording.streams] + [
            m.timestamps for m in recording.markers
        ]
        if not any(map(len, times)):
            raise UserError(f"{_name(recording)} contains no samples; omit it")
    if join is Join.TURN:
        return Placement(_in_sequence(recordings), f"{_SEQUENCE_NOTE}, as requested")
    if join is Join.TOGETHER:
        placed = [Placed(r, -span(r)[0]) for r in recordings]
        if both := _find_overlap(placed):
            raise UserError(f"{both} contain the same modality and cannot be joined together")
        return Placement(placed, "the files were assumed to start at the same moment, as requested")
    undated = [_name(r) for r in recordings if r.start_utc is None]
    verb = "has no start time" if len(undated) == 1 else "have no start time"
    why = f"{' and '.join(undated)} {verb}"
    if not undated:
        placed = _by_clock(recordings)
        both = _find_overlap(placed)
        if not both:
            _check_pauses(placed)
            return Placement(placed, _clock_note(recordings), by_clock=True)
        why = f"{both} overlap by their start times"
    foreign = len({_modalities(r) for r in recordings}) > 1
    if join is Join.CLOCK or foreign:
        raise UserError(
            f"the files cannot be aligned on one clock: {why}; use --join together where they "
            "started at the same moment, or --join turn where they follow each other"
        )
    return Placement(_in_sequence(recordings), f"{_SEQUENCE_NOTE}: {why}")


def _by_clock(recordings: Sequence[Recording]) -> list[Placed]:
    known = [(r, r.start_utc) for r in recordings if r.start_utc is not None]
    # Seconds since the first start, because UNIX times would lose resolution.
    base = min(start for _, start in known)
    return [Placed(r, start - base - zero_time(r)) for r, start in known]


def _in_sequence(recordings: Sequence[Recording]) -> list[Placed]:
    cursor, placed = 0.0, []
    for recording in recordings:
        start, stop = span(recording)
        placed.append(Placed(recording, cursor - start))
        cursor += stop - start + FILE_GAP_S
    return placed


def _find_overlap(placed: Sequence[Placed]) -> str:
    """Name two files that contain the same modality at the same time; empty where none do."""
    for spans in _modality_spans(placed).values():
        for before, after in pairwise(spans):
            if after.start <= before.stop:
                return f"{before.name} and {after.name}"
    return ""


class _Span(NamedTuple):
    """Start and stop of a file or of one modality in it, in seconds."""

    start: float
    stop: float
    recording: Recording

    @property
    def name(self) -> str:
        return _name(self.recording)


def _modality_spans(placed: Sequence[Placed]) -> dict[Modality, list[_Span]]:
    """Return the spans of each modality, sorted by start."""
    found: dict[Modality, list[_Span]] = {}
    for p in placed:
        for modality in _modalities(p.recording):
            streams = [s for s in p.recording.of(modality) if len(s.timestamps)]
            start, stop = span(replace(p.recording, streams=tuple(streams)))
            each = _Span(start + p.shift, stop + p.shift, p.recording)
            found.setdefault(modality, []).append(each)
    return {modality: sorted(s, key=lambda each: each.start) for modality, s in found.items()}


def _check_pauses(placed: Sequence[Placed]) -> None:
    """Reject a pause in the session, or in one modality, that is longer than `LONGEST_PAUSE_S`."""
    everything = sorted(
        (_Span(p.start, p.stop, p.recording) for p in placed), key=lambda each: each.start
    )
    for spans in (everything, *_modality_spans(placed).values()):
        last = spans[0]
        for each in spans[1:]:
            pause = each.start - last.stop
            if pause > LONGEST_PAUSE_S:
                raise UserError(
                    f"{last.name} ({_format_start(last.recording)}) and {each.name} "
                    f"({_format_start(each.recording)}) are {_format_pause(pause)} apart and not "
                    "one session; run each session alone, or use --join turn or --join together"
                )
            last = max(last, each, key=lambda each: each.stop)


def _format_pause(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 60:.0f} minutes"


def _format_start(recording: Recording) -> str:
    assert recording.start_utc is not None, "start times are known here"
    at = datetime.fromtimestamp(recording.start_utc, UTC).replace(tzinfo=None)
    return (
        f"{at.isoformat(' ', 'seconds' if _has_whole_seconds(recording) else 'milliseconds')} UTC"
    )


def _has_whole_seconds(recording: Recording) -> bool:
    return recording.start_utc is not None and recording.start_utc.is_integer()


def _clock_note(recordings: Sequence[Recording]) -> str:
    """Return the note on an alignment by start times, with its accuracy."""
    coarse = [_name(r) for r in recordings if _has_whole_seconds(r)]
    times = ", ".join(f"{_name(r)} {_format_start(r)}" for r in recordings)
    exact = (
        f"{' and '.join(coarse)} {'states' if len(coarse) == 1 else 'state'} whole seconds, so "
        "the offset between streams of different files may be up to a second"
        if coarse
        else "the offset between streams of different files is as exact as the clocks of their "
        "computers"
    )
    return f"the files were aligned by their start times ({times}): {exact}"
