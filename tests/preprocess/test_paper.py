"""Profile ``paper`` against the release's numbers and against slow, literal references."""

from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from physiosync_rt.datatypes import FloatArray
from physiosync_rt.preprocess import paper

WINDOWS: tuple[paper.WindowLength, ...] = (1, 5)


def golden_subject(s: int) -> FloatArray:
    """The synthetic subject with which the release was run, two trials."""
    v, c, t = np.ogrid[:2, :40, :8064]
    data = np.sin(0.01 * t * (1 + c % 7) + 0.5 * v + 1.1 * s + 0.3 * c) * (1 + 0.1 * c)
    return np.asarray(data + 0.5 * np.cos(0.05 * t + c**2))


def released_arrays(window_s: paper.WindowLength) -> tuple[FloatArray, FloatArray]:
    subjects = [golden_subject(s) for s in range(3)]
    eeg = paper.stack_subjects((paper.deap_eeg(x, window_s) for x in subjects), 3)
    gsr = paper.stack_subjects((paper.deap_gsr(x, window_s) for x in subjects), 3)
    return eeg, gsr


def test_deap_golden_numbers_1s() -> None:
    eeg, gsr = released_arrays(1)
    assert eeg.shape == (120, 3, 1, 32, 128)
    assert gsr.shape == (120, 3, 1, 1, 128)
    np.testing.assert_allclose(eeg[0, 0, 0, 0, :3], [-0.411307, -0.417995, -0.424703], atol=5e-7)
    assert eeg[-1, -1, 0, -1, -1] == pytest.approx(1.950705, abs=5e-7)
    assert np.abs(eeg).mean() == pytest.approx(0.808629, abs=5e-7)
    np.testing.assert_allclose(gsr[0, 0, 0, 0, :3], [-1.038709, -0.936411, -0.833509], atol=5e-7)
    assert gsr[-1, -1, 0, -1, -1] == pytest.approx(-4.802083, abs=5e-7)
    assert gsr.sum() == pytest.approx(-4637.8496, abs=5e-5)
    assert np.abs(gsr).mean() == pytest.approx(3.001924, abs=5e-7)


def test_deap_golden_numbers_5s() -> None:
    eeg, gsr = released_arrays(5)
    assert eeg.shape == (24, 3, 1, 32, 640)
    assert gsr.shape == (24, 3, 1, 1, 640)
    np.testing.assert_allclose(eeg[0, 0, 0, 0, :3], [-0.411307, -0.417995, -0.424703], atol=5e-7)
    assert eeg[-1, -1, 0, -1, -1] == pytest.approx(1.950705, abs=5e-7)
    assert gsr[-1, -1, 0, -1, -1] == pytest.approx(-4.802083, abs=5e-7)


def literal_deap(data: FloatArray, channels: Sequence[int], window: int, z: bool) -> FloatArray:
    """One DEAP subject the slow way, sample by sample where it matters."""
    windows = []
    for trial in data:
        x = trial[list(channels)]
        template = sum(x[:, 128 * k : 128 * (k + 1)] for k in range(3)) / 3.0
        y = np.concatenate(
            [x[:, 384 + 128 * k : 384 + 128 * (k + 1)] - template for k in range(60)], axis=1
        )
        if z:
            for t in range(y.shape[1]):
                kept = [c for c in range(len(channels)) if y[c, t] != 0]
                if kept:
                    column = y[kept, t]
                    y[kept, t] = (column - np.mean(column)) / np.std(column)
        start = 0
        while start + window <= y.shape[1]:
            windows.append(y[:, start : start + window])
            start += window
    return np.array(windows)


@pytest.mark.parametrize("window_s", WINDOWS)
def test_deap_follows_the_literal_reference(window_s: paper.WindowLength) -> None:
    rng = np.random.default_rng(window_s)
    data = 20 * rng.standard_normal((2, 40, 8064))
    data[:, 36] = 1e5 + 1e3 * data[:, 36]
    # Zeros: whole samples, single channels, and all channels but two.
    data[0, 3] = 0.0
    data[1, :, 5::128] = 0.0
    data[1, 2:32, 9::128] = 0.0
    before = data.copy()
    eeg, gsr = paper.deap_eeg(data, window_s), paper.deap_gsr(data, window_s)
    np.testing.assert_array_equal(data, before)
    expected = literal_deap(data, range(32), 128 * window_s, z=True)
    np.testing.assert_allclose(eeg, expected, rtol=0, atol=1e-12)
    assert (eeg[: 60 // window_s, 3] == 0).all()
    expected = literal_deap(data, [36], 128 * window_s, z=False)
    np.testing.assert_allclose(gsr, expected, rtol=1e-12)


def test_deap_columns_without_spread_become_nan_as_released() -> None:
    data = np.random.default_rng(0).standard_normal((1, 40, 8064))
    data[0, 1:32, 7::128] = 0.0
    eeg = paper.deap_eeg(data, 1)
    assert np.isnan(eeg[:, 0, 7]).all()
    assert (eeg[:, 1:, 7] == 0).all()
    assert np.isfinite(np.delete(eeg, 7, axis=2)).all()


def test_five_seconds_are_five_times_one_second() -> None:
    data = np.random.default_rng(1).standard_normal((2, 40, 8064))
    for preprocess in (paper.deap_eeg, paper.deap_gsr):
        one, five = preprocess(data, 1), preprocess(data, 5)
        joined = one.reshape(24, 5, -1, 128).transpose(0, 2, 1, 3).reshape(five.shape)
        np.testing.assert_array_equal(joined, five)


def test_deap_takes_no_more_memory_than_twice_its_output() -> None:
    data = np.random.default_rng(1).standard_normal((20, 40, 8064))
    tracemalloc.start()
    try:
        eeg = paper.deap_eeg(data, 5)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 * eeg.nbytes


@pytest.mark.parametrize("shape", [(2, 40, 7680), (2, 31, 8064), (40, 8064)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="DEAP data of shape"):
        paper.deap_eeg(np.zeros(shape), 1)


def test_other_windows_are_refused() -> None:
    window: Any = 2
    with pytest.raises(ValueError, match="windows of 2 s"):
        paper.deap_eeg(np.zeros((1, 40, 8064)), window)


def test_stacking_counts_subjects() -> None:
    part = np.zeros((60, 1, 128))
    with pytest.raises(ValueError, match="2 subjects where 3"):
        paper.stack_subjects([part, part], 3)
    with pytest.raises(ValueError, match="subject 2 with windows"):
        paper.stack_subjects([part, part], 1)
    with pytest.raises(ValueError, match="subject 2 with windows"):
        paper.stack_subjects([part, part[:3]], 2)


Clips = list[FloatArray]


@pytest.fixture(scope="module")
def dreamer() -> tuple[Clips, Clips, Clips, Clips]:
    """EEG and ECG of 18 clips in DREAMER's shapes: baselines first, then clips."""
    rng = np.random.default_rng(2)
    seconds = rng.integers(65, 70, 18)

    def signals(n_seconds: Sequence[int], sfreq: int, n_chans: int, level: float) -> Clips:
        walk = [rng.standard_normal((n * sfreq, n_chans)) for n in n_seconds]
        return [level + 10 * x + 3 * rng.standard_normal(n_chans) for x in walk]

    return (
        signals([61] * 18, 128, 14, 4201.0),
        signals(list(seconds), 128, 14, 4201.0),
        signals([61] * 18, 256, 2, 2048.0),
        signals(list(seconds), 256, 2, 2048.0),
    )


def literal_windows(x: FloatArray) -> Clips:
    """The released window loop: the first window twice, the last that fits exactly never."""
    windows = [x[:128]]
    start = 0
    while start + 128 < len(x):
        windows.append(x[start : start + 128])
        start += 128
    return windows


def literal_dreamer(eeg_base: Clips, eeg: Clips, ecg_base: Clips) -> tuple[FloatArray, FloatArray]:
    """One DREAMER subject as the released code does it, step by step."""
    outs: tuple[Clips, Clips] = ([], [])
    bases = []
    for baselines in (eeg_base, ecg_base):
        pool = [window for clip in baselines for window in literal_windows(clip)]
        base = np.zeros_like(pool[0])
        per_clip = []
        for k in range(1, 19):
            for i in range(1, 62):
                base = base + pool[k * i - 1]
            base = base / 61
            per_clip.append(base)
        bases.append(per_clip)
    for k in range(18):
        clip = eeg[k][:7680].copy()
        for i in range(60):
            clip[128 * i : 128 * (i + 1)] -= bases[0][k]
        sham = clip[:, 0:2].copy()
        for i in range(60):
            sham[128 * i : 128 * (i + 1)] -= bases[1][k]
        for out, x in zip(outs, (clip, sham), strict=True):
            x[:] = (x - x.mean(axis=1, keepdims=True)) / x.std(axis=1, keepdims=True)
            out.extend(window.T for window in literal_windows(x))
    return np.array(outs[0]), np.array(outs[1])


def test_dreamer_released_follows_the_literal_reference(
    dreamer: tuple[Clips, Clips, Clips, Clips],
) -> None:
    eeg_base, eeg_clips, ecg_base, _ = dreamer
    eeg, ecg = paper.dreamer_released(eeg_base, eeg_clips, ecg_base)
    assert eeg.shape == (1080, 14, 128)
    assert ecg.shape == (1080, 2, 128)
    expected_eeg, expected_ecg = literal_dreamer(eeg_base, eeg_clips, ecg_base)
    np.testing.assert_allclose(eeg, expected_eeg, atol=1e-9)
    np.testing.assert_allclose(ecg, expected_ecg, atol=1e-9)


def test_dreamer_released_has_its_known_faults(
    dreamer: tuple[Clips, Clips, Clips, Clips],
) -> None:
    eeg, ecg = paper.dreamer_released(*dreamer[:3])
    np.testing.assert_allclose(np.abs(ecg), 1.0, atol=1e-9)
    np.testing.assert_allclose(ecg[:, 0], -ecg[:, 1], atol=1e-9)
    np.testing.assert_array_equal(eeg[0::60], eeg[1::60])


@pytest.mark.parametrize("part", ["first", "last"])
def test_dreamer_mended_follows_a_literal_reference(
    dreamer: tuple[Clips, Clips, Clips, Clips], part: Any
) -> None:
    eeg_base, eeg_clips, ecg_base, ecg_clips = (signals[:2] for signals in dreamer)
    eeg, ecg = paper.dreamer_mended(eeg_base, eeg_clips, ecg_base, ecg_clips, 1, part=part)
    assert eeg.shape == (120, 14, 128)
    assert ecg.shape == (120, 2, 128)
    for k in range(2):
        base = np.mean([eeg_base[k][128 * i : 128 * (i + 1)] for i in range(61)], axis=0)
        used = eeg_clips[k][:7680] if part == "first" else eeg_clips[k][-7680:]
        for w in (0, 1, 59):
            y = used[128 * w : 128 * (w + 1)] - base
            z = (y - y.mean(axis=1, keepdims=True)) / y.std(axis=1, keepdims=True)
            np.testing.assert_allclose(eeg[60 * k + w], z.T, atol=1e-9)
        beat = ecg[60 * k : 60 * (k + 1)].transpose(1, 0, 2).reshape(2, -1)
        np.testing.assert_allclose(beat.mean(axis=1), 0, atol=1e-9)
        np.testing.assert_allclose(beat.std(axis=1), 1, atol=1e-9)


def test_dreamer_mended_keeps_the_heart() -> None:
    """A heart of 70 beats a minute is still one after preprocessing, and in step with the EEG."""
    t = np.arange(66 * 256) / 256
    beats = np.exp(-0.5 * (((t * 70 / 60) % 1 - 0.5) / 0.03) ** 2)
    ecg = 2048 + 200 * np.column_stack([beats, -beats])
    rest = np.full((61 * 256, 2), 2048.0)
    still = np.random.default_rng(0).standard_normal((61 * 128, 14))
    brain = np.random.default_rng(1).standard_normal((66 * 128, 14))
    _, out = paper.dreamer_mended([still], [brain], [rest], [ecg], 5)
    heart = out.transpose(1, 0, 2).reshape(2, -1)
    assert np.corrcoef(heart[0], beats[::2][:7680])[0, 1] > 0.999
    assert np.corrcoef(heart[0], heart[1])[0, 1] == pytest.approx(-1)


def test_dreamer_five_seconds_are_five_times_one_second(
    dreamer: tuple[Clips, Clips, Clips, Clips],
) -> None:
    clips = [signals[:2] for signals in dreamer]
    for one, five in zip(
        paper.dreamer_mended(*clips, 1), paper.dreamer_mended(*clips, 5), strict=True
    ):
        joined = one.reshape(24, 5, -1, 128).transpose(0, 2, 1, 3).reshape(five.shape)
        np.testing.assert_array_equal(joined, five)


def test_dreamer_clips_that_are_too_short_are_named(
    dreamer: tuple[Clips, Clips, Clips, Clips],
) -> None:
    eeg_base, eeg, ecg_base, ecg = (list(signals) for signals in dreamer)
    eeg[4] = eeg[4][:7000]
    with pytest.raises(ValueError, match=r"clip 5 has 54\.7 s where 60 s"):
        paper.dreamer_released(eeg_base, eeg, ecg_base)
    with pytest.raises(ValueError, match=r"clip 5 has 54\.7 s where 60 s"):
        paper.dreamer_mended(eeg_base, eeg, ecg_base, ecg, 1)
    with pytest.raises(ValueError, match="seconds of baseline"):
        paper.dreamer_released([x[:6000] for x in eeg_base], eeg, ecg_base)
    with pytest.raises(ValueError, match="baseline of clip 1 is shorter"):
        paper.dreamer_mended([x[:100] for x in eeg_base], eeg, ecg_base, ecg, 1)
