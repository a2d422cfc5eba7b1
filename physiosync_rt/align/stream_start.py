"""Find the first valid sample of a stream."""

from __future__ import annotations

import numpy as np

from physiosync_rt.align.thresholds import RESET_S
from physiosync_rt.datatypes import FloatArray

START_S = 1.0
"""Length that is inspected; a driver's leftover samples come first and are shorter."""

BACK_S = 0.5
"""A backward step of the stamps larger than this is not jitter."""


class StreamStart:
    """Detector of the first sample of a stream's first valid segment.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz.

    Attributes
    ----------
    index : int
        Number of samples to drop before it.
    stamp : float
        Its stamp in seconds.

    Notes
    -----
    The first sample anchors the grid, so it must not be a leftover of an earlier run. Within the
    first second, samples before a backward step or an implausible forward step are dropped.
    """

    def __init__(self, sfreq: float) -> None:
        self._n_wanted = max(int(START_S * sfreq), 4)
        self._stamps: FloatArray = np.empty(0)
        self.index, self.stamp = 0, float("nan")

    def add(self, stamps: FloatArray) -> bool:
        """Add the next stamps, shape (n_samples,); return whether the start is found."""
        self._stamps = np.concatenate([self._stamps, stamps])[: self._n_wanted]
        return len(self._stamps) >= self._n_wanted and self.settle()

    def settle(self) -> bool:
        """Decide from the stamps so far; return whether any of them is finite."""
        finite = np.flatnonzero(np.isfinite(self._stamps))
        if len(finite) == 0:
            # The next second may contain finite stamps.
            self.index += len(self._stamps)
            self._stamps = np.empty(0)
            return False
        steps = np.diff(self._stamps[finite])
        jumps = np.flatnonzero((steps < -BACK_S) | (steps > RESET_S))
        first = int(finite[jumps[-1] + 1] if len(jumps) else finite[0])
        self.index, self.stamp = self.index + first, float(self._stamps[first])
        return True
