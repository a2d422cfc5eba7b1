"""Levels that follow the stamps faster than the line does, for samples that are lost unseen."""

from __future__ import annotations

from physiosync_rt.align.thresholds import GAP_S

MEMORIES_S = (1.0, 0.2, 0.04)
"""How far back the levels look; the best one depends on the jitter and on what is lost."""

HORIZON_S = (0.5, 1.2)
"""How far ahead levels must predict: samples of one delivery are late together, and deliveries
follow rhythms (OpenBCI over LSL: 0.48 s), so that no single distance would do."""

STRIDE = 7919
"""A prime: from sample to sample, another distance of that range."""

JUDGED_S = 20.0
"""Stretch over which predictions are compared."""

SETTLED_S = 5.0
"""Before so much has been compared, the line is taken."""

BETTER = 0.97
"""A level is preferred when its squared errors are below this share of the line's."""

SAME_STEP, EVEN_STEP, TOGETHER = 0.1, 0.05, 0.45
"""Stamps this close to the one before, or to a period after it, in periods, came with it; and the
share of such that makes a stream of deliveries. Jitter of every sample's own leaves a third."""


class OffsetTracker:
    """How far off its line a stream is at present, where losses move it unseen.

    Parameters
    ----------
    sfreq : float
        Nominal rate in Hz.

    Attributes
    ----------
    offset : float
        Seconds to add to the line's time; 0 as long as the line predicts best.

    Notes
    -----
    Stamps that jitter by more than a fraction of a period cannot tell a lost sample from jitter,
    and a line with a memory of a minute takes a minute to believe a thousand small steps. Levels
    of shorter memories, with the line's period, follow sooner and pay with noise; which one serves
    is decided by how well each foretold the stamps. Where nothing is lost that is the line.
    Samples that are delivered and stamped together are left to the line: a level would follow the
    rhythm of the deliveries.
    """

    def __init__(self, sfreq: float) -> None:
        # Where a single lost sample is a gap there is nothing to follow.
        used = [m for m in MEMORIES_S if sfreq * GAP_S > 1 and m * sfreq >= 4]
        self._gains = [1.0 / (memory * sfreq) for memory in used]
        self._nearest, self._furthest = (max(round(h * sfreq), 2) for h in HORIZON_S)
        self._n_judged = max(int(JUDGED_S * sfreq), 1)
        self._n_settled = int(SETTLED_S * sfreq)
        self._n = 0
        self._errors = [0.0] * (len(used) + 1)
        self._together = 0.0
        self.start()

    def start(self) -> None:
        """Begin a stretch on the line."""
        self.offset = 0.0
        self._levels = [0.0] * len(self._gains)
        self._past: list[tuple[int, float, float, list[float]]] = []
        self._n_past = 0
        self._index = 0
        self._stamp = float("nan")

    def add(
        self, stamp: float, steps: int, line: tuple[float, float], gain: float, limit: float
    ) -> None:
        """Follow the next stamp.

        Parameters
        ----------
        stamp : float
            Seconds.
        steps : int
            Samples since the one before.
        line : (float, float)
            Time that the line foretold for this sample, and its period, in seconds.
        gain : float
            Share of the difference that the line takes.
        limit : float
            What is later than this was delivered late.
        """
        if not self._gains:
            return
        foretold, period = line
        self._index += steps
        self._judge(stamp, period, limit)
        residual = stamp - foretold
        moved = gain * min(max(residual, -limit), limit)
        for i, level in enumerate(self._levels):
            off = min(max(residual - level, -limit), limit)
            self._levels[i] = level + max(self._gains[i], gain) * off - moved
        state = (self._index, foretold + moved, period, self._levels.copy())
        if self._n_past < self._furthest:
            self._past.append(state)
        else:
            self._past[self._n_past % self._furthest] = state
        self._n_past += 1
        self._choose()

    def _judge(self, stamp: float, period: float, limit: float) -> None:
        """Compare what was foretold some samples ago with the stamp."""
        step = (stamp - self._stamp) / period
        self._stamp = stamp
        self._n = min(self._n + 1, self._n_judged)
        together = abs(step) < SAME_STEP or abs(step - 1.0) < EVEN_STEP
        self._together += (together - self._together) / self._n
        if self._n_past < self._furthest:
            return
        ago = self._nearest + self._n_past * STRIDE % (self._furthest - self._nearest + 1)
        index, time, then, levels = self._past[(self._n_past - ago) % self._furthest]
        late = stamp - time - (self._index - index) * then
        for i, level in enumerate((0.0, *levels)):
            error = min(max(late - level, -3 * limit), 3 * limit)
            self._errors[i] += (error * error - self._errors[i]) / self._n

    def _choose(self) -> None:
        best = min(self._errors)
        settled = self._n >= self._n_settled and self._together < TOGETHER
        if not settled or best >= BETTER * self._errors[0]:
            self.offset = 0.0
        else:
            self.offset = self._levels[self._errors.index(best) - 1]
