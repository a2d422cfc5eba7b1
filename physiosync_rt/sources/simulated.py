"""Simulate a person as a source."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace

from physiosync_rt.datatypes import Chunk, StreamSpec
from physiosync_rt.simulation import PersonStream
from physiosync_rt.sources.base import Batch, SourceMessage

FAST_CHUNK_S = 0.25


class SimulatedSource:
    """Source of a simulated person, paced by the clock or as fast as it is polled.

    Parameters
    ----------
    stream : PersonStream
        Must not have been read before.
    duration_s : float, optional
        Length in seconds; endless by default.
    paced : bool
        False delivers the next slot at every poll.
    clock : callable
        Monotonic seconds; a paced person's stamps are of this clock.

    Attributes
    ----------
    messages : list of SourceMessage
        Always empty: simulated streams have no faults.
    """

    def __init__(
        self,
        stream: PersonStream,
        *,
        duration_s: float | None = None,
        paced: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.messages: list[SourceMessage] = []
        self._stream = stream
        self._duration_s = math.inf if duration_s is None else duration_s
        self._paced = paced
        self._clock = clock
        self._start = 0.0
        self._sent = 0.0

    @property
    def speed(self) -> float:
        """1, or infinite when not paced."""
        return 1.0 if self._paced else math.inf

    @property
    def start_utc(self) -> float | None:
        """None: simulated sessions have no date."""
        return None

    def now(self) -> float | None:
        """Return the present time on the clock of the stamps; None when not paced."""
        return self._clock() if self._paced else None

    def open(self) -> tuple[StreamSpec, ...]:
        """Start the session now."""
        self._start = self._clock() if self._paced else 0.0
        return self._stream.specs

    def poll(self, timeout: float) -> Batch:
        """Return what has arrived since the last poll."""
        if self._sent >= self._duration_s:
            return Batch(ended=True)
        if self._paced:
            time.sleep(max(min(timeout, self._start + self._duration_s - self._clock()), 0.0))
            until = self._clock() - self._start
        else:
            until = self._sent + FAST_CHUNK_S
        self._sent = min(until, self._duration_s)
        chunks = (self._stamped(chunk) for chunk in self._stream.read_until(self._sent))
        return Batch(tuple(chunk for chunk in chunks if len(chunk)))

    def close(self) -> None:
        """Do nothing: there are no resources."""

    def _stamped(self, chunk: Chunk) -> Chunk:
        return replace(chunk, timestamps=chunk.timestamps + self._start)
