"""Measure a stream's true sampling rate, robust to losses."""

from __future__ import annotations

from collections import deque

import numpy as np

OFF_RATE = 0.01
"""Relative error of the declared rate worth reporting; crystals are accurate to 0.0002."""

N_STEPS = 2000
N_BINS = 10
MIN_BINS = 5


class RateMeter:
    """Estimator of the sampling rate: trimmed mean of the counts in the last ten time bins.

    Losses lower the count of some bins, a wrong rate that of all. The mean of the middle half
    separates the two.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz; bins are long enough for 40 samples of it, and at least 1 s.
    """

    def __init__(self, sfreq: float) -> None:
        self._bin_s = max(1.0, 40.0 / sfreq)
        self._counts: deque[int] = deque(maxlen=N_BINS)
        self._bin: int | None = None
        self._count = 0
        self._first_bin_done = False
        self._steps: list[float] = []
        self._stamp, self._n_packet = 0.0, 0

    def add(self, stamp: float) -> None:
        """Count one sample; a stamp that steps back counts in the newest bin."""
        if stamp == self._stamp:
            self._n_packet += 1
        else:
            if self._n_packet and len(self._steps) < N_STEPS:
                self._steps.append((stamp - self._stamp) / self._n_packet)
            self._stamp, self._n_packet = stamp, 1
        at = int(stamp // self._bin_s)
        if self._bin is None:
            self._bin = at
        if at > self._bin:
            self.end_bin(self._count)
            self._bin, self._count = at, 0
        self._count += 1

    def end_bin(self, count: int) -> None:
        """Keep the count of a bin that has passed, except the first, which is incomplete."""
        if self._first_bin_done:
            self._counts.append(count)
        self._first_bin_done = True

    @property
    def rate(self) -> float | None:
        """Rate in Hz, or None before five bins have passed."""
        if len(self._counts) < MIN_BINS:
            return None
        counts = np.sort(np.asarray(self._counts))
        quarter = len(counts) // 4
        return float(counts[quarter : len(counts) - quarter].mean()) / self._bin_s

    @property
    def stepped(self) -> float | None:
        """Rate in Hz from the median of the stream's first stamp steps, which losses do not bias.

        None where jitter makes the steps too variable.
        """
        if not self._steps:
            return None
        low, step, high = np.percentile(self._steps, [25, 50, 75])
        return float(1.0 / step) if high - low < step else None
