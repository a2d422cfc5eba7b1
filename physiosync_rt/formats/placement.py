"""Where the files of one session lie to each other in time, and how exactly that is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from physiosync_rt.datatypes import Modality, RecordedMarkers, RecordedStream, Recording
from physiosync_rt.errors import UserError
from physiosync_rt.formats.clocks import corrected, span, zero_time
from physiosync_rt.formats.join import Join

FILE_GAP_S = 1.0
"""Pause between files that follow each other."""

LONGEST_PAUSE_S = 300.0
"""Files of one session come no later after each other: what is longer looks like a clock that was
set anew (`align.limits.RESET_S`), and a row for every second of it would say nothing."""

_SAID_IN_TURN = f"the files were put one after the other, {FILE_GAP_S:g} s apart"


@dataclass(frozen=True, slots=True)
class Placed:
    """A recording and what to add to its corrected stamps."""

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
        """Its streams, stamped by the clock of the session."""
        for stream in self.recording.streams:
            times = corrected(stream) + self.shift
            yield replace(stream, timestamps=times, clock_offsets=np.empty((0, 2)))

    def markers(self) -> Iterator[RecordedMarkers]:
        """Its markers, stamped by the clock of the session."""
        for markers in self.recording.markers:
            times = corrected(markers) + self.shift
            yield replace(markers, timestamps=times, clock_offsets=np.empty((0, 2)))


def _name(recording: Recording) -> str:
    return recording.path.name if recording.path else "recording"


def _modalities(recording: Recording) -> frozenset[Modality]:
    found = {s.spec.modality for s in recording.streams if len(s.timestamps)}
    return frozenset(found - {Modality.OTHER})


class Placement(NamedTuple):
    """The files in their places, and the sentence that says how they came there."""

    placed: list[Placed]
    said: str
    by_clock: bool = False


def place(recordings: Sequence[Recording], join: Join | None = None) -> Placement:
    """Find out where the files of a session lie to each other.

    Parameters
    ----------
    recordings : sequence of Recording
    join : Join, optional
        How. Without it by absolute time where all know theirs; files of the same modalities follow
        each other where that is unknown, or not possible because they overlap.

    Raises
    ------
    UserError
        One is empty, nothing says how files of different modalities lie to each other, or they are
        further apart than `LONGEST_PAUSE_S`.
    """
    for recording in recordings:
        times = [s.timestamps for s in recording.streams] + [
            m.timestamps for m in recording.markers
        ]
        if not any(map(len, times)):
            raise UserError(f"{_name(recording)} holds no samples; leave it out")
    if join is Join.TURN:
        return Placement(_in_turn(recordings), f"{_SAID_IN_TURN}, as asked for")
    if join is Join.TOGETHER:
        placed = [Placed(r, -span(r)[0]) for r in recordings]
        if both := _in_the_way(placed):
            raise UserError(f"{both} hold the same modality and cannot be joined together")
        return Placement(placed, "the files were taken to begin at one moment, as asked for")
    timeless = [_name(r) for r in recordings if r.start_utc is None]
    verb = "does not say when it began" if len(timeless) == 1 else "do not say when they began"
    why = f"{' and '.join(timeless)} {verb}"
    if not timeless:
        placed = _by_clock(recordings)
        both = _in_the_way(placed)
        if not both:
            _refuse_far_apart(placed)
            return Placement(placed, _said_by_clock(recordings), by_clock=True)
        why = f"{both} overlap by the times they state"
    foreign = len({_modalities(r) for r in recordings}) > 1
    if join is Join.CLOCK or foreign:
        raise UserError(
            f"the files cannot be placed on one clock: {why}; say --join together where they began "
            "at the same moment, --join turn where they follow each other"
        )
    return Placement(_in_turn(recordings), f"{_SAID_IN_TURN}: {why}")


def _by_clock(recordings: Sequence[Recording]) -> list[Placed]:
    known = [(r, r.start_utc) for r in recordings if r.start_utc is not None]
    # Seconds since the first start: UNIX times themselves would cost resolution.
    base = min(start for _, start in known)
    return [Placed(r, start - base - zero_time(r)) for r, start in known]


def _in_turn(recordings: Sequence[Recording]) -> list[Placed]:
    cursor, placed = 0.0, []
    for recording in recordings:
        start, stop = span(recording)
        placed.append(Placed(recording, cursor - start))
        cursor += stop - start + FILE_GAP_S
    return placed


def _in_the_way(placed: Sequence[Placed]) -> str:
    """Two files that hold the same modality at the same time; empty where there are none."""
    for stretches in _stretches(placed).values():
        for before, after in pairwise(stretches):
            if after.start <= before.stop:
                return f"{before.name} and {after.name}"
    return ""


class _Stretch(NamedTuple):
    """From when to when a file holds something."""

    start: float
    stop: float
    recording: Recording

    @property
    def name(self) -> str:
        return _name(self.recording)


def _stretches(placed: Sequence[Placed]) -> dict[Modality, list[_Stretch]]:
    """Stretches of each modality, sorted by their starts."""
    found: dict[Modality, list[_Stretch]] = {}
    for p in placed:
        for modality in _modalities(p.recording):
            streams = [s for s in p.recording.of(modality) if len(s.timestamps)]
            start, stop = span(replace(p.recording, streams=tuple(streams)))
            stretch = _Stretch(start + p.shift, stop + p.shift, p.recording)
            found.setdefault(modality, []).append(stretch)
    return {modality: sorted(s, key=lambda each: each.start) for modality, s in found.items()}


def _refuse_far_apart(placed: Sequence[Placed]) -> None:
    """Refuse a pause in the session, or in one modality of it, that no session has."""
    everything = sorted(
        (_Stretch(p.start, p.stop, p.recording) for p in placed), key=lambda each: each.start
    )
    for stretches in (everything, *_stretches(placed).values()):
        last = stretches[0]
        for stretch in stretches[1:]:
            pause = stretch.start - last.stop
            if pause > LONGEST_PAUSE_S:
                raise UserError(
                    f"{last.name} ({_said_time(last.recording)}) and {stretch.name} "
                    f"({_said_time(stretch.recording)}) lie {_said_pause(pause)} apart and are no "
                    "one session; give them one at a time, each with the files of its own time, "
                    "or say --join turn or --join together"
                )
            last = max(last, stretch, key=lambda each: each.stop)


def _said_pause(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds / 60:.0f} minutes"


def _said_time(recording: Recording) -> str:
    assert recording.start_utc is not None, "files are placed by it"
    at = datetime.fromtimestamp(recording.start_utc, UTC).replace(tzinfo=None)
    return f"{at.isoformat(' ', 'seconds' if _to_the_second(recording) else 'milliseconds')} UTC"


def _to_the_second(recording: Recording) -> bool:
    return recording.start_utc is not None and recording.start_utc.is_integer()


def _said_by_clock(recordings: Sequence[Recording]) -> str:
    """How exactly files lie to each other that were placed by the times they state."""
    coarse = [_name(r) for r in recordings if _to_the_second(r)]
    times = ", ".join(f"{_name(r)} {_said_time(r)}" for r in recordings)
    exact = (
        f"{' and '.join(coarse)} {'states' if len(coarse) == 1 else 'state'} whole seconds, so "
        "streams of different files may be a second off against each other"
        if coarse
        else "streams of different files are as exact against each other as the clocks of their "
        "computers"
    )
    return f"the files were placed by the times at which they began ({times}): {exact}"
