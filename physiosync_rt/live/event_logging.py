"""What happens in a run, for the logger ``physiosync_rt``: records with their numbers, no wording.

Each log record of an event carries the `Event` as its attribute ``event``.
"""

from __future__ import annotations

import logging
import math

from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.live.state import RunState
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.preprocess.baseline import Baseline
from physiosync_rt.utils.plain_text import plain_text

logger = logging.getLogger(__name__)

_INFO = (EventKind.SOURCE, EventKind.NOTE, EventKind.CAUGHT_UP)
"""Events that tell of nothing lost; all others are warnings."""

LOOK_S = 0.1
"""So often it is looked at what is new."""

_SILENT = (StreamPhase.STALLED, StreamPhase.LOST)


class EventLogger:
    """Logs what is new since the last look: events, phases of streams, the baseline in use.

    Parameters
    ----------
    state : RunState
        Of the run.
    """

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._n_events = 0
        self._standing: Event | None = None
        self._phases: dict[str, StreamPhase] = {}
        self._baseline: Baseline | None = None
        self._due = -math.inf

    def look(self, now: float, *, last: bool = False) -> None:
        """Log what is new, where the last look is a while ago or this is the last one.

        Parameters
        ----------
        now : float
            Present time by the engine's clock.
        last : bool
        """
        if now < self._due and not last:
            return
        self._due = now + LOOK_S
        events = self._state.events
        for event in events.since(self._n_events):
            _log(event)
        self._n_events = events.n_added
        if events.standing is not None and events.standing != self._standing:
            _log(events.standing)
        self._standing = events.standing
        for name, watchdog in self._state.watchdogs.items():
            phase = watchdog.phase(now)
            if phase is not self._phases.get(name, StreamPhase.WAITING):
                level = logging.WARNING if phase in _SILENT else logging.INFO
                logger.log(level, "stream %s: %s", plain_text(name), phase)
            self._phases[name] = phase
        baseline = self._state.pipeline.baseline
        if baseline is not None and baseline != self._baseline:
            logger.info("baseline of %s: %s", ", ".join(baseline.channels), baseline.origin)
        self._baseline = baseline


def _log(event: Event) -> None:
    level = logging.INFO if event.kind in _INFO else logging.WARNING
    logger.log(level, "%s", event, extra={"event": event})
