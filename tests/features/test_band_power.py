"""Band powers of signals whose power is known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from physiosync_rt.datatypes import GRID_SFREQ
from physiosync_rt.features.band_power import BANDS_HZ, band_names, log_band_power

TIMES = np.arange(5 * GRID_SFREQ) / GRID_SFREQ
BANDS = list(BANDS_HZ)


@given(
    band=st.sampled_from(BANDS),
    place=st.floats(0.0, 1.0),
    amplitude=st.floats(0.5, 200.0),
    phase=st.floats(0.0, 6.3),
)
def test_a_sine_has_half_its_squared_amplitude_in_its_band_alone(
    band: str, place: float, amplitude: float, phase: float
) -> None:
    low, high = BANDS_HZ[band]
    # A tapered line is 0.8 Hz wide.
    hz = low + 0.8 + place * (high - low - 1.6)
    sine = amplitude * np.sin(2 * np.pi * hz * TIMES + phase)
    quiet = 1e-3 * np.random.default_rng(0).normal(size=len(TIMES))
    power = np.exp(log_band_power(np.stack([quiet, sine + quiet], axis=1)))[:, 1]
    at = BANDS.index(band)
    assert power[at] == pytest.approx(amplitude**2 / 2, rel=0.02)
    assert np.delete(power, at).max() < 1e-3 * power[at]


@given(sd=st.floats(0.1, 100.0), seed=st.integers(0, 1000))
def test_white_noise_has_its_variance_spread_over_all_frequencies(sd: float, seed: int) -> None:
    noise = np.random.default_rng(seed).normal(0.0, sd, (len(TIMES), 32))
    power = np.exp(log_band_power(noise)).mean(axis=1)
    widths = np.array([high - low for low, high in BANDS_HZ.values()])
    np.testing.assert_allclose(power, sd**2 * widths / (GRID_SFREQ / 2), rtol=0.25)


@given(scale=st.floats(1e-3, 1e3))
def test_a_change_of_scale_adds_twice_its_logarithm(scale: float) -> None:
    noise = np.random.default_rng(1).normal(0.0, 10.0, (len(TIMES), 3))
    moved = log_band_power(scale * noise) - log_band_power(noise)
    np.testing.assert_allclose(moved, 2 * np.log(scale), atol=1e-9)


def test_a_silent_channel_and_a_short_signal_are_unknown_not_zero() -> None:
    rows = np.random.default_rng(2).normal(0.0, 10.0, (len(TIMES), 2))
    rows[:, 1] = 0.0
    power = log_band_power(rows)
    assert np.isfinite(power[:, 0]).all()
    assert np.isnan(power[:, 1]).all()
    # 0.125 s have lines every 8 Hz: the first of them is of alpha, the next of beta.
    found = np.isfinite(log_band_power(rows[:16, :1]))[:, 0]
    assert found.tolist() == [False, True, True, True]


def test_names_stand_in_the_order_of_the_values() -> None:
    sines = np.stack([np.sin(2 * np.pi * hz * TIMES) for hz in (6.0, 20.0)], axis=1)
    named = dict(zip(band_names(("Fp1", "O2")), log_band_power(10 * sines).ravel(), strict=True))
    assert list(named)[:3] == ["theta Fp1", "theta O2", "alpha Fp1"]
    # What a sine leaves in other bands may be too little to be known.
    assert np.nanargmax(list(named.values())) in (0, 5)
    assert named["theta Fp1"] == pytest.approx(np.log(50.0), abs=1e-6)
    assert named["beta O2"] == pytest.approx(np.log(50.0), abs=1e-6)
