"""The words of every view: the window and the terminal speak the same language.

Every `Reason`, phase, quadrant and count has one documented wording, so that the window, the
terminal and the manual never disagree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from physiosync_rt.align.stats import StreamStats
from physiosync_rt.datatypes import Modality, Prediction, Reason
from physiosync_rt.features.heart_rate import HEART_RATE
from physiosync_rt.live.snapshot import Snapshot, StreamState
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.utils.translation import mark, tr

QUADRANTS: dict[str, tuple[str, str]] = {
    "HVHA": (mark("excited"), mark("high valence, high arousal")),
    "HVLA": (mark("calm"), mark("high valence, low arousal")),
    "LVHA": (mark("tense"), mark("low valence, high arousal")),
    "LVLA": (mark("sad"), mark("low valence, low arousal")),
}
"""Everyday word and meaning of each quadrant (Russell's circumplex, 1980)."""

REASONS: dict[Reason, tuple[str, str]] = {
    Reason.NONE: ("", ""),
    Reason.WARMING_UP: (
        mark("warming up"),
        mark("The first window is filling and the filters are settling; nothing needs doing."),
    ),
    Reason.NO_BASELINE: (
        mark("no baseline yet"),
        mark("The model compares with a baseline at rest: sit still until it is captured."),
    ),
    Reason.GAP: (
        mark("gap in {signal}"),
        mark(
            "Too many samples of the last window never arrived; check the radio link or the cable."
        ),
    ),
    Reason.STALLED: (
        mark("{signal} has stopped sending"),
        mark("The stream is connected but sends nothing; check the device's power and range."),
    ),
    Reason.LOW_QUALITY: (
        mark("poor {signal} signal"),
        mark("The signal is too noisy or too flat to be physiology; check the electrodes."),
    ),
    Reason.NO_HEARTBEAT: (
        mark("no heartbeat in the {signal}"),
        mark("The lead shows no beats of a repeated shape; check its electrodes."),
    ),
    Reason.NO_PPS: (
        mark("no {signal}"),
        mark("The peripheral stream is missing and this bundle cannot predict without it."),
    ),
    Reason.NO_EEG: (
        mark("no EEG"),
        mark("The EEG stream is missing and this bundle cannot predict without it."),
    ),
    Reason.LOW_CONFIDENCE: (
        mark("not sure enough"),
        mark(
            "The signals are fine, but so unsure an answer was no use when the model was trained."
        ),
    ),
}
"""Short wording of each reason (``{signal}`` names the signal it is about) and its explanation."""

PHASES: dict[StreamPhase, str] = {
    StreamPhase.WAITING: mark("waiting"),
    StreamPhase.STREAMING: mark("streaming"),
    StreamPhase.STALLED: mark("stalled"),
    StreamPhase.LOST: mark("lost"),
    StreamPhase.ENDED: mark("ended"),
}


@dataclass(frozen=True, slots=True)
class Count:
    """How a count of `StreamStats` is called, and what it means.

    ``has_share`` says whether it can be given as a share of the samples that were sent.
    """

    word: str
    meaning: str
    has_share: bool = True


STREAM_COUNTS: dict[str, Count] = {
    "received": Count(mark("received"), mark("Samples that arrived")),
    "lost": Count(mark("lost"), mark("Samples that never arrived")),
    "delivered_late": Count(mark("late"), mark("Samples that were delivered late, and used")),
    "duplicates": Count(mark("duplicates"), mark("Repeated samples; left out")),
    "nonfinite": Count(mark("NaN"), mark("Samples with a NaN or infinite value; left out")),
    "stuck_clock": Count(mark("stuck clock"), mark("Samples with a stuck time stamp")),
    "after_deadline": Count(
        mark("after deadline"), mark("Samples that came after their row was made"), has_share=False
    ),
    "gaps": Count(mark("gaps"), mark("Stretches without samples"), has_share=False),
    "clock_resets": Count(
        mark("clock resets"), mark("How often the device's clock was reset"), has_share=False
    ),
}
"""Words for what can happen to a stream's samples, by the attribute of `StreamStats`."""

RARE = ("duplicates", "nonfinite", "stuck_clock", "after_deadline", "clock_resets")
"""Counts that a view shows only where it has room, or where they are not zero."""

GOOD_QUALITY = 0.7
"""Channel quality from which a channel counts as good."""

POOR_QUALITY = 0.4
"""Channel quality below which a channel counts as poor; between the two it is fair."""

GETTING_READY = mark("Getting ready")
"""Headline until the first prediction can be made."""

MISSING = "–"
"""Stands where a number is missing."""


def quality_word(quality: float) -> str:
    """Return ``good``, ``fair`` or ``poor`` for a quality in [0, 1]; a view translates it."""
    if quality >= GOOD_QUALITY:
        return mark("good")
    return mark("fair") if quality >= POOR_QUALITY else mark("poor")


def unit_text(unit: str) -> str:
    """Return a unit as it is printed (``uV`` becomes ``µV``); ``a.u.`` where there is none."""
    return unit.replace("u", "µ", 1) if unit in ("uV", "uS") else unit or "a.u."


def number(value: float | None, digits: int = 2, unit: str = "") -> str:
    """Return a number with its unit, or a dash for None and for what is not finite."""
    if value is None or not math.isfinite(value):
        return MISSING
    return f"{value:.{digits}f}{' ' + unit if unit else ''}"


def clock(seconds: float) -> str:
    """Return a run time as ``mm:ss``, with hours in front from the first hour on."""
    minutes, secs = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes:02d}:{secs:02d}"


def duration(seconds: float) -> str:
    """Return an age in the unit that reads best: ms, s, min."""
    if not math.isfinite(seconds):
        return MISSING
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def rare_counts(stats: StreamStats) -> dict[str, int]:
    """Return what seldom happens to a stream, by its word in `STREAM_COUNTS`."""
    return {STREAM_COUNTS[name].word: getattr(stats, name) for name in RARE}


def losses_text(stats: StreamStats) -> str:
    """Return what went wrong with a stream's samples, in one line; empty where nothing did."""
    total = max(stats.sent, 1)
    said = []
    for name, count in STREAM_COUNTS.items():
        n = getattr(stats, name)
        if n and name != "received":
            share = f" ({100 * n / total:.2g} %)" if count.has_share else ""
            said.append(f"{n:,} {tr(count.word)}{share}")
    if not said:
        return ""
    return tr("of {total} samples {counts}").format(total=f"{total:,}", counts=", ".join(said))


def rate(state: StreamState) -> str:
    """Return the measured against the nominal rate, as in ``249.9 / 250 Hz``."""
    stats = state.stats
    effective = number(stats.sfreq_effective, 1) if stats.received else MISSING
    return f"{effective} / {state.spec.sfreq:g} Hz" if state.spec.sfreq else f"{effective} Hz"


def pps_name(snapshot: Snapshot) -> str:
    """Return ``GSR`` or ``ECG``, whichever the run has or had, else ``GSR or ECG``."""
    for state in snapshot.streams:
        if state.spec.modality in (Modality.GSR, Modality.ECG):
            return state.spec.modality.value
    for row in reversed(snapshot.history):
        for name in ("gsr", "ecg"):
            if name in row.modalities:
                return name.upper()
    return tr("GSR or ECG")


def why(prediction: Prediction, pps: str) -> str:
    """Return the reason of a row in a few words, naming the signal that it is about.

    Parameters
    ----------
    prediction : Prediction
    pps : str
        What to call the peripheral signal (see :func:`pps_name`).
    """
    signal = _signal_of(prediction.reason, pps)
    if prediction.left_out is Reason.NO_BASELINE:
        return tr("no baseline of {signal} yet").format(signal=signal)
    if prediction.left_out is Reason.WARMING_UP:
        return tr("{signal} warming up").format(signal=signal)
    return reason_text(prediction.left_out or prediction.reason, signal)


def row_reason(reason: Reason, pps: str) -> str:
    """Return the reason of a row in a few words; ``pps`` as in :func:`why`."""
    return reason_text(reason, _signal_of(reason, pps))


def reason_text(reason: Reason, signal: str) -> str:
    """Return a reason in a few words, about a signal."""
    return tr(REASONS[reason][0]).format(signal=signal)


def _signal_of(reason: Reason, pps: str) -> str:
    # A row is withheld for its EEG; the peripheral signal is only ever missing beside it.
    return pps if reason is Reason.NO_PPS else "EEG"


def signals_used(snapshot: Snapshot) -> str:
    """Return which signals the newest row used, and what follows when one is missing."""
    row = snapshot.prediction
    if row is None or not row.valid:
        return tr("Signals used: {used}").format(used=MISSING)
    used = " + ".join(part.upper() for part in row.modalities.split("+"))
    if row.reason is Reason.NONE:
        return tr("Signals used: {used}").format(used=used)
    said = tr("{used} only: {why}, confidence lowered")
    return said.format(used=used, why=why(row, pps_name(snapshot)))


def heart(snapshot: Snapshot) -> str:
    """Return the heart rate as in ``♥ 72/min``; empty where it is not known."""
    features = snapshot.pps_features
    if features is None or HEART_RATE not in features.names:
        return ""
    rate = features[HEART_RATE]
    return f"♥ {rate:.0f}/min" if math.isfinite(rate) else ""


def waiting_for(snapshot: Snapshot | None) -> str:
    """Return what the run waits for before its first prediction."""
    if snapshot is None:
        return tr("Starting: loading the model")
    if not snapshot.streams:
        return tr("Looking for streams")
    absent = [s.spec for s in snapshot.streams if s.phase is StreamPhase.WAITING]
    if absent:
        names = tr(" and ").join(f"{spec.modality.value} “{spec.name}”" for spec in absent)
        return plain_text(tr("Waiting for {streams}").format(streams=names))
    if is_capturing(snapshot):
        left = f"{snapshot.baseline_left_s:.0f}"
        return tr("Sit still: {n} s of rest to go").format(n=left)
    if snapshot.run_s < snapshot.window_s:
        said = tr("Filling the first window: {n} of {of} s")
        return said.format(n=f"{snapshot.run_s:.0f}", of=f"{snapshot.window_s:.0f}")
    return tr("Warming up: the filters are settling")


def is_capturing(snapshot: Snapshot) -> bool:
    """Return whether a baseline is being captured at this moment."""
    flowing = any(state.phase is StreamPhase.STREAMING for state in snapshot.streams)
    return flowing and snapshot.baseline_progress < 1.0
