"""Detect duplicate samples that a device or its driver sends again."""

from __future__ import annotations

from collections import deque

import numpy as np

from physiosync_rt.datatypes import FloatArray

MEMORY_S = 10.0
"""How far back a duplicate is recognized."""


class Duplicates:
    """Memory of the last ten seconds of samples, indexed by time stamp.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz.
    n_chans : int

    Notes
    -----
    A sample with a known stamp and the same values is a duplicate, with two exceptions: values
    that have not changed since the previous sample, and a single channel that repeats the
    previous stamp (resting skin conductance stamped per packet looks like this).
    """

    def __init__(self, sfreq: float, n_chans: int) -> None:
        self._n_memory = max(int(MEMORY_S * sfreq), 16)
        self._neighbours_count = n_chans > 1
        self._order: deque[float] = deque()
        self._samples: dict[float, tuple[FloatArray, FloatArray]] = {}
        self._previous: FloatArray | None = None
        self._newest = -np.inf
        self._last = -np.inf

    def has(self, stamp: float, sample: FloatArray) -> bool:
        """Return whether this sample, shape (n_channels,), is a duplicate."""
        if stamp > self._newest or (stamp == self._last and not self._neighbours_count):
            return False
        known = self._samples.get(stamp)
        if known is None or not np.array_equal(known[1], sample):
            return False
        return not np.array_equal(*known)

    @property
    def is_empty(self) -> bool:
        """Whether there was no sample yet."""
        return self._previous is None

    def is_repeat(self, stamp: float, sample: FloatArray) -> bool:
        """Return whether a stamp that is not new comes with the values it had."""
        if stamp == self._last and not self._neighbours_count:
            return False
        known = self._samples.get(stamp)
        return known is not None and np.array_equal(known[1], sample)

    def add_run(self, stamps: list[float], samples: list[FloatArray]) -> None:
        """Remember several samples, whose stamps rise above all before; see `add`."""
        if not stamps:
            return
        first = samples[0] if self._previous is None else self._previous
        self._samples.update(
            zip(stamps, zip((first, *samples), samples, strict=False), strict=True)
        )
        self._order.extend(stamps)
        for _ in range(len(self._order) - self._n_memory):
            del self._samples[self._order.popleft()]
        self._previous = samples[-1]
        self._last = self._newest = stamps[-1]

    def add(self, stamp: float, sample: FloatArray) -> None:
        """Remember a new sample."""
        if stamp not in self._samples:
            self._order.append(stamp)
        self._samples[stamp] = (sample if self._previous is None else self._previous, sample)
        self._previous = sample
        self._last, self._newest = stamp, max(stamp, self._newest)
        if len(self._order) > self._n_memory:
            del self._samples[self._order.popleft()]
