"""Is this a signal? One number in [0, 1] per channel and whole second of the grid.

Cheap on purpose (a few sums and one short FFT per second) and documented by its ramps: each test
gives 1 when all is well, 0 when the channel is useless and a line between; the quality of a
second is the smallest of its tests.

Several seconds are judged in one call, with the same bits as one by one: a call of numpy takes as
long as its work on a single second. Axes before the last two count seconds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, Modality
from physiosync_rt.preprocess.ramp import ramp
from physiosync_rt.preprocess.skin_quality import GsrJudge
from physiosync_rt.utils.short_median import short_median
from physiosync_rt.utils.small_product import small_product

_TIME = np.linspace(-1.0, 1.0, GRID_SFREQ)
_TIME_POWER = _TIME @ _TIME
_HANN = np.hanning(GRID_SFREQ)[:, None]
_FREQS = np.fft.rfftfreq(GRID_SFREQ, 1.0 / GRID_SFREQ)
_BAND, _HIGH = slice(4, 46), slice(26, 46)
"""From 4 to 45 Hz, and above 25 Hz of it; the lines of a second's spectrum are 1 Hz apart."""

_IS_MAINS = (np.abs(_FREQS - 50) <= 1) | (np.abs(_FREQS - 60) <= 1)
# Taken by their numbers: what a mask takes of several seconds lies in memory in another order, and
# is added up in another.
_MAINS = np.flatnonzero(_IS_MAINS)
_MAINS_LEAK = np.where(_FREQS[_MAINS] < 55, 10**-1.3, 10**-5.8)
"""Share of the power that is left after the band-pass to 45 Hz."""

_HEART = np.flatnonzero((_FREQS >= 1) & ~_IS_MAINS)
_NOISE = np.flatnonzero((_FREQS > 30) & ~_IS_MAINS)
_MAINS_LEAK_ECG = np.where(_FREQS[_MAINS] < 55, 10**-1.12, 10**-3.34)
"""The same after the band-pass of the ECG to 40 Hz, which is not as steep."""

EEG_TESTS = ("flat", "too large", "line noise", "muscle or noise", "identical")

MIN_COMMON = 4
"""Electrodes whose median stands for what all of them have in common."""

MIN_COMPLETENESS = {Modality.EEG: 0.95, Modality.ECG: 0.95, Modality.GSR: 0.75}
"""Share of a window's samples that must have come, below which it has a gap.

Short losses (below 50 ms) are interpolated linearly. That is harmless for skin conductance below
2 Hz, but a line is not EEG, and may hide a heartbeat.
"""

MIN_NEIGHBOURS = 16
"""Electrodes that an uncorrelated one is told by: good ones on thin montages differ as much."""


def _detrended(seconds: FloatArray) -> FloatArray:
    """Seconds without their mean and slope: offset and drift of an electrode are not faults."""
    centred = seconds - seconds.mean(axis=-2, keepdims=True)
    slope = (_TIME @ centred / _TIME_POWER)[..., None, :]
    out: FloatArray = centred - _TIME[:, None] * slope
    return out


def _power(x: FloatArray) -> FloatArray:
    """Power spectrum of each second, shape (..., n_freqs, n_channels)."""
    out: FloatArray = np.abs(np.fft.rfft(x * _HANN, axis=-2)) ** 2
    return out


def eeg_tests(seconds: FloatArray) -> FloatArray:
    """Test seconds of EEG before any filter; their quality is the smallest of the results.

    Parameters
    ----------
    seconds : array, shape (..., 128, n_channels)
        µV.

    Returns
    -------
    array, shape (..., n_tests, n_channels)
        In the order of `EEG_TESTS`: flat below 0.5 µV rms (good from 1), too large above 200 µV
        rms (good from 100), mains above 90 % of the power that the band-pass lets through (good
        below 50 %), muscle or noise where more than 80 % of the power from 4 to 45 Hz lies above
        25 Hz (good below 60 %), identical where less than 0.5 µV rms is left of the electrode
        without what all have in common (good from 1).

    Notes
    -----
    Mains is weighed by what the band-pass leaves of it (-13 dB at 50 Hz, -58 dB at 60 Hz) and
    against the median of the electrodes, because what they have in common goes with the reference;
    it is left out of the rms. Battery amplifiers show 100 µV of it beside sound EEG.
    """
    x = _detrended(seconds)
    power = _power(x)
    band = power[..., _BAND, :].sum(axis=-2) + 1e-20
    high = power[..., _HIGH, :].sum(axis=-2)
    rms = _rms_without_mains(x, power)
    own = rms
    if x.shape[-1] >= MIN_COMMON:
        apart = x - short_median(x)[..., None]
        power = _power(apart)
        own = _rms_without_mains(apart, power)
    leaking = _MAINS_LEAK @ power.take(_MAINS, axis=-2)
    seen = leaking + power[..., _BAND, :].sum(axis=-2) + 1e-20
    return np.stack(
        [
            ramp(rms, 0.5, 1.0),
            ramp(rms, 200.0, 100.0),
            ramp(leaking / seen, 0.9, 0.5),
            ramp(high / band, 0.8, 0.6),
            ramp(own, 0.5, 1.0),
        ],
        axis=-2,
    )


def _rms_without_mains(x: FloatArray, power: FloatArray) -> FloatArray:
    """Root mean square of detrended seconds, without the share of mains in their spectra."""
    mains = power.take(_MAINS, axis=-2).sum(axis=-2) / (power.sum(axis=-2) + 1e-20)
    out: FloatArray = np.sqrt((x**2).mean(axis=-2) * np.maximum(1.0 - mains, 0.0))
    return out


def eeg_quality(seconds: FloatArray) -> FloatArray:
    """Quality of seconds of EEG before any filter, shape (..., 128, n_channels) in µV."""
    worst: FloatArray = eeg_tests(seconds).min(axis=-2)
    return worst


def correlated(bands: FloatArray) -> FloatArray:
    """Test whether electrodes see the same head.

    Parameters
    ----------
    bands : array, shape (..., n_times, n_channels)
        Some seconds of EEG after the band-pass.

    Returns
    -------
    array, shape (..., n_channels)
        0 where the best correlation with any other electrode is below 0.15, 1 from 0.3. All 1
        where that tells nothing: with fewer than `MIN_NEIGHBOURS` electrodes, which are too far
        apart, and where the others do not agree with each other either.
    """
    n_chans = bands.shape[-1]
    if n_chans < MIN_NEIGHBOURS:
        return np.ones((*bands.shape[:-2], n_chans))
    x = bands - bands.mean(axis=-2, keepdims=True)
    # A flat electrode has no variance to divide by.
    x /= np.maximum(np.sqrt((x**2).sum(axis=-2, keepdims=True)), 1e-9)
    correlation = np.abs(small_product(x.swapaxes(-2, -1), x))
    itself = np.arange(n_chans)
    correlation[..., itself, itself] = 0.0
    best = correlation.max(axis=-2)
    agree = short_median(best)[..., None] >= 0.3
    return np.where(agree, ramp(best, 0.15, 0.3), 1.0)


def ecg_quality(seconds: FloatArray) -> FloatArray:
    """Quality of seconds of ECG in mV, shape (..., 128, n_channels).

    Neither flat nor railed; mains below 80 % of the power that the band-pass lets through (good
    below 40 %); of the power from 1 Hz on without mains, at most 40 % above 30 Hz, where a heart
    has next to nothing (good below 20 %); no step, which is a level that differs by more than
    80 % of the range before and after (good below 50 %).
    """
    x = _detrended(seconds)
    power = _power(x)
    rms = np.sqrt((x**2).mean(axis=-2))
    leaking = _MAINS_LEAK_ECG @ power.take(_MAINS, axis=-2)
    heart = power.take(_HEART, axis=-2).sum(axis=-2) + 1e-20
    noise = power.take(_NOISE, axis=-2).sum(axis=-2)
    tests = [
        ramp(rms, 0.005, 0.02),
        ramp(rms, 5.0, 2.0),
        ramp(leaking / (leaking + heart), 0.8, 0.4),
        ramp(noise / heart, 0.4, 0.2),
        ramp(_step(seconds), 0.8, 0.5),
    ]
    worst: FloatArray = np.minimum.reduce(tests)
    return worst


def _step(seconds: FloatArray) -> FloatArray:
    """How far the level moves for good at the steepest place, relative to the range."""
    edge, margin = 10, 3
    steps = np.abs(np.diff(seconds[..., edge:-edge, :], axis=-2))
    steepest = edge + 1 + steps.argmax(axis=-2)
    moved = np.empty(steepest.shape)
    for (*second, channel), at in np.ndenumerate(steepest):
        x = seconds[(*second, slice(None), channel)]
        before, after = x[: max(at - margin, 1)], x[at + margin :]
        moved[*second, channel] = abs(short_median(after) - short_median(before))
    out: FloatArray = moved / np.maximum(np.ptp(seconds, axis=-2), 1e-12)
    return out


Judge = Callable[[FloatArray], FloatArray]
"""From whole seconds (..., 128, n_channels), in order, to their quality (..., n_channels)."""


def judge_of(modality: Modality, n_chans: int) -> Judge:
    """Make the judge of one stream's whole seconds, in order; EEG without its neighbours."""
    if modality is Modality.GSR:
        return GsrJudge(n_chans)
    return ecg_quality if modality is Modality.ECG else eeg_quality
