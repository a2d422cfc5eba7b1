"""Remove jitter from time stamps: a Kalman filter over (time, period), one sample at a time.

Stamps of real devices have milliseconds to tenths of a second of jitter, while the crystal behind
them is accurate to some 100 ppm. The filter follows the crystal. Its gains depend only on the
number of samples so far, so the result does not depend on how the stream was cut into chunks.
"""

from __future__ import annotations

from functools import lru_cache
from math import sqrt

from physiosync_rt.align.offset_tracker import OffsetTracker, clipped
from physiosync_rt.align.thresholds import DRIFT_KNOWN_S, RATE_KNOWN_JITTERS, RATE_KNOWN_S

MEMORY_S = 60.0
"""Memory of the filter. 60 s of 4 Hz GSR average 10 ms of jitter down to 1.3 ms."""

RATE_PRIOR = 0.005
"""Relative standard deviation of the true rate around the declared one."""

RATE_LIMIT = 0.15
"""Limit of the fitted rate's relative error; streams that are off by 10 % are rejected."""

MIN_LIMIT_S = 0.02
"""Residuals are clipped to five times their spread, but never to less than this."""

LEAST_VARIANCE = (MIN_LIMIT_S / 5.0) ** 2
"""Variance of the residuals, in s², up to which they are clipped to `MIN_LIMIT_S`."""

JITTER_PRIOR_S = 0.005
"""Assumed standard deviation of the stamps until it is measured."""


@lru_cache(maxsize=32)
def gains(sfreq: float) -> tuple[tuple[float, float], ...]:
    """Return the gains for time and period at each sample of a segment; the last one stays.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz.

    Returns
    -------
    tuple of (float, float)
        Share of a stamp's residual that goes into the time, and into the period.

    Notes
    -----
    The Riccati recursion of a Kalman filter with state (time, period), unit measurement noise and
    no process noise (a least-squares line with a prior on the rate), stopped after
    ``MEMORY_S``: from there on the memory is constant and slow drift is tracked.
    """
    n_memory = max(int(MEMORY_S * sfreq), 16)
    period_var = (RATE_PRIOR / sfreq / JITTER_PRIOR_S) ** 2
    p00, p01, p11 = 1.0, 0.0, period_var
    table = []
    for _ in range(n_memory):
        # Predict: time += period.
        p00, p01 = p00 + 2 * p01 + p11, p01 + p11
        # Update with a stamp of unit variance.
        k0, k1 = p00 / (p00 + 1), p01 / (p00 + 1)
        p00, p01, p11 = p00 * (1 - k0), p01 * (1 - k0), p11 - k1 * p01
        table.append((k0, k1))
    return tuple(table)


class ClockModel:
    """Kalman filter over the sample times of one gap-free segment.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz.

    Attributes
    ----------
    period : float
        Fitted sample period in seconds.
    n : int
        Samples in this segment.
    """

    def __init__(self, sfreq: float) -> None:
        self._gains = gains(sfreq)
        self._nominal_period = 1.0 / sfreq
        self._shortest = (1 - RATE_LIMIT) / sfreq
        self._longest = (1 + RATE_LIMIT) / sfreq
        self._jitter_rate = 1.0 / max(10.0 * sfreq, 20.0)
        self._variance = self._jitter_variance = 0.0
        self._tracks_offset = False
        self._offset_tracker = OffsetTracker(sfreq)
        self.start(0.0)

    def start(self, stamp: float, period: float | None = None) -> None:
        """Start a segment at its first stamp; the jitter estimate is kept."""
        self._time = stamp
        self._offset_tracker.start()
        self.period = self._nominal_period if period is None else period
        self.n = 1

    @property
    def time(self) -> float:
        """Fitted time of the newest sample in seconds."""
        return self._time + self._offset_tracker.offset

    @property
    def jitter(self) -> float:
        """Running standard deviation of the stamps around the line in seconds."""
        return sqrt(self._jitter_variance)

    @property
    def span_s(self) -> float:
        """Length of the segment so far in seconds, by the declared rate."""
        return self.n * self._nominal_period

    @property
    def rate_known(self) -> bool:
        """Whether the segment is long enough to estimate the device's rate."""
        return self.span_s >= max(RATE_KNOWN_S, RATE_KNOWN_JITTERS * self.jitter)

    @property
    def period_error(self) -> float:
        """Relative error of the fitted period against the declared one."""
        return self.period / self._nominal_period - 1.0

    @property
    def drift_ppm(self) -> float | None:
        """Drift of the device clock in ppm; None in a segment's first 30 s."""
        return None if self.span_s < DRIFT_KNOWN_S else 1e6 * self.period_error

    def track_offset(self, enabled: bool) -> None:
        """Turn the `OffsetTracker` on where jitter may hide lost samples, else off."""
        if enabled != self._tracks_offset:
            self._time = self.time
            self._offset_tracker.start()
            self._tracks_offset = enabled

    def residual(self, stamp: float, steps: int = 1) -> float:
        """Return how late a stamp is in seconds, ``steps`` samples after the newest one."""
        return stamp - (self.time + steps * self.period)

    def update(self, stamp: float, steps: int = 1) -> float:
        """Update with the next stamp and return its fitted time.

        Parameters
        ----------
        stamp : float
            Seconds.
        steps : int
            Samples since the previous one (more than 1 where some were lost).
        """
        predicted = self._time + steps * self.period
        residual = stamp - predicted
        # An outlier means late delivery, not a change in clock rate.
        wide = self._variance > LEAST_VARIANCE
        limit = 5.0 * sqrt(self._variance) if wide else MIN_LIMIT_S
        bounded = clipped(residual, limit)
        off = clipped(residual - self._offset_tracker.offset, limit)
        k0, k1 = self._gains[min(self.n, len(self._gains)) - 1]
        if self._tracks_offset:
            self._offset_tracker.add(stamp, steps, (predicted, self.period), k0, limit)
        self._time = predicted + k0 * bounded
        # A burst of delayed samples carries no information about the clock rate.
        period = self.period + k1 * bounded
        self.period = min(max(period, self._shortest), self._longest)
        # Early on this is the plain mean, so that the jitter is known within seconds.
        rate = max(self._jitter_rate, 1.0 / (self.n + 1))
        self._variance += rate * (bounded * bounded - self._variance)
        self._jitter_variance += rate * (off * off - self._jitter_variance)
        self.n += 1
        return self.time

    def advance(self, steps: int = 1) -> float:
        """Advance along the line without a stamp, for a late sample, and return its time."""
        self._time += steps * self.period
        self.n += 1
        return self.time
