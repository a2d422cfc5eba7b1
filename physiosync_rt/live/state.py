"""What a run has come to so far: the one record of it that the engine writes."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field, replace

from physiosync_rt.align.stats import StreamStats
from physiosync_rt.bundle.bundle import Bundle
from physiosync_rt.bundle.engines import EngineFacts
from physiosync_rt.bundle.own_recording import Recogniser
from physiosync_rt.bundle.unsure_zone import side
from physiosync_rt.datatypes import Modality, Prediction, Reason, StreamSpec
from physiosync_rt.live.events import MARKERS_WAITING, Event, EventLog
from physiosync_rt.live.watchdog import Watchdog
from physiosync_rt.pipeline.pipeline import Pipeline
from physiosync_rt.sinks.csv_log import CsvLog
from physiosync_rt.sinks.lasting_file import LastingFile

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
    forward : EngineFacts or None
        What computes the network, where that is known.
    watchdogs : dict of str to Watchdog
        By the stream's name.
    margin : float
        Of the bundle: the distance from one half within which a probability names no class.
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
    sides : Counter of (str, str)
        Rows with a prediction, by target and its side: ``high``, ``low`` or ``unsure``.
    quadrants : Counter of str
        Rows with a prediction of both targets, by quadrant; empty where it is unsure.
    withheld : Counter of Reason
        Rows without one.
    left_out : Counter of (Modality, Reason)
        Rows with a prediction, by the modality that was missing and why.
    csv_path, recording_path : str
        Where rows and raw streams are written; empty where they are not.
    recording_since : float
        Time of the recording's start by the engine's clock.
    saved : Event or None
        The last minutes that were saved last, or why they could not be.
    files : list of LastingFile
        All files that the run writes or has written.
    log : CsvLog or None
        The CSV of the run, where it has one.
    markers_waiting : deque of (float, str)
        Markers whose row has not come: times on the common clock, and texts.
    markers_dropped : int
        Markers that are in no row, because too many waited for theirs.
    behind_s, behind_most_s : float
        Seconds that samples wait for the pipeline, now and at most.
    recogniser : Recogniser or None
        Looks whether the run is of the recording that the bundle was calibrated with.
    """

    bundle: Bundle
    pipeline: Pipeline
    eeg: StreamSpec
    pps: StreamSpec | None
    opened: float
    forward: EngineFacts | None = None
    watchdogs: dict[str, Watchdog] = field(init=False)
    margin: float = 0.0
    events: EventLog = field(default_factory=EventLog)
    predictions: deque[Prediction] = field(init=False)
    latencies_ms: deque[float] = field(default_factory=lambda: deque(maxlen=N_LATENCIES))
    rows: int = 0
    valid_rows: int = 0
    used: Counter[str] = field(default_factory=Counter)
    sides: Counter[tuple[str, str]] = field(default_factory=Counter)
    quadrants: Counter[str] = field(default_factory=Counter)
    withheld: Counter[Reason] = field(default_factory=Counter)
    left_out: Counter[tuple[Modality, Reason]] = field(default_factory=Counter)
    csv_path: str = ""
    recording_path: str = ""
    recording_since: float = 0.0
    saved: Event | None = None
    files: list[LastingFile] = field(default_factory=list)
    log: CsvLog | None = None
    markers_waiting: deque[tuple[float, str]] = field(
        default_factory=lambda: deque(maxlen=MARKERS_WAITING)
    )
    markers_dropped: int = 0
    behind_s: float = 0.0
    behind_most_s: float = 0.0
    recogniser: Recogniser | None = None

    def __post_init__(self) -> None:
        self.watchdogs = {spec.name: Watchdog(self.opened) for spec in self.specs}
        self.predictions = deque(maxlen=max(int(HISTORY_S / self.pipeline.hop_s), 1))

    @property
    def specs(self) -> tuple[StreamSpec, ...]:
        """The streams of the run, EEG first."""
        return (self.eeg,) if self.pps is None else (self.eeg, self.pps)

    @property
    def proves_nothing(self) -> bool:
        """Whether the bundle was calibrated with this very recording."""
        return self.recogniser is not None and self.recogniser.found

    @property
    def headline(self) -> str:
        """The bundle's headline, and that the run is no proof of it where that is so."""
        return self.bundle.card.headline + ", no proof" * self.proves_nothing

    def stats(self, name: str) -> StreamStats:
        """Return what has become of a stream's samples so far."""
        return replace(self.pipeline.streams[name].stats, late_in_bursts=self.watchdogs[name].late)

    def count(self, row: Prediction) -> None:
        """Take up a row."""
        self.rows += 1
        self.predictions.append(row)
        self.events.row_s = row.t_end
        if not row.valid:
            self.withheld[row.reason] += 1
            return
        self.valid_rows += 1
        self.used[row.modalities] += 1
        self._count_sides(row)
        if row.left_out is not Reason.NONE:
            missing = self.pps if row.reason is Reason.NO_PPS and self.pps else self.eeg
            self.left_out[missing.modality, row.left_out] += 1
        if row.latency_ms is not None:
            self.latencies_ms.append(row.latency_ms)

    def _count_sides(self, row: Prediction) -> None:
        values = {"valence": row.valence, "arousal": row.arousal}
        for target, p in values.items():
            if p is not None:
                self.sides[target, side(p, self.margin) or "unsure"] += 1
        if None not in values.values():
            self.quadrants[row.quadrant] += 1
