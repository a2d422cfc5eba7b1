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


def eeg_quality(second: FloatArray) -> FloatArray:
    """Quality of one second of EEG before any filter.

    Parameters
    ----------
    second : array, shape (128, n_channels)
        µV.

    Returns
    -------
    array, shape (n_channels,)
        Flat below 0.5 µV rms, too large above 200 µV rms (good from 100), mains above 90 % of
        the power beyond 1 Hz (good below 50 %), muscle or noise where more than 80 % of the
        power from 4 to 45 Hz lies above 25 Hz (good below 60 %).
    """
    x = _detrended(second)
    rms = np.sqrt((x**2).mean(axis=0))
    power = np.abs(np.fft.rfft(x * _HANN, axis=0)) ** 2
    total = power[_FREQS >= 1].sum(axis=0) + 1e-20
    mains = power[(np.abs(_FREQS - 50) <= 1) | (np.abs(_FREQS - 60) <= 1)].sum(axis=0)
    band = power[(_FREQS >= 4) & (_FREQS <= 45)].sum(axis=0) + 1e-20
    high = power[(_FREQS > 25) & (_FREQS <= 45)].sum(axis=0)
    tests = [
        _ramp(rms, 0.5, 1.0),
        _ramp(rms, 200.0, 100.0),
        _ramp(mains / total, 0.9, 0.5),
        _ramp(high / band, 0.8, 0.6),
    ]
    worst: FloatArray = np.minimum.reduce(tests)
    return worst


def gsr_quality(second: FloatArray) -> FloatArray:
    """Quality of one second of GSR in µS, shape (128, n_channels): range and steadiness.

    Outside 0.01 to 100 µS there is no skin; a change by more than half within a second is a
    moving electrode (good below a fifth).
    """
    level = second.mean(axis=0)
    inside = ((second > 0.01) & (second < 100.0)).mean(axis=0)
    swing = (second.max(axis=0) - second.min(axis=0)) / np.maximum(np.abs(level), 0.01)
    return np.minimum(_ramp(inside, 0.5, 1.0), _ramp(swing, 0.5, 0.2))


def ecg_quality(second: FloatArray) -> FloatArray:
    """Quality of one second of ECG in mV, shape (128, n_channels): neither flat nor railed."""
    rms = np.sqrt((_detrended(second) ** 2).mean(axis=0))
    return np.minimum(_ramp(rms, 0.005, 0.02), _ramp(rms, 5.0, 2.0))


QUALITY: dict[Modality, Callable[[FloatArray], FloatArray]] = {
    Modality.EEG: eeg_quality,
    Modality.GSR: gsr_quality,
    Modality.ECG: ecg_quality,
}
