"""Snapshots of trouble: what the screen has to show in true words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from helpers.snapshots import MONTAGE, make_row, make_snapshot, make_stream, make_traces

from physiosync_rt.bundle.card import find_bundle, read_card
from physiosync_rt.datatypes import Absence, Certainty, Modality, Prediction, Reason, StreamSpec
from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.live.snapshot import Snapshot, Traces
from physiosync_rt.live.vitals import Measure, Vitals
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.preprocess.electrode_states import Electrode, ElectrodeState

BANDS = (("theta", 9.4, 1.04), ("alpha", 21.7, 0.62), ("beta", 6.1, 1.31), ("gamma", 1.2, 1.12))


def vitals(
    modality: Modality | None = Modality.GSR,
    *,
    n_electrodes: int = 32,
    body: Reason = Reason.NONE,
    eeg: Reason = Reason.NONE,
    beats: tuple[float, ...] = (),
) -> Vitals:
    """What is known of the body, or the reason why not."""
    measures = {
        Modality.ECG: (("heart rate", 72.4, 6.2),),
        Modality.GSR: (("tonic level", 4.31, 1.12), ("response rate", 4.0, 2.0)),
    }
    found = [
        Measure(name, None, None, body, 5.0, 2.0) if body else Measure(name, value, change)
        for name, value, change in (measures[modality] if modality else ())
    ]
    bands = [
        Measure(name, None, None, eeg) if eeg else Measure(name, value, change)
        for name, value, change in BANDS
    ]
    return Vitals(modality, tuple(found), tuple(bands), n_electrodes, beats)


CYTON = ("Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2")


def electrodes(
    names: tuple[str, ...] = MONTAGE,
    *,
    have: tuple[str, ...] = MONTAGE,
    bad: Mapping[str, str] | None = None,
    seen: bool = True,
) -> tuple[Electrode, ...]:
    """Electrodes of a bundle, of which a stream has some."""
    faults = bad or {}
    found = []
    for name in names:
        state = ElectrodeState.MEASURED if seen else ElectrodeState.SILENT
        if name in faults:
            state = ElectrodeState.BAD
        if name not in have:
            state = ElectrodeState.INTERPOLATED
        found.append(Electrode(name, state, faults.get(name, "")))
    return tuple(found)


def _last(snapshot: Snapshot, n: int, **changed: Any) -> Snapshot:
    """Change the last rows of a snapshot; ``changed`` may hold functions of the row."""
    rows = list(snapshot.history)
    for at in range(len(rows) - n, len(rows)):
        values = {k: v(rows[at]) if callable(v) else v for k, v in changed.items()}
        rows[at] = replace(rows[at], **values)
    return replace(snapshot, history=tuple(rows), prediction=rows[-1])


def withheld(snapshot: Snapshot, n: int, reason: Reason) -> Snapshot:
    """Withhold the last rows."""
    rows = [
        *snapshot.history[:-n],
        *(
            replace(
                make_row(row.index, reason=reason, valid=False),
                absent={"valence": Absence.WITHHELD, "arousal": Absence.WITHHELD},
            )
            for row in snapshot.history[-n:]
        ),
    ]
    return replace(snapshot, history=tuple(rows), prediction=rows[-1])


def cyton() -> Snapshot:
    """Eight electrodes serve a bundle of 32, after half a minute of which the notice has gone."""
    share = len(CYTON) / len(MONTAGE)

    def lowered(row: Prediction) -> float | None:
        return None if row.confidence is None else row.confidence * share

    snapshot = make_snapshot(32)
    eeg = make_stream(Modality.EEG, 32, 250.0)
    spec = StreamSpec("OpenBCI", Modality.EEG, CYTON, 250.0, "uV")
    eeg = replace(eeg, spec=spec, channel_quality=(0.93,) * 32)
    snapshot = _last(
        snapshot,
        len(snapshot.history),
        confidence=lowered,
        certainty=lambda row: Certainty(0.82, 0.93, share, 1.0) if row.valid else None,
    )
    return replace(
        snapshot,
        streams=(eeg, *snapshot.streams[1:]),
        electrodes=electrodes(have=CYTON),
        vitals=vitals(n_electrodes=8),
        events=(Event(EventKind.ELECTRODES, 240.0, "OpenBCI", n=8, n_seen=32),),
    )


def flat_electrode() -> Snapshot:
    """T7 has come off."""
    snapshot = make_snapshot(32)
    quality = tuple(0.0 if name == "T7" else 0.93 for name in MONTAGE)
    eeg = replace(snapshot.streams[0], channel_quality=quality)
    assert snapshot.eeg is not None
    return replace(
        snapshot,
        streams=(eeg, *snapshot.streams[1:]),
        electrodes=electrodes(bad={"T7": "flat"}),
        vitals=vitals(n_electrodes=31),
        events=(
            Event(
                EventKind.NOTE,
                247.0,
                "demo-eeg",
                text="bad electrodes: T7 (flat), interpolated from 31 good ones",
            ),
        ),
    )


def lost_gsr() -> Snapshot:
    """The skin-conductance sensor is gone for 40 s; the EEG alone cannot tell the arousal."""
    snapshot = make_snapshot(32)
    gsr = replace(snapshot.streams[1], phase=StreamPhase.LOST, age_s=40.0)
    snapshot = _last(
        snapshot,
        40,
        valence=lambda row: 0.62 + 0.04 * np.sin(row.index / 5),
        arousal=None,
        quadrant="",
        confidence=0.45,
        valid=True,
        reason=Reason.NO_PPS,
        left_out=Reason.STALLED,
        modalities="eeg",
        absent={"arousal": Absence.AT_CHANCE},
        certainty=Certainty(0.62, 0.93, 1.0, 0.78),
    )
    assert snapshot.pps is not None
    return replace(
        snapshot,
        streams=(snapshot.streams[0], gsr),
        electrodes=electrodes(bad={"F3": "muscle or noise"}),
        vitals=vitals(n_electrodes=31, body=Reason.STALLED),
        pps=replace(snapshot.pps, samples=np.full_like(snapshot.pps.samples, np.nan)),
        events=(Event(EventKind.STREAM_LOST, 247.0, "demo-gsr", seconds=40.0),),
    )


def eeg_gone() -> Snapshot:
    """The EEG has sent nothing for 10 s."""
    snapshot = withheld(make_snapshot(32), 9, Reason.STALLED)
    eeg = replace(snapshot.streams[0], phase=StreamPhase.STALLED, age_s=10.0)
    assert snapshot.eeg is not None
    return replace(
        snapshot,
        streams=(eeg, *snapshot.streams[1:]),
        electrodes=electrodes(seen=False),
        vitals=vitals(n_electrodes=0, eeg=Reason.STALLED),
        eeg=replace(snapshot.eeg, samples=np.full_like(snapshot.eeg.samples, np.nan)),
        events=(Event(EventKind.STALLED, 247.0, "demo-eeg", seconds=10.0),),
    )


def ecg_traces(run_s: float, *, heart: bool) -> Traces:
    """Five seconds of an ECG at 70 beats a minute, or of a lead that hangs in the air."""
    times = np.arange(640) / 128 + run_s - 5
    rng = np.random.default_rng(4)
    samples = rng.normal(0, 0.02, 640)
    if heart:
        for beat in np.arange(run_s - 5.3, run_s + 1, 60 / 70):
            samples += 0.9 * np.exp(-(((times - beat) / 0.018) ** 2))
            samples += 0.16 * np.exp(-(((times - beat - 0.22) / 0.05) ** 2))
    return Traces(times, samples[:, None].astype(np.float32), ("ECG",), "mV")


def no_heartbeat() -> Snapshot:
    """The lead of the ECG shows no heart: EEG alone."""
    snapshot = make_snapshot(32)
    ecg = make_stream(Modality.ECG, 1, 256.0)
    snapshot = _last(
        snapshot,
        60,
        valence=lambda row: row.valence or 0.6,
        arousal=lambda row: row.arousal or 0.5,
        quadrant="HVHA",
        valid=True,
        confidence=0.5,
        reason=Reason.NO_PPS,
        left_out=Reason.NO_HEARTBEAT,
        modalities="eeg",
        certainty=Certainty(0.68, 0.93, 1.0, 0.8),
    )
    return replace(
        snapshot,
        streams=(snapshot.streams[0], ecg),
        electrodes=electrodes(bad={"F3": "muscle or noise"}),
        vitals=vitals(Modality.ECG, n_electrodes=31, body=Reason.NO_HEARTBEAT),
        pps=ecg_traces(snapshot.run_s, heart=False),
    )


def heart() -> Snapshot:
    """All is well, with an ECG."""
    snapshot = make_snapshot(32)
    ecg = make_stream(Modality.ECG, 1, 256.0)
    return replace(
        snapshot,
        streams=(snapshot.streams[0], ecg),
        electrodes=electrodes(),
        vitals=vitals(Modality.ECG, beats=beats(snapshot.run_s)),
        pps=ecg_traces(snapshot.run_s, heart=True),
    )


def beats(run_s: float) -> tuple[float, ...]:
    """Beats of `ecg_traces` that are known by now."""
    return tuple(float(t) for t in np.arange(run_s - 5.3, run_s - 0.8, 60 / 70))


def of_bundle(snapshot: Snapshot, name: str) -> Snapshot:
    """A snapshot as a run with a shipped bundle would have it: title, scores, margin, meaning."""
    card = read_card(find_bundle(name))
    return replace(
        snapshot,
        bundle_title=card.headline,
        trained_on=card.trained_on,
        simulated_training=card.simulated,
        scores=card.scores,
        margin=card.unsure_margin,
        meaning=card.meaning,
    )


def calm() -> Snapshot:
    """All is well, with skin conductance; nothing is recorded."""
    snapshot = replace(make_snapshot(32), recording_path="", recording_s=0.0)
    eeg = replace(snapshot.streams[0], channel_quality=(0.93,) * 32)
    return replace(
        of_bundle(snapshot, "demo-eeg32"),
        streams=(eeg, *snapshot.streams[1:]),
        electrodes=electrodes(),
        vitals=vitals(),
    )


def unsure() -> Snapshot:
    """Valence is high, arousal lies within the margin."""
    return _last(calm(), 12, valence=0.71, arousal=0.53, quadrant="", confidence=0.66)


def one_target_withheld() -> Snapshot:
    """The answer on arousal is not sure enough to be shown."""
    return _last(
        calm(),
        15,
        valence=lambda row: 0.68 + 0.03 * np.sin(row.index / 4),
        arousal=None,
        quadrant="",
        confidence=0.64,
        absent={"arousal": Absence.LOW_CONFIDENCE},
    )


def not_about_emotion() -> Snapshot:
    """Mental effort from eight electrodes and an ECG."""
    bundle = "effort-eeg8"
    names = read_card(find_bundle(bundle)).eeg.ch_names
    snapshot = of_bundle(heart(), bundle)
    eeg = make_stream(Modality.EEG, 8, 250.0)
    spec = StreamSpec("Cyton", Modality.EEG, names, 250.0, "uV")
    eeg = replace(eeg, spec=spec, channel_quality=(0.93,) * 8)
    traces = make_traces(8, snapshot.run_s)
    return replace(
        _last(
            snapshot,
            len(snapshot.history),
            valence=None,
            quadrant="",
            arousal=lambda row: row.arousal and 0.3 + 0.5 / (1 + np.exp((150 - row.index) / 9)),
            modalities=lambda row: "eeg+ecg" if row.valid else "",
            absent={},
        ),
        streams=(eeg, snapshot.streams[1]),
        electrodes=electrodes(names, have=names),
        eeg=replace(traces, ch_names=names),
        vitals=replace(snapshot.vitals, n_electrodes=8),
    )


SCENES = {
    "cyton": cyton,
    "flat-electrode": flat_electrode,
    "lost-gsr": lost_gsr,
    "eeg-gone": eeg_gone,
    "no-heartbeat": no_heartbeat,
    "heart": heart,
    "calm": calm,
    "unsure": unsure,
    "one-target-withheld": one_target_withheld,
    "not-about-emotion": not_about_emotion,
}
