"""Find the rate of a regular stream from its time stamps."""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import FloatArray

_RATES = (4, 10, 15, 16, 25, 32, 50, 51.2, 64, 100, 125, 128, 200, 220, 250, 256, 500, 512, 1000)
_PAUSE_S = 1.0
_LEAST_SAMPLES = 8
_SAMPLES_PER_PAUSE = 50
_JITTER_S = 0.15


def nearest_rate(measured: float, tolerance: float = 0.05) -> float:
    """Return the most likely nominal rate, in Hz, for a measured one.

    Parameters
    ----------
    measured : float
        In Hz.
    tolerance : float
        Relative difference up to which a usual rate of devices is taken.
    """
    usual = min(_RATES, key=lambda rate: abs(rate / measured - 1.0))
    return usual if abs(usual / measured - 1.0) < tolerance else float(f"{measured:.3g}")


def regular_rate(timestamps: FloatArray) -> float:
    """Return the rate of a stream that does not declare one.

    Parameters
    ----------
    timestamps : float64 array, shape (n_samples,)
        In seconds; NaN, infinite values and pauses are left out.

    Returns
    -------
    float
        In Hz; 0 where the samples are too few or do not come regularly, as events do.

    Notes
    -----
    Samples of one packet often share a stamp, so that the longest stretch without a pause is fitted
    by a line: its slope is the period, and samples of a regular stream stay near it.
    """
    stamps = timestamps[np.isfinite(timestamps)]
    steps = np.diff(stamps)
    ends = np.flatnonzero(np.abs(steps) > _PAUSE_S) + 1
    stretch = max(np.split(stamps, ends), key=len)
    n = len(stretch)
    # Between events there are pauses all the time.
    is_broken = len(ends) > 1 + len(stamps) // _SAMPLES_PER_PAUSE
    if n < _LEAST_SAMPLES or is_broken or stretch[-1] <= stretch[0]:
        return 0.0
    count = np.arange(n) - (n - 1) / 2
    times = stretch - stretch.mean()
    period = float(count @ times / (count @ count))
    jitter = float(np.std(times - count * period))
    if period <= 0 or jitter > _JITTER_S + 0.5 * period:
        return 0.0
    # Over a short stretch the slope is only as exact as the jitter lets it be.
    doubt = 4.0 * jitter / (period * n)
    return nearest_rate(1.0 / period, float(np.clip(doubt, 0.005, 0.05)))


def measured_rate(name: str, sfreq: float) -> str:
    """Say that a stream's rate, in Hz, was found by `regular_rate`."""
    return (
        f"stream {name!r} does not state its rate; {sfreq:g} Hz was measured from its time stamps"
    )
