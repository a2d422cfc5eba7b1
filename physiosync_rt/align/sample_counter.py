"""Detect lost, late and duplicate samples from the device's sample counter."""

from __future__ import annotations

from physiosync_rt.align.stats import Counters

MEMORY_S = 1.0
"""A number up to this far back is a duplicate or late; further back, the device restarted."""


class SampleCounter:
    """Tracker of one device's sample counter.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz.
    counters : Counters
        ``duplicates`` and ``late`` are counted here.

    Attributes
    ----------
    stamp : float
        Stamp of the newest sample in seconds.
    n_same : int
        How many samples right before it have the same stamp.
    """

    def __init__(self, sfreq: float, counters: Counters) -> None:
        self._n_memory = max(int(MEMORY_S * sfreq), 4)
        self._counters = counters
        self._newest: int | None = None
        self._missing: dict[int, None] = {}
        self.stamp, self.n_same = 0.0, 0

    def steps(self, number: int, *, known: bool) -> int | None:
        """Return the samples from the newest one to this one; None for one to drop.

        Parameters
        ----------
        number : int
        known : bool
            Whether a sample with this stamp and these values was received before.

        Returns
        -------
        int or None
            Negative where the counter was reset.
        """
        if self._newest is None:
            self._newest = number
            return 1
        steps = number - self._newest
        if steps > 0:
            for lost in range(max(self._newest + 1, number - self._n_memory), number):
                self._missing[lost] = None
            while len(self._missing) > self._n_memory:
                del self._missing[next(iter(self._missing))]
        elif number in self._missing:
            # Its place on the grid has been interpolated already.
            del self._missing[number]
            self._counters.late += 1
            return None
        elif known or steps >= -self._n_memory:
            self._counters.duplicates += 1
            return None
        else:
            self._missing.clear()
        self._newest = number
        return steps

    def add_stamp(self, stamp: float) -> None:
        """Note the stamp, in seconds, that came with the newest number."""
        self.n_same = self.n_same + 1 if stamp == self.stamp else 0
        self.stamp = stamp
