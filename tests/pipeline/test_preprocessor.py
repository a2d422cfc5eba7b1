"""Filters, quality and baseline of one modality."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from helpers.grid_stream import GridStream
from hypothesis import given, settings
from hypothesis import strategies as st

from physiosync_rt.datatypes import (
    GRID_SFREQ,
    UNITS,
    FloatArray,
    GridChunk,
    Modality,
    Reason,
    StreamSpec,
)
from physiosync_rt.preprocess.baseline import BaselineCapture, BaselineRequest, ChannelBaseline
from physiosync_rt.preprocess.config import LiveProfile, ModalityContract
from physiosync_rt.preprocess.montage import Montage
from physiosync_rt.preprocess.quality import ecg_quality, eeg_quality, gsr_quality

NAMES = ("F3", "F4", "P3", "P4")
SECOND = np.arange(GRID_SFREQ) / GRID_SFREQ


def _stream(modality: Modality, n_chans: int = 1) -> GridStream:
    names = NAMES if modality is Modality.EEG else tuple(f"{modality}{i}" for i in range(n_chans))
    spec = StreamSpec("s", modality, names, 128.0, UNITS[modality])
    contract = ModalityContract(modality=modality, ch_names=names, min_electrodes=4)
    montage = Montage(names, names, 4) if modality is Modality.EEG else None
    return GridStream(spec, contract, LiveProfile(), montage)


def _unit(n_chans: int) -> ChannelBaseline:
    return ChannelBaseline((0.0,) * n_chans, (1.0,) * n_chans)


def _push(stream: GridStream, x: FloatArray, start: int = 0) -> None:
    stream.push(GridChunk(start, x, np.ones(len(x), dtype=bool)))


def _response(modality: Modality, freq: float) -> float:
    stream = _stream(modality)
    n = stream.contract.n_chans
    stream.windower.baseline = _unit(n)
    t = np.arange(20 * GRID_SFREQ) / GRID_SFREQ
    # Opposite signs, so that the average reference leaves the channels alone.
    x = 20 * np.sin(2 * np.pi * freq * t)[:, None] * np.resize([1.0, -1.0], n)
    _push(stream, x)
    _, rows = stream.trace(4.0)
    return float(np.sqrt(2 * (rows[:, 0] ** 2).mean()) / 20)


def test_eeg_is_band_passed() -> None:
    assert _response(Modality.EEG, 10.0) == pytest.approx(1.0, abs=0.02)
    assert _response(Modality.EEG, 30.0) == pytest.approx(1.0, abs=0.02)
    assert _response(Modality.EEG, 4.0) == pytest.approx(0.707, abs=0.03)
    assert _response(Modality.EEG, 1.0) < 0.01
    assert _response(Modality.EEG, 60.0) < 0.05


def test_ecg_keeps_its_beat_and_loses_its_drift() -> None:
    assert _response(Modality.ECG, 5.0) == pytest.approx(1.0, abs=0.05)
    assert _response(Modality.ECG, 0.05) < 0.05


@settings(max_examples=20, deadline=None)
@given(
    modality=st.sampled_from([Modality.EEG, Modality.GSR, Modality.ECG]),
    cuts=st.lists(st.integers(0, 900), max_size=20),
    offset=st.sampled_from([0.0, 4200.0]),
)
def test_any_chunking_gives_the_same_window(
    modality: Modality, cuts: list[int], offset: float
) -> None:
    windows = []
    for bounds in ([0, 900], sorted([0, *cuts, 900])):
        stream = _stream(modality)
        n = stream.contract.n_chans
        stream.windower.baseline = _unit(n)
        x = np.random.default_rng(0).normal(5, 1, (900, n)) + offset
        for start, stop in pairwise(bounds):
            _push(stream, x[start:stop], start)
        windows.append(stream.window(900))
    assert windows[0].reason == windows[1].reason
    assert windows[0].quality == windows[1].quality
    if windows[0].data is not None:
        np.testing.assert_allclose(windows[0].data, windows[1].data, atol=1e-6)


def test_an_offset_does_not_ring() -> None:
    stream = _stream(Modality.EEG)
    _push(stream, np.full((GRID_SFREQ, 4), 4200.0))
    assert np.abs(stream.trace(1.0)[1]).max() < 1e-6


def test_windows_never_cross_a_gap() -> None:
    stream = _stream(Modality.EEG)
    stream.windower.baseline = _unit(4)
    rng = np.random.default_rng(0)
    reasons = []
    _push(stream, rng.normal(0, 20, (8 * 128, 4)))
    reasons.append(stream.window(8 * 128).reason)
    # 0.5 s are missing; the rows after them start on the grid they left.
    for second in range(8, 18):
        start = second * 128 + (64 if second == 8 else 0)
        _push(stream, rng.normal(0, 20, ((second + 1) * 128 - start, 4)), start)
        window = stream.window((second + 1) * 128)
        reasons.append(window.reason)
        if second == 8:
            assert window.completeness == pytest.approx(0.9)
    # The gap ends at 8.5 s; the filter settles for 1 s and then 5 s must be there: 14.5 s.
    assert reasons == [Reason.NONE] + [Reason.GAP] * 6 + [Reason.NONE] * 4


@pytest.mark.parametrize(
    ("modality", "share", "reason"),
    [
        (Modality.EEG, 0.03, Reason.NONE),
        (Modality.EEG, 0.07, Reason.GAP),
        (Modality.ECG, 0.07, Reason.GAP),
        (Modality.GSR, 0.2, Reason.NONE),
        (Modality.GSR, 0.3, Reason.GAP),
    ],
)
def test_a_window_of_which_too_little_came_has_a_gap(
    modality: Modality, share: float, reason: Reason
) -> None:
    stream = _stream(modality)
    n = stream.contract.n_chans
    stream.windower.baseline = _unit(n)
    rng = np.random.default_rng(0)
    heart = 1.2 * np.exp(-(((np.arange(8 * GRID_SFREQ) % 128 - 50) / 1.5) ** 2))[:, None]
    x = {
        Modality.EEG: rng.normal(0, 20, (8 * GRID_SFREQ, n)),
        Modality.ECG: heart,
        Modality.GSR: 5 + 0.1 * heart,
    }[modality]
    present = np.ones(len(x), dtype=bool)
    lost = rng.choice(np.arange(400, 1000), round(share * 640), replace=False)
    present[lost] = False
    stream.push(GridChunk(0, x, present))
    window = stream.window(len(x))
    assert window.completeness == pytest.approx(1 - share, abs=0.002)
    assert window.reason is reason
    assert (window.data is None) == (reason is Reason.GAP)


def test_a_second_of_which_too_little_came_is_no_rest() -> None:
    stream = _stream(Modality.EEG)
    stream.windower.capture_baseline(BaselineRequest(0.0, None, 3.0))
    x = np.random.default_rng(0).normal(0, 20, (8 * GRID_SFREQ, 4))
    present = np.arange(len(x)) % 10 > 0
    stream.push(GridChunk(0, x, present))
    assert stream.windower.baseline is None
    stream.push(GridChunk(len(x), x, np.ones(len(x), dtype=bool)))
    assert stream.windower.baseline is not None


def test_eeg_quality_knows_its_faults() -> None:
    rng = np.random.default_rng(0)
    good = 15 * np.sin(2 * np.pi * 10 * SECOND) + rng.normal(0, 5, GRID_SFREQ)
    faults = {
        "good": good,
        "good on a huge drifting offset": good + 2e6 + 300 * SECOND,
        "flat": np.full(GRID_SFREQ, 7.0),
        "railed": 400 * np.sign(np.sin(2 * np.pi * 3 * SECOND)),
        "mains": good / 10 + 60 * np.sin(2 * np.pi * 50 * SECOND),
        "muscle": 40 * np.sin(2 * np.pi * 33 * SECOND) + rng.normal(0, 3, GRID_SFREQ),
    }
    scores = {name: eeg_quality(x[:, None])[0] for name, x in faults.items()}
    assert scores["good"] > 0.95
    assert scores["good on a huge drifting offset"] > 0.95
    assert max(scores[name] for name in ("flat", "railed", "mains", "muscle")) < 0.2


@pytest.mark.parametrize(("freq", "uneven", "sound"), [(60, 1.0, 1), (50, 0.05, 1), (50, 1.0, 0)])
def test_mains_counts_as_far_as_filter_and_reference_leave_it(
    freq: float, uneven: float, sound: int
) -> None:
    rng = np.random.default_rng(0)
    good = 15 * np.sin(2 * np.pi * 10 * SECOND)[:, None] + rng.normal(0, 5, (GRID_SFREQ, 8))
    picked_up = 140 * np.sin(2 * np.pi * freq * SECOND)[:, None] * np.ones(8)
    picked_up[:, 3] *= 1 + uneven
    quality = eeg_quality(good + picked_up)
    assert np.delete(quality, 3).min() > 0.95
    assert quality[3] == pytest.approx(sound, abs=0.3)


def test_gsr_and_ecg_quality_know_their_faults() -> None:
    gsr = np.stack(
        [5 + 0.1 * SECOND, np.zeros(GRID_SFREQ), np.full(GRID_SFREQ, 300.0), 2 + 5 * SECOND],
        axis=1,
    )
    np.testing.assert_allclose(gsr_quality(gsr), [1, 0, 0, 0], atol=1e-9)
    beat = np.exp(-(((SECOND - 0.5) / 0.01) ** 2))
    np.testing.assert_allclose(ecg_quality(np.stack([beat, 0 * beat], axis=1)), [1, 0])


def test_baseline_is_the_median_of_usable_seconds() -> None:
    capture = BaselineCapture(BaselineRequest(2.0, None, 3.0))
    ones = np.ones(2)
    assert capture.take(0, (ones, ones)) is None
    assert capture.take(2, (0 * ones, 1 * ones)) is None
    assert capture.take(3, None) is None
    assert capture.take(4, (0 * ones, 50 * ones)) is None
    assert capture.progress == pytest.approx(2 / 3)
    done = capture.take(5, (3 * ones, 2 * ones))
    assert done == ChannelBaseline((0.0, 0.0), (2.0, 2.0))


def test_a_fixed_stretch_without_half_its_seconds_fails() -> None:
    capture = BaselineCapture(BaselineRequest(0.0, 4.0, 4.0))
    for second in range(4):
        usable = (np.ones(1), np.ones(1)) if second == 0 else None
        assert capture.take(second, usable) is None
    assert capture.failed
