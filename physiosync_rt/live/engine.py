"""The live run: source, pipeline, predictor and sinks, one pass at a time.

`Engine.step` does one pass with no thread; `Engine.run` is a loop around it, and `EngineThread`
runs that loop beside a dashboard. Queues, by policy: acquisition is bounded by the source's own
buffers (overflow is counted), sinks are lossless, the snapshot is latest-wins.
"""

from __future__ import annotations

import math
import queue
import time
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from threading import Event

from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import (
    Command,
    Modality,
    Prediction,
    Reason,
    Snapshot,
    StreamSpec,
    Window,
    shorten,
)
from physiosync_rt.errors import SourceLostError, UserError
from physiosync_rt.live.events import EventLog, each_once
from physiosync_rt.live.rows import RowMaker
from physiosync_rt.live.run_logger import RunLogger
from physiosync_rt.live.snapshot import SnapshotMaker
from physiosync_rt.live.watchdog import Watchdog
from physiosync_rt.pipeline.pipeline import GRACE_S, Pipeline
from physiosync_rt.preprocess.baseline import Baseline, BaselineRequest
from physiosync_rt.sinks.base import Sink
from physiosync_rt.sinks.recorder import Recorder
from physiosync_rt.sources.base import Batch, Source
from physiosync_rt.sources.selection import choose

POLL_S = 0.02
SNAPSHOT_S = 0.04
GIVE_UP_S = 120.0
HISTORY_S = 300.0


class Engine:
    """One run from a source to rows.

    Parameters
    ----------
    source : Source
    predictor : Predictor
    eeg, pps : str, optional
        Queries for the streams (name, type or source_id).
    hop_s : float
    baseline : Baseline or BaselineRequest, optional
    min_quality : float, optional
        Replaces the card's quality gate.
    clock : callable
        Monotonic seconds of arrival.

    Attributes
    ----------
    pipeline : Pipeline
        After `open`.
    predictions : deque of Prediction
        The last five minutes.
    notice : str
        What holds for the whole run.
    notices : EventLog
        What has happened to the streams.

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
        self.predictions: deque[Prediction] = deque(maxlen=max(int(HISTORY_S / hop_s), 1))
        self.rows = 0
        self.valid_rows = 0
        self.withheld: Counter[Reason] = Counter()
        self.used: Counter[str] = Counter()
        self.left_out: Counter[tuple[Modality, Reason]] = Counter()
        self.specs: tuple[StreamSpec, ...] = ()
        self.watchdogs: dict[str, Watchdog] = {}
        self.notice = ""
        self.notices = EventLog()
        self.csv_path = ""
        self.recording_path = ""
        self.latencies_ms: deque[float] = deque(maxlen=300)
        self.sinks: list[Sink] = []
        self.recorder: Recorder | None = None
        self._source = source
        self._queries = (eeg, pps)
        self._settings = (hop_s, baseline, min_quality)
        self._clock = clock
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._reached = -math.inf
        self._reached_at = 0.0
        self._snapshot: Snapshot | None = None
        self._snapshot_due = 0.0
        self._stopping = Event()
        self._ended = False

    def __repr__(self) -> str:
        return (
            f"<Engine: {type(self._source).__name__} to bundle "
            f"{shorten(self.predictor.bundle.card.name)}, {self.rows} rows, "
            f"{self.valid_rows} valid>"
        )

    # --- life ---------------------------------------------------------------------------------

    def open(self) -> None:
        """Connect, choose the streams and make the pipeline.

        Raises
        ------
        UserError
            The source or its streams cannot serve the bundle.
        """
        offered = self._source.open()
        card = self.predictor.bundle.card
        eeg = choose(offered, card.eeg.modality, self._queries[0], "--eeg", required=True)
        pps = None
        if card.pps is not None:
            pps = choose(offered, card.pps.modality, self._queries[1], "--pps", required=False)
            if pps is None:
                self.notice = f"no {card.pps.modality} stream: EEG only, confidence is lowered"
        assert eeg is not None, "required streams are found or refused"
        self.specs = (eeg,) if pps is None else (eeg, pps)
        hop_s, baseline, min_quality = self._settings
        self.pipeline: Pipeline = self.predictor.pipeline(
            eeg, pps, hop_s=hop_s, baseline=baseline, min_quality=min_quality
        )
        now = self._clock()
        self.watchdogs = {spec.name: Watchdog(now) for spec in self.specs}
        for stream in self.pipeline.streams.values():
            if stream.chain.rest_note:
                self.notices.say(now, stream.spec.name, stream.chain.rest_note)
        self._maker = RowMaker(self._source, self.pipeline, self.watchdogs, self.specs)
        self._snapshots = SnapshotMaker(self, now)
        self._run_logger = RunLogger(self.pipeline)
        self._take_snapshot(now, force=True)

    def close(self) -> None:
        """Let go of the source and finish every sink."""
        self._source.close()
        self._stop_recording()
        for sink in self.sinks:
            sink.close()

    def send(self, command: Command) -> None:
        """Ask something of the engine; taken at the next pass."""
        if command.kind == "stop":
            self._stopping.set()
        self._commands.put(command)

    @property
    def snapshot(self) -> Snapshot | None:
        """What a view may show now."""
        return self._snapshot

    @property
    def told(self) -> tuple[str, ...]:
        """Everything that a person should have read during the run, in order, each once."""
        return each_once((self.notice, *(event.text for event in self.notices.events)))

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
            A stream turned out to be no signal, or a sink cannot be written.
        SourceLostError
            Nothing has come for `GIVE_UP_S`.
        """
        self._obey()
        batch = self._source.poll(timeout)
        now = self._clock()
        if self.recorder is not None:
            self.recorder.take(batch)
        windows = self._push(batch, now)
        if batch.ended:
            windows += self.pipeline.flush()
            self._ended = True
            for watchdog in self.watchdogs.values():
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
        names = {spec.name: spec for spec in self.specs}
        for chunk in batch.chunks:
            spec = names.get(chunk.stream)
            if spec is None or len(chunk) == 0:
                continue
            speed = self._source.speed if math.isfinite(self._source.speed) else 1.0
            self.watchdogs[spec.name].arrived(now, len(chunk) / spec.sfreq / speed, len(chunk))
            windows += self.pipeline.push(chunk)
        for marker in batch.markers:
            self._maker.mark(marker.timestamp + marker.clock_offset, marker.text)
        for name, watchdog in self.watchdogs.items():
            watchdog.look(now)
            stream = self.pipeline.streams[name]
            self.notices.heed_stream(stream, watchdog, now)
            if stream.left_out:
                self.notice = f"left out: {stream.left_out}; EEG only, confidence is lowered"
        self.notices.heed_source(self._source.notices, now)
        return windows

    def _stream_time(self, now: float) -> float:
        """Seconds from the anchor by the clock of arrival.

        Without pace (a file read as fast as it goes) no time passes but the recording's own.
        """
        # Fitted time, not the newest stamp: a sample that was held up is stamped late, and with
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
        eeg = self.specs[0]
        silence = self.watchdogs[eeg.name].silence_s(now)
        if silence > GIVE_UP_S:
            raise SourceLostError(
                f"stream {eeg.name!r} has sent nothing for {silence:.0f} s; "
                "switch the device on again and start anew"
            )

    # --- rows ---------------------------------------------------------------------------------

    def _write(self, window: Window, now: float) -> None:
        estimate = self.predictor(window)
        row = self._maker.row(window, estimate, now)
        self.rows += 1
        if row.valid:
            self.valid_rows += 1
            self.used[row.modalities] += 1
            if row.left_out is not Reason.NONE:
                spec = self.specs[row.reason is Reason.NO_PPS]
                self.left_out[spec.modality, row.left_out] += 1
        else:
            self.withheld[row.reason] += 1
        self.predictions.append(row)
        if row.latency_ms is not None and row.valid:
            self.latencies_ms.append(row.latency_ms)
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
                rest = self._settings[1]
                asked_s = rest.need_s if isinstance(rest, BaselineRequest) else None
                self.pipeline.capture_baseline(asked_s or self.pipeline.profile.baseline_s)
            elif command.kind == "marker":
                self._maker.mark(self.pipeline.newest, command.text)
            elif command.kind == "record":
                self._stop_recording()
                if command.text:
                    try:
                        self.record(Path(command.text))
                    except UserError as error:
                        # A wrong path typed in the dashboard must not end the run.
                        self.notice = str(error)

    def record(self, path: Path) -> None:
        """Record the raw streams from now on.

        Raises
        ------
        UserError
            The file exists or cannot be written.
        """
        self.recorder = Recorder(path, self.specs)
        self.recording_path = str(path)

    def _stop_recording(self) -> None:
        if self.recorder is not None:
            self.recorder.close()
            self.recorder, self.recording_path = None, ""

    def _take_snapshot(self, now: float, *, force: bool = False) -> None:
        if force or now >= self._snapshot_due:
            self._snapshot = self._snapshots.make(now)
            self._snapshot_due = now + SNAPSHOT_S
            self._run_logger.look(self._snapshot, self.notice)

    def run(self, duration_s: float | None = None) -> None:
        """Step until the source ends, somebody stops, or ``duration_s`` has passed."""
        until = math.inf if duration_s is None else self._clock() + duration_s
        while not self.stopping and self._clock() < until and self.step():
            pass
