"""Estimate the offset of a clock other than LSL's from the arrival times of samples."""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import FloatArray

FOREIGN_CLOCK_S = 10.0
"""Stamps further than this from now belong to another clock, usually UNIX time."""

FUTURE_S = 2.0
"""Stamps further than this in the future mean that the sender's clock was set forward."""

OBSERVE_S = 1.0
"""How long arrivals are observed before the offset of another clock is estimated."""

SAME_CLOCK_S = 0.5
"""Streams of one computer whose offsets differ by less than this share a clock."""


class ArrivalClock:
    """Estimator of another clock's offset from the minimum delay of its samples.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz.

    Notes
    -----
    A line through the stamps removes their jitter; the earliest arrival relative to that line had
    the shortest delay. The constant part of the delay cannot be known.
    """

    def __init__(self, sfreq: float) -> None:
        self._period = 1.0 / sfreq if sfreq > 0 else 0.0
        self._stamps: list[FloatArray] = []
        self._arrivals: list[tuple[int, float]] = []
        self._n = 0

    def add(self, stamps: FloatArray, now: float) -> None:
        """Add the stamps, shape (n_samples,), of samples that arrived at ``now``."""
        self._stamps.append(stamps)
        self._n += len(stamps)
        self._arrivals.append((self._n - 1, now))

    def is_ready(self, now: float) -> bool:
        """Return whether arrivals were observed for long enough."""
        return bool(self._arrivals) and now - self._arrivals[0][1] >= OBSERVE_S

    @property
    def offset(self) -> float:
        """Seconds to add to the stamps."""
        stamps = np.concatenate(self._stamps)
        origin = float(stamps[0])
        start = float(np.median(stamps - origin - self._period * np.arange(len(stamps))))
        waits = [now - origin - start - i * self._period for i, now in self._arrivals]
        return min(waits)


class SharedClocks:
    """Registry of estimated offsets, so that streams of one clock get exactly one offset."""

    def __init__(self) -> None:
        self._known: list[tuple[str, float]] = []

    def register(self, host: str, offset: float) -> float:
        """Return the offset of the matching known clock, or register a new clock."""
        for known_host, known in self._known:
            if known_host == host and abs(known - offset) < SAME_CLOCK_S:
                return known
        self._known.append((host, offset))
        return offset
