"""With which of its samples a stream really begins."""

from __future__ import annotations

import numpy as np

from physiosync_rt.align.thresholds import RESET_S
from physiosync_rt.datatypes import FloatArray

START_S = 1.0
"""Stretch that is looked at: what a driver still held from before comes first, and is short."""

BACK_S = 0.5
"""A step back of the stamps by more than this is no jitter."""


class StreamStart:
    """Find the first sample of a stream's first trustworthy stretch.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz.

    Attributes
    ----------
    index : int
        Samples to leave out before it.
    stamp : float
        Its stamp in seconds.

    Notes
    -----
    The first sample anchors the grid, and a clock that jumps later is taken to be the same moment
    as before. A stamp left over from another run must be neither: within the first second, what
    comes before a step back or an absurd step ahead is not part of this run.
    """

    def __init__(self, sfreq: float) -> None:
        self._n_wanted = max(int(START_S * sfreq), 4)
        self._stamps: FloatArray = np.empty(0)
        self.index, self.stamp = 0, float("nan")

    def add(self, stamps: FloatArray) -> bool:
        """Look at the next stamps, shape (n_samples,); return whether enough have been seen."""
        self._stamps = np.concatenate([self._stamps, stamps])[: self._n_wanted]
        return len(self._stamps) >= self._n_wanted and self.settle()

    def settle(self) -> bool:
        """Decide with what there is; return whether that is any stamp at all."""
        finite = np.flatnonzero(np.isfinite(self._stamps))
        if len(finite) == 0:
            # Another second may bring some.
            self.index += len(self._stamps)
            self._stamps = np.empty(0)
            return False
        steps = np.diff(self._stamps[finite])
        jumps = np.flatnonzero((steps < -BACK_S) | (steps > RESET_S))
        first = int(finite[jumps[-1] + 1] if len(jumps) else finite[0])
        self.index, self.stamp = self.index + first, float(self._stamps[first])
        return True
