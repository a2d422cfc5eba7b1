"""Plain features find what is put in."""

from __future__ import annotations

from dataclasses import fields, replace

import neurokit2 as nk
import numpy as np
import pytest

from physiosync_rt.datatypes import Modality
from physiosync_rt.simulation import Person, simulate
from physiosync_training.evaluation.features import (
    band_power,
    describe,
    heart,
    peripheral,
    r_peaks,
    skin,
)

_T = np.arange(640) / 128


@pytest.mark.parametrize(("hz", "band"), [(6, 0), (10, 1), (20, 2), (38, 3)])
def test_power_of_a_rhythm_is_in_its_band_and_channel(hz, band) -> None:
    rng = np.random.default_rng(0)
    eeg = 0.1 * rng.standard_normal((1, 3, 640))
    eeg[0, 2] += np.sin(2 * np.pi * hz * _T)
    power = band_power(eeg.astype(np.float32)).reshape(4, 3)
    assert np.unravel_index(power.argmax(), power.shape) == (band, 2)
    assert power[band, 2] - power[band, :2].max() > 3


@pytest.mark.parametrize("polarity", [1, -1])
@pytest.mark.parametrize("bpm", [55, 80, 120])
def test_heart_rate_is_that_of_the_simulated_heart(bpm, polarity) -> None:
    ecg = nk.ecg_simulate(duration=30, sampling_rate=128, heart_rate=bpm, random_state=1)
    windows = polarity * ecg.reshape(6, 1, 640).astype(np.float32)
    assert np.median(heart(windows)[:, 0]) == pytest.approx(bpm, rel=0.04)


def test_peaks_of_a_simulated_person_agree_with_neurokit() -> None:
    session = simulate(Person.draw(2), 60, seed=2, gsr_sfreq=0, ecg_sfreq=128)
    ecg = session.recording.streams[1].samples[:, 0].astype(np.float64)
    _, found = nk.ecg_peaks(ecg, sampling_rate=128)
    expected = np.asarray(found["ECG_R_Peaks"])
    ours = r_peaks(ecg)
    nearest = np.abs(ours[:, None] - expected).min(axis=0)
    assert (nearest < 20).mean() > 0.95
    assert len(ours) == pytest.approx(len(expected), rel=0.05)


def test_the_clearest_lead_counts_and_no_heart_is_nan() -> None:
    ecg = nk.ecg_simulate(duration=5, sampling_rate=128, heart_rate=70, random_state=1)
    noise = np.random.default_rng(0).standard_normal(640)
    two = np.stack([noise, ecg])[None].astype(np.float32)
    assert heart(two)[0, 0] == pytest.approx(70, rel=0.05)
    assert np.isnan(heart(np.ones((1, 1, 640), np.float32))).all()


def test_level_slope_and_responses_of_the_skin() -> None:
    quiet = 2 + 0.01 * _T
    response = np.where(_T > 1, 0.5 * (1 - np.exp(-np.maximum(_T - 1, 0) / 0.5)), 0)
    features = skin(np.stack([quiet, quiet + response])[:, None].astype(np.float32))
    level, slope, _, height = features.T
    assert level[0] == pytest.approx(2 + 0.01 * _T.mean(), abs=1e-3)
    assert slope[0] == pytest.approx(0.01, abs=1e-4)
    assert slope[1] > slope[0]
    assert height[1] > 5 * height[0]
    assert peripheral(np.ones((2, 1, 640), np.float32), Modality.GSR).shape == (2, 4)


def test_change_from_rest_stands_beside_what_it_is_a_change_of(make_dataset) -> None:
    """Rest before a trial counts, rest of somebody else or after it does not."""
    data = make_dataset(2, 2, 1)
    # Stretch 0 becomes the first person's rest; its one trial left is stretch 1.
    kept = data.table.stretch != 0
    table = replace(
        data.table, **{f.name: getattr(data.table, f.name)[kept] for f in fields(data.table)}
    )
    rested = replace(data, table=table, rest=np.array([[0, 0]]))
    eeg, pps = describe(rested, np.arange(3))
    assert (eeg.shape, pps.shape) == ((3, 8), (3, 8))
    expected = skin(data.pps.cut(np.array([1]), np.array([0]), 640))
    before = skin(data.pps.cut(np.array([0]), np.array([0]), 640))
    np.testing.assert_allclose(pps[0], np.concatenate([expected, expected - before], axis=1)[0])
    assert np.isnan(pps[1:, 4:]).all()
    late = replace(data, table=replace(table, stretch=table.stretch - 1), rest=np.array([[3, 0]]))
    assert np.isnan(describe(late, np.arange(3))[1][:, 4:]).all()
    assert describe(data, np.arange(4))[1].shape == (4, 4)
