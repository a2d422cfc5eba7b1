"""Realistic snapshots for the views: a calm-to-tense course, as the engine would report it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from physiosync_rt.align.stats import StreamStats
from physiosync_rt.bundle.card import Meaning, Score
from physiosync_rt.datatypes import Modality, Prediction, Reason, StreamSpec
from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.live.snapshot import Snapshot, StreamState, Traces
from physiosync_rt.live.watchdog import StreamPhase

LEFT = ("Fp1", "AF3", "F3", "F7", "FC5", "FC1", "C3", "T7", "CP5", "CP1", "P3", "P7", "PO3", "O1")
RIGHT = ("Fp2", "AF4", "Fz", "F4", "F8", "FC6", "FC2", "Cz", "C4", "T8", "CP6", "CP2", "P4", "P8")
MONTAGE = (*LEFT, "Oz", "Pz", *RIGHT, "PO4", "O2")
SCORES = tuple(
    Score(
        protocol="subject, 8 of 8 folds",
        target=target,
        modalities="eeg+gsr",
        model=model,
        metric="balanced accuracy",
        value=value,
        ci_low=value - 0.07,
        ci_high=value + 0.06,
        n=20,
        unit="subject",
    )
    for target, model, value in (
        ("valence", "physiosync", 0.71),
        ("arousal", "physiosync", 0.68),
        ("valence", "linear (band power, skin)", 0.62),
        ("arousal", "always high", 0.50),
    )
)
EFFORT = {"arousal": Meaning(name="mental effort", low="rest", high="arithmetic")}
NOTICES = {
    "gap": (Event(EventKind.GAP, 245.0, "demo-eeg", n=127, seconds=0.508),),
    "faults": (Event(EventKind.LOSSES, 240.0, "demo-eeg", n=75, n_seen=2500),),
    "lost": (Event(EventKind.STREAM_LOST, 247.0, "demo-eeg", seconds=7.3),),
}
WITHHELD = ((60, 67, Reason.GAP), (150, 153, Reason.LOW_QUALITY), (205, 207, Reason.STALLED))


def make_row(
    index: int,
    *,
    reason: Reason = Reason.NONE,
    valid: bool = True,
    modalities: str = "eeg+gsr",
    marker: str = "",
) -> Prediction:
    """One row of a smooth, repeatable course."""
    noise = np.random.default_rng(index).normal(0, 0.03, 2)
    valence = float(np.clip(0.55 + 0.27 * np.sin(index / 31) + noise[0], 0.02, 0.98))
    arousal = float(np.clip(0.48 + 0.3 * np.sin(index / 47 + 2.2) + noise[1], 0.02, 0.98))
    quadrant = ("H" if valence >= 0.5 else "L") + "V" + ("H" if arousal >= 0.5 else "L") + "A"
    has_gsr = "gsr" in modalities
    confidence = max(abs(valence - 0.5), abs(arousal - 0.5)) + 0.5
    return Prediction(
        index=index,
        t_end=float(index),
        t_end_lsl=1000.0 + index,
        t_end_utc=1.79e9 + index,
        window_s=5.0,
        valence=valence if valid else None,
        arousal=arousal if valid else None,
        quadrant=quadrant if valid else "",
        confidence=confidence * (1.0 if has_gsr else 0.6) if valid else None,
        valid=valid,
        reason=reason,
        modalities=modalities if valid else "",
        completeness_eeg=0.71 if reason is Reason.GAP else 1.0,
        completeness_pps=1.0 if has_gsr else None,
        quality_eeg=0.22 if reason is Reason.LOW_QUALITY else 0.93,
        quality_pps=0.9 if has_gsr else None,
        sample_age_ms=24.0,
        infer_ms=31.0,
        latency_ms=58.0,
        marker=marker,
    )


def make_traces(n_chans: int, run_s: float, *, gap: bool = False) -> Traces:
    """Five seconds of alpha-rich EEG on the grid; with ``gap`` half a second is missing."""
    rng = np.random.default_rng(3)
    times = np.arange(640) / 128 + run_s - 5
    keep = (times < run_s - 2.0) | (times > run_s - 1.5) if gap else np.ones(640, dtype=bool)
    phase = rng.uniform(0, 2 * np.pi, n_chans)
    alpha = np.sin(2 * np.pi * 10.2 * times[:, None] + phase)
    envelope = 5 + 4 * np.sin(2 * np.pi * 0.31 * times[:, None] + phase * 2)
    theta = 4 * np.sin(2 * np.pi * 5.3 * times[:, None] + phase * 3)
    samples = envelope * alpha + theta + rng.normal(0, 3.0, (640, n_chans))
    if n_chans > 2:
        samples[:, 2] *= 6
    return Traces(
        times=times[keep],
        samples=samples[keep].astype(np.float32),
        ch_names=MONTAGE[:n_chans],
        unit="uV",
    )


def make_stream(
    modality: Modality,
    n_chans: int,
    sfreq: float,
    *,
    phase: StreamPhase = StreamPhase.STREAMING,
    **counts: int,
) -> StreamState:
    """A stream in a phase, with counts of `StreamStats`; nothing has come while it is waiting."""
    names = MONTAGE[:n_chans] if modality is Modality.EEG else (modality.value,)
    waiting = phase is StreamPhase.WAITING
    unit = {Modality.EEG: "uV", Modality.GSR: "uS", Modality.ECG: "mV"}[modality]
    quality = [0.93] * len(names)
    if len(names) > 3:
        quality[2], quality[3] = 0.18, 0.55
    stats = (
        StreamStats()
        if waiting
        else StreamStats(received=int(sfreq * 240), sfreq_effective=sfreq * 0.9997, jitter_ms=0.62)
    )
    return StreamState(
        spec=StreamSpec(f"demo-{modality.value.lower()}", modality, names, sfreq, unit),
        phase=phase,
        stats=replace(stats, **counts),
        age_s=float("inf") if waiting else 0.024,
        channel_quality=() if waiting else tuple(quality),
    )


def make_snapshot(n_chans: int = 4, *, state: str = "running") -> Snapshot:
    """A snapshot in one of the states that a view has to show well.

    ``state``: ``running``, ``gap`` (row withheld), ``no_pps``, ``waiting``, ``filling`` (the
    first seconds), ``baseline`` (capturing), ``lost`` or ``faults`` (all that samples can suffer).
    """
    run_s = {"waiting": 3.0, "filling": 3.4, "baseline": 19.0}.get(state, 247.0)
    early = state in ("waiting", "filling", "baseline")
    modalities = "eeg" if state == "no_pps" else "eeg+gsr"
    history = [] if early else [_course_row(i, modalities) for i in range(5, int(run_s) + 1)]
    if state == "gap":
        history[-4:] = [make_row(r.index, reason=Reason.GAP, valid=False) for r in history[-4:]]
    if state == "lost":
        history[-6:] = [make_row(r.index, reason=Reason.NO_EEG, valid=False) for r in history[-6:]]
    if state == "baseline":
        history = [make_row(i, reason=Reason.NO_BASELINE, valid=False) for i in range(5, 20)]
    streams = _streams(n_chans, state)
    pps = None
    if state not in ("no_pps", "waiting"):
        times = np.arange(640) / 128 + run_s - 5
        level = 4.2 + 0.35 * np.exp(-(((times - run_s + 2.2) / 0.9) ** 2)) + 0.004 * times
        pps = Traces(times, level[:, None].astype(np.float32), ("GSR",), "uS")
    return Snapshot(
        bundle_title="PhysioSync demo, 4-channel EEG and GSR" if n_chans <= 4 else "DEAP 32 + GSR",
        trained_on="simulated people, 12 subjects",
        simulated_training=True,
        scores=SCORES,
        run_s=run_s,
        window_s=5.0,
        hop_s=1.0,
        streams=streams,
        prediction=history[-1] if history else None,
        history=tuple(history),
        eeg=None if state == "waiting" else make_traces(n_chans, run_s, gap=state == "gap"),
        pps=pps,
        baseline={"waiting": "", "filling": "", "baseline": "capturing"}.get(state, "30 s at rest"),
        baseline_progress={"waiting": 0.0, "filling": 0.11, "baseline": 0.43}.get(state, 1.0),
        baseline_left_s={"waiting": 30.0, "filling": 27.0, "baseline": 17.0}.get(state, 0.0),
        recording_s=72.0 if state == "running" else 0.0,
        latency_p50_ms=None if early else 52.4,
        latency_p99_ms=None if early else 88.1,
        rows=len(history),
        valid_rows=sum(row.valid for row in history),
        csv_path="runs/2026-11-20/session-01.csv",
        recording_path="runs/2026-11-20/session-01.xdf" if state == "running" else "",
        events=NOTICES.get(state, ()),
    )


def _course_row(index: int, modalities: str) -> Prediction:
    for start, stop, reason in WITHHELD:
        if start <= index < stop:
            return make_row(index, reason=reason, valid=False)
    marker = "clip 2" if index == 122 else ""
    reason = Reason.NO_PPS if modalities == "eeg" else Reason.NONE
    return make_row(index, reason=reason, modalities=modalities, marker=marker)


def _streams(n_chans: int, state: str) -> tuple[StreamState, ...]:
    if state == "waiting":
        return (
            make_stream(Modality.EEG, n_chans, 250.0, phase=StreamPhase.WAITING),
            make_stream(Modality.GSR, 1, 4.0, phase=StreamPhase.WAITING),
        )
    eeg = make_stream(Modality.EEG, n_chans, 250.0)
    if state == "gap":
        eeg = make_stream(Modality.EEG, n_chans, 250.0, lost=127, gaps=1)
    if state == "lost":
        eeg = replace(eeg, phase=StreamPhase.LOST, age_s=7.3)
    if state == "no_pps":
        return (eeg,)
    if state == "faults":
        faults = {
            "lost": 412,
            "late": 30,
            "late_in_bursts": 1,
            "gaps": 3,
            "duplicates": 12,
            "nonfinite": 7,
            "stuck_clock": 5,
        }
        return (
            make_stream(Modality.EEG, n_chans, 250.0, **faults, after_deadline=2, clock_resets=1),
            make_stream(Modality.GSR, 1, 4.0, **faults),
        )
    return eeg, make_stream(Modality.GSR, 1, 4.0)


def effort(arousal: float = 0.9) -> Snapshot:
    """A snapshot of a bundle whose one target stands for mental effort."""
    snapshot = make_snapshot(4)
    assert snapshot.prediction is not None
    rows = tuple(
        replace(row, valence=None, arousal=None if row.arousal is None else arousal, quadrant="")
        for row in snapshot.history
    )
    return replace(
        snapshot,
        bundle_title="Mental effort, 8 electrodes and ECG",
        scores=tuple(score for score in SCORES if score.target == "arousal"),
        history=rows,
        prediction=rows[-1],
        meaning=EFFORT,
    )
