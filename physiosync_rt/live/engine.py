"""The live run: source, pipeline, predictor and sinks, one pass at a time.

`Engine.step` does one pass with no thread; `Engine.rows` is the loop around it that yields rows,
and `EngineThread` runs that loop beside a dashboard. `Engine.questions` is the same pass for
whoever answers the windows of several people at once. Queues, by policy: acquisition is bounded by
the source's own buffers (overflow is counted) and by `Backlog`, sinks are lossless as long as the
disk and `LastingFile` can, the snapshot is latest-wins.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from threading import Event as Flag
from types import TracebackType
from typing import Self

from physiosync_rt.bundle.own_recording import Recogniser
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Prediction, shorten
from physiosync_rt.errors import UserError
from physiosync_rt.live.commands import Commands
from physiosync_rt.live.event_logging import EventLogger
from physiosync_rt.live.latest_snapshot import LatestSnapshot
from physiosync_rt.live.options import Command, RunOptions
from physiosync_rt.live.raw_recording import RawRecording
from physiosync_rt.live.run_notes import RunNotes, note_opening
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.live.state import RunState
from physiosync_rt.live.troubles import note_markers_after, take_file_news
from physiosync_rt.live.worker import Questions, Worker, answer
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest
from physiosync_rt.sinks.base import Sink
from physiosync_rt.sinks.file_news import FileNews
from physiosync_rt.sources.base import Source

POLL_S = 0.02
GATHERED = 5
"""Samples gather for so many `POLL_S` at most while neither a row nor a snapshot is due and nobody
asks for anything: a pass costs about as much with 20 ms of samples as with 100."""

DUE_POLL_S = 0.004
"""Wait for the first EEG in a pass while a row is due: a device sends its EEG first, and the GSR
that comes a moment later would wait for the next EEG."""

DUE_S = 0.15
"""So long a row counts as due; a stream that is silent for longer is not asked so often."""

END_S = 1.0
"""So long a run that was asked to end goes on with what has come by then."""


class Engine:
    """One run from a source to rows: a ``with`` block opens and closes it, iteration yields rows.

    Parameters
    ----------
    source : Source
    predictor : Predictor
    eeg, pps, hop_s, baseline, min_quality
        As in `RunOptions`.
    clock : callable
        Monotonic seconds of arrival.

    Attributes
    ----------
    state : RunState
        What the run has come to; after `open`.
    sinks : list of Sink
        Where rows go.
    is_open : bool
        Whether `open` has connected it and `close` has not yet released it.

    Notes
    -----
    `open`, `step` and `close` are called from one thread; `send` and `snapshot` from any.

    Examples
    --------
    >>> with Engine(source, predictor) as engine:  # doctest: +SKIP
    ...     for row in engine:
    ...         print(row.valence, row.arousal, row.reason)
    """

    def __init__(
        self,
        source: Source,
        predictor: Predictor,
        *,
        eeg: str | None = None,
        pps: str | None = None,
        hop_s: float = 1.0,
        baseline: Baseline | BaselineRequest | None = None,
        min_quality: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.predictor = predictor
        self.options = RunOptions(eeg, pps, hop_s, baseline, min_quality)
        self.sinks: list[Sink] = []
        self.is_open = False
        self._source = source
        self._clock = clock
        self._recording = RawRecording()
        self._commands = Commands()
        self._unread: deque[Prediction] = deque()
        self._latest: LatestSnapshot | None = None
        self._stopping = Flag()

    def __repr__(self) -> str:
        bundle, source = self.predictor.bundle.card.name, type(self._source).__name__
        rows, valid = (self.state.rows, self.state.valid_rows) if self._latest else (0, 0)
        return f"<Engine: {source} to bundle {shorten(bundle)}, {rows} rows, {valid} valid>"

    # --- life ---------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        try:
            self.open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def open(self) -> None:
        """Connect, choose the streams and make the pipeline.

        Raises
        ------
        UserError
            The source or its streams cannot serve the bundle.
        """
        offered = self._source.open()
        options, card = self.options, self.predictor.bundle.card
        eeg, pps = options.choose_streams(offered, card)
        pipeline = self.predictor.pipeline(
            eeg,
            pps,
            hop_s=options.hop_s,
            baseline=options.baseline,
            min_quality=options.min_quality,
        )
        now = self._clock()
        predictor = self.predictor
        self.state = RunState(
            predictor.bundle,
            pipeline,
            eeg,
            pps,
            now,
            predictor.facts,
            margin=card.unsure_margin,
            recogniser=Recogniser(card.personal.recording) if card.personal else None,
        )
        note_opening(self.state, now)
        self._notes = RunNotes(self.state, self._source, options)
        self._event_logger = EventLogger(self.state)
        self._worker = Worker(self._source, self.state, self._give, self._clock)
        self._latest = LatestSnapshot(self.state, self._clock)
        self._event_logger.look(now)
        self.is_open = True

    def close(self) -> None:
        """Close the source and every sink, and say what is in no row."""
        with ExitStack() as closing:
            closing.callback(self.close_files)
            closing.callback(self._source.close)
            if self.is_open:
                self.is_open = False
                self._finish(self._clock())
            if self._latest:
                # What it shows is of the run, and not of whenever it is looked at.
                self._latest.look()

    def close_files(self) -> None:
        """Close the recording and every sink; safe to call twice."""
        with ExitStack() as closing:
            for sink in reversed(self.sinks):
                closing.callback(sink.close)
            closing.callback(self._recording.close)

    def send(self, command: Command) -> None:
        """Ask something of the engine, which does it at the next pass."""
        if command.kind == "stop":
            self._stopping.set()
        self._commands.put(command)

    @property
    def pipeline(self) -> Pipeline:
        """The signal path of the run."""
        return self.state.pipeline

    @property
    def predictions(self) -> deque[Prediction]:
        """Rows of the last five minutes."""
        return self.state.predictions

    @property
    def ended(self) -> bool:
        """Whether the source has ended and every row is written."""
        return self._worker.ended

    @property
    def has_work(self) -> bool:
        """Whether samples wait that have come."""
        return self._worker.has_work

    @property
    def may_have_row(self) -> bool:
        """Whether a pass now may make a row: not before samples after its window can have come."""
        return self._worker.row_in_s <= 0.0

    def rest(self) -> None:
        """Note that nobody works on the run any more, so that whoever looks sees what holds."""
        self._event_logger.look(self._clock(), last=True)
        if self._latest:
            self._latest.rest()

    def cut_off(self) -> None:
        """Note that samples still wait at the end of the run."""
        self._worker.cut_off(self._clock())

    @property
    def stopping(self) -> bool:
        """Whether somebody asked for the end."""
        return self._stopping.is_set()

    # --- rows ---------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Prediction]:
        return self.rows()

    def rows(self, duration_s: float | None = None) -> Iterator[Prediction]:
        """Step and yield rows until the source ends, somebody stops, or ``duration_s`` has passed.

        Iteration that was left goes on where it was; once the engine is closed there are no rows.

        Raises
        ------
        UserError
            The engine was never opened; or as in `step`.
        SourceLostError
            As in `step`.
        """
        if self._latest is None:
            raise UserError("the engine is not open; read its rows inside a `with` block")
        until = math.inf if duration_s is None else self._clock() + duration_s
        try:
            while self.is_open:
                if self._unread:
                    yield self._unread.popleft()
                elif self.ended or self.stopping or self._clock() >= until:
                    break
                else:
                    self._gather(until)
                    self.step(DUE_POLL_S if self._is_due else POLL_S)
            yield from self._last_rows()
        finally:
            self.rest()

    @property
    def _is_due(self) -> bool:
        return -DUE_S < self._worker.row_in_s < 0.0

    @property
    def _snapshot_in_s(self) -> float:
        return self._latest.due_in_s if self._latest else math.inf

    def _gather(self, until: float) -> None:
        """Let samples gather, up to the moment from which a row or a snapshot may be due."""
        for _ in range(GATHERED):
            left = min(POLL_S, self._worker.row_in_s, until - self._clock(), self._snapshot_in_s)
            if left <= 0.0 or self.stopping:
                return
            if self._commands:
                # A marker is put after the newest sample, which must have been taken.
                self._take(0.0)
                return
            time.sleep(left)

    def _last_rows(self) -> Iterator[Prediction]:
        """Work on what has come before the end, for a moment; say what is left."""
        until = self._clock() + END_S
        while self.is_open and self.has_work:
            if self._clock() >= until:
                self.cut_off()
                return
            answer(self.questions(polls=False), self.predictor)
            while self._unread:
                yield self._unread.popleft()

    def run(self, duration_s: float | None = None) -> None:
        """Work as `rows` does; the rows go to the sinks alone."""
        for _ in self.rows(duration_s):
            pass

    # --- one pass -----------------------------------------------------------------------------

    def step(self, timeout: float = POLL_S) -> bool:
        """Do one pass: commands, samples, rows.

        Returns
        -------
        bool
            False when the source has ended and every row is written.

        Raises
        ------
        UserError
            A stream turned out not to be a signal, or a sink cannot be written.
        SourceLostError
            The EEG has sent nothing for two minutes.
        """
        answer(self.questions(timeout), self.predictor)
        return not self.ended

    def questions(self, timeout: float = 0.0, *, polls: bool = True) -> Questions:
        """Do one pass as `step` does, for whoever answers its windows.

        Parameters
        ----------
        timeout : float
            Seconds to wait for the first samples.
        polls : bool
            Whether the source is asked, or only what has come is worked on.
        """
        self._unread.clear()
        worker, now = self._worker, self._clock()
        self._obey(now)
        if polls and worker.takes_more:
            now = self._take(0.0 if worker.has_work else timeout)
        else:
            now = self._clock()
            worker.skip(now)
        yield from worker.work(now)
        self._notes.look(now)
        self._recording.look()
        self._event_logger.look(now, last=worker.ended)
        if self._latest:
            self._latest.take_turn(now, last=worker.ended)
        if not worker.ended:
            worker.check_silence(now)

    def _obey(self, now: float, *, last: bool = False) -> None:
        """Do what was asked for."""
        state, tell = self.state, self.tell_of_file
        self._commands.run(state, self.options, self._worker, self._recording, tell, now, last=last)

    def _finish(self, now: float) -> None:
        """Do what was asked for in the moment before the end; say which markers have no row."""
        self._obey(now, last=True)
        note_markers_after(self.state, now)
        self._event_logger.look(now, last=True)

    def _take(self, timeout: float) -> float:
        """Take what has come from the source, and return when."""
        batch = self._source.poll(timeout)
        now = self._clock()
        # Recorded at once, worked on in its turn.
        self._recording.take(batch, now)
        self._worker.take(batch, now)
        return now

    def _give(self, row: Prediction) -> None:
        self._unread.append(row)
        for sink in self.sinks:
            sink.write(row)

    # --- files and views ----------------------------------------------------------------------

    @property
    def snapshot(self) -> Snapshot | None:
        """What a view may show now; None before `open`. See `LatestSnapshot`."""
        return self._latest.look() if self._latest else None

    def record(self, path: Path) -> None:
        """Record the raw streams from now on.

        Raises
        ------
        UserError
            The file exists or cannot be written.
        """
        self._recording.start(path, self.state, self.tell_of_file, self._clock())

    def remember(self) -> None:
        """Keep the raw streams of the last minutes, so that they can be saved when asked."""
        self._recording.remember()

    def tell_of_file(self, news: FileNews) -> None:
        """Take up what happened to a file that the run writes."""
        take_file_news(self.state, news, self._clock())
