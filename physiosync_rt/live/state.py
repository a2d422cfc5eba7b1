"""What a run has come to so far: the one record of it that the engine writes."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace

from physiosync_rt.align.stats import StreamStats
from physiosync_rt.bundle.bundle import Bundle
from physiosync_rt.datatypes import Modality, Prediction, Reason, StreamSpec
from physiosync_rt.live.events import EventLog
from physiosync_rt.live.watchdog import Watchdog
from physiosync_rt.pipeline.pipeline import Pipeline

HISTORY_S = 300.0
N_LATENCIES = 300


@dataclass(slots=True)
class RunState:
    """A run so far.

    Attributes
    ----------
    bundle : Bundle
    pipeline : Pipeline
    eeg : StreamSpec
    pps : StreamSpec or None
        The peripheral stream, where the run has one.
    opened : float
        Time of its start by the engine's clock.
    watchdogs : dict of str to Watchdog
        By the stream's name.
    events : EventLog
        What happened to the streams.
    predictions : deque of Prediction
        Rows of the last five minutes.
    latencies_ms : deque of float
        Of the last 300 rows with a prediction.
    rows, valid_rows : int
        Rows so far, and those with a prediction.
    used : Counter of str
        Rows with a prediction, by the modalities that they used.
    withheld : Counter of Reason
        Rows without one.
    left_out : Counter of (Modality, Reason)
        Rows with a prediction, by the modality that was missing and why.
    csv_path, recording_path : str
        Where rows and raw streams are written; empty where they are not.
    """

    bundle: Bundle
    pipeline: Pipeline
    eeg: StreamSpec
    pps: StreamSpec | None
    opened: float
    watchdogs: dict[str, Watchdog] = field(init=False)
    events: EventLog = field(default_factory=EventLog)
    predictions: deque[Prediction] = field(init=False)
    latencies_ms: deque[float] = field(default_factory=lambda: deque(maxlen=N_LATENCIES))
    rows: int = 0
    valid_rows: int = 0
    used: Counter[str] = field(default_factory=Counter)
    withheld: Counter[Reason] = field(default_factory=Counter)
    left_out: Counter[tuple[Modality, Reason]] = field(default_factory=Counter)
    csv_path: str = ""
    recording_path: str = ""

    def __post_init__(self) -> None:
        self.watchdogs = {spec.name: Watchdog(self.opened) for spec in self.specs}
        self.predictions = deque(maxlen=max(int(HISTORY_S / self.pipeline.hop_s), 1))

    @property
    def specs(self) -> tuple[StreamSpec, ...]:
        """The streams of the run, EEG first."""
        return (self.eeg,) if self.pps is None else (self.eeg, self.pps)

    def stats(self, name: str) -> StreamStats:
        """Return what has become of a stream's samples so far."""
        return replace(self.pipeline.streams[name].stats, late_in_bursts=self.watchdogs[name].late)

    def count(self, row: Prediction) -> None:
        """Take up a row."""
        self.rows += 1
        self.predictions.append(row)
        if not row.valid:
            self.withheld[row.reason] += 1
            return
        self.valid_rows += 1
        self.used[row.modalities] += 1
        if row.left_out is not Reason.NONE:
            missing = self.pps if row.reason is Reason.NO_PPS and self.pps else self.eeg
            self.left_out[missing.modality, row.left_out] += 1
        if row.latency_ms is not None:
            self.latencies_ms.append(row.latency_ms)
