"""What a view may show of a run, as records: wording and drawing are the view's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from physiosync_rt.align.stats import StreamStats
from physiosync_rt.bundle.card import Meaning, Score
from physiosync_rt.datatypes import Features, FloatArray, Prediction, SampleArray, StreamSpec
from physiosync_rt.live.events import Event
from physiosync_rt.live.vitals import Vitals
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.preprocess.electrode_states import Electrode


@dataclass(frozen=True, slots=True)
class StreamState:
    """A live stream as a person wants to see it.

    Attributes
    ----------
    spec : StreamSpec
    phase : StreamPhase
    stats : StreamStats
    age_s : float
        Seconds since the newest sample.
    channel_quality : tuple of float
        In [0, 1], per channel of the bundle's montage; empty before the first second.
    """

    spec: StreamSpec
    phase: StreamPhase
    stats: StreamStats
    age_s: float
    channel_quality: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Traces:
    """The last seconds of one modality on the grid, preprocessed, for drawing.

    Attributes
    ----------
    times : float64 array, shape (n_times,)
        Seconds from the anchor.
    samples : float32 array, shape (n_times, n_channels)
        In ``unit``.
    ch_names : tuple of str
    unit : str
    """

    times: FloatArray
    samples: SampleArray
    ch_names: tuple[str, ...]
    unit: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that a view may show, made by the engine, replaced whole, never mutated.

    Attributes
    ----------
    scores : tuple of Score
        All that the bundle's card holds.
    prediction : Prediction or None
        The newest row.
    history : tuple of Prediction
        The last five minutes of rows, oldest first.
    events : tuple of Event
        What a person should read now; empty when all is well.
    meaning : mapping of str to Meaning
        What a target stands for, where it is not an emotion.
    margin : float
        Distance from one half within which a probability names no class.
    baseline_left_s : float
        Usable seconds that the baseline being captured still needs.
    baseline_failed : bool
        Whether too little of the last stretch asked for was usable.
    recording_s : float
        Seconds since the raw recording began; 0 where there is none.
    saved : Event or None
        The last minutes that were saved last, or why they could not be.
    electrodes : tuple of Electrode
        What each of the bundle's electrodes is made of at present, in the bundle's order.
    vitals : Vitals
        Heart, skin and band powers at the newest row.
    """

    bundle_title: str
    trained_on: str
    simulated_training: bool
    scores: tuple[Score, ...]
    run_s: float
    window_s: float
    hop_s: float
    streams: tuple[StreamState, ...]
    prediction: Prediction | None
    history: tuple[Prediction, ...]
    eeg: Traces | None
    pps: Traces | None
    baseline: str
    baseline_progress: float
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    rows: int
    valid_rows: int
    csv_path: str
    recording_path: str
    events: tuple[Event, ...]
    meaning: Mapping[str, Meaning] = field(default_factory=dict)
    margin: float = 0.0
    baseline_left_s: float = 0.0
    baseline_failed: bool = False
    recording_s: float = 0.0
    saved: Event | None = None
    electrodes: tuple[Electrode, ...] = ()
    vitals: Vitals = field(default_factory=Vitals)

    @property
    def eeg_features(self) -> Features | None:
        """Slow features of the EEG at the newest row: band powers."""
        return self.prediction.eeg_features if self.prediction else None

    @property
    def pps_features(self) -> Features | None:
        """Slow features of the peripheral signal at the newest row: of heart or skin."""
        return self.prediction.pps_features if self.prediction else None
