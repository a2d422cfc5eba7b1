"""Who has stopped talking: arrival times of one stream, by the clock of this computer."""

from __future__ import annotations

from physiosync_rt.datatypes import StreamPhase

STALL_S = 1.0
STALL_CHUNKS = 5
LOST_S = 10.0


class Watchdog:
    """Arrival of one stream's chunks.

    A stream is *stalled* after ``max(1 s, 5 chunks)`` without a sample and *lost* after 10 s
    more; nothing of the kind is ever reported by the transport of a frozen device.

    Parameters
    ----------
    opened : float
        Present time in seconds of a monotonic clock.
    """

    def __init__(self, opened: float) -> None:
        self._last = opened
        self._chunk_s = 0.0
        self._seen = False
        self._ended = False

    @property
    def limit_s(self) -> float:
        """Silence after which the stream counts as stalled."""
        return max(STALL_S, STALL_CHUNKS * self._chunk_s)

    def arrived(self, now: float, duration_s: float) -> None:
        """Samples that span ``duration_s`` of arrival time have come."""
        if self._seen:
            # Slow to grow, slow to shrink: one late chunk is not the stream's habit.
            self._chunk_s += 0.1 * (min(duration_s, 2.0) - self._chunk_s)
        self._last, self._seen = now, True

    def end(self) -> None:
        """The source said that nothing more will come."""
        self._ended = True

    def silence_s(self, now: float) -> float:
        """Seconds since the last sample (or since opening)."""
        return now - self._last

    def phase(self, now: float) -> StreamPhase:
        """Where the stream stands."""
        if self._ended:
            return StreamPhase.ENDED
        silence = self.silence_s(now)
        if not self._seen:
            return StreamPhase.WAITING
        if silence <= self.limit_s:
            return StreamPhase.STREAMING
        return StreamPhase.STALLED if silence <= self.limit_s + LOST_S else StreamPhase.LOST
