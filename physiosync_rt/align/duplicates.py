"""Detect duplicate samples that a device or its driver sends again."""

from __future__ import annotations

from collections import deque
from itertools import pairwise

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

    Only a stamp that does not rise is looked up, which most streams never have: samples go into
    the index when the first look-up after them needs it.
    """

    def __init__(self, sfreq: float, n_chans: int) -> None:
        self._n_memory = max(int(MEMORY_S * sfreq), 16)
        self._neighbours_count = n_chans > 1
        self._order: deque[float] = deque()
        self._index: dict[float, tuple[FloatArray, FloatArray]] = {}
        self._newest = -np.inf
        self._last = -np.inf
        # Not yet in the index; of the samples one more, which comes before the first stamp.
        self._stamps: deque[float] = deque(maxlen=self._n_memory)
        self._samples: deque[FloatArray] = deque(maxlen=self._n_memory + 1)

    def has(self, stamp: float, sample: FloatArray) -> bool:
        """Return whether this sample, shape (n_channels,), is a duplicate."""
        if stamp > self._newest:
            return False
        known = self._known(stamp)
        if known is None or not np.array_equal(known[1], sample):
            return False
        return not np.array_equal(*known)

    @property
    def is_empty(self) -> bool:
        """Whether there was no sample yet."""
        return not self._samples

    def is_repeat(self, stamp: float, sample: FloatArray) -> bool:
        """Return whether a stamp that is not new comes with the values it had."""
        known = self._known(stamp)
        return known is not None and np.array_equal(known[1], sample)

    def add(self, stamp: float, sample: FloatArray) -> None:
        """Remember a new sample."""
        if self.is_empty:
            self._samples.append(sample)
        self._stamps.append(stamp)
        self._samples.append(sample)
        self._last, self._newest = stamp, max(stamp, self._newest)

    def add_run(self, stamps: list[float], samples: FloatArray) -> None:
        """Remember samples after the first, whose stamps rise above all before; see `add`."""
        if stamps:
            self._stamps.extend(stamps)
            self._samples.extend(samples)
            self._last = self._newest = stamps[-1]

    def _known(self, stamp: float) -> tuple[FloatArray, FloatArray] | None:
        """Return the sample of a stamp after the one before it, where that may be compared."""
        self._update_index()
        if stamp == self._last and not self._neighbours_count:
            return None
        return self._index.get(stamp)

    def _update_index(self) -> None:
        for stamp, pair in zip(self._stamps, pairwise(self._samples), strict=True):
            if stamp not in self._index:
                self._order.append(stamp)
            self._index[stamp] = pair
        for _ in range(len(self._order) - self._n_memory):
            del self._index[self._order.popleft()]
        if self._stamps:
            newest = self._samples[-1]
            self._stamps.clear()
            self._samples.clear()
            self._samples.append(newest)
