"""Is this a signal? One number in [0, 1] per channel and whole second of the grid.

Cheap on purpose (a few sums and one short FFT per second) and documented by its ramps: each test
gives 1 when all is well, 0 when the channel is useless and a line between; the quality of a
second is the smallest of its tests.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, Modality

_TIME = np.linspace(-1.0, 1.0, GRID_SFREQ)
_HANN = np.hanning(GRID_SFREQ)[:, None]
_FREQS = np.fft.rfftfreq(GRID_SFREQ, 1.0 / GRID_SFREQ)
_BAND = (_FREQS >= 4) & (_FREQS <= 45)
_MAINS = (np.abs(_FREQS - 50) <= 1) | (np.abs(_FREQS - 60) <= 1)
_MAINS_LEAK = np.where(_FREQS[_MAINS] < 55, 10**-1.3, 10**-5.8)
"""Share of the power that is left after the band-pass to 45 Hz."""

EEG_TESTS = ("flat", "too large", "line noise", "muscle or noise")

MIN_COMMON = 4
"""Electrodes whose median stands for what all of them have in common."""

MIN_NEIGHBOURS = 16
"""Electrodes that an uncorrelated one is told by: good ones on thin montages differ as much."""


def _ramp(value: FloatArray, bad: float, good: float) -> FloatArray:
    """0 at ``bad`` and beyond, 1 at ``good`` and beyond, a line between; either may be larger."""
    out: FloatArray = np.clip((value - bad) / (good - bad), 0.0, 1.0)
    return out


def _detrended(second: FloatArray) -> FloatArray:
    """A second without its mean and slope: offsets and drift of electrodes are no fault."""
    centred = second - second.mean(axis=0)
    slope = _TIME @ centred / (_TIME @ _TIME)
    out: FloatArray = centred - _TIME[:, None] * slope
    return out


def _power(x: FloatArray) -> FloatArray:
    """Power spectrum of a second, shape (n_freqs, n_channels)."""
    out: FloatArray = np.abs(np.fft.rfft(x * _HANN, axis=0)) ** 2
    return out


def eeg_tests(second: FloatArray) -> FloatArray:
    """Test one second of EEG before any filter; the quality is the smallest of the results.

    Parameters
    ----------
    second : array, shape (128, n_channels)
        µV.

    Returns
    -------
    array, shape (n_tests, n_channels)
        In the order of `EEG_TESTS`: flat below 0.5 µV rms (good from 1), too large above 200 µV
        rms (good from 100), mains above 90 % of the power that the band-pass lets through (good
        below 50 %), muscle or noise where more than 80 % of the power from 4 to 45 Hz lies above
        25 Hz (good below 60 %).

    Notes
    -----
    Mains is weighed by what the band-pass leaves of it (-13 dB at 50 Hz, -58 dB at 60 Hz) and
    against the median of the electrodes, because what they have in common goes with the reference;
    it is left out of the rms. Battery amplifiers show 100 µV of it beside sound EEG.
    """
    x = _detrended(second)
    power = _power(x)
    total = power.sum(axis=0) + 1e-20
    mains = power[_MAINS].sum(axis=0)
    band = power[_BAND].sum(axis=0) + 1e-20
    high = power[_BAND & (_FREQS > 25)].sum(axis=0)
    if x.shape[1] >= MIN_COMMON:
        power = _power(x - np.median(x, axis=1, keepdims=True))
    leaking = _MAINS_LEAK @ power[_MAINS]
    seen = leaking + power[_BAND].sum(axis=0) + 1e-20
    rms = np.sqrt((x**2).mean(axis=0) * np.maximum(1.0 - mains / total, 0.0))
    return np.stack(
        [
            _ramp(rms, 0.5, 1.0),
            _ramp(rms, 200.0, 100.0),
            _ramp(leaking / seen, 0.9, 0.5),
            _ramp(high / band, 0.8, 0.6),
        ]
    )


def eeg_quality(second: FloatArray) -> FloatArray:
    """Quality of one second of EEG before any filter, shape (128, n_channels) in µV."""
    worst: FloatArray = eeg_tests(second).min(axis=0)
    return worst


def correlated(band: FloatArray) -> FloatArray:
    """Test whether electrodes see the same head.

    Parameters
    ----------
    band : array, shape (n_times, n_channels)
        Some seconds of EEG after the band-pass.

    Returns
    -------
    array, shape (n_channels,)
        0 where the best correlation with any other electrode is below 0.15, 1 from 0.3. All 1
        where that tells nothing: with fewer than `MIN_NEIGHBOURS` electrodes, which are too far
        apart, and where the others do not agree with each other either.
    """
    n_chans = band.shape[1]
    if n_chans < MIN_NEIGHBOURS:
        return np.ones(n_chans)
    x = band - band.mean(axis=0)
    # A flat electrode is like no other; it is no reason to divide by nothing.
    x /= np.maximum(np.sqrt((x**2).sum(axis=0)), 1e-9)
    correlation = np.abs(x.T @ x)
    np.fill_diagonal(correlation, 0.0)
    best = correlation.max(axis=0)
    return _ramp(best, 0.15, 0.3) if np.median(best) >= 0.3 else np.ones(n_chans)


def gsr_quality(second: FloatArray) -> FloatArray:
    """Quality of one second of GSR in µS, shape (128, n_channels): range and steadiness.

    Outside 0.01 to 100 µS there is no skin, and a mean below 0.02 µS is a band that was taken off
    (good from 0.05 µS [1]_); a change by more than half within a second is a moving electrode
    (good below a fifth).

    References
    ----------
    .. [1] Kleckner et al., IEEE Trans. Biomed. Eng. 65 (2018) 1460: valid from 0.05 µS on.
    """
    level = second.mean(axis=0)
    inside = ((second > 0.01) & (second < 100.0)).mean(axis=0)
    swing = (second.max(axis=0) - second.min(axis=0)) / np.maximum(np.abs(level), 0.01)
    tests = [_ramp(inside, 0.5, 1.0), _ramp(level, 0.02, 0.05), _ramp(swing, 0.5, 0.2)]
    worst: FloatArray = np.minimum.reduce(tests)
    return worst


def ecg_quality(second: FloatArray) -> FloatArray:
    """Quality of one second of ECG in mV, shape (128, n_channels): neither flat nor railed."""
    rms = np.sqrt((_detrended(second) ** 2).mean(axis=0))
    return np.minimum(_ramp(rms, 0.005, 0.02), _ramp(rms, 5.0, 2.0))


QUALITY: dict[Modality, Callable[[FloatArray], FloatArray]] = {
    Modality.EEG: eeg_quality,
    Modality.GSR: gsr_quality,
    Modality.ECG: ecg_quality,
}
