"""A heart is told by beats of one shape at a possible rate, however irregular; noise is not."""

from __future__ import annotations

import time
import warnings
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from helpers.hearts import (
    Heart,
    agreement,
    coloured,
    detect,
    fibrillating,
    no_hearts,
    preprocessed,
    regular,
    with_extra_beats,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from physiosync_rt.align.aligner import StreamAligner
from physiosync_rt.datatypes import GRID_SFREQ, Chunk, FloatArray, HeartState, Modality
from physiosync_rt.formats.registry import read
from physiosync_rt.preprocess.heartbeat import CLEAR_S, FOUND_S, LOST_S, MEMORY_S, HeartbeatDetector
from physiosync_rt.simulation import Person, simulate

SECONDS = 40
FIRST_WINDOW_S = 7
"""Warm-up of the filters and length of a window, before which no prediction is possible."""

BEATLESS = ("Subject02_1", "Subject13_1", "Subject35_2")
"""Files of EEGMAT whose ECG lead shows noise."""


@pytest.fixture(scope="module")
def nk() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("neurokit2", reason="NeuroKit judges the beats offline")


def _peaks(nk: ModuleType, mv: FloatArray, sfreq: float) -> FloatArray:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, found = nk.ecg_peaks(nk.ecg_clean(mv, sfreq), sfreq)
    return np.asarray(found["ECG_R_Peaks"], dtype=float) / sfreq


@pytest.mark.parametrize("bpm", [50, 75, 100, 150])
@pytest.mark.parametrize("noise", [0.01, 0.2])
def test_beats_are_where_neurokit_finds_them(nk: ModuleType, bpm: int, noise: float) -> None:
    settings = {"sampling_rate": 512, "heart_rate": bpm, "noise": noise, "random_state": 1}
    mv = nk.ecg_simulate(duration=SECONDS, **settings)
    states, beats = detect(preprocessed(signal.resample_poly(mv, 1, 4)))
    # A slow heart takes a second longer; the first window ends after seven.
    assert set(states[FIRST_WINDOW_S - 1 :]) == {HeartState.SEEN}
    assert min(agreement(beats, _peaks(nk, mv, 512), 2.0, SECONDS - 2.0)) >= 0.98


@pytest.mark.parametrize("bpm", [35, 60, 110, 190])
def test_a_possible_rate_is_a_heart(bpm: int) -> None:
    heart = regular(bpm, SECONDS)
    states, beats = detect(preprocessed(heart.ecg))
    assert set(states[MEMORY_S - 1 :]) == {HeartState.SEEN}
    assert min(agreement(beats, heart.beats, 2.0, SECONDS - 2.0)) >= 0.98
    # The RMSSD of a steady heart rests on intervals that are good to a fraction of a sample.
    inside = heart.beats[(heart.beats > 2.0) & (heart.beats < SECONDS - 2.0)]
    late = beats[np.abs(beats[:, None] - inside).argmin(axis=0)] - inside
    assert late.std() < 0.001


@pytest.mark.parametrize(
    "heart",
    [fibrillating(bpm, SECONDS) for bpm in (70, 110, 140)]
    + [with_extra_beats(every, SECONDS) for every in (2, 3, 4, 8)],
    ids=["AF 70", "AF 110", "AF 140", "PVC 1:2", "PVC 1:3", "PVC 1:4", "PVC 1:8"],
)
def test_an_irregular_heart_is_a_heart(heart: Heart) -> None:
    """Wide beats from a chamber may be left out of the beats; they do not hide the others."""
    rng = np.random.default_rng(0)
    assert np.diff(heart.beats).std() > 0.1
    for noise in (0.0, 0.05):
        ecg = heart.ecg + noise * coloured(rng, len(heart.ecg), 1.0)
        states, beats = detect(preprocessed(ecg))
        assert set(states[MEMORY_S - 1 :]) == {HeartState.SEEN}
        found, _ = agreement(beats, heart.narrow, 2.0, SECONDS - 2.0)
        _, true = agreement(beats, heart.beats, 2.0, SECONDS - 2.0)
        assert min(found, true) >= 0.98


@pytest.mark.parametrize("name", no_hearts(1.0))
def test_what_is_no_heart_is_absent(name: str) -> None:
    for seed in range(2):
        states, beats = detect(preprocessed(no_hearts(SECONDS, seed)[name]))
        assert states[: MEMORY_S - 1] == [HeartState.UNKNOWN] * (MEMORY_S - 1)
        assert set(states[MEMORY_S - 1 :]) == {HeartState.ABSENT}
        assert (beats < MEMORY_S).all()


@settings(max_examples=25, deadline=None)
@given(
    bpm=st.floats(45, 150),
    gain=st.floats(-6, 6).map(lambda e: 10**e),
    upside_down=st.booleans(),
    seed=st.integers(0, 99),
)
def test_neither_amplitude_nor_polarity_matters(
    bpm: float, gain: float, upside_down: bool, seed: int
) -> None:
    ecg = preprocessed(regular(bpm, 15, seed).ecg)
    states, beats = detect(ecg)
    other_states, other_beats = detect(ecg * (-gain if upside_down else gain))
    assert states == other_states
    np.testing.assert_allclose(beats, other_beats, atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(before=st.integers(0, 14), after=st.integers(1, 14))
def test_a_gap_ends_the_memory(before: int, after: int) -> None:
    """What follows a gap is judged as if nothing had been before."""
    ecg = preprocessed(regular(80, 30).ecg)
    detector = HeartbeatDetector(1)
    for second in range(before):
        detector.push(ecg[second * GRID_SFREQ :][:GRID_SFREQ], second * GRID_SFREQ)
    nothing = detector.reset()
    assert nothing.state is HeartState.UNKNOWN
    assert len(nothing.beats) == 0
    fresh = HeartbeatDetector(1)
    for second in range(15, 15 + after):
        part, start = ecg[second * GRID_SFREQ :][:GRID_SFREQ], second * GRID_SFREQ
        found, expected = detector.push(part, start), fresh.push(part, start)
        assert found.state is expected.state
        np.testing.assert_array_equal(found.beats, expected.beats)


def test_every_beat_is_reported_once_and_in_time() -> None:
    heart = regular(72, SECONDS)
    ecg = preprocessed(heart.ecg)
    detector = HeartbeatDetector(1)
    reported: list[float] = []
    for start in range(0, len(ecg), GRID_SFREQ):
        beats = detector.push(ecg[start : start + GRID_SFREQ], start).beats
        assert ((beats >= start - 65) & (beats <= start + 65)).all()
        reported += beats.tolist()
    assert np.diff(reported).min() > 0.5 * GRID_SFREQ
    inside = heart.beats[(heart.beats > 0.5) & (heart.beats < SECONDS - 0.6)]
    assert len(reported) == len(inside)


def test_a_movement_does_not_end_a_heart_and_a_lost_lead_does() -> None:
    rng = np.random.default_rng(4)
    ecg = regular(70, 90).ecg + 0.01 * rng.standard_normal(90 * GRID_SFREQ)
    moved, flat, back = (
        slice(s * GRID_SFREQ, e * GRID_SFREQ) for s, e in ((20, 23), (45, 65), (65, 90))
    )
    ecg[moved] += 3 * coloured(rng, 3 * GRID_SFREQ, 2.0)
    ecg[flat] = 0.003 * rng.standard_normal(20 * GRID_SFREQ)
    assert back.start == flat.stop
    states, _ = detect(preprocessed(ecg))
    assert set(states[CLEAR_S - 1 : 45]) == {HeartState.SEEN}
    lost = states.index(HeartState.ABSENT)
    # A pause of 3 s is none of a heart.
    assert 45 + LOST_S <= lost <= 45 + LOST_S + 4
    assert set(states[lost:65]) == {HeartState.ABSENT}
    assert states.index(HeartState.SEEN, 65) <= 65 + CLEAR_S + FOUND_S + 1
    assert states[-1] is HeartState.SEEN


def test_one_good_lead_is_enough() -> None:
    heart = regular(85, SECONDS)
    rng = np.random.default_rng(0)
    noise = coloured(rng, len(heart.ecg), 1.0)
    for leads in ([heart.ecg, noise], [noise, heart.ecg], [heart.ecg, 0.4 * heart.ecg]):
        states, beats = detect(preprocessed(np.stack(leads, axis=1)))
        assert set(states[MEMORY_S - 1 :]) == {HeartState.SEEN}
        assert min(agreement(beats, heart.beats, 5.0, SECONDS - 2.0)) >= 0.98
    two_noises = np.stack([noise, coloured(rng, len(noise), 0.5)], axis=1)
    assert detect(preprocessed(two_noises))[0][-1] is HeartState.ABSENT


def _grid(path: Path) -> FloatArray:
    (ecg,) = read(path).of(Modality.ECG)
    parts = StreamAligner(ecg.spec, float(ecg.timestamps[0])).push(
        Chunk(ecg.spec.name, ecg.samples, ecg.timestamps)
    )
    return np.concatenate([part.samples for part in parts])


@pytest.mark.parametrize("subject", range(3))
def test_simulated_people_have_a_heart_after_five_seconds(subject: int) -> None:
    session = simulate(Person.draw(subject), 30.0, seed=subject, ch_names=("Cz",), ecg_sfreq=256.0)
    (ecg,) = session.recording.of(Modality.ECG)
    parts = StreamAligner(ecg.spec, 0.0).push(Chunk(ecg.spec.name, ecg.samples, ecg.timestamps))
    states, _ = detect(preprocessed(np.concatenate([part.samples for part in parts])))
    assert set(states[CLEAR_S - 1 :]) == {HeartState.SEEN}


def test_a_heart_of_eegmat_is_seen_and_its_brain_is_no_heart(data_dir: Path) -> None:
    path = data_dir / "eegmat-eeg-ecg-edf" / "Subject05_2.edf"
    states, _ = detect(preprocessed(_grid(path)))
    assert set(states[CLEAR_S - 1 :]) == {HeartState.SEEN}
    eeg = next(s for s in read(path).streams if s.spec.modality is Modality.EEG)
    at_128_hz = signal.resample_poly(eeg.samples.astype(float), 32, 125, axis=0)
    for electrode in range(0, eeg.spec.n_chans, 3):
        states, _ = detect(preprocessed(at_128_hz[:, electrode]))
        assert set(states[MEMORY_S - 1 :]) == {HeartState.ABSENT}


@pytest.mark.parametrize("name", ["Subject35_2", "Subject01_2"])
def test_two_of_the_people(people_dir: Path, name: str) -> None:
    states, _ = detect(preprocessed(_grid(people_dir / f"{name}.edf")))
    expected = HeartState.ABSENT if name in BEATLESS else HeartState.SEEN
    assert set(states[MEMORY_S:]) == {expected}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_all_of_the_people(nk: ModuleType, people_dir: Path) -> None:
    """Where NeuroKit finds a train of beats, at most 2 % of the seconds are said to have none."""
    trains = []
    for path in sorted(people_dir.glob("*.edf")):
        (ecg,) = read(path).of(Modality.ECG)
        intervals = np.diff(_peaks(nk, ecg.samples[:, 0].astype(float), ecg.spec.sfreq))
        usual = np.array(
            [np.median(intervals[max(i - 4, 0) : i + 5]) for i in range(len(intervals))]
        )
        # Of these people no one's heart is irregular, so a steady train is one of beats.
        is_train = float((np.abs(intervals / usual - 1) < 0.2).mean()) > 0.9
        assert is_train == (path.stem not in BEATLESS)
        states, _ = detect(preprocessed(_grid(path)))
        absent = np.mean([state is HeartState.ABSENT for state in states[MEMORY_S:]])
        assert absent <= 0.02 if is_train else absent >= 0.98, path.stem
        trains.append(is_train)
    assert sum(trains) == 45


def test_a_second_of_ecg_costs_little() -> None:
    """Measured: 0.4 ms of CPU per second and lead on a busy computer."""
    ecg = preprocessed(regular(80, 30).ecg)
    costs = []
    for _ in range(5):
        started = time.process_time()
        detect(ecg)
        costs.append((time.process_time() - started) / 30)
    assert min(costs) < 2e-3
