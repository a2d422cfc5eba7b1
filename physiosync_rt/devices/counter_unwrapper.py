"""Unwrap a device's sample counter, with elapsed time to detect lost cycles."""

from __future__ import annotations

from collections import deque

from physiosync_rt.devices.description import CounterDescription

STEADY_S = 0.5
"""Stamps that advanced at the device's rate for this long are not a burst of late samples."""

BURST_S = 0.1
"""In a burst, ``STEADY_S`` of samples arrive in less than ``STEADY_S - BURST_S``."""

DOUBT = 0.75
"""Share of a counter cycle that a gap in the stamps must reach to suspect lost cycles."""

HOLD_S = 10.0
"""Longest time that samples are held back."""


class CounterUnwrapper:
    """Unwrapper of a sample counter, one sample at a time.

    Parameters
    ----------
    counter : CounterDescription
    sfreq : float
        Nominal rate in Hz.

    Notes
    -----
    A one-byte counter cannot tell 1 lost sample from 257, so elapsed time decides. But a stamp may
    also be late without a loss. Where two consecutive stamps are most of a cycle further apart
    than the counter says, samples are therefore held back: when the stamps catch up with the
    count, it was a burst of late samples; when they advance at the device's rate, whole cycles
    were lost and are added. Smaller delays never override the counter. Decisions are made sample
    by sample and do not depend on chunks.

    A sample that is older than the newest one by its counter (duplicate, or out of order) gets the
    newest one's count, so that the aligner detects it as a duplicate.
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
        """Add the next sample.

        Parameters
        ----------
        raw : int
            Counter value as the device sent it.
        stamp : float
            Timestamp in seconds.

        Returns
        -------
        list of int
            Counts that are known now, for the oldest samples still held back.
        """
        if self._raw is None:
            self._raw, self._stamp, self._stamp_before = raw, stamp, stamp
            return [0]
        advance = self._advance(raw, stamp)
        count = self._newest + advance
        gap = (stamp - self._stamp_before) - advance * self._period
        self._stamp_before = stamp
        if advance:
            self._raw = raw
        if not self._held and gap < DOUBT * self._cycle_s:
            self._accept(count, stamp)
            return [count]
        late = (stamp - self._stamp) - (count - self._count) * self._period
        self._held.append(count)
        if late < 0.5 * self._cycle_s:
            return self._release(0, stamp)
        steady = len(self._lateness) == self._n_steady and late > self._lateness[0] - BURST_S
        if steady or len(self._held) >= self._n_hold:
            return self._release(round(late / self._cycle_s) * self._cycle, stamp)
        self._lateness.append(late)
        return []

    def flush(self) -> list[int]:
        """Return the counts of held samples at the end of a stream, as late and not lost."""
        return self._release(0, self._stamp_before) if self._held else []

    @property
    def _newest(self) -> int:
        return self._held[-1] if self._held else self._count

    def _advance(self, raw: int, stamp: float) -> int:
        """Return the samples since the newest one; 0 for a duplicate."""
        assert self._raw is not None
        advance = round((raw - self._raw) % self._modulo / self._step)
        recent = stamp - self._stamp < 0.25 * self._cycle_s
        return 0 if advance > self._cycle // 2 and recent else advance

    def _release(self, lost: int, stamp: float) -> list[int]:
        released = [count + lost for count in self._held]
        self._held = []
        self._lateness.clear()
        self._accept(released[-1], stamp)
        return released

    def _accept(self, count: int, stamp: float) -> None:
        self._count, self._stamp = count, stamp
