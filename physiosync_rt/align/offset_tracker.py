"""Track the offset between stamps and fitted line where jitter hides lost samples."""

from __future__ import annotations

from physiosync_rt.align.thresholds import GAP_S

MEMORIES_S = (1.0, 0.2, 0.04)
"""Time constants of the trackers; the best one depends on the jitter and on the loss."""

HORIZON_S = (0.5, 1.2)
"""Range of prediction horizons: samples of one packet are late batched, and packets are
periodic (OpenBCI over LSL: 0.48 s), so a single horizon would be biased."""

STRIDE = 7919
"""A prime, so that every sample uses another horizon of that range."""

COMPARE_S = 20.0
"""Time over which prediction errors are averaged."""

MIN_COMPARE_S = 5.0
"""Minimum comparison time; until then the offset is 0."""

MAX_ERROR_RATIO = 0.97
"""A tracker is used when its mean squared error is below this share of the line's."""

SAME_STEP, EVEN_STEP, BATCHED_SHARE = 0.1, 0.05, 0.45
"""A stamp within ``SAME_STEP`` periods of the previous one, or ``EVEN_STEP`` of one period after
it, was stamped in the same batch. A stream with a larger share of such stamps is batched;
independent jitter per sample gives a third."""


class OffsetTracker:
    """Tracker of a stream's present offset from its fitted line, caused by undetected losses.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz.

    Attributes
    ----------
    offset : float
        Seconds to add to the line's time; 0 while the line predicts best.

    Notes
    -----
    With jitter of more than a fraction of a period, a lost sample cannot be told from jitter, and
    a line with a memory of a minute adapts too slowly to many small losses. Offsets with shorter
    time constants adapt sooner but are noisier; the one with the lowest prediction error is used,
    which is the line itself where nothing is lost. Samples that are stamped in batches always use
    the line, because an offset would follow the period of the batches.
    """

    def __init__(self, sfreq: float) -> None:
        # At rates where a single lost sample is a gap, there is nothing to track.
        used = [m for m in MEMORIES_S if sfreq * GAP_S > 1 and m * sfreq >= 4]
        self._gains = [1.0 / (memory * sfreq) for memory in used]
        self._nearest, self._furthest = (max(round(h * sfreq), 2) for h in HORIZON_S)
        self._n_horizons = self._furthest - self._nearest + 1
        self._n_average = max(int(COMPARE_S * sfreq), 1)
        self._n_min = int(MIN_COMPARE_S * sfreq)
        self._n = 0
        self._errors = [0.0] * (len(used) + 1)
        self._batched = 0.0
        self.start()

    def start(self) -> None:
        """Start a segment with offset 0."""
        self.offset = 0.0
        self._offsets = [0.0] * len(self._gains)
        self._past: list[tuple[int, float, float, list[float]]] = []
        self._n_past = 0
        self._index = 0
        self._stamp = float("nan")

    def add(
        self, stamp: float, steps: int, line: tuple[float, float], gain: float, limit: float
    ) -> None:
        """Update the offsets with the next stamp.

        Parameters
        ----------
        stamp : float
            Seconds.
        steps : int
            Samples since the previous one.
        line : (float, float)
            Time that the line predicted for this sample, and its period, in seconds.
        gain : float
            Share of the residual that the line takes.
        limit : float
            Residuals are clipped to this, in seconds; larger ones are late deliveries.
        """
        if not self._gains:
            return
        predicted, period = line
        self._index += steps
        self._update_errors(stamp, period, limit)
        residual = stamp - predicted
        moved = gain * clipped(residual, limit)
        offsets = []
        for own, offset in zip(self._gains, self._offsets, strict=True):
            left = residual - offset
            left = limit if left > limit else -limit if left < -limit else left
            offsets.append(offset + (own if own > gain else gain) * left - moved)
        self._offsets = offsets
        state = (self._index, predicted + moved, period, offsets)
        if self._n_past < self._furthest:
            self._past.append(state)
        else:
            self._past[self._n_past % self._furthest] = state
        self._n_past += 1
        self._choose_offset()

    def _update_errors(self, stamp: float, period: float, limit: float) -> None:
        """Update the prediction errors with the stamp, from a state some samples ago."""
        step = (stamp - self._stamp) / period
        self._stamp = stamp
        n = self._n
        if n < self._n_average:
            self._n = n = n + 1
        batched = -SAME_STEP < step < SAME_STEP or -EVEN_STEP < step - 1.0 < EVEN_STEP
        self._batched += (batched - self._batched) / n
        n_past, furthest = self._n_past, self._furthest
        if n_past < furthest:
            return
        ago = self._nearest + n_past * STRIDE % self._n_horizons
        index, time, then, offsets = self._past[(n_past - ago) % furthest]
        late, bound = stamp - time - (self._index - index) * then, 3 * limit
        errors, most = self._errors, bound * bound
        # The line itself, and then the offsets.
        errors[0] += ((late * late if -bound <= late <= bound else most) - errors[0]) / n
        for i, offset in enumerate(offsets, 1):
            error = late - offset
            errors[i] += ((error * error if -bound <= error <= bound else most) - errors[i]) / n

    def _choose_offset(self) -> None:
        self.offset = 0.0
        if self._n >= self._n_min and self._batched < BATCHED_SHARE:
            best = min(self._errors)
            if best < MAX_ERROR_RATIO * self._errors[0]:
                self.offset = self._offsets[self._errors.index(best) - 1]


def clipped(value: float, limit: float) -> float:
    """Return a value clipped to plus and minus ``limit``."""
    # Comparisons, because this runs several times per sample and calls of min and max cost more.
    if value > limit:
        return limit
    return -limit if value < -limit else value
