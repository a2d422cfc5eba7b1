"""The resampler's frequency response, delay and stop-band, measured."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from physiosync_rt.align.kernel import Kernel
from physiosync_rt.align.resample import Resampler
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
    for sfreq in (4.0, 15.5, 51.2, *RATES):
        _, y = _resample(sfreq, np.full(int(20 * sfreq), 4200.0))
        assert np.abs(y - 4200.0).max() < 1e-8


@given(st.floats(1.0, 5000.0), st.integers(0, 2**32 - 1))
@settings(max_examples=8, deadline=None)
@example(4.0, 0)
@example(51.2, 0)
@example(100.0, 0)
@example(125.0, 0)
@example(128.0, 0)
@example(2048.0, 0)
def test_rows_do_not_depend_on_the_chunks_nor_wait_for_what_they_do_not_need(
    sfreq: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    n = min(int(20 + 0.15 * sfreq), 330)
    times = rng.random() + (np.arange(n) + 0.01 * rng.standard_normal(n)) / sfreq
    x = rng.standard_normal((n, 1))
    whole = Resampler(sfreq, 1).push(times, x, np.ones(n, dtype=bool))
    resampler, rows = Resampler(sfreq, 1), []
    ahead_s = resampler.kernel.ahead_s
    for k in range(n):
        chunk = resampler.push(times[k : k + 1], x[k : k + 1], np.ones(1, dtype=bool))
        if chunk is not None:
            rows.append(chunk.samples)
            # The next row's look-ahead reaches beyond the sample that would come now.
            assert chunk.stop / GRID_SFREQ + ahead_s > times[k] + 0.9 / sfreq
            # The last row's kernel lies inside.
            assert (chunk.stop - 1) / GRID_SFREQ + ahead_s < times[k] + 1.1 / sfreq
    if whole is None:
        assert not rows
    else:
        np.testing.assert_array_equal(np.concatenate(rows), whole.samples)


@pytest.mark.parametrize(
    ("sfreq", "ahead_ms"),
    [(4.0, 687.5), (32.0, 38.1), (51.2, 23.8), (100.0, 35.0), (125.0, 28.0), (128.0, 27.3)],
)
def test_look_ahead(sfreq: float, ahead_ms: float) -> None:
    assert 1e3 * Kernel(sfreq).ahead_s == pytest.approx(ahead_ms, abs=0.05)
    assert Kernel(4096.0).ahead_s == Kernel(128.0).ahead_s
