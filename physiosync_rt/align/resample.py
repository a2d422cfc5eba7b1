"""Resample from any rate to the 128 Hz grid."""

from __future__ import annotations

import math

import numpy as np

from physiosync_rt.align.kernel import Kernel
from physiosync_rt.datatypes import GRID_SFREQ, BoolArray, FloatArray, GridChunk

EPS = 1e-6
"""Tolerance in grid steps (8 ns), so that rounding never decides which row is first."""


class Resampler:
    """Resampler of one gap-free segment of samples with fitted times.

    Parameters
    ----------
    sfreq : float
        Nominal input rate in Hz.
    n_chans : int

    Notes
    -----
    A grid row is computed when the whole kernel lies inside the segment. There is no padding at
    the edges, so a segment loses the kernel's past at its start and its look-ahead at its end (86
    and 27 ms at 128 Hz and above).
    """

    def __init__(self, sfreq: float, n_chans: int) -> None:
        self.kernel = Kernel(sfreq)
        self._n_chans = n_chans
        self._next = 0
        self.reset()

    @property
    def frontier(self) -> int:
        """Grid index up to which every row has been computed or skipped."""
        return self._next

    def reset(self) -> None:
        """Start a new segment; the grid position stays."""
        self._times: FloatArray = np.empty(0)
        self._samples: FloatArray = np.empty((0, self._n_chans))
        self._present: BoolArray = np.empty(0, dtype=bool)

    def push(self, times: FloatArray, samples: FloatArray, present: BoolArray) -> GridChunk | None:
        """Add consecutive samples of the segment; return the grid rows that became complete.

        Parameters
        ----------
        times : array, shape (n_samples,)
            Fitted times in seconds from the anchor, increasing.
        samples : array, shape (n_samples, n_channels)
        present : bool array, shape (n_samples,)
            False for interpolated samples in place of lost ones.
        """
        self._times = np.concatenate([self._times, times])
        self._samples = np.concatenate([self._samples, samples])
        self._present = np.concatenate([self._present, present])
        kernel = self.kernel
        newest = len(self._times) - kernel.last
        oldest = -kernel.first
        if newest < oldest:
            return None
        first = max(self._next, math.ceil(self._times[oldest] * GRID_SFREQ - EPS), 0)
        # The last tap of a grid time between samples `newest` and `newest + 1` has not come; only
        # early in this period it lies beyond the kernel.
        early = kernel.last - kernel.ahead
        step = self._times[newest + 1] - self._times[newest]
        last = math.floor((self._times[newest] + early * step) * GRID_SFREQ + EPS) + 1
        chunk = self._interpolate(first, last) if last > first else None
        if chunk is not None:
            self._next = chunk.stop
        self._trim()
        return chunk

    def _interpolate(self, first: int, last: int) -> GridChunk:
        grid = np.arange(first, last) / GRID_SFREQ
        kernel, n_samples = self.kernel, len(self._times)
        before = self._times.searchsorted(grid, side="right") - 1
        before = np.minimum(np.maximum(before, -kernel.first), n_samples - kernel.last)
        start = self._times[before]
        fraction = (grid - start) / (self._times[before + 1] - start)
        fraction = np.minimum(np.maximum(fraction, 0.0), 1.0)
        weights = kernel.weights(fraction)
        taps = before[:, None] + kernel.taps
        # A tap that has not come is replaced by the newest sample; its weight is 0.
        found = self._samples.take(taps, axis=0, mode="clip")
        samples = np.einsum("gt,gtc->gc", weights, found)
        nearest = before + (fraction >= 0.5 - EPS)
        return GridChunk(first, samples, self._present[nearest])

    def _trim(self) -> None:
        """Drop samples that no future grid row needs."""
        before = int(self._times.searchsorted(self._next / GRID_SFREQ, side="right")) - 1
        spare = before + self.kernel.first
        if spare > 0:
            self._times = self._times[spare:]
            self._samples = self._samples[spare:]
            self._present = self._present[spare:]

    def skip_to(self, index: int) -> None:
        """Skip the grid rows before ``index`` that have not been computed."""
        self._next = max(self._next, index)
