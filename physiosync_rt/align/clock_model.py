"""A line through noisy timestamps, one sample at a time.

Stamps of real devices jitter by milliseconds to tenths of a second, while the crystal behind them
is good to some 100 ppm. The model follows the crystal: a Kalman filter over (time, period) whose
gains depend only on how many samples it has seen, so the result cannot depend on how the stream
was cut into chunks.
"""

from __future__ import annotations

from functools import lru_cache

from physiosync_rt.align.offset_tracker import OffsetTracker
from physiosync_rt.align.thresholds import DRIFT_KNOWN_S, RATE_KNOWN_JITTERS, RATE_KNOWN_S

MEMORY_S = 60.0
"""How far back a stamp still counts. 60 s of 4 Hz GSR average 10 ms of jitter down to 1.3 ms."""

RATE_PRIOR = 0.005
"""Relative standard deviation of a true rate around the declared one."""

RATE_LIMIT = 0.15
"""No true rate is further from the declared one; streams that are off by a tenth are refused."""

JITTER_PRIOR_S = 0.005
"""Standard deviation that stamps are taken to have until they show their own."""


@lru_cache(maxsize=32)
def gains(sfreq: float) -> tuple[tuple[float, float], ...]:
    """Gains for time and period at the 1st, 2nd, ... sample of a stretch; the last one stays.

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
    no process noise (a growing least-squares line with a prior on the rate), stopped after
    ``MEMORY_S``: from there the memory no longer grows and slow drift is followed.
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
    """Fitted sample times of one gap-free stretch.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz.

    Attributes
    ----------
    period : float
        Fitted sample period in seconds.
    jitter : float
        Running standard deviation of stamps around the line in seconds.
    n : int
        Samples seen in this stretch.
    """

    def __init__(self, sfreq: float) -> None:
        self._gains = gains(sfreq)
        self._nominal_period = 1.0 / sfreq
        self._shortest = (1 - RATE_LIMIT) / sfreq
        self._longest = (1 + RATE_LIMIT) / sfreq
        self._jitter_rate = 1.0 / max(10.0 * sfreq, 20.0)
        self.jitter = self._spread = 0.0
        self._follows = False
        self._offset_tracker = OffsetTracker(sfreq)
        self.start(0.0)

    def start(self, stamp: float, period: float | None = None) -> None:
        """Begin a stretch with its first stamp, keeping what is known of jitter and rate."""
        self._time = stamp
        self._offset_tracker.start()
        self.period = self._nominal_period if period is None else period
        self.n = 1

    @property
    def time(self) -> float:
        """Fitted time of the newest sample in seconds."""
        return self._time + self._offset_tracker.offset

    @property
    def span_s(self) -> float:
        """Length of the stretch so far, by the declared rate."""
        return self.n * self._nominal_period

    @property
    def rate_known(self) -> bool:
        """Whether the stretch is long enough for its line to tell the device's rate."""
        return self.span_s >= max(RATE_KNOWN_S, RATE_KNOWN_JITTERS * self.jitter)

    @property
    def excess(self) -> float:
        """Share by which a sample lasts longer than declared."""
        return self.period / self._nominal_period - 1.0

    @property
    def drift_ppm(self) -> float | None:
        """How much longer than declared a sample lasts, None in a stretch's first 30 s."""
        return None if self.span_s < DRIFT_KNOWN_S else 1e6 * self.excess

    def follow(self, unclean: bool) -> None:
        """Follow the stamps sooner (`OffsetTracker`) where samples may be lost unseen."""
        if unclean != self._follows:
            self._time = self.time
            self._offset_tracker.start()
            self._follows = unclean

    def residual(self, stamp: float, steps: int = 1) -> float:
        """How much later than expected a stamp is, ``steps`` samples after the newest one."""
        return stamp - (self.time + steps * self.period)

    def update(self, stamp: float, steps: int = 1) -> float:
        """Take the next stamp and return its fitted time.

        Parameters
        ----------
        stamp : float
            Seconds.
        steps : int
            Samples since the one before (more than 1 where some were lost).
        """
        foretold = self._time + steps * self.period
        residual = stamp - foretold
        # A stamp far off its line says that it was late, not that the crystal changed.
        limit = max(5.0 * self._spread, 0.02)
        bounded = min(max(residual, -limit), limit)
        off = min(max(residual - self._offset_tracker.offset, -limit), limit)
        k0, k1 = self._gains[min(self.n, len(self._gains)) - 1]
        if self._follows:
            self._offset_tracker.add(stamp, steps, (foretold, self.period), k0, limit)
        self._time = foretold + k0 * bounded
        # A burst of samples that were held up says nothing of the crystal.
        period = self.period + k1 * bounded
        self.period = min(max(period, self._shortest), self._longest)
        # Early on the mean of few squares is taken, so that jitter is known within seconds.
        rate = max(self._jitter_rate, 1.0 / (self.n + 1))
        self._spread = (self._spread**2 + rate * (bounded**2 - self._spread**2)) ** 0.5
        self.jitter = (self.jitter**2 + rate * (off**2 - self.jitter**2)) ** 0.5
        self.n += 1
        return self.time

    def coast(self, steps: int = 1) -> float:
        """Go on along the line, for a sample whose stamp says nothing, and return its time."""
        self._time += steps * self.period
        self.n += 1
        return self.time
