"""The newest snapshot of a run, made only where somebody looks."""

from __future__ import annotations

import math
from collections.abc import Callable
from threading import get_ident

from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.live.state import RunState
from physiosync_rt.live.take_snapshot import take_snapshot

SNAPSHOT_S = 0.05
"""Least time from one snapshot to the next, for a view that looks all the time; traces are drawn as
often."""


class LatestSnapshot:
    """What a view may show now.

    Parameters
    ----------
    state : RunState
    clock : callable
        The engine's.

    Notes
    -----
    `take_turn` and `rest` are called in the thread that works on the run. Who looks there, or
    while nobody works on it, is given what holds now; any other thread the newest there is, and
    its look asks for the next one.
    """

    def __init__(self, state: RunState, clock: Callable[[], float]) -> None:
        self._state = state
        self._clock = clock
        self._worker: int | None = get_ident()
        self._wanted = False
        self._take(clock())

    @property
    def due_in_s(self) -> float:
        """Seconds until the next one is due: not before somebody has looked at the newest."""
        return self._due - self._clock() if self._wanted else math.inf

    def look(self) -> Snapshot:
        """Return the newest snapshot, at once."""
        if self._worker not in (None, get_ident()):
            self._wanted = True
        elif self._is_stale:
            self._take(self._clock())
        return self._latest

    def take_turn(self, now: float, *, last: bool) -> None:
        """Make the next snapshot after a pass, where somebody has looked at this one."""
        self._worker, self._is_stale = get_ident(), True
        if last or (self._wanted and now >= self._due):
            self._take(now)

    def rest(self) -> None:
        """Note that nobody works on the run any more."""
        self._worker = None

    def _take(self, now: float) -> None:
        self._latest = take_snapshot(self._state, now)
        self._wanted = self._is_stale = False
        self._due = now + SNAPSHOT_S
