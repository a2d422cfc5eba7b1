"""Is this a signal? One number in [0, 1] per channel and whole second of the grid.

Cheap on purpose (a few sums and one short FFT per second) and documented by its ramps: each test
gives 1 when all is well, 0 when the channel is useless and a line between; the quality of a
second is the smallest of its tests.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, Modality
from physiosync_rt.utils.short_median import short_median
from physiosync_rt.utils.small_product import small_product

_TIME = np.linspace(-1.0, 1.0, GRID_SFREQ)
_HANN = np.hanning(GRID_SFREQ)[:, None]
_FREQS = np.fft.rfftfreq(GRID_SFREQ, 1.0 / GRID_SFREQ)
_BAND, _HIGH = slice(4, 46), slice(26, 46)
"""From 4 to 45 Hz, and above 25 Hz of it; the lines of a second's spectrum are 1 Hz apart."""

_MAINS = (np.abs(_FREQS - 50) <= 1) | (np.abs(_FREQS - 60) <= 1)
_MAINS_LEAK = np.where(_FREQS[_MAINS] < 55, 10**-1.3, 10**-5.8)
"""Share of the power that is left after the band-pass to 45 Hz."""

_HEART = (_FREQS >= 1) & ~_MAINS
_NOISE = (_FREQS > 30) & ~_MAINS
_MAINS_LEAK_ECG = np.where(_FREQS[_MAINS] < 55, 10**-1.12, 10**-3.34)
"""The same after the band-pass of the ECG to 40 Hz, which is not as steep."""

EEG_TESTS = ("flat", "too large", "line noise", "muscle or noise", "identical")

MIN_COMMON = 4
"""Electrodes whose median stands for what all of them have in common."""

FROZEN_S = 5, 10
"""Seconds without any change after which the quality of skin conductance falls, and is 0."""

UNMOVED_S = 30, 60
"""Seconds over which skin is told from what does not move: at least, and at most."""

UNMOVED_RATIO = 2.0, 1.4
"""Ratio of `GsrJudge` at which the quality is 0.5, for as many seconds.

White noise around a constant level has 2, and of 60 s 98 % are above 1.4. Skin drifts: in two hours
of an Empatica E4 the ratio of 60 s is above 1.4 for 0.2 % of the time, of simulated skin below 0.3.
"""

MIN_COMPLETENESS = {Modality.EEG: 0.95, Modality.ECG: 0.95, Modality.GSR: 0.75}
"""Share of a window's samples that must have come, below which it has a gap.

Short losses (below 50 ms) are interpolated linearly. That is harmless for skin conductance below
2 Hz, but a line is not EEG, and may hide a heartbeat.
"""

MIN_NEIGHBOURS = 16
"""Electrodes that an uncorrelated one is told by: good ones on thin montages differ as much."""


def _ramp(value: FloatArray, bad: float, good: float) -> FloatArray:
    """0 at ``bad`` and beyond, 1 at ``good`` and beyond, a line between; either may be larger."""
    out: FloatArray = np.clip((value - bad) / (good - bad), 0.0, 1.0)
    return out


def _detrended(second: FloatArray) -> FloatArray:
    """A second without its mean and slope: offset and drift of an electrode are not faults."""
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
        25 Hz (good below 60 %), identical where less than 0.5 µV rms is left of the electrode
        without what all have in common (good from 1).

    Notes
    -----
    Mains is weighed by what the band-pass leaves of it (-13 dB at 50 Hz, -58 dB at 60 Hz) and
    against the median of the electrodes, because what they have in common goes with the reference;
    it is left out of the rms. Battery amplifiers show 100 µV of it beside sound EEG.
    """
    x = _detrended(second)
    power = _power(x)
    band = power[_BAND].sum(axis=0) + 1e-20
    high = power[_HIGH].sum(axis=0)
    rms = _rms_without_mains(x, power)
    own = rms
    if x.shape[1] >= MIN_COMMON:
        apart = x - short_median(x)[:, None]
        power = _power(apart)
        own = _rms_without_mains(apart, power)
    leaking = _MAINS_LEAK @ power[_MAINS]
    seen = leaking + power[_BAND].sum(axis=0) + 1e-20
    return np.stack(
        [
            _ramp(rms, 0.5, 1.0),
            _ramp(rms, 200.0, 100.0),
            _ramp(leaking / seen, 0.9, 0.5),
            _ramp(high / band, 0.8, 0.6),
            _ramp(own, 0.5, 1.0),
        ]
    )


def _rms_without_mains(x: FloatArray, power: FloatArray) -> FloatArray:
    """Root mean square of a detrended second, without the share of mains in its spectrum."""
    mains = power[_MAINS].sum(axis=0) / (power.sum(axis=0) + 1e-20)
    out: FloatArray = np.sqrt((x**2).mean(axis=0) * np.maximum(1.0 - mains, 0.0))
    return out


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
    # A flat electrode has no variance to divide by.
    x /= np.maximum(np.sqrt((x**2).sum(axis=0)), 1e-9)
    correlation = np.abs(small_product(x.T, x))
    np.fill_diagonal(correlation, 0.0)
    best = correlation.max(axis=0)
    return _ramp(best, 0.15, 0.3) if short_median(best) >= 0.3 else np.ones(n_chans)


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


class GsrJudge:
    """Judge GSR like `gsr_quality`, and detect a sensor that is not on skin.

    A frozen sensor repeats its last value forever. Skin at rest repeats values too, while it
    stays within one step of the converter: 3 s at most in two hours of an Empatica E4.

    A resistor, a converter between two steps or an open lead with an offset has a level and noise,
    but no slow movement: its seconds are as unlike their neighbours as any others. Von Neumann's
    ratio of the means of seconds (mean square of the successive differences, divided by the
    variance) is 2 for these and close to 0 for skin [1]_.

    Parameters
    ----------
    n_chans : int

    References
    ----------
    .. [1] von Neumann, Ann. Math. Stat. 12 (1941) 367.
    """

    def __init__(self, n_chans: int) -> None:
        self._frozen_s: FloatArray = np.zeros(n_chans)
        self._last: FloatArray = np.full(n_chans, np.nan)
        self._means: deque[FloatArray] = deque(maxlen=UNMOVED_S[1])

    def __call__(self, second: FloatArray) -> FloatArray:
        """Judge the next whole second, shape (128, n_channels) in µS."""
        # The resampler's weights add up to 1 but for rounding.
        still = 1e-9 * np.abs(second[-1])
        same = (np.ptp(second, axis=0) <= still) & (np.abs(second[0] - self._last) <= still)
        self._frozen_s = np.where(same, self._frozen_s + 1.0, 0.0)
        self._last = second[-1]
        self._means.append(second.mean(axis=0))
        doubted, none = FROZEN_S
        tests = [gsr_quality(second), _ramp(self._frozen_s, none, doubted), self._movement()]
        worst: FloatArray = np.minimum.reduce(tests)
        return worst

    def _movement(self) -> FloatArray:
        """Test whether the level moves slowly; 1 until enough seconds have been seen."""
        n = len(self._means)
        if n < UNMOVED_S[0]:
            return np.ones(len(self._last))
        # Not np.stack, which looks at each second in Python.
        means = np.array(self._means)
        variance = means.var(axis=0)
        steps = (np.diff(means, axis=0) ** 2).mean(axis=0)
        # What does not vary at all is frozen, which has its own test.
        varies = variance > (1e-9 * means[-1]) ** 2
        ratio = np.where(varies, steps / np.where(varies, variance, 1.0), 0.0)
        half = float(np.interp(n, UNMOVED_S, UNMOVED_RATIO))
        return _ramp(ratio, half + 0.2, half - 0.2)


def ecg_quality(second: FloatArray) -> FloatArray:
    """Quality of one second of ECG in mV, shape (128, n_channels).

    Neither flat nor railed; mains below 80 % of the power that the band-pass lets through (good
    below 40 %); of the power from 1 Hz on without mains, at most 40 % above 30 Hz, where a heart
    has next to nothing (good below 20 %); no step, which is a level that differs by more than
    80 % of the range before and after (good below 50 %).
    """
    x = _detrended(second)
    power = _power(x)
    rms = np.sqrt((x**2).mean(axis=0))
    leaking = _MAINS_LEAK_ECG @ power[_MAINS]
    heart = power[_HEART].sum(axis=0) + 1e-20
    noise = power[_NOISE].sum(axis=0)
    tests = [
        _ramp(rms, 0.005, 0.02),
        _ramp(rms, 5.0, 2.0),
        _ramp(leaking / (leaking + heart), 0.8, 0.4),
        _ramp(noise / heart, 0.4, 0.2),
        _ramp(_step(second), 0.8, 0.5),
    ]
    worst: FloatArray = np.minimum.reduce(tests)
    return worst


def _step(second: FloatArray) -> FloatArray:
    """How far the level moves for good at the steepest place, relative to the range."""
    edge, margin = 10, 3
    steps = np.abs(np.diff(second[edge:-edge], axis=0))
    out = np.zeros(second.shape[1])
    for channel, at in enumerate((edge + 1 + steps.argmax(axis=0)).tolist()):
        x = second[:, channel]
        moved = abs(short_median(x[at + margin :]) - short_median(x[: max(at - margin, 1)]))
        out[channel] = moved / max(float(np.ptp(x)), 1e-12)
    return out


Judge = Callable[[FloatArray], FloatArray]


def judge_of(modality: Modality, n_chans: int) -> Judge:
    """Make the judge of one stream's whole seconds, in order; EEG without its neighbours."""
    if modality is Modality.GSR:
        return GsrJudge(n_chans)
    return ecg_quality if modality is Modality.ECG else eeg_quality
