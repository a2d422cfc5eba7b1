"""Heart rate and its short-term variability over the last half minute of beats."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, BoolArray, FloatArray, HeartSecond, HeartState

TRAILING_S: Final = 30
"""Seconds that are looked back on: RMSSD agrees with that of minutes from there on [1]_.

References
----------
.. [1] Munoz et al., PLoS ONE 10 (2015) e0138921.
"""

RATE_FROM_S: Final = 5
"""Seconds without a gap from which on the rate is known."""

RMSSD_FROM_S: Final = 15
"""Seconds without a gap from which on RMSSD is known."""

NAMES: Final = ("heart rate", "RMSSD")

_FEWEST_INTERVALS: Final = 2
_FEWEST_STEPS: Final = 5

_ABNORMAL: Final = 0.25
"""Share by which an abnormal interval differs from those around it: the threshold "medium" of
Kubios HRV, 0.25 s at 60 beats a minute (Tarvainen et al., Comput. Methods Programs Biomed. 113
(2014) 210)."""

_AROUND: Final = 4
"""Intervals on each side that an interval is compared with: about one breath."""


def heart_rate(intervals: FloatArray) -> float:
    """Heart rate in beats per minute, which single beats too many or too few do not move.

    Parameters
    ----------
    intervals : array, shape (n,)
        Between consecutive beats, in s.

    Returns
    -------
    float
        60 divided by the interquartile mean: the mean of the intervals without the shortest and the
        longest quarter of them. NaN with fewer than two intervals.
    """
    n = len(intervals)
    if n < _FEWEST_INTERVALS:
        return np.nan
    cut = (n + 1) // 4
    return 60.0 / float(np.sort(intervals)[cut : n - cut].mean())


def rmssd(intervals: FloatArray) -> float:
    """Root mean square of the differences between successive normal intervals, in ms.

    Parameters
    ----------
    intervals : array, shape (n,)
        Between consecutive beats, in s.

    Returns
    -------
    float
        NaN with fewer than five such differences. An interval that differs by more than a quarter
        from the median of the nine around it is abnormal (an extra beat, a beat that was missed or
        is none); neither it nor its neighbours, which share a beat with it, take part.
    """
    if len(intervals) < _FEWEST_STEPS + 1:
        return np.nan
    doubtful = _abnormal(intervals)
    doubtful[1:] |= doubtful[:-1].copy()
    doubtful[:-1] |= doubtful[1:].copy()
    steps = np.diff(intervals)[~doubtful[1:] & ~doubtful[:-1]]
    return 1e3 * float(np.sqrt((steps**2).mean())) if len(steps) >= _FEWEST_STEPS else np.nan


def _abnormal(intervals: FloatArray) -> BoolArray:
    """Which intervals differ much from those around them, the ends from the nearest nine."""
    n = len(intervals)
    width = min(2 * _AROUND + 1, n - 1 + n % 2)
    first = np.clip(np.arange(n) - width // 2, 0, n - width)
    # The middle of an odd number: what np.median makes of them, in a tenth of the time.
    medians = np.sort(intervals[first[:, None] + np.arange(width)], axis=1)[:, width // 2]
    out: BoolArray = np.abs(intervals / medians - 1.0) > _ABNORMAL
    return out


class HeartMemory:
    """Beats of the last half minute.

    Notes
    -----
    Values are known while a heart is seen. What looks like beats where there is no heart is noise,
    so its absence ends the memory, as a gap does.
    """

    def __init__(self) -> None:
        self._beats: deque[float] = deque()
        self._begin: int | None = None
        self._stop = 0
        self._seen = False

    @property
    def seconds(self) -> float:
        """Seconds that the values rest on."""
        begin = self._stop if self._begin is None else self._begin
        return min((self._stop - begin) / GRID_SFREQ, TRAILING_S)

    def forget(self) -> None:
        """End the memory."""
        self._beats.clear()
        self._begin = None
        self._seen = False

    def take(self, heart: HeartSecond, start: int) -> None:
        """Take the next whole second, which begins at grid index ``start``."""
        self._stop = start + GRID_SFREQ
        if heart.state is HeartState.ABSENT:
            self.forget()
            return
        self._begin = start if self._begin is None else self._begin
        self._seen = heart.state is HeartState.SEEN
        oldest = max(self._begin, self._stop - TRAILING_S * GRID_SFREQ)
        self._beats.extend(heart.beats.tolist())
        while self._beats and self._beats[0] < oldest:
            self._beats.popleft()

    def values(self) -> FloatArray:
        """Heart rate (1/min) and RMSSD (ms), shape (2,); NaN where not known."""
        found = np.full(len(NAMES), np.nan)
        if not self._seen or self.seconds < RATE_FROM_S:
            return found
        intervals = np.diff(self._beats) / GRID_SFREQ
        found[0] = heart_rate(intervals)
        if self.seconds >= RMSSD_FROM_S:
            found[1] = rmssd(intervals)
        return found
