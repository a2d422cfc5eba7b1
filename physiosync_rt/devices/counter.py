"""From a counter that wraps every second or so to one that never does."""

from __future__ import annotations

from collections import deque

from physiosync_rt.devices.description import CounterDescription

STEADY_S = 0.5
"""Stamps that ran at the device's own speed for so long are no burst of late samples."""

BURST_S = 0.1
"""In a burst, ``STEADY_S`` of samples arrive in less than ``STEADY_S - BURST_S``."""

DOUBT = 0.75
"""Share of a cycle that a hole in the stamps must have for the counter to be doubted."""

HOLD_S = 10.0
"""Longer than this nothing is held back."""


class CounterUnwrapper:
    """Count samples for ever from a counter that wraps.

    Parameters
    ----------
    counter : CounterDescription
    sfreq : float
        Nominal rate in Hz.

    Notes
    -----
    A one-byte counter cannot tell 1 lost sample from 257: elapsed time has to. But a stamp may
    also be late with nothing lost. So where two neighbours' stamps are most of a cycle further
    apart than the counter says, the samples from there wait: when the stamps catch up with the
    count, it was a burst of late samples; when they run on at the device's speed, whole cycles
    were lost and are added. Smaller delays never outvote the counter. Decisions are made sample by
    sample and do not depend on chunks.

    A sample that the counter puts behind the newest one (repeated, or out of order) gets the
    newest one's count, so that the aligner sees it as a duplicate.
    """

    def __init__(self, counter: CounterDescription, sfreq: float) -> None:
        self._step = counter.step
        self._cycle = counter.modulo // counter.step
        self._modulo = counter.modulo
        self._period = 1.0 / sfreq
        self._cycle_s = self._cycle / sfreq
        self._n_steady = max(int(STEADY_S * sfreq), 2)
        self._n_hold = max(int(HOLD_S * sfreq), 2 * self._n_steady)
        self._raw: int | None = None
        self._count = 0
        self._stamp = 0.0
        self._stamp_before = 0.0
        self._held: list[int] = []
        self._lateness: deque[float] = deque(maxlen=self._n_steady)

    def push(self, raw: int, stamp: float) -> list[int]:
        """Take the next sample.

        Parameters
        ----------
        raw : int
            Counter value as the device sent it.
        stamp : float
            Timestamp in seconds.

        Returns
        -------
        list of int
            Counts that are decided now, for the oldest samples not yet answered.
        """
        if self._raw is None:
            self._raw, self._stamp, self._stamp_before = raw, stamp, stamp
            return [0]
        advance = self._advance(raw, stamp)
        count = self._newest + advance
        hole = (stamp - self._stamp_before) - advance * self._period
        self._stamp_before = stamp
        if advance:
            self._raw = raw
        if not self._held and hole < DOUBT * self._cycle_s:
            self._accept(count, stamp)
            return [count]
        late = (stamp - self._stamp) - (count - self._count) * self._period
        self._held.append(count)
        if late < 0.5 * self._cycle_s:
            return self._settle(0, stamp)
        steady = len(self._lateness) == self._n_steady and late > self._lateness[0] - BURST_S
        if steady or len(self._held) >= self._n_hold:
            return self._settle(round(late / self._cycle_s) * self._cycle, stamp)
        self._lateness.append(late)
        return []

    def flush(self) -> list[int]:
        """Answer what is held, at the end of a stream: taken as late, not lost."""
        return self._settle(0, self._stamp_before) if self._held else []

    @property
    def _newest(self) -> int:
        return self._held[-1] if self._held else self._count

    def _advance(self, raw: int, stamp: float) -> int:
        """Count the samples since the newest one; 0 for one that was there before."""
        assert self._raw is not None
        advance = round((raw - self._raw) % self._modulo / self._step)
        soon = stamp - self._stamp < 0.25 * self._cycle_s
        return 0 if advance > self._cycle // 2 and soon else advance

    def _settle(self, lost: int, stamp: float) -> list[int]:
        decided = [count + lost for count in self._held]
        self._held = []
        self._lateness.clear()
        self._accept(decided[-1], stamp)
        return decided

    def _accept(self, count: int, stamp: float) -> None:
        self._count, self._stamp = count, stamp
