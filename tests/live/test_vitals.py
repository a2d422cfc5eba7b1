"""Heart, skin and bands of the newest row: numbers in their units, and why one is missing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from helpers.scenes import electrodes
from helpers.snapshots import make_row

from physiosync_rt.bundle.bundle import load_bundle
from physiosync_rt.bundle.predictor import Predictor
from physiosync_rt.datatypes import Features, Modality, Reason
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.vitals import HEART_RATE, LEVEL, RESPONSES, Vitals, vitals_of
from physiosync_rt.preprocess.baseline import BaselineRequest
from physiosync_rt.simulation import Person, simulate
from physiosync_rt.sources.file import FileSource

HEAD = ("F3", "F4")
SKIN = (LEVEL, "slope", RESPONSES, "response amplitude")
BANDS = tuple(f"{band} {ch}" for band in ("theta", "alpha", "beta", "gamma") for ch in HEAD)


def _features(names: tuple[str, ...], values: list[float], rest: list[float], s: float) -> Features:
    return Features(names, np.array(values), np.array(rest), s)


def test_skin_is_in_microsiemens_and_its_change_a_ratio() -> None:
    values, rest = [np.log(6.0), 0.0, 4.0, 0.2], [np.log(5.0), 0.0, 3.0, 0.1]
    row = replace(make_row(9), pps_features=_features(SKIN, values, rest, 30.0))
    level, responses = vitals_of(row, Modality.GSR, ()).body
    assert level.value == pytest.approx(6.0)
    assert level.change == pytest.approx(1.2)
    assert (responses.value, responses.change) == (4.0, 1.0)


def test_of_several_channels_the_first_one_is_told() -> None:
    names = tuple(f"{name} {ch}" for name in SKIN for ch in ("left", "right"))
    values = [np.log(2.0), np.log(9.0), 0, 0, 1.0, 7.0, 0, 0]
    row = replace(make_row(9), pps_features=_features(names, values, values, 30.0))
    level, responses = vitals_of(row, Modality.GSR, ()).body
    assert (level.value, responses.value) == (pytest.approx(2.0), 1.0)


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (Reason.STALLED, Reason.STALLED),
        (Reason.NO_HEARTBEAT, Reason.NO_HEARTBEAT),
        (Reason.GAP, Reason.GAP),
        (Reason.NONE, Reason.WARMING_UP),
        (Reason.NO_BASELINE, Reason.WARMING_UP),
    ],
)
def test_a_missing_heart_rate_has_its_reason(reason: Reason, told: Reason) -> None:
    unknown = _features((HEART_RATE, "RMSSD"), [np.nan, np.nan], [70.0, 40.0], 3.0)
    row = replace(make_row(9), pps_features=unknown, pps_reason=reason)
    (rate,) = vitals_of(row, Modality.ECG, ()).body
    assert (rate.value, rate.change, rate.reason) == (None, None, told)
    assert (rate.need_s, rate.has_s) == (5.0, 3.0)


def test_bands_are_of_the_measured_electrodes_alone() -> None:
    values = [np.log(v) for v in (4.0, 400.0, 8.0, 8.0, 2.0, 2.0, 1.0, 1.0)]
    rest = [np.log(v) for v in (2.0, 2.0, 8.0, 8.0, 2.0, np.nan, 1.0, 1.0)]
    row = replace(make_row(9), eeg_features=_features(BANDS, values, rest, 5.0))
    found = vitals_of(row, None, electrodes(HEAD, have=("F3",)))
    assert found.n_electrodes == 1
    theta = found.bands[0]
    assert (theta.value, theta.change) == (pytest.approx(4.0), pytest.approx(2.0))
    both = vitals_of(row, None, electrodes(HEAD, have=HEAD)).bands[0]
    assert both.value == pytest.approx(40.0)


def test_before_the_first_row_nothing_is_said() -> None:
    assert vitals_of(None, Modality.ECG, ()) == Vitals(Modality.ECG)


def test_a_run_tells_beats_where_they_are() -> None:
    """The beats of the snapshot are the R peaks of the simulated heart."""
    session = simulate(Person.draw(6), 24.0, seed=6, gsr_sfreq=0, rest_s=8.0)
    engine = Engine(
        FileSource(session.recording),
        Predictor(load_bundle("effort-eeg19"), "cpu"),
        baseline=BaselineRequest(0.0, None, 8.0),
    )
    with engine:
        engine.run()
        assert engine.snapshot is not None
        found = engine.snapshot.vitals
    (rate,) = found.body
    assert rate.value is not None
    assert rate.change is not None
    assert found.modality is Modality.ECG
    assert len(found.beats) > 10
    ecg = next(s for s in session.recording.streams if s.spec.modality is Modality.ECG)
    x = ecg.samples[:, 0].astype(float)
    anchor = next(
        s.timestamps[0] for s in session.recording.streams if s.spec.modality is Modality.EEG
    )
    t = ecg.timestamps - anchor
    for beat in found.beats[2:-2]:
        around = np.abs(t - beat) < 0.3
        assert abs(t[around][np.abs(x[around] - np.median(x)).argmax()] - beat) < 0.02
    assert [m.name for m in found.bands] == ["theta", "alpha", "beta", "gamma"]
    assert all(m.value is not None for m in found.bands)
