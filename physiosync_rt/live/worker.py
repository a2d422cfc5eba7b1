"""From samples that have come to rows: in pieces, each row as it becomes final."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable
from dataclasses import replace

from physiosync_rt.align.thresholds import RESET_S
from physiosync_rt.bundle.predictor import Estimate, Predictor
from physiosync_rt.datatypes import Chunk, Prediction, StreamSpec, Window
from physiosync_rt.live.backlog import Backlog
from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.live.rows import RowMaker
from physiosync_rt.live.state import RunState
from physiosync_rt.live.stream_time import StreamTime
from physiosync_rt.live.troubles import BehindWatch, MarkersWatch
from physiosync_rt.sources.base import Batch, Marker, Source

Questions = Generator[Window, Estimate, None]
"""Yields each window that is due, and is sent what the network says of it."""

WORK_S = 0.1
"""So long a pass works on what has come, before the engine looks for commands and new samples."""

BREAK_S = RESET_S - 10.0
"""After a silence of so long, stamps that jump say how long it was: no clock was reset."""


class Worker:
    """Takes what a source has sent and makes rows of it.

    Parameters
    ----------
    source : Source
    state : RunState
    give : callable
        Called with each row, in their order, as it becomes final.
    clock : callable
        Monotonic seconds of arrival.

    Attributes
    ----------
    ended : bool
        Whether the source has ended and every row is made.
    """

    def __init__(
        self,
        source: Source,
        state: RunState,
        give: Callable[[Prediction], None],
        clock: Callable[[], float],
    ) -> None:
        self.ended = False
        self._state = state
        self._pipeline = state.pipeline
        self._give = give
        self._clock = clock
        self._source_ended = False
        self._source = source
        self._maker = RowMaker(source, state)
        self._stream_time = StreamTime(source)
        self._backlog = Backlog({spec.name: spec.sfreq for spec in state.specs})
        self._behind = BehindWatch(state)
        self._markers = MarkersWatch(state)

    @property
    def has_work(self) -> bool:
        """Whether samples wait."""
        return bool(self._backlog)

    @property
    def row_in_s(self) -> float:
        """Seconds until work may make a row: when samples after its window can have come.

        Negative while it waits for them; 0 where that is not known.
        """
        pipeline = self._pipeline
        if pipeline.anchor is None or self.has_work:
            return 0.0
        ends = pipeline.anchor + (pipeline.rows + 1) * pipeline.hop_s
        return self._stream_time.comes_in_s(ends + pipeline.delay_s)

    @property
    def takes_more(self) -> bool:
        """Whether the source should be asked: not after its end, nor while too much waits."""
        return not (self._source_ended or self._backlog.is_full)

    def waited_s(self, now: float) -> float:
        """Return the seconds since the oldest sample that waits has come."""
        return self._backlog.waited_s(now)

    def mark(self, text: str) -> Marker | None:
        """Put a marker into the row of this moment; return it, where the moment has a time."""
        t = self._pipeline.newest + self._backlog.span_s(self._state.eeg.name)
        self._maker.mark(t, text)
        # Before the first sample only a clock that runs can tell.
        known = t if math.isfinite(t) else self._source.now()
        return None if known is None else Marker(known, text)

    def take(self, batch: Batch, now: float) -> None:
        """Take up what has come."""
        state = self._state
        specs = {spec.name: spec for spec in state.specs}
        chunks = []
        for chunk in batch.chunks:
            spec = specs.get(chunk.stream)
            if spec is None or len(chunk) == 0:
                continue
            if state.recogniser is not None and spec is state.eeg:
                state.recogniser.look(chunk.samples)
            chunks.append(self._arrived(chunk, spec, now))
        for watchdog in state.watchdogs.values():
            watchdog.look(now)
        for marker in batch.markers:
            self._maker.mark(marker.timestamp + marker.clock_offset, marker.text)
        self._backlog.add(chunks, now)
        self._source_ended = batch.ended

    def _arrived(self, chunk: Chunk, spec: StreamSpec, now: float) -> Chunk:
        """Note samples that have come; after a long silence, that they follow a break."""
        watchdog, speed = self._state.watchdogs[spec.name], self._stream_time.speed
        silence_s = watchdog.silence_s(now) * speed if self._stream_time.is_paced else 0.0
        watchdog.arrived(now, len(chunk) / spec.sfreq / speed, len(chunk))
        return replace(chunk, after_break=True) if silence_s > BREAK_S else chunk

    def skip(self, now: float) -> None:
        """Note that the source was not asked."""
        for watchdog in self._state.watchdogs.values():
            watchdog.skip(now)

    def work(self, now: float) -> Questions:
        """Work on what has come, for a while, and make the rows whose time is over.

        Whoever drives it answers each window before it goes on.

        Raises
        ------
        UserError
            A stream turned out not to be a signal, or a row cannot be given.
        """
        until = self._clock() + WORK_S if self._stream_time.is_paced else math.inf
        while self._backlog:
            yield from self._make_rows(self._pipeline.push(self._backlog.pop()), now)
            if self._clock() >= until:
                break
        reached_s, grace_s = self._pipeline.reached_s, self._stream_time.grace_s
        if self._backlog:
            # What is due by the clock may be among what waits.
            yield from self._make_rows(self._pipeline.advance(reached_s, grace_s), now)
        elif self._source_ended:
            yield from self._make_rows(self._pipeline.flush(), now)
            self.ended = True
            for watchdog in self._state.watchdogs.values():
                watchdog.end()
        else:
            passed_s = self._stream_time.passed(reached_s, now)
            yield from self._make_rows(self._pipeline.advance(passed_s, grace_s), now)
        self._behind.look(self._backlog.waited_s(now), now)
        self._markers.look(now)

    def check_silence(self, now: float) -> None:
        """Give the EEG up when it has been silent for too long.

        Raises
        ------
        SourceLostError
            As in `StreamTime.check_silence`.
        """
        eeg = self._state.eeg.name
        self._stream_time.check_silence(eeg, self._state.watchdogs[eeg].silence_s(now))

    def cut_off(self, now: float) -> None:
        """Say that samples still wait at the end of the run."""
        eeg, waited_s = self._state.eeg.name, self.waited_s(now)
        self._state.events.add(Event(EventKind.CUT_OFF, now, eeg, seconds=waited_s))

    def _make_rows(self, windows: Iterable[Window], now: float) -> Questions:
        for window in windows:
            row = self._maker.row(window, (yield window), now)
            self._state.count(row)
            self._give(row)


def answer(questions: Questions, predictor: Predictor) -> None:
    """Do a pass, asking the network about each window as it comes."""
    try:
        window = next(questions)
        while True:
            window = questions.send(predictor(window))
    except StopIteration:
        return
