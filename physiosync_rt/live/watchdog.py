"""Stall detection: arrival times of one stream, by the clock of this computer."""

from __future__ import annotations

from enum import StrEnum

STALL_S = 1.0
STALL_CHUNKS = 5
LOST_S = 10.0
BURST_S, BURST_CHUNKS = 0.25, 3


class StreamPhase(StrEnum):
    """Where a live stream stands."""

    WAITING = "waiting"
    STREAMING = "streaming"
    STALLED = "stalled"
    LOST = "lost"
    ENDED = "ended"


class Watchdog:
    """Arrival of one stream's chunks.

    A stream is *stalled* after ``max(1 s, 5 chunks)`` without a sample and *lost* after 10 s
    more; the transport of a frozen device reports neither. Samples that come at once after
    ``max(0.25 s, 3 chunks)`` of silence, and fill it, are a *burst*: they were held back.

    Parameters
    ----------
    opened : float
        Present time in seconds of a monotonic clock.

    Attributes
    ----------
    late : int
        Samples that came in bursts.
    bursts : int
        How often.
    """

    def __init__(self, opened: float) -> None:
        self.late = 0
        self.bursts = 0
        self._last = opened
        self._looked = opened
        self._chunk_s = 0.0
        self._n_chunks = 0
        self._seen = False
        self._ended = False

    @property
    def limit_s(self) -> float:
        """Silence after which the stream counts as stalled."""
        return max(STALL_S, STALL_CHUNKS * self._chunk_s)

    def look(self, now: float) -> None:
        """Note that everything that had arrived by now has been taken."""
        self._looked = now

    def skip(self, now: float) -> None:
        """Note that nobody could look until now, so that this time is not silence."""
        self._last += now - self._looked
        self._looked = now

    def arrived(self, now: float, duration_s: float, n_samples: int = 1) -> None:
        """Note samples that span ``duration_s`` of arrival time."""
        # Only what was missing at the last look was held back by the device, and not by us.
        silence = self._looked - self._last
        limit = max(BURST_S, BURST_CHUNKS * self._chunk_s)
        if self._n_chunks and silence > limit and duration_s > 0.5 * silence:
            self.bursts += 1
            self.late += n_samples
        if self._seen:
            # Slow to grow, slow to shrink: one late chunk is not the stream's habit.
            self._n_chunks += 1
            share = max(0.1, 1.0 / self._n_chunks)
            self._chunk_s += share * (min(duration_s, 2.0) - self._chunk_s)
        self._last, self._seen = now, True

    def end(self) -> None:
        """Note that nothing more will come."""
        self._ended = True

    def silence_s(self, now: float) -> float:
        """Return the seconds since the last sample (or since opening)."""
        return now - self._last

    def phase(self, now: float) -> StreamPhase:
        """Return where the stream stands."""
        if self._ended:
            return StreamPhase.ENDED
        silence = self.silence_s(now)
        if not self._seen:
            return StreamPhase.WAITING
        if silence <= self.limit_s:
            return StreamPhase.STREAMING
        return StreamPhase.STALLED if silence <= self.limit_s + LOST_S else StreamPhase.LOST
