"""The live run: source, pipeline, predictor and sinks, one pass at a time.

`Engine.step` does one pass with no thread; `Engine.run` is a loop around it, and `EngineThread`
runs that loop beside a dashboard. Queues, by policy: acquisition is bounded by the source's own
buffers (overflow is counted), sinks are lossless, the snapshot is latest-wins.
"""

from __future__ import annotations

import math
import queue
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from threading import Event as Flag

from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Prediction, Window, shorten
from physiosync_rt.errors import SourceLostError, UserError
from physiosync_rt.live.event_logging import EventLogger
from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.live.options import Command, RunOptions
from physiosync_rt.live.rows import RowMaker
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.live.state import RunState
from physiosync_rt.live.take_snapshot import take_snapshot
from physiosync_rt.pipeline.pipeline import GRACE_S, Pipeline
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest
from physiosync_rt.sinks.base import Sink
from physiosync_rt.sinks.recorder import Recorder
from physiosync_rt.sources.base import Batch, Source
from physiosync_rt.sources.selection import choose

POLL_S = 0.02
SNAPSHOT_S = 0.04
GIVE_UP_S = 120.0


class Engine:
    """One run from a source to rows.

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

    Notes
    -----
    `open`, `step` and `close` are called from one thread; `send` and `snapshot` from any.
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
        self._source = source
        self._clock = clock
        self._recorder: Recorder | None = None
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._reached = -math.inf
        self._reached_at = 0.0
        self._snapshot_due = 0.0
        self._stopping = Flag()
        self._ended = False

    def __repr__(self) -> str:
        bundle, source = self.predictor.bundle.card.name, type(self._source).__name__
        rows, valid = (self.state.rows, self.state.valid_rows) if self.is_open else (0, 0)
        return f"<Engine: {source} to bundle {shorten(bundle)}, {rows} rows, {valid} valid>"

    # --- life ---------------------------------------------------------------------------------

    def open(self) -> None:
        """Connect, choose the streams and make the pipeline.

        Raises
        ------
        UserError
            The source or its streams cannot serve the bundle.
        """
        offered = self._source.open()
        options, card = self.options, self.predictor.bundle.card
        eeg = choose(offered, card.eeg.modality, options.eeg, "--eeg", required=True)
        assert eeg is not None, "required streams are found or refused"
        pps = None
        if card.pps is not None:
            pps = choose(offered, card.pps.modality, options.pps, "--pps", required=False)
        pipeline = self.predictor.pipeline(
            eeg,
            pps,
            hop_s=options.hop_s,
            baseline=options.baseline,
            min_quality=options.min_quality,
        )
        now = self._clock()
        self.state = RunState(self.predictor.bundle, pipeline, eeg, pps, now)
        if card.pps is not None and pps is None:
            self._stand(EventKind.NO_STREAM, str(card.pps.modality))
        for name, stream in pipeline.streams.items():
            if note := stream.windower.baseline_note:
                self.state.events.add(Event(EventKind.NOTE, now, name, text=note))
        self._maker = RowMaker(self._source, self.state)
        self._event_logger = EventLogger(self.state)
        self._take_snapshot(now, force=True)

    def close(self) -> None:
        """Close the source and every sink."""
        self._source.close()
        self._stop_recording()
        for sink in self.sinks:
            sink.close()

    def send(self, command: Command) -> None:
        """Ask something of the engine, which does it at the next pass."""
        if command.kind == "stop":
            self._stopping.set()
        self._commands.put(command)

    @property
    def is_open(self) -> bool:
        """Whether `open` has connected it."""
        return hasattr(self, "state")

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
            Nothing has come for `GIVE_UP_S`.
        """
        self._obey()
        batch = self._source.poll(timeout)
        now = self._clock()
        if self._recorder is not None:
            self._recorder.take(batch)
        windows = self._push(batch, now)
        if batch.ended:
            windows += self.pipeline.flush()
            self._ended = True
            for watchdog in self.state.watchdogs.values():
                watchdog.end()
        else:
            windows += self.pipeline.advance(self._stream_time(now), self._grace_s)
        for window in windows:
            self._write(window, now)
        self._take_snapshot(now, force=self._ended)
        if not self._ended:
            self._give_up(now)
        return not self._ended

    def _push(self, batch: Batch, now: float) -> list[Window]:
        windows: list[Window] = []
        state = self.state
        specs = {spec.name: spec for spec in state.specs}
        for chunk in batch.chunks:
            spec = specs.get(chunk.stream)
            if spec is None or len(chunk) == 0:
                continue
            speed = self._source.speed if math.isfinite(self._source.speed) else 1.0
            state.watchdogs[spec.name].arrived(now, len(chunk) / spec.sfreq / speed, len(chunk))
            windows += self.pipeline.push(chunk)
        for marker in batch.markers:
            self._maker.mark(marker.timestamp + marker.clock_offset, marker.text)
        for spec in state.specs:
            state.watchdogs[spec.name].look(now)
            state.events.heed_stream(spec, state.stats(spec.name), now)
            if why := self.pipeline.streams[spec.name].left_out:
                self._stand(EventKind.LEFT_OUT, why)
        state.events.heed_source(self._source.notices, now)
        return windows

    def _stand(self, kind: EventKind, text: str) -> None:
        """Note what holds from now on."""
        self.state.events.standing = Event(kind, self._clock(), text=text)

    def _stream_time(self, now: float) -> float:
        """Seconds from the anchor by the clock of arrival.

        Without pace (a file read as fast as it goes) no time passes but the recording's own.
        """
        # Fitted time, not the newest stamp: a sample that was held back is stamped late, and with
        # a second of it every row would be given up before its samples had their turn.
        reached = self.pipeline.reached_s
        if reached != self._reached:
            self._reached, self._reached_at = reached, now
        speed = self._source.speed
        waited = (now - self._reached_at) * speed if math.isfinite(speed) else 0.0
        return reached + waited

    @property
    def _grace_s(self) -> float:
        """A second of arrival time, which is ten recorded ones in a replay at speed 10."""
        speed = self._source.speed
        return GRACE_S * max(speed, 1.0) if math.isfinite(speed) else GRACE_S

    def _give_up(self, now: float) -> None:
        if not math.isfinite(self._source.speed):
            return
        name = self.state.eeg.name
        silence = self.state.watchdogs[name].silence_s(now)
        if silence > GIVE_UP_S:
            raise SourceLostError(
                f"stream {name!r} has sent nothing for {silence:.0f} s; "
                "switch the device on and start again"
            )

    def _write(self, window: Window, now: float) -> None:
        row = self._maker.row(window, self.predictor(window), now)
        self.state.count(row)
        for sink in self.sinks:
            sink.write(row)

    # --- commands and views -------------------------------------------------------------------

    def _obey(self) -> None:
        while True:
            try:
                command = self._commands.get_nowait()
            except queue.Empty:
                return
            if command.kind == "baseline":
                rest_s = self.options.rest_s or self.pipeline.profile.baseline_s
                self.pipeline.capture_baseline(rest_s)
            elif command.kind == "marker":
                self._maker.mark(self.pipeline.newest, command.text)
            elif command.kind == "record":
                self._stop_recording()
                if command.text:
                    try:
                        self.record(Path(command.text))
                    except UserError as error:
                        # A wrong path typed in the dashboard must not end the run.
                        self._stand(EventKind.REFUSED, str(error))

    def record(self, path: Path) -> None:
        """Record the raw streams from now on.

        Raises
        ------
        UserError
            The file exists or cannot be written.
        """
        self._recorder = Recorder(path, self.state.specs)
        self.state.recording_path = str(path)

    def _stop_recording(self) -> None:
        if self._recorder is not None:
            self._recorder.close()
            self._recorder, self.state.recording_path = None, ""

    def _take_snapshot(self, now: float, *, force: bool = False) -> None:
        if force or now >= self._snapshot_due:
            self.snapshot = take_snapshot(self.state, now)
            self._snapshot_due = now + SNAPSHOT_S
            self._event_logger.look(self.snapshot)

    def run(self, duration_s: float | None = None) -> None:
        """Step until the source ends, somebody stops, or ``duration_s`` has passed."""
        until = math.inf if duration_s is None else self._clock() + duration_s
        while not self.stopping and self._clock() < until and self.step():
            pass
