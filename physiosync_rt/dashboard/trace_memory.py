"""The last five minutes of a signal, as it was shown: bounded, and drawn decimated."""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, SampleArray
from physiosync_rt.live.snapshot import Traces
from physiosync_rt.utils.ring_buffer import RingBuffer

MEMORY_S = 300
"""Seconds that are kept."""


class TraceMemory:
    """Keeps what the snapshots' traces have shown.

    Attributes
    ----------
    ch_names : tuple of str
    unit : str
    """

    def __init__(self) -> None:
        self.ch_names: tuple[str, ...] = ()
        self.unit = ""
        self._ring: RingBuffer | None = None
        self._first = 0

    @property
    def newest_s(self) -> float:
        """End of what is kept, in seconds from the first EEG sample."""
        return self._ring.stop / GRID_SFREQ if self._ring else 0.0

    @property
    def oldest_s(self) -> float:
        """Begin of what is kept."""
        return max(self._first, self._ring.start) / GRID_SFREQ if self._ring else 0.0

    def add(self, traces: Traces) -> None:
        """Take up what is new in a snapshot's traces; what no snapshot has shown is a gap."""
        index = np.rint(traces.times * GRID_SFREQ).astype(np.int64)
        if self._ring is None or traces.ch_names != self.ch_names:
            self.ch_names, self.unit = traces.ch_names, traces.unit
            capacity = MEMORY_S * GRID_SFREQ
            self._ring = RingBuffer(capacity, len(self.ch_names), np.float32, np.nan)
            self._first = max(int(index[0]), 0)
        new = index >= max(self._ring.stop, self._first)
        if not new.any():
            return
        index = index[new]
        self._ring.skip_to(max(self._ring.stop, int(index[0])))
        rows = np.full((int(index[-1] - index[0]) + 1, len(self.ch_names)), np.nan, np.float32)
        rows[index - index[0]] = traces.samples[new]
        self._ring.write(rows)

    def view(self, stop_s: float, span_s: float) -> SampleArray:
        """Return the rows of a span, shape (n_times, n_channels); NaN where none are kept."""
        n = round(span_s * GRID_SFREQ)
        found = np.full((n, len(self.ch_names)), np.nan, np.float32)
        if self._ring is None:
            return found
        stop = min(round(stop_s * GRID_SFREQ), self._ring.stop)
        start = max(stop - n, self._ring.start)
        if stop > start:
            found[n - (stop - start) :] = self._ring.view(start, stop)
        return found


def decimated(samples: SampleArray, n_bins: int, stop: int) -> tuple[FloatArray, SampleArray]:
    """Reduce rows to the least and the greatest value of each bin, as a screen shows them.

    Parameters
    ----------
    samples : array, shape (n_times, n_channels)
    n_bins : int
        At most so many bins: as many as there are pixels.
    stop : int
        Grid index after the last row. Bins begin at multiples of their length, so that the
        picture moves without flicker.

    Returns
    -------
    rows : array, shape (n,)
        Position of each value among ``samples``.
    values : array, shape (n, n_channels)
        ``samples`` themselves where they are at most twice as many as bins.
    """
    n = len(samples)
    size = -(-n // max(n_bins, 1))
    if size <= 2:
        return np.arange(n, dtype=np.float64), samples
    start = (stop - n) % size
    skip = (size - start) % size
    n_whole = (n - skip) // size
    whole = samples[skip : skip + n_whole * size].reshape(n_whole, size, samples.shape[1])
    values = np.empty((2 * n_whole, samples.shape[1]), np.float32)
    values[::2] = np.fmin.reduce(whole, axis=1)
    values[1::2] = np.fmax.reduce(whole, axis=1)
    rows = skip + size * np.arange(n_whole, dtype=np.float64)
    return np.repeat(rows, 2) + np.tile([0.25 * size, 0.75 * size], n_whole), values
