"""Unwrap a device's sample counter, with time stamps to tell losses from repeats and delays.

Live streams and files come here alike, so that a counter means the same in both.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np

from physiosync_rt.datatypes import FloatArray, IntArray

STEADY_S = 0.5
"""Stamps that advanced at the device's rate for this long are not a burst of late samples."""

BURST_S = 0.1
"""In a burst, ``STEADY_S`` of samples arrive in less than ``STEADY_S - BURST_S``."""

DOUBT = 0.75
"""Share of a counter cycle that a gap in the stamps must reach to suspect lost cycles."""

HOLD_S = 10.0
"""Longest time that samples are held back."""

MEMORY_S = 10.0
"""How far back a repeated or late sample is recognized."""

EARLY_S = 0.05
"""A sample that much before its time, by its counter, is not a new one."""


class CounterUnwrapper:
    """Unwrapper of a sample counter, one sample at a time.

    Parameters
    ----------
    modulo, step : int
        Value at which the counter wraps, and its increment per sample.
    sfreq : float
        Nominal rate in Hz.
    memory_s : float
        Seconds over which repeats are recognized.
    own_counts : bool
        Whether a sample that is older than the newest one gets its own count back.

    Notes
    -----
    A one-byte counter cannot tell 1 lost sample from 257, so elapsed time decides. But a stamp may
    also be late without a loss. Where two consecutive stamps are most of a cycle further apart
    than the counter says, samples are therefore held back: when the stamps catch up with the
    count, it was a burst of late samples; when they advance at the device's rate, whole cycles
    were lost and are added. Smaller delays never override the counter. Decisions are made sample
    by sample and do not depend on chunks.

    Nor can it tell a step back from a step forward. A sample is a repeat where its number and its
    stamp are those of an earlier one, whatever came in between; it is late where its stamp lies in
    a place that is still empty; and where the stamps only go on, a number that would have come
    before its time has come again. Older samples of all three kinds get the newest one's count, so
    that the aligner detects duplicates, unless ``own_counts`` asks for their own.
    """

    def __init__(
        self,
        modulo: int,
        step: int,
        sfreq: float,
        *,
        memory_s: float = MEMORY_S,
        own_counts: bool = False,
    ) -> None:
        self._modulo, self._step = modulo, step
        self._cycle = modulo // step
        self._sfreq, self._period = sfreq, 1.0 / sfreq
        self._cycle_s = self._cycle / sfreq
        self._n_steady = max(int(STEADY_S * sfreq), 2)
        self._n_hold = max(int(HOLD_S * sfreq), 2 * self._n_steady)
        self._n_memory = memory_s * sfreq
        self._own_counts = own_counts
        self._raw: int | None = None
        self._count = 0
        self._stamp = 0.0
        self._stamp_before = 0.0
        self._held: list[_Held] = []
        self._newest = 0
        self._lateness: deque[float] = deque(maxlen=self._n_steady)
        self._seen: dict[int, float] = {}
        self._earliest: deque[tuple[int, float]] = deque()

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
            self._raw, self._stamp_before = raw, stamp
            self._accept(0, stamp)
            return [0]
        advance = round((raw - self._raw) % self._modulo / self._step)
        if not math.isfinite(stamp - self._stamp_before):
            stamp = self._usable(stamp, advance)
        if stamp < self._stamp_before:
            if (earlier := self._earlier(advance, stamp)) is not None:
                return self._add_old(earlier, stamp)
            if self._held and stamp < self._stamp_before - 0.25 * self._cycle_s:
                # Those that are held were not late, for an older one has come after them.
                late = self._late(self._newest, self._stamp_before)
                return self._release(self._whole_cycles(late)) + self.push(raw, stamp)
        if advance > 1 and self._comes_again(advance, stamp):
            advance = 0
        count = self._newest + advance
        gap = (stamp - self._stamp_before) - advance * self._period
        self._stamp_before = stamp
        if advance:
            self._raw, self._newest = raw, count
        if not self._held and gap < DOUBT * self._cycle_s:
            self._accept(count, stamp)
            return [count]
        late = self._late(count, stamp)
        self._held.append(_Held(count, stamp))
        if late < 0.5 * self._cycle_s:
            return self._release(0)
        steady = len(self._lateness) == self._n_steady and late > self._lateness[0] - BURST_S
        if steady or len(self._held) >= self._n_hold:
            return self._release(self._whole_cycles(late))
        self._lateness.append(late)
        return []

    def flush(self) -> list[int]:
        """Return the counts of held samples at the end of a stream, as late and not lost."""
        return self._release(0) if self._held else []

    def _earlier(self, advance: int, stamp: float) -> int | None:
        """Return the count of a sample from before the newest one, by its stamp; else None."""
        behind = -advance % self._cycle
        passed = (self._stamp_before - stamp) * self._sfreq
        n_cycles = round((passed - behind) / self._cycle)
        for cycles in (n_cycles, n_cycles + 1, n_cycles - 1):
            count = self._newest - behind - cycles * self._cycle
            if self._seen.get(count) == stamp:
                return count
        count = self._newest - behind - n_cycles * self._cycle
        oldest = next(iter(self._seen))
        # Its place is empty. Where it is taken, the clock was set back.
        return count if oldest < count < self._newest and count not in self._seen else None

    def _comes_again(self, advance: int, stamp: float) -> bool:
        """Return whether a number that seems to go forward goes back: it is before its time."""
        if self._cycle - advance > self._n_memory:
            # So far back the device has restarted.
            return False
        passed = stamp - self._stamp_before
        if advance > self._cycle // 2 and passed < 0.25 * self._cycle_s:
            return True
        earliest = self._earliest[0][1] - EARLY_S
        is_early = stamp - (self._newest + advance) * self._period < earliest
        return 0 <= passed < 0.5 * advance * self._period and is_early

    def _late(self, count: int, stamp: float) -> float:
        """Return how much later a sample came than its count says, in seconds."""
        return (stamp - self._stamp) - (count - self._count) * self._period

    def _whole_cycles(self, late: float) -> int:
        return round(late / self._cycle_s) * self._cycle

    def _add_old(self, count: int, stamp: float) -> list[int]:
        """Add a sample from before the newest one, which changes nothing for those to come."""
        if self._held:
            self._held.append(_Held(count, stamp, is_old=True))
            return []
        self._remember(count, stamp)
        return [count if self._own_counts else self._count]

    def _release(self, lost: int) -> list[int]:
        released = []
        held, self._held = self._held, []
        self._lateness.clear()
        self._newest += lost
        for each in held:
            if each.is_old:
                self._remember(each.count, each.stamp)
                released.append(each.count if self._own_counts else self._count)
            else:
                self._accept(each.count + lost, each.stamp)
                released.append(self._count)
        return released

    def _usable(self, stamp: float, advance: int) -> float:
        """Return the stamp, or the one before where it is not a time."""
        if not math.isfinite(stamp):
            # The sample took no time, as far as anybody can tell.
            return self._stamp_before
        # The first one that is a time.
        self._seen.clear()
        self._earliest.clear()
        self._stamp_before = stamp - advance * self._period
        self._accept(self._count, self._stamp_before)
        return stamp

    def _accept(self, count: int, stamp: float) -> None:
        """Take a sample as the newest one."""
        self._count, self._stamp, self._newest = count, stamp, max(count, self._newest)
        self._remember(count, stamp)
        earliest, lateness = self._earliest, stamp - count * self._period
        while earliest and earliest[-1][1] >= lateness:
            earliest.pop()
        earliest.append((count, lateness))
        while earliest[0][0] < count - self._n_hold:
            earliest.popleft()

    def _remember(self, count: int, stamp: float) -> None:
        self._seen.setdefault(count, stamp)
        if len(self._seen) > self._n_memory:
            del self._seen[next(iter(self._seen))]


@dataclass(frozen=True, slots=True)
class _Held:
    """A sample whose count waits for a decision."""

    count: int
    stamp: float
    is_old: bool = False


def unwrap_counter(
    raw: IntArray, timestamps: FloatArray, sfreq: float, modulo: int, step: int = 1
) -> tuple[IntArray, IntArray]:
    """Unwrap the sample counter of a whole file.

    Parameters
    ----------
    raw : int64 array, shape (n_samples,)
        Raw counter of the device.
    timestamps : float64 array, shape (n_samples,)
        Seconds, possibly in bursts.
    sfreq : float
        Nominal rate in Hz.
    modulo, step : int
        Value at which the counter wraps, and its increment per sample.

    Returns
    -------
    counter : int64 array, shape (n_samples,)
        From 0, never decreasing. A repeated sample gets the newest one's count.
    order : int64 array, shape (n_samples,)
        Indices that put the samples, of which some may come too late, in the order of ``counter``.
    """
    counts = _own_counts(raw, timestamps, sfreq, modulo, step)
    newest = np.maximum.accumulate(counts)
    order = np.arange(len(counts))
    late = np.flatnonzero(counts < newest)
    first_of_each = np.unique(counts, return_index=True)[1] if len(late) else late
    if np.isin(late, first_of_each).any():
        order = np.argsort(counts, kind="stable")
        newest = counts[order]
    return newest, order


def _own_counts(
    raw: IntArray, timestamps: FloatArray, sfreq: float, modulo: int, step: int
) -> IntArray:
    steps, passed = np.diff(raw) % modulo, np.diff(timestamps)
    longest = 1 / sfreq + DOUBT * modulo / step / sfreq
    if np.all(steps == step) and np.all((passed >= 0) & (passed < longest)):
        # Nothing is lost or repeated, as in most files.
        return np.arange(len(raw))
    unwrapper = CounterUnwrapper(modulo, step, sfreq, memory_s=math.inf, own_counts=True)
    counts: list[int] = []
    for value, stamp in zip(raw.tolist(), timestamps.tolist(), strict=True):
        counts += unwrapper.push(value, stamp)
    return np.asarray(counts + unwrapper.flush(), dtype=np.int64)
