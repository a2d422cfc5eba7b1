"""Play a recording as a source, paced or as fast as it is polled."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from physiosync_rt.datatypes import (
    Carrier,
    Chunk,
    Modality,
    RecordedMarkers,
    RecordedStream,
    Recording,
    StreamSpec,
)
from physiosync_rt.errors import UserError
from physiosync_rt.formats.clocks import corrected, sample_offsets, stamped
from physiosync_rt.pipeline.chunking import in_time_order
from physiosync_rt.sources.base import Batch, Marker, SourceMessage
from physiosync_rt.sources.selection import describe
from physiosync_rt.sources.validate import find_problem, require_usable

PACED_CHUNK_S = 0.02
FAST_CHUNK_S = 0.25
"""Of a file that is read without pace. Longer chunks are cheaper and give the same rows, but what
happens to a stream is told chunk by chunk: two gaps in one would be told as one."""


class FileSource:
    """Source of a recording's samples and markers, in the order of their times.

    Parameters
    ----------
    recording : Recording
        With a device description already applied where one is needed.
    speed : float or None
        Recorded seconds per second; None is as fast as it is polled.
    chunk_s : float, optional
        Longest recorded time in one chunk.
    wanted : str, optional
        What is required and by what, for the error about a recording without EEG.
    clock : callable
        Monotonic seconds that pace the arrival.

    Attributes
    ----------
    messages : list of SourceMessage
        Messages for the user; the reader's notes come first.

    Notes
    -----
    Stamps are unchanged. Within a stream the file order is kept; every chunk has the last clock
    offset that was measured before its samples.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        speed: float | None = None,
        chunk_s: float | None = None,
        wanted: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.messages: list[SourceMessage] = []
        self._recording = recording
        self._speed = math.inf if speed is None else speed
        self._chunk_s = chunk_s or (FAST_CHUNK_S if speed is None else PACED_CHUNK_S)
        self._wanted = wanted
        self._clock = clock
        self._chunks: Iterator[Chunk] = iter(())
        self._next: Chunk | None = None
        self._markers: list[Marker] = []
        self._origin = 0.0
        self._started: float | None = None
        self._reached = -math.inf

    @property
    def speed(self) -> float:
        """Recorded seconds per second; infinite when not paced."""
        return self._speed

    @property
    def start_utc(self) -> float | None:
        """UNIX time of the first EEG sample, where the file states it."""
        return self._recording.start_utc

    def now(self) -> None:
        """Return None: a file has no running clock."""

    def open(self) -> tuple[StreamSpec, ...]:
        """Start at the beginning; empty and unusable streams are skipped.

        Raises
        ------
        UserError
            There is no EEG, or it does not state its unit, rate or electrodes.
        """
        # A sample with a NaN time stamp would never be due.
        recording = stamped(self._recording)
        streams = [s for s in recording.streams if len(s.timestamps)]
        signals = [s for s in streams if s.spec.modality is not Modality.OTHER]
        usable = [s for s in signals if not find_problem(s.spec)]
        not_used = [f"not used: {find_problem(s.spec)}" for s in signals if find_problem(s.spec)]
        self.messages = [SourceMessage(text) for text in (*recording.notes, *not_used)]
        if not any(s.spec.modality is Modality.EEG for s in usable):
            for stream in self._recording.of(Modality.EEG):
                require_usable(stream.spec, _carried_with(stream, self._recording))
            raise UserError(self._no_eeg(streams))
        played = replace(recording, streams=tuple(usable))
        self._chunks = in_time_order(played, self._chunk_s)
        self._next = next(self._chunks, None)
        self._markers = sorted(
            (m for stream in recording.markers for m in _markers(stream)),
            key=lambda marker: marker.timestamp + marker.clock_offset,
        )
        self._origin = min((float(corrected(s)[0]) for s in usable), default=0.0)
        self._started, self._reached = None, -math.inf
        return tuple(stream.spec for stream in usable)

    def _no_eeg(self, streams: Sequence[RecordedStream]) -> str:
        specs = [s.spec for s in streams]
        wanted = f"{self._wanted}; " if self._wanted else ""
        # Streams with a known modality need no device description.
        unknown = any(spec.modality is Modality.OTHER for spec in specs)
        fix = ", or describe with --device which of these is EEG" if unknown else ""
        return (
            f"there is no EEG stream in {self._title}; {describe(specs)}; {wanted}use a recording "
            f"that has one{fix}"
        )

    def poll(self, timeout: float) -> Batch:
        """Return what is due; when not paced, the next slot of all streams."""
        if self._started is None:
            self._started = self._clock()
        if self._next is None:
            return Batch(markers=self._markers_until(math.inf), ended=True)
        due = self._due(timeout)
        chunks: list[Chunk] = []
        while self._next is not None and _end(self._next) <= due:
            chunks.append(self._next)
            self._reached = max(self._reached, _end(self._next))
            self._next = next(self._chunks, None)
        return Batch(tuple(chunks), self._markers_until(min(self._reached, due)))

    @property
    def _title(self) -> str:
        return self._recording.path.name if self._recording.path else "the recording"

    def close(self) -> None:
        """Drop the rest of the recording."""
        self._chunks, self._next, self._markers = iter(()), None, []

    def _due(self, timeout: float) -> float:
        """Return the recorded time up to which all samples are due."""
        assert self._next is not None
        assert self._started is not None
        first = _end(self._next)
        if not math.isfinite(self._speed):
            return first + self._chunk_s
        due_at = self._started + (first - self._origin) / self._speed
        wait = min(due_at - self._clock(), timeout)
        if wait > 0:
            time.sleep(wait)
        return self._origin + (self._clock() - self._started) * self._speed

    def _markers_until(self, t: float) -> tuple[Marker, ...]:
        n_due = 0
        while n_due < len(self._markers):
            marker = self._markers[n_due]
            if marker.timestamp + marker.clock_offset > t:
                break
            n_due += 1
        due, self._markers = self._markers[:n_due], self._markers[n_due:]
        return tuple(due)


def _carried_with(stream: RecordedStream, recording: Recording) -> list[tuple[StreamSpec, Carrier]]:
    """Return all parts of the stream that carries this one."""
    if stream.carrier is None:
        return []
    whole = stream.carrier.spec
    return [(s.spec, s.carrier) for s in recording.streams if s.carrier and s.carrier.spec == whole]


def _end(chunk: Chunk) -> float:
    """Time by which the chunk was all there; a stamp that steps back came no earlier."""
    return float(chunk.timestamps.max() + chunk.clock_offset)


def _markers(stream: RecordedMarkers) -> list[Marker]:
    offsets = sample_offsets(stream.timestamps, stream.clock_offsets)
    return [
        Marker(float(stamp), label, float(offset))
        for stamp, label, offset in zip(stream.timestamps, stream.labels, offsets, strict=True)
    ]
