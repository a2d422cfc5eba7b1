"""Heartbeats of an ECG, found second by second, and whether there is a heart at all.

A heart is seen by two things: deflections of a repeated shape that stand out of what lies between
them, and a rate that a heart can have. How regular they come decides nothing: a heart with extra
beats or in atrial fibrillation is a heart.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, HeartSecond, HeartState
from physiosync_rt.preprocess.beats import REFRACTORY, Evidence, find_beats

MEMORY_S = 10
"""Seconds that a beat is compared over, and after which a heart that is not seen is absent."""

CLEAR_S = 5
"""Seconds after which a heart that is clear is seen."""

LATE = GRID_SFREQ // 2
"""Rows by which a beat must be past before it is final: the rest of its shape, and the filter."""

LOST_S = 8
"""Seconds in a row without evidence after which a heart that was seen is absent.

That is a movement of three seconds and the `CLEAR_S` after which the heart is clear again.
"""

FOUND_S = 3
"""Seconds in a row with evidence after which a heart that was absent is seen."""

SEEN = 0.65, 3.5
"""Least `Evidence.match` and `Evidence.contrast` of a heart in `MEMORY_S` seconds.

Chosen on simulated signals. 2385 stretches of noise, the rhythms of EEG, mains and movement stay
below a contrast of 3.3 wherever they match this well, but for spikes and bumps that may as well be
beats. Hearts of 35 to 190 beats a minute, with extra beats, in atrial fibrillation and with noise
of 8 % of their range have a match from 0.7 and a contrast from 4.4 on in 97 % of the stretches.
"""

CLEAR = 0.8, 4.5
"""The same for `CLEAR_S` seconds, in which chance can do more: a contrast of 4.2."""

_RECENT = 32


class HeartbeatDetector:
    """Find the beats of an ECG in its whole seconds, and tell whether a heart is seen.

    Parameters
    ----------
    n_leads : int

    Attributes
    ----------
    recent : deque of float
        Grid indices of the newest beats, ascending; empty unless a heart is seen.

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
        self.recent: deque[float] = deque(maxlen=_RECENT)
        self.reset()

    def reset(self) -> HeartSecond:
        """Forget the past (after a gap), and return what a second says that is not there."""
        self._rows = np.empty((0, self._n_leads))
        self._ups: list[bool | None] = [None] * self._n_leads
        self._lead = 0
        self._state = HeartState.UNKNOWN
        self._seen_s = self._unseen_s = 0
        self._last_beat = -np.inf
        self.recent.clear()
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
        beats = self._final(evidence, start + GRID_SFREQ)
        if self._state is HeartState.SEEN:
            self.recent.extend(beats.tolist())
        else:
            self.recent.clear()
        return HeartSecond(self._state, beats)

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
        new = new[new >= self._last_beat + REFRACTORY]
        if len(new):
            self._last_beat = float(new[-1])
        return new
