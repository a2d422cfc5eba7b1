"""Trouble of the run itself: files that cannot be written, samples that wait for too long."""

from __future__ import annotations

import math

from physiosync_rt.datatypes import shorten
from physiosync_rt.live.events import Event, EventKind
from physiosync_rt.live.file_events import file_event
from physiosync_rt.live.state import RunState
from physiosync_rt.sinks.file_news import FileNews, NewsKind

BEHIND_S = 2.0
"""Seconds that samples wait for the pipeline from which a run is behind."""

N_NAMED = 5
"""So many markers after the last row are named."""

CAUGHT_UP_S = 0.5
"""Seconds of waiting below which it is behind no more."""


def take_file_news(state: RunState, news: FileNews, now: float) -> None:
    """Take up what happened to a file that the run writes."""
    state.events.add(file_event(news, now))
    if news.kind in (NewsKind.REMOVED, NewsKind.RENAMED):
        next_path = str(news.next_path or "")
        if state.csv_path == str(news.path):
            state.csv_path = next_path
        if state.recording_path == str(news.path):
            state.recording_path = next_path


def lasting_troubles(state: RunState, now: float) -> list[Event]:
    """Return what is amiss with the run itself as long as it lasts."""
    found = [
        Event(
            EventKind.FILE_BLOCKED,
            now,
            n=file.given_up_now,
            seconds=file.blocked_s,
            text=file.reason,
            path=str(file.path),
            unit=file.unit,
        )
        for file in state.files
        if file.reason and not file.closed
    ]
    if state.behind_s >= BEHIND_S:
        found.append(Event(EventKind.BEHIND, now, state.eeg.name, seconds=state.behind_s))
    return found


def markers_dropped(state: RunState, now: float) -> Event:
    """Return the event that markers are in no row."""
    n, name = state.markers_dropped, state.eeg.name
    return Event(EventKind.MARKERS_DROPPED, now, name, n=n, unit="markers")


def markers_after(state: RunState) -> list[tuple[float | None, str]]:
    """Return markers after the last row, with seconds from the first EEG sample where known."""
    anchor = state.pipeline.anchor
    return [
        (t - anchor if anchor is not None and math.isfinite(t) else None, text)
        for t, text in tuple(state.markers_waiting)
    ]


def note_markers_after(state: RunState, now: float) -> None:
    """Say at the end of a run which markers are in no row, if any: none came after them."""
    found = markers_after(state)
    if not found:
        return
    named = [
        shorten(text) if at is None else f"{shorten(text)} at {at:.2f} s"
        for at, text in found[:N_NAMED]
    ]
    more = [f"{len(found) - N_NAMED} more"] * (len(found) > N_NAMED)
    text = ", ".join((*named, *more))
    state.events.add(Event(EventKind.MARKERS_AFTER, now, n=len(found), text=text, unit="markers"))


class MarkersWatch:
    """Turns markers that are in no row into events: at the first, and when they have doubled.

    Parameters
    ----------
    state : RunState
    """

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._next = 1

    def look(self, now: float) -> None:
        """Take up how many there are."""
        n = self._state.markers_dropped
        if n >= self._next:
            self._state.events.add(markers_dropped(self._state, now))
            self._next = 2 * n


class BehindWatch:
    """Turns how long samples wait into events: when it begins, doubles, and is over.

    Parameters
    ----------
    state : RunState
    """

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._next_s = BEHIND_S
        self._most_s = 0.0

    def look(self, waited_s: float, now: float) -> None:
        """Take up how long the oldest sample has waited."""
        state, name = self._state, self._state.eeg.name
        state.behind_s = waited_s
        state.behind_most_s = max(state.behind_most_s, waited_s)
        if waited_s >= self._next_s:
            state.events.add(Event(EventKind.BEHIND, now, name, seconds=waited_s))
            self._next_s = 2 * waited_s
        if self._next_s > BEHIND_S:
            self._most_s = max(self._most_s, waited_s)
            if waited_s < CAUGHT_UP_S:
                state.events.add(Event(EventKind.CAUGHT_UP, now, name, seconds=self._most_s))
                self._next_s, self._most_s = BEHIND_S, 0.0
