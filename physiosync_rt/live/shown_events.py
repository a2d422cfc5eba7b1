"""Which events a person should read now."""

from __future__ import annotations

from collections.abc import Sequence

from physiosync_rt.live.events import Event, EventKind, EventLog, rate_off
from physiosync_rt.live.snapshot import StreamState
from physiosync_rt.live.watchdog import StreamPhase

SHOWN_S = 10.0
"""How long an event is shown."""

SOURCE_FIRST_S = 5.0
"""So long what a source says is shown alone, without what counters say of the same event."""

PATIENCE_S = 2.0
"""Seconds without a first sample that are not worth a word."""


def shown_events(
    log: EventLog,
    streams: Sequence[StreamState],
    notes: Sequence[Event],
    now: float,
    troubles: Sequence[Event] = (),
) -> tuple[Event, ...]:
    """Choose what to show: lasting trouble, else recent events, else what holds for the run.

    Parameters
    ----------
    log : EventLog
    streams : sequence of StreamState
    notes : sequence of Event
        What holds at present, shown with ``log.standing`` when nothing else is to be shown.
    now : float
        Present time by the engine's clock.
    troubles : sequence of Event
        Trouble of the run itself, shown first as long as it lasts, whatever else there is.
    """
    about_files = {event.path for event in troubles}
    others = _shown(log, streams, notes, now)
    shown = (*troubles, *(e for e in others if not e.path or e.path not in about_files))
    if EventKind.NO_PROOF in {event.kind for event in shown}:
        return shown
    # That a run proves nothing stands beside any trouble, as long as the run lasts.
    return (*shown, *(event for event in notes if event.kind is EventKind.NO_PROOF))


def _shown(
    log: EventLog, streams: Sequence[StreamState], notes: Sequence[Event], now: float
) -> tuple[Event, ...]:
    for state in streams:
        if trouble := _trouble(state, now):
            return (trouble,)
    # As a whole at once: whoever looks at the end of a run does so beside who works on it.
    news = [e for e in tuple(log.events) if e.kind is not EventKind.FILE_SAVED]
    recent = [e for e in news if not e.stream and now - e.at < SOURCE_FIRST_S]
    recent = recent or [e for e in news if now - e.at < SHOWN_S]
    if recent:
        # Trouble of one stream or file must not hide another's; of what came together, the first.
        newest: dict[str, Event] = {}
        for event in recent:
            of = event.stream or event.path
            if of not in newest or event.at > newest[of].at:
                newest[of] = event
        # How many electrodes there are is no trouble, and hides nothing that holds at present.
        calm = all(event.kind is EventKind.ELECTRODES for event in newest.values())
        return (*newest.values(), *(notes if calm else ()))
    for state in streams:
        if state.stats.rate_is_off:
            return (rate_off(state.spec, state.stats, now),)
    return (*notes, *([log.standing] if log.standing else []))


_TROUBLES = {
    StreamPhase.WAITING: EventKind.WAITING,
    StreamPhase.STALLED: EventKind.STALLED,
    StreamPhase.LOST: EventKind.STREAM_LOST,
}


def _trouble(state: StreamState, now: float) -> Event | None:
    """Return what is amiss with a stream as long as it lasts."""
    kind = _TROUBLES.get(state.phase)
    if kind is EventKind.WAITING and state.age_s <= PATIENCE_S:
        kind = None
    if kind is None and state.stats.clock_is_stuck:
        kind = EventKind.CLOCK_STUCK
    return None if kind is None else Event(kind, now, state.spec.name, seconds=state.age_s)
