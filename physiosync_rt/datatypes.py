"""The shapes that travel between rooms. Frozen, checked where they are made, numpy only.

Axes: on the stream side samples are ``(n_samples, n_channels)`` and timestamps ``(n_samples,)`` in
seconds; on the model side windows are ``(n_channels, n_times)``. The one transpose lives in
``pipeline/window_check.py``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
SampleArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

GRID_SFREQ = 128
"""Rate of the one grid that every stream is resampled to, in Hz."""


class Modality(StrEnum):
    """What a stream measures. ``OTHER`` streams are read and listed, never fed to a model."""

    EEG = "EEG"
    GSR = "GSR"
    ECG = "ECG"
    OTHER = "OTHER"


UNITS: dict[Modality, str] = {
    Modality.EEG: "uV",
    Modality.GSR: "uS",
    Modality.ECG: "mV",
    Modality.OTHER: "",
}
"""Canonical unit of every modality; readers and sources deliver samples in it."""


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """What a stream says of itself, after its unit has been made canonical.

    Attributes
    ----------
    name : str
        Name of the stream, unique within a recording or a run.
    modality : Modality
    ch_names : tuple of str
        Channel names in order, without doubles.
    sfreq : float
        Nominal sampling rate in Hz; 0 when the stream is irregular.
    unit : str
        Unit of the samples: the canonical one of the modality, or ``""`` when it is not known
        (such a stream is listed but refused by sources until somebody says what it is).
    stype, source_id, host : str
        LSL identity, empty where there is none.
    """

    name: str
    modality: Modality
    ch_names: tuple[str, ...]
    sfreq: float
    unit: str = ""
    stype: str = ""
    source_id: str = ""
    host: str = ""

    def __post_init__(self) -> None:
        if not self.ch_names:
            raise ValueError(f"stream {self.name!r} has no channels")
        if len(set(self.ch_names)) != len(self.ch_names):
            raise ValueError(f"stream {self.name!r} names a channel twice: {self.ch_names}")
        if not (self.sfreq >= 0 and np.isfinite(self.sfreq)):
            raise ValueError(f"stream {self.name!r}: a rate of {self.sfreq} Hz is not possible")
        if self.unit not in ("", UNITS[self.modality]):
            raise ValueError(
                f"stream {self.name!r}: {self.modality} is kept in {UNITS[self.modality]!r}, "
                f"not {self.unit!r}; convert it where it enters"
            )

    @property
    def n_chans(self) -> int:
        """Number of channels."""
        return len(self.ch_names)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some consecutive samples of one stream with their *raw* timestamps.

    Attributes
    ----------
    stream : str
        Name of the stream (``StreamSpec.name``).
    samples : float32 array, shape (n_samples, n_channels)
    timestamps : float64 array, shape (n_samples,)
        Seconds on the clock of the sender, as it stamped them.
    clock_offset : float
        Seconds to add to the stamps to reach the receiver's clock (LSL time correction), as
        measured last before these samples.
    counter : int64 array, shape (n_samples,), optional
        The device's own sample counter in samples (unwrapped by nobody), where it has one.
    after_break: bool
        The source states that the recording was interrupted before the first sample.
    """

    stream: str
    samples: SampleArray
    timestamps: FloatArray
    clock_offset: float = 0.0
    counter: IntArray | None = None
    after_break: bool = False

    def __post_init__(self) -> None:
        if self.samples.ndim != 2 or self.timestamps.shape != self.samples.shape[:1]:
            raise ValueError(
                f"chunk of {self.stream!r}: samples {self.samples.shape} do not go with "
                f"timestamps {self.timestamps.shape}"
            )
        if self.counter is not None and self.counter.shape != self.timestamps.shape:
            raise ValueError(f"chunk of {self.stream!r}: one counter value per sample expected")

    def __repr__(self) -> str:
        n_samples, n_chans = self.samples.shape
        span = f", {self.timestamps[0]:.3f} s to {self.timestamps[-1]:.3f} s" if n_samples else ""
        return f"<Chunk of {shorten(self.stream)}: {n_samples} samples, {n_chans} ch{span}>"

    def __len__(self) -> int:
        return len(self.timestamps)


@dataclass(frozen=True, slots=True)
class GridChunk:
    """Consecutive samples on the 128 Hz grid; a jump in ``start`` is a gap.

    Attributes
    ----------
    start : int
        Grid index of the first row; index 0 is the first EEG sample of the run.
    samples : float64 array, shape (n_times, n_channels)
    present : bool array, shape (n_times,)
        False where a short loss (below the gap limit) was bridged by interpolation.
    """

    start: int
    samples: FloatArray
    present: BoolArray

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def stop(self) -> int:
        """Grid index after the last row."""
        return self.start + len(self.samples)


@dataclass(frozen=True, slots=True)
class Carrier:
    """A stream as it was sent, with all its channels, and which of them one part holds.

    Attributes
    ----------
    spec : StreamSpec
        The whole stream; of modality ``OTHER`` and without a unit where its channels differ.
    units : tuple of str
        Unit of each channel of ``spec``: the canonical one where its samples are in it, else the
        word that the stream states, which may be empty.
    columns : tuple of int
        Channels of the part, as indices into ``spec.ch_names``.
    """

    spec: StreamSpec
    units: tuple[str, ...]
    columns: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RecordedStream:
    """One stream of a recording, samples in the canonical unit, stamps raw.

    Attributes
    ----------
    spec : StreamSpec
    samples : float32 array, shape (n_samples, n_channels)
    timestamps : float64 array, shape (n_samples,)
        Raw stamps in seconds.
    clock_offsets : float64 array, shape (n_measurements, 2)
        Time of each clock measurement *on the sender's clock* and the offset to add to its
        stamps; empty when all streams share a clock.
    counter : int64 array, shape (n_samples,), optional
        Sample counter of the device, where it has one.
    unit_note : str
        The one of the recording's notes that says that the unit is unknown; a device description
        that states the unit removes it. Empty where the unit is known.
    breaks : float64 array, shape (n_breaks,)
        Stamps of the first samples after the interruptions that the file states.
    carrier : Carrier, optional
        The stream as it was sent, where this is a part of it.
    """

    spec: StreamSpec
    samples: SampleArray
    timestamps: FloatArray
    clock_offsets: FloatArray = field(default_factory=lambda: np.empty((0, 2)))
    counter: IntArray | None = None
    unit_note: str = ""
    breaks: FloatArray = field(default_factory=lambda: np.empty(0), kw_only=True)
    carrier: Carrier | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.samples.shape != (len(self.timestamps), self.spec.n_chans):
            raise ValueError(
                f"stream {self.spec.name!r}: samples {self.samples.shape} do not go with "
                f"{len(self.timestamps)} stamps and {self.spec.n_chans} channels"
            )

    def __repr__(self) -> str:
        return (
            f"<RecordedStream {shorten(self.spec.name)}: {self.summary}, "
            f"{len(self.timestamps)} samples, {self.duration_s:.0f} s>"
        )

    @property
    def summary(self) -> str:
        """Modality, channels and rate in a few words."""
        rate = f"{self.spec.sfreq:g} Hz" if self.spec.sfreq else "irregular"
        return f"{self.spec.modality} {self.spec.n_chans} ch {rate}"

    @property
    def duration_s(self) -> float:
        """Seconds from the first stamp to the last; 0 without samples."""
        return float(np.ptp(self.timestamps)) if len(self.timestamps) else 0.0


@dataclass(frozen=True, slots=True)
class RecordedMarkers:
    """A stream of text markers. ``timestamps`` raw seconds, shape (n_markers,)."""

    name: str
    timestamps: FloatArray
    labels: tuple[str, ...]
    clock_offsets: FloatArray = field(default_factory=lambda: np.empty((0, 2)))


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of a recording, in seconds from its first EEG sample.

    ``kind`` is ``baseline`` or ``trial``. ``stimulus`` names what was shown (the same for all
    subjects who saw it). Ratings are on the dataset's own scale; ``None`` where there is none.
    """

    start: float
    stop: float
    kind: Literal["baseline", "trial"]
    subject: str
    trial: int
    stimulus: str = ""
    valence: float | None = None
    arousal: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A recorded session of one person.

    Attributes
    ----------
    streams : tuple of RecordedStream
    markers : tuple of RecordedMarkers
    segments : tuple of Segment
    subject : str
    start_utc : float or None
        UNIX time of the first EEG sample, where the file knows it.
    path : Path or None
        File that it was read from.
    history : tuple of str
        What was done to the signals before they were stored (filters, references), for show.
    notes : tuple of str
        What the reader noticed and a person should know (empty streams, repaired stamps ...).
    """

    streams: tuple[RecordedStream, ...]
    markers: tuple[RecordedMarkers, ...] = ()
    segments: tuple[Segment, ...] = ()
    subject: str = ""
    start_utc: float | None = None
    path: Path | None = None
    history: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __repr__(self) -> str:
        whose = shorten(self.subject or (self.path.name if self.path else "somebody"))
        longest = max((stream.duration_s for stream in self.streams), default=0.0)
        shown = [stream.summary for stream in self.streams[:3]]
        if len(self.streams) > len(shown):
            shown.append(f"{len(self.streams) - len(shown)} more")
        return f"<Recording of {whose}: {longest:.0f} s, {', '.join(shown) or 'no streams'}>"

    def of(self, modality: Modality) -> tuple[RecordedStream, ...]:
        """Streams of one modality, in the file's order."""
        return tuple(s for s in self.streams if s.spec.modality is modality)


class HeartState(StrEnum):
    """Whether an ECG shows a heart that beats; ``UNKNOWN`` until enough of it has been seen."""

    UNKNOWN = "unknown"
    SEEN = "seen"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class HeartSecond:
    """What one whole second of ECG showed.

    Attributes
    ----------
    state : HeartState
        After this second.
    beats : float array, shape (n_beats,)
        Grid indices of the R peaks that became final with this second, ascending, with their
        fraction between two samples. Every beat is reported once; each lies from 0.5 s to 1.5 s
        before the end of the second.
    """

    state: HeartState
    beats: FloatArray


class Reason(StrEnum):
    """Why a row is what it is: empty when valid with all modalities, else one word."""

    NONE = ""
    WARMING_UP = "warming_up"
    NO_BASELINE = "no_baseline"
    GAP = "gap"
    STALLED = "stalled"
    LOW_QUALITY = "low_quality"
    NO_HEARTBEAT = "no_heartbeat"
    NO_PPS = "no_pps"
    NO_EEG = "no_eeg"
    LOW_CONFIDENCE = "low_confidence"


TARGETS = ("valence", "arousal")
"""Columns of a row that hold a probability."""


class Absence(StrEnum):
    """Why one target of a row has no probability."""

    WITHHELD = "withheld"
    """The whole row has none; its ``reason`` says why."""
    NO_TARGET = "no_target"
    """The bundle does not predict it."""
    AT_CHANCE = "at_chance"
    """The modalities that can be used do not tell it better than a guess, by the card's scores."""
    LOW_CONFIDENCE = "low_confidence"
    """Its answer is less sure than the card asks."""


@dataclass(frozen=True, slots=True)
class Certainty:
    """What the confidence of a row is the product of, each in [0, 1].

    Attributes
    ----------
    answer : float
        The least max(P, 1 - P) of its targets.
    quality : float
        Of the worst modality used.
    electrodes : float
        Share of the bundle's electrodes that the stream measures; 1 where EEG is not used.
    coverage : float
        The card's factor for a modality that is missing; 1 where none is.
    """

    answer: float
    quality: float
    electrodes: float
    coverage: float

    @property
    def confidence(self) -> float:
        """Their product."""
        return self.quality * self.electrodes * self.coverage * self.answer


@dataclass(frozen=True, slots=True)
class Features:
    """Slow features of one modality at the end of one window.

    A feature that is not known is NaN, never 0. They are there as soon as they are known, whether
    or not the window can be used; docs/features.md defines them.

    Attributes
    ----------
    names : tuple of str
    values : float64 array, shape (n,)
    rest : float64 array, shape (n,)
        The person's own values at rest, from the baseline.
    seconds : float
        Trailing seconds without a gap that the values rest on; some need more than there are yet.
    """

    names: tuple[str, ...]
    values: FloatArray
    rest: FloatArray
    seconds: float

    def __post_init__(self) -> None:
        n = len(self.names)
        if self.values.shape != (n,) or self.rest.shape != (n,):
            raise ValueError(
                f"{n} features do not go with values {self.values.shape} and rest {self.rest.shape}"
            )

    def __repr__(self) -> str:
        n_known, n_changes = np.isfinite(self.values).sum(), np.isfinite(self.change).sum()
        return (
            f"<Features: {n_known} of {len(self.names)} known over {self.seconds:g} s, "
            f"{n_changes} as change from rest>"
        )

    def __getitem__(self, name: str) -> float:
        """Value of a feature by its name; NaN where not known, KeyError where there is none."""
        if name not in self.names:
            raise KeyError(f"{name!r} is not one of {', '.join(self.names)}")
        return float(self.values[self.names.index(name)])

    @property
    def change(self) -> FloatArray:
        """Values as change from rest, shape (n,); NaN where either is not known."""
        return self.values - self.rest


@dataclass(frozen=True, slots=True)
class ModalityState:
    """One modality in one window.

    Attributes
    ----------
    data : float32 array, shape (n_channels, n_times), or None when it cannot be used
    reason : Reason
        Why ``data`` is None.
    completeness : float
        Share of the window's grid samples that are there, in [0, 1].
    quality : float
        Signal quality over the window's whole seconds, in [0, 1].
    measured : float
        Share of the bundle's channels that the stream measures, in [0, 1]; the others are
        interpolated because the stream does not have them. It does not follow electrodes that
        go bad during a run: these lower ``quality``.
    features : Features or None
        None in profile ``paper``.
    """

    data: SampleArray | None
    reason: Reason
    completeness: float
    quality: float
    measured: float = 1.0
    features: Features | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """All that a prediction is made from: the last 5 s of both modalities at one grid time.

    ``t_end`` is in seconds from the anchor (the first EEG sample). ``pps`` is None when the
    run has no peripheral stream at all.
    """

    index: int
    t_end: float
    eeg: ModalityState
    pps: ModalityState | None


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row: a prediction, or the reason why there is none.

    Attributes
    ----------
    index : int
        Number of the hop, from 1.
    t_end : float
        End of the window in seconds from the anchor.
    t_end_lsl, t_end_utc : float, float or None
        The same on the clock of the stamps (LSL's where they come from there), in seconds, and
        as UNIX time, None where nobody knows it.
    window_s : float
        Length of the window in seconds.
    valence, arousal : float or None
        P(high) in [0, 1]; None when not valid or when the bundle has no such target.
    quadrant : str
        ``HVHA``, ``HVLA``, ``LVHA``, ``LVLA``, or empty where a target is missing, lies within the
        bundle's margin of one half, or is not about emotion.
    confidence : float or None
        In [0, 1]; None when not valid.
    modalities : str
        ``eeg+gsr``, ``eeg``, ``gsr`` ... or empty.
    left_out : Reason
        Why a modality could not be used, where ``reason`` is ``no_pps`` or ``no_eeg``.
    absent : mapping of str to Absence
        Why ``valence`` or ``arousal`` is None, for each that is; not in the CSV.
    certainty : Certainty or None
        What ``confidence`` is made of; None when not valid; not in the CSV.
    eeg_reason, pps_reason : Reason
        Why a modality cannot be used, whether or not the row can do without it; not in the CSV.
    eeg_features, pps_features : Features or None
        Slow features at the end of the window; not in the CSV.
    called : mapping of str to str
        What the columns stand for, by their names, where that is not an emotion; not in the CSV.
    """

    index: int
    t_end: float
    t_end_lsl: float
    t_end_utc: float | None
    window_s: float
    valence: float | None
    arousal: float | None
    quadrant: str
    confidence: float | None
    valid: bool
    reason: Reason
    modalities: str
    completeness_eeg: float
    completeness_pps: float | None
    quality_eeg: float
    quality_pps: float | None
    sample_age_ms: float | None = None
    infer_ms: float | None = None
    latency_ms: float | None = None
    marker: str = ""
    left_out: Reason = Reason.NONE
    absent: Mapping[str, Absence] = field(default_factory=dict, repr=False, compare=False)
    certainty: Certainty | None = field(default=None, repr=False, compare=False)
    eeg_reason: Reason = field(default=Reason.NONE, repr=False, compare=False)
    pps_reason: Reason = field(default=Reason.NONE, repr=False, compare=False)
    eeg_features: Features | None = field(default=None, repr=False, compare=False)
    pps_features: Features | None = field(default=None, repr=False, compare=False)
    called: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def __str__(self) -> str:
        if not self.valid:
            return f"{self.t_end:8.2f} s  no prediction: {self.reason}"
        said = [
            f"{self.called.get(target, target)} {'-' if p is None else format(p, '.2f')}"
            for target, p in (("valence", self.valence), ("arousal", self.arousal))
            if not self.called or target in self.called
        ]
        said += [self.quadrant] if self.quadrant else []
        return (
            f"{self.t_end:8.2f} s  {'  '.join(said)}  confidence {self.confidence:.2f} "
            f"({self.modalities})"
        )


def shorten(text: str, most: int = 40) -> str:
    """Cut a name that is too long for one line."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
