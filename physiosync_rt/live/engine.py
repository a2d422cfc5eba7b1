"""The live run: source, pipeline, predictor and sinks, one pass at a time.

`Engine.step` does one pass with no thread; `Engine.rows` is the loop around it that yields rows,
and `EngineThread` runs that loop beside a dashboard. Queues, by policy: acquisition is bounded by
the source's own buffers (overflow is counted) and by `Backlog`, sinks are lossless as long as the
disk and `LastingFile` can, the snapshot is latest-wins.
"""

from __future__ import annotations

import math
import queue
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
from physiosync_rt.live.event_logging import EventLogger
from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.live.options import Command, RunOptions
from physiosync_rt.live.raw_recording import RawRecording
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.live.state import RunState
from physiosync_rt.live.take_snapshot import take_snapshot
from physiosync_rt.live.troubles import take_file_news
from physiosync_rt.live.worker import Worker
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest
from physiosync_rt.sinks.base import Sink
from physiosync_rt.sinks.file_news import FileNews
from physiosync_rt.sources.base import Source

POLL_S = 0.02
SNAPSHOT_S = 0.04
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
    snapshot : Snapshot or None
        What a view may show now.
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
        self.snapshot: Snapshot | None = None
        self.is_open = False
        self._source = source
        self._clock = clock
        self._recording = RawRecording()
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._unread: deque[Prediction] = deque()
        self._snapshot_due = 0.0
        self._stopping = Flag()

    def __repr__(self) -> str:
        bundle, source = self.predictor.bundle.card.name, type(self._source).__name__
        seen = self.snapshot
        rows, valid = (seen.rows, seen.valid_rows) if seen else (0, 0)
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
        if card.pps is not None and pps is None:
            self._set_standing(EventKind.NO_STREAM, str(card.pps.modality))
        montage = pipeline.montage
        if montage.interpolated:
            self.state.events.add(
                Event(
                    EventKind.ELECTRODES,
                    now,
                    eeg.name,
                    n=montage.n_measured,
                    n_seen=len(montage.wanted),
                )
            )
        for name, stream in pipeline.streams.items():
            if note := stream.windower.baseline_note:
                self.state.events.add(Event(EventKind.NOTE, now, name, text=note))
        self._event_logger = EventLogger(self.state)
        self._worker = Worker(self._source, self.state, self.predictor, self._give, self._clock)
        self._take_snapshot(now, force=True)
        self.is_open = True

    def close(self) -> None:
        """Close the source and every sink."""
        self.is_open = False
        with ExitStack() as closing:
            closing.callback(self.close_files)
            closing.callback(self._source.close)

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
        if self.snapshot is None:
            raise UserError("the engine is not open; read its rows inside a `with` block")
        until = math.inf if duration_s is None else self._clock() + duration_s
        while self.is_open:
            if self._unread:
                yield self._unread.popleft()
            elif self._worker.ended or self.stopping or self._clock() >= until:
                break
            else:
                self.step()
        yield from self._last_rows()

    def _last_rows(self) -> Iterator[Prediction]:
        """Work on what has come before the end, for a moment; say what is left."""
        until = self._clock() + END_S
        while self.is_open and self._worker.has_work:
            if self._clock() >= until:
                self._worker.cut_off(self._clock())
                return
            self._pass(0.0, polls=False)
            while self._unread:
                yield self._unread.popleft()

    def run(self, duration_s: float | None = None) -> None:
        """Work as `rows` does; the rows go to the sinks alone."""
        for _ in self.rows(duration_s):
            pass

    # --- one pass -----------------------------------------------------------------------------

    def step(self, timeout: float = POLL_S) -> bool:
        """Do one pass: commands, samples, rows, snapshot.

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
        return self._pass(timeout, polls=True)

    def _pass(self, timeout: float, *, polls: bool) -> bool:
        self._unread.clear()
        self._run_commands()
        worker = self._worker
        if polls and worker.takes_more:
            batch = self._source.poll(0.0 if worker.has_work else timeout)
            now = self._clock()
            # Recorded at once, worked on in its turn.
            self._recording.take(batch, now)
            worker.take(batch, now)
        else:
            now = self._clock()
            worker.skip(now)
        worker.work(now)
        self._note_events(now)
        self._take_snapshot(now, force=worker.ended)
        if not worker.ended:
            worker.check_silence(now)
        return not worker.ended

    def _note_events(self, now: float) -> None:
        state = self.state
        for spec in state.specs:
            state.events.update(spec, state.stats(spec.name), now)
            stream = self.pipeline.streams[spec.name]
            if stream.left_out:
                self._set_standing(EventKind.LEFT_OUT, stream.left_out)
            said = stream.windower.features_note
            # Who asks for a few seconds knows it; a file may be older than one thinks.
            if said and isinstance(self.options.baseline, Baseline):
                state.events.add_once(Event(EventKind.NOTE, now, spec.name, text=said))
            # Of a file, its notes have said so.
            if stream.amplitude_problem and self._source.now() is not None:
                note = Event(EventKind.NOTE, now, spec.name, text=stream.amplitude_problem)
                state.events.add_once(note)
        if state.proves_nothing:
            state.events.add_once(Event(EventKind.NO_PROOF, now, state.eeg.name))
        state.events.add_messages(self._source.messages, now)
        self._recording.look()

    def _set_standing(self, kind: EventKind, text: str) -> None:
        """Note what holds from now on."""
        self.state.events.standing = Event(kind, self._clock(), text=text)

    def _give(self, row: Prediction) -> None:
        self._unread.append(row)
        for sink in self.sinks:
            sink.write(row)

    # --- commands and views -------------------------------------------------------------------

    def _run_commands(self) -> None:
        while True:
            try:
                command = self._commands.get_nowait()
            except queue.Empty:
                return
            if command.kind == "baseline":
                baseline_s = self.options.baseline_s or self.pipeline.profile.baseline_s
                self.pipeline.capture_baseline(baseline_s)
            elif command.kind == "marker":
                self._worker.mark(command.text)
            elif command.kind in ("record", "save_last"):
                try:
                    self._write_raw(command)
                except UserError as error:
                    # A wrong path typed in the dashboard must not end the run.
                    self._set_standing(EventKind.REFUSED, str(error))

    def _write_raw(self, command: Command) -> None:
        if command.kind == "save_last":
            self._recording.save_last(Path(command.text), self.state, self._clock())
            return
        self._recording.stop()
        self.state.recording_path = ""
        if command.text:
            self.record(Path(command.text))

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

    def _take_snapshot(self, now: float, *, force: bool = False) -> None:
        if force or now >= self._snapshot_due:
            self.snapshot = take_snapshot(self.state, now)
            self._snapshot_due = now + SNAPSHOT_S
            self._event_logger.look(self.snapshot)
