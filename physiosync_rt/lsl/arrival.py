"""Stamps of a clock that nobody knows, put in place by when their samples arrive."""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import FloatArray

FOREIGN_CLOCK_S = 10.0
"""Stamps further than this from now are of another clock, UNIX time as a rule."""

FUTURE_S = 2.0
"""No sample arrives so long before it was taken: its clock has been set forward."""

WATCH_S = 1.0
"""How long arrivals are watched before the offset of a foreign clock is decided."""

SAME_CLOCK_S = 0.5
"""Streams of one computer whose offsets are this close to each other share a clock."""


class ArrivalClock:
    """Offset of a foreign clock: how soon its samples arrive when they arrive soonest.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz.

    Notes
    -----
    A line through the stamps takes their jitter out; the soonest arrival over that line is the
    one that waited least on its way. What every sample waits cannot be known.
    """

    def __init__(self, sfreq: float) -> None:
        self._period = 1.0 / sfreq if sfreq > 0 else 0.0
        self._stamps: list[FloatArray] = []
        self._arrivals: list[tuple[int, float]] = []
        self._n = 0

    def add(self, stamps: FloatArray, now: float) -> None:
        """Note samples, stamped (n_samples,), that have been there by ``now``."""
        self._stamps.append(stamps)
        self._n += len(stamps)
        self._arrivals.append((self._n - 1, now))

    def decided(self, now: float) -> bool:
        """Whether the watch is over."""
        return bool(self._arrivals) and now - self._arrivals[0][1] >= WATCH_S

    @property
    def offset(self) -> float:
        """Seconds to add to the stamps."""
        stamps = np.concatenate(self._stamps)
        origin = float(stamps[0])
        start = float(np.median(stamps - origin - self._period * np.arange(len(stamps))))
        waits = [now - origin - start - i * self._period for i, now in self._arrivals]
        return min(waits)


class SharedClocks:
    """Offsets decided so far, so that streams of one clock stay together to the sample."""

    def __init__(self) -> None:
        self._known: list[tuple[str, float]] = []

    def settle(self, host: str, offset: float) -> float:
        """Return the offset of the clock that this one is, or remember a new clock."""
        for known_host, known in self._known:
            if known_host == host and abs(known - offset) < SAME_CLOCK_S:
                return known
        self._known.append((host, offset))
        return offset
