"""Heartbeats of an ECG, found second by second, and whether there is a heart at all.

A heart is seen by two things: deflections of a repeated shape that stand out of what lies between
them, and a rate that a heart can have. How regular they come decides nothing: a heart with extra
beats or in atrial fibrillation is a heart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, HeartSecond, HeartState, IntArray

MEMORY_S = 10
"""Seconds that a beat is compared over, and after which a heart that is not seen is absent."""

CLEAR_S = 5
"""Seconds after which a heart that is clear is seen."""

LATE = GRID_SFREQ // 2
"""Rows by which a beat must be past before it is final: the rest of its shape, and the filter."""

LOST_S = 5
"""Seconds in a row without evidence after which a heart that was seen is absent."""

FOUND_S = 3
"""Seconds in a row with evidence after which a heart that was absent is seen."""

_REFRACTORY = 34
"""Rows between two beats at least, 0.27 s: 226 a minute."""

_PAUSE_S = 3.0
"""Longest pause between two beats; the slowest heart that is seen has 30 beats a minute."""

_BEFORE, _AFTER = 26, 38
"""Rows of a beat's shape before and after its peak, 0.2 s and 0.3 s: P wave to T wave."""

_MARGIN = 10
"""Rows in which a peak lies around the middle of its energy."""

_EDGE = 13
"""Half the length of the filter, whose output is not valid at the ends."""


def _band_pass(low: float, high: float) -> FloatArray:
    """Linear-phase band-pass of 2 * `_EDGE` + 1 taps, without response to an offset."""
    n = np.arange(-_EDGE, _EDGE + 1)
    taps = sum(
        sign * 2 * hz / GRID_SFREQ * np.sinc(2 * hz / GRID_SFREQ * n)
        for hz, sign in ((high, 1.0), (low, -1.0))
    ) * np.hamming(len(n))
    out: FloatArray = taps - taps.mean()
    return out


_QRS = _band_pass(10.0, 25.0)
_BOX = np.full(9, 1 / 9)
_SLOW = np.full(25, 1 / 25)
_SPAN = np.arange(-_BEFORE, _AFTER + 1)
_NEAR = np.arange(-_MARGIN, _MARGIN + 1)


SEEN = 0.65, 3.5
"""Least `Evidence.match` and `Evidence.contrast` of a heart in `MEMORY_S` seconds.

Chosen on simulated signals. 2385 stretches of noise, the rhythms of EEG, mains and movement stay
below a contrast of 3.3 wherever they match this well, but for spikes and bumps that may as well be
beats. Hearts of 35 to 190 beats a minute, with extra beats, in atrial fibrillation and with noise
of 8 % of their range have a match from 0.7 and a contrast from 4.4 on in 97 % of the stretches.
"""

CLEAR = 0.8, 4.5
"""The same for `CLEAR_S` seconds, in which chance can do more: a contrast of 4.2."""

MOST_STEP = 0.45
"""Largest `Evidence.step`: simulated hearts reach 0.23, steps and square waves begin at 0.49."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a stretch of one lead says for a heart.

    Attributes
    ----------
    n_times : int
        Rows of the stretch.
    peaks : float array, shape (n_beats,)
        Rows of the peaks of deflections, with their fraction.
    match : float
        Correlation of the beats' shapes: that of a beat with the quarter of the others that is
        most like it, of which 70 % of the beats have at least this.
    contrast : float
        Height of a beat relative to the median height of the whole stretch, both in the band of
        the QRS complex.
    step : float
        Level after the peak minus level before it, relative to the range around it.
    pause_s : float
        Longest time without a beat, the ends of the stretch included.
    up : bool
        Whether the peaks point upwards.
    """

    n_times: int
    peaks: FloatArray
    match: float
    contrast: float
    step: float
    pause_s: float
    up: bool

    def shows_heart(self, match: float, contrast: float) -> bool:
        """Whether these are the beats of a heart, by how alike and how clear they must be."""
        return (
            self.match >= match
            and self.contrast >= contrast
            and self.step <= MOST_STEP
            and self.pause_s <= _PAUSE_S
        )


class HeartbeatDetector:
    """Find the beats of an ECG in its whole seconds, and tell whether a heart is seen.

    Parameters
    ----------
    n_leads : int

    Notes
    -----
    Each second is judged from the last `MEMORY_S` seconds since the start or the last gap, on the
    lead that shows the heart best. The state changes by these rules:

    - unknown to seen: the heart is clear, from `CLEAR_S` seconds on; or seen at `MEMORY_S`.
    - unknown to absent: not seen at `MEMORY_S`.
    - seen to absent: not seen for `LOST_S` seconds in a row, so that a movement does not end it.
    - absent to seen: seen for `FOUND_S` seconds in a row.

    A beat is reported with the first second that ends `LATE` rows after it or later: every beat
    once, in ascending order. No beat is reported while the heart is absent. Those that are reported
    before it is seen may turn out to be peaks of noise, and a movement may add or hide a beat.
    """

    def __init__(self, n_leads: int) -> None:
        self._n_leads = n_leads
        self.reset()

    def reset(self) -> HeartSecond:
        """Forget the past (after a gap), and return what a second says that is not there."""
        self._rows = np.empty((0, self._n_leads))
        self._ups: list[bool | None] = [None] * self._n_leads
        self._lead = 0
        self._state = HeartState.UNKNOWN
        self._seen_s = self._unseen_s = 0
        self._last_beat = -np.inf
        return HeartSecond(self._state, np.empty(0))

    def push(self, second: FloatArray, start: int) -> HeartSecond:
        """Take the next whole second.

        Parameters
        ----------
        second : array, shape (128, n_leads)
            Preprocessed, of any unit and polarity.
        start : int
            Grid index of its first row.
        """
        self._rows = np.concatenate([self._rows, second])[-MEMORY_S * GRID_SFREQ :]
        evidence = self._clearest(MEMORY_S)
        if not evidence.shows_heart(*SEEN):
            lately = self._clearest(CLEAR_S)
            evidence = lately if lately.shows_heart(*CLEAR) else evidence
        self._decide(evidence.shows_heart(*SEEN), evidence.shows_heart(*CLEAR))
        return HeartSecond(self._state, self._final(evidence, start + GRID_SFREQ))

    def _clearest(self, seconds: int) -> Evidence:
        """Evidence of the newest seconds on the lead that shows the heart best."""
        rows = self._rows[-seconds * GRID_SFREQ :]
        leads = [find_beats(x, up) for x, up in zip(rows.T, self._ups, strict=True)]
        self._ups = [lead.up for lead in leads]
        ranks = [(lead.shows_heart(*SEEN), lead.match) for lead in leads]
        # Peaks of two leads differ by some ms: the lead changes only for a clearly better one.
        ranks[self._lead] = ranks[self._lead][0], ranks[self._lead][1] + 0.1
        self._lead = ranks.index(max(ranks))
        return leads[self._lead]

    def _decide(self, seen: bool, clear: bool) -> None:
        """Move the state on by what the newest second adds."""
        seconds = len(self._rows) // GRID_SFREQ
        self._seen_s, self._unseen_s = (self._seen_s + 1, 0) if seen else (0, self._unseen_s + 1)
        if self._state is HeartState.UNKNOWN:
            if seconds >= CLEAR_S and clear:
                self._state = HeartState.SEEN
            elif seconds >= MEMORY_S:
                self._state = HeartState.SEEN if seen else HeartState.ABSENT
        elif self._state is HeartState.SEEN and self._unseen_s >= LOST_S:
            self._state = HeartState.ABSENT
        elif self._state is HeartState.ABSENT and self._seen_s >= FOUND_S:
            self._state = HeartState.SEEN

    def _final(self, evidence: Evidence, stop: int) -> FloatArray:
        """Beats that are past now and were not at the second before; none where no heart is."""
        if self._state is HeartState.ABSENT:
            return np.empty(0)
        past = stop - LATE
        peaks = evidence.peaks + (stop - evidence.n_times)
        new = peaks[(peaks >= past - GRID_SFREQ) & (peaks < past)]
        # Seen with one second more, a peak may lie on the other side of the border.
        new = new[new >= self._last_beat + _REFRACTORY]
        if len(new):
            self._last_beat = float(new[-1])
        return new


def find_beats(x: FloatArray, up: bool | None = None) -> Evidence:
    """Find the beats in a stretch of one lead.

    Parameters
    ----------
    x : array, shape (n_times,)
        At most some tens of seconds at 128 Hz.
    up : bool, optional
        Which way the peaks pointed before; kept unless the other way is clearer by a fifth.
    """
    n = len(x)
    narrow = np.convolve(x - x[0], _QRS, "same")
    narrow[:_EDGE] = narrow[-_EDGE:] = 0.0
    height = np.sqrt(np.convolve(narrow**2, _BOX, "same"))
    level = _usual_height(height)
    if level <= 1e-9 * max(float(np.abs(x).max()), 1e-9):
        return Evidence(n, np.empty(0), 0.0, 0.0, 1.0, np.inf, up is not False)
    middles = _peaks(height, 0.4 * level)
    middles = middles[(middles >= _EDGE + _MARGIN) & (middles < n - _EDGE - _MARGIN)]
    if len(middles) == 0:
        return Evidence(n, np.empty(0), 0.0, 0.0, 1.0, np.inf, up is not False)
    around = narrow[middles[:, None] + _NEAR]
    upwards, downwards = _median(around.max(axis=1)), _median(-around.min(axis=1))
    up = upwards * (1.2 if up else 1.0) >= downwards * (1.2 if up is False else 1.0)
    peaks = middles - _MARGIN + (around if up else -around).argmax(axis=1)
    match, step = _alike(x, peaks)
    edges = np.concatenate([[0.0], peaks, [n]])
    return Evidence(
        n,
        _refined(narrow if up else -narrow, peaks),
        match,
        level / max(_median(height[_EDGE:-_EDGE]), 1e-12),
        step,
        float(np.diff(edges).max()) / GRID_SFREQ,
        bool(up),
    )


def _usual_height(height: FloatArray) -> float:
    """Median of the greatest height in 2 s: of a beat, even of a slow heart."""
    half_s = GRID_SFREQ // 2
    most = height[: len(height) // half_s * half_s].reshape(-1, half_s).max(axis=1)
    for apart in (1, 2):
        most = np.maximum(most[:-apart], most[apart:]) if len(most) > apart else most
    return _median(most)


def _median(x: FloatArray) -> float:
    """Middle value, the upper of two; for short arrays many times faster than numpy's."""
    middle = len(x) // 2
    return float(np.partition(x, middle)[middle])


def _peaks(height: FloatArray, least: float) -> IntArray:
    """Local maxima from ``least`` on; of two within the refractory time the higher one."""
    inner = height[1:-1]
    found = 1 + np.flatnonzero((inner > height[:-2]) & (inner >= height[2:]) & (inner > least))
    free = np.ones(len(height), dtype=np.bool_)
    kept = []
    for at in found[np.argsort(-height[found], kind="stable")].tolist():
        if free[at]:
            kept.append(at)
            free[max(at - _REFRACTORY, 0) : at + _REFRACTORY + 1] = False
    return np.array(sorted(kept), dtype=np.int64)


def _alike(x: FloatArray, peaks: IntArray) -> tuple[float, float]:
    """``match`` and ``step`` of `Evidence`."""
    whole = peaks[(peaks >= _BEFORE) & (peaks < len(x) - _AFTER)]
    n = len(whole)
    if n < 4:
        return 0.0, 1.0
    at = whole[:, None] + _SPAN
    around = x[at[:, _BEFORE - 15 : _BEFORE + 16]]
    moved = around[:, -8:].mean(axis=1) - around[:, :8].mean(axis=1)
    steps = np.sort(np.abs(moved) / np.maximum(np.ptp(around, axis=1), 1e-12))
    shapes = (x - np.convolve(x, _SLOW, "same"))[at]
    shapes -= shapes.mean(axis=1, keepdims=True)
    shapes /= np.maximum(np.sqrt((shapes**2).sum(axis=1, keepdims=True)), 1e-12)
    likeness = shapes @ shapes.T
    np.fill_diagonal(likeness, -1.0)
    n_alike = max(2, -(-(n - 1) // 4))
    nearest = np.sort(np.sort(likeness, axis=1)[:, -n_alike])
    return float(nearest[int(0.3 * n)]), float(steps[int(0.4 * n)])


def _refined(x: FloatArray, peaks: IntArray) -> FloatArray:
    """Peaks with their fraction between two samples, by the parabola through three."""
    before, at, after = x[peaks - 1], x[peaks], x[peaks + 1]
    bend = before - 2 * at + after
    shift = np.where(bend < 0, 0.5 * (before - after) / np.minimum(bend, -1e-300), 0.0)
    out: FloatArray = peaks + np.clip(shift, -0.5, 0.5)
    return out
