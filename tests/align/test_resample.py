"""The resampler's frequency response, delay and stop-band, measured."""

from __future__ import annotations

import numpy as np
import pytest

from physiosync_rt.align.resample import ATTENUATION_DB, Kernel, Resampler
from physiosync_rt.datatypes import GRID_SFREQ, FloatArray

RATES = [125.0, 128.0, 200.0, 250.0, 256.0, 500.0, 512.0, 1000.0, 2000.0]


def _resample(sfreq: float, x: FloatArray, start: float = 0.0) -> tuple[FloatArray, FloatArray]:
    resampler = Resampler(sfreq, 1)
    times = start + np.arange(len(x)) / sfreq
    chunk = resampler.push(times, x[:, None], np.ones(len(x), dtype=bool))
    assert chunk is not None
    return np.arange(chunk.start, chunk.stop) / GRID_SFREQ, chunk.samples[:, 0]


@pytest.mark.parametrize("sfreq", RATES)
@pytest.mark.parametrize("start", [0.0, 0.00123])
def test_pass_band_is_flat_and_without_delay(sfreq: float, start: float) -> None:
    for freq in (0.5, 4.0, 10.0, 20.0, 30.0, 40.0, 45.0):
        times = start + np.arange(int(8 * sfreq)) / sfreq
        t, y = _resample(sfreq, np.sin(2 * np.pi * freq * times), start)
        phase = np.exp(-2j * np.pi * freq * t) * np.hanning(len(t))
        # Amplitude and phase of the output against a sine of the same time.
        response = 2j * (y @ phase) / np.hanning(len(t)).sum()
        assert abs(20 * np.log10(abs(response))) < 0.1, freq
        assert abs(np.angle(response)) / (2 * np.pi * freq) < 50e-6, freq


@pytest.mark.parametrize("sfreq", [200.0, 256.0, 500.0, 512.0, 1000.0, 2000.0])
def test_what_would_fold_into_the_band_is_60_db_down(sfreq: float) -> None:
    for freq in np.linspace(GRID_SFREQ - 45.0, min(sfreq / 2, 300.0) - 0.5, 9):
        x = np.sin(2 * np.pi * freq * np.arange(int(8 * sfreq)) / sfreq)
        _, y = _resample(sfreq, x)
        assert 20 * np.log10(np.sqrt(2 * np.mean(y**2)) + 1e-12) < -60, freq


@pytest.mark.parametrize("sfreq", [4.0, 8.0, 16.0, 32.0, 64.0])
def test_images_of_slow_streams_are_60_db_down(sfreq: float) -> None:
    freq = 0.15 * sfreq
    times = np.arange(int(120 * sfreq)) / sfreq
    t, y = _resample(sfreq, np.sin(2 * np.pi * freq * times))
    assert np.abs(y - np.sin(2 * np.pi * freq * t)).max() < 2e-3
    window = np.blackman(len(y))
    spectrum = np.abs(np.fft.rfft(y * window)) / window.sum() * 2
    freqs = np.fft.rfftfreq(len(y), 1 / GRID_SFREQ)
    images = spectrum[freqs > sfreq - 2 * freq]
    assert 20 * np.log10(images.max() + 1e-12) < -60


def test_a_constant_is_unchanged() -> None:
    for sfreq in (4.0, *RATES):
        _, y = _resample(sfreq, np.full(int(20 * sfreq), 4200.0))
        assert np.abs(y - 4200.0).max() < 1e-8


def test_look_ahead_is_57_ms_for_eeg() -> None:
    assert Kernel(250.0).half_width_s == pytest.approx(0.0569, abs=1e-4)


@pytest.mark.parametrize("sfreq", [4.0, 32.0, 128.0, 500.0])
def test_the_window_is_kaiser_s(sfreq: float) -> None:
    from scipy.special import i0

    kernel = Kernel(sfreq)
    fraction = np.random.default_rng(0).random(50)
    tau = (fraction[:, None] - kernel.taps) / sfreq
    beta = 0.1102 * (ATTENUATION_DB - 8.7)
    inside = np.maximum(1 - (tau / kernel.half_width_s) ** 2, 0.0)
    cutoff = min(sfreq, GRID_SFREQ) / 2
    expected = np.sinc(2 * cutoff * tau) * i0(beta * np.sqrt(inside)) * (inside > 0)
    expected /= expected.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(kernel.weights(fraction), expected, rtol=0, atol=1e-14)
