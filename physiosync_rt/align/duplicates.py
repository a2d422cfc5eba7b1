"""Samples that a device or its driver delivers a second time."""

from __future__ import annotations

from collections import deque

import numpy as np

from physiosync_rt.datatypes import FloatArray

MEMORY_S = 10.0
"""How far back a repeated delivery is recognised."""


class Duplicates:
    """Memory of the last ten seconds of samples by their stamps.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz.
    n_chans : int

    Notes
    -----
    The same values under the same stamp are the same sample, with two exceptions that tell
    nothing: a value that has not changed since the sample before, and a single channel under the
    stamp just before (skin conductance at rest, stamped in packets, looks so).
    """

    def __init__(self, sfreq: float, n_chans: int) -> None:
        self._n_memory = max(int(MEMORY_S * sfreq), 16)
        self._neighbours_count = n_chans > 1
        self._order: deque[float] = deque()
        self._samples: dict[float, tuple[FloatArray, FloatArray]] = {}
        self._before: FloatArray | None = None
        self._newest = -np.inf
        self._last = -np.inf

    def has(self, stamp: float, sample: FloatArray) -> bool:
        """Tell whether this sample, shape (n_channels,), has been there."""
        if stamp > self._newest or (stamp == self._last and not self._neighbours_count):
            return False
        known = self._samples.get(stamp)
        if known is None or not np.array_equal(known[1], sample):
            return False
        return not np.array_equal(*known)

    def add(self, stamp: float, sample: FloatArray) -> None:
        """Remember a sample that has not been there."""
        if stamp not in self._samples:
            self._order.append(stamp)
        self._samples[stamp] = (sample if self._before is None else self._before, sample)
        self._before = sample
        self._last, self._newest = stamp, max(stamp, self._newest)
        if len(self._order) > self._n_memory:
            del self._samples[self._order.popleft()]
