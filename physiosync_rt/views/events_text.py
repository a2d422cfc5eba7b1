"""The sentence for each event of a run, the same in the terminal, the window and the run's JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from physiosync_rt.datatypes import shorten
from physiosync_rt.live.events import MARKERS_WAITING, Event, EventKind
from physiosync_rt.sinks.lasting_file import KEPT_S
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.views.electrodes_text import measured_text

SENTENCES: dict[EventKind, str] = {
    EventKind.WAITING: "waiting for the first sample of {e.stream}",
    EventKind.STALLED: "{e.stream} has sent nothing for {e.seconds:.0f} s",
    EventKind.STREAM_LOST: "{e.stream} is lost; check the device, the run goes on",
    EventKind.CLOCK_STUCK: "the clock of {e.stream} is stuck; its samples are left out",
    EventKind.GAP: "{e.stream} lost {samples} ({seconds} s)",
    EventKind.LOSSES: (
        "{e.stream} lost {e.n} of its last {e.n_seen} samples, a few at a time; they are bridged"
    ),
    EventKind.NONFINITE: (
        "{e.stream} sent NaN or infinite values in {e.n} of its last {e.n_seen} samples; they are "
        "left out"
    ),
    EventKind.DUPLICATES: (
        "{e.stream} sent {duplicates} among its last {e.n_seen} samples; they are left out"
    ),
    EventKind.CLOCK_RESET: "the clock of {e.stream} was reset; it goes on after a gap",
    EventKind.BURST: "{e.stream} held {samples} back and sent them at once",
    EventKind.RATE_OFF: (
        "{e.stream} declares {e.sfreq:g} Hz and sends {e.sfreq_effective:.4g} Hz; it is resampled "
        "as it comes"
    ),
    EventKind.ELECTRODES: (
        "{e.stream}: {measured}; the others are interpolated, and the confidence is lowered by as "
        "much"
    ),
    EventKind.NO_STREAM: "no {e.text} stream: EEG only, confidence is lowered",
    EventKind.LEFT_OUT: "left out: {e.text}; EEG only, confidence is lowered",
    EventKind.REFUSED: "{e.text}",
    EventKind.SOURCE: "{e.text}",
    EventKind.NOTE: "{e.text}",
    EventKind.NO_PROOF: (
        "no proof: the bundle was calibrated with this very recording of {e.stream}, so the run "
        "does not show what it is worth; try it on another recording"
    ),
    EventKind.FILE_BLOCKED: (
        "{file} cannot be written ({e.text}): the last {kept} are kept in memory{lost_so_far}; "
        "check the disk, the run goes on"
    ),
    EventKind.FILE_RESUMED: ("{file} is written again after {e.seconds:.0f} s ({e.text}); {lost}"),
    EventKind.FILE_REMOVED: "{file} was removed or replaced, {count} with it{rest}",
    EventKind.FILE_RENAMED: "{file} was renamed or moved, {count} in it{rest}",
    EventKind.FILE_UNSAVED: (
        "the last {count} could not be written to {file} ({e.text}) and are lost"
    ),
    EventKind.BEHIND: (
        "rows of {e.stream} come {e.seconds:.0f} s late: this computer is too slow or too busy; "
        "close other programs or choose a longer --hop"
    ),
    EventKind.CUT_OFF: (
        "the run ended {e.seconds:.0f} s behind {e.stream}: there are no rows of that time, "
        "`physiosync predict` makes them from a recording"
    ),
    EventKind.MARKERS_DROPPED: (
        "{count} {are} in no row of {e.stream}: more than {waiting:,} waited for theirs; a "
        "recording has all of them"
    ),
    EventKind.FILE_SAVED: "the last {seconds} s of {e.text} are saved in {file}",
    EventKind.CAUGHT_UP: "rows of {e.stream} come in time again, after {e.seconds:.0f} s at most",
}
"""Sentences by kind; what a source, a reader or an error says is passed on as it came."""

_LONGEST_NAME = 100


def sentence(event: Event) -> str:
    """Return an event as a sentence."""
    event = replace(event, stream=shorten(event.stream, _LONGEST_NAME))
    count = count_text(event.n, event.unit)
    are = "is" if event.n == 1 else "are"
    lost = f"{count} {are} lost"
    said = SENTENCES[event.kind].format(
        e=event,
        file=Path(event.path).name,
        samples=count_text(event.n, "samples"),
        duplicates=count_text(event.n, "duplicates"),
        measured=measured_text(event.n, event.n_seen),
        count=count,
        are=are,
        waiting=MARKERS_WAITING,
        seconds=f"{event.seconds:.2g}" if event.seconds < 100 else f"{event.seconds:.0f}",
        kept=f"{KEPT_S / 60:.0f} min",
        lost=lost if event.n else "nothing is lost",
        lost_so_far=f", {lost} so far" if event.n else "",
        rest=f"; the run goes on in {event.text}" if event.text else "",
    )
    return plain_text(said)


def count_text(n: int, unit: str) -> str:
    """Return a number of things, whose name is given in the plural."""
    return f"{n} {unit.removesuffix('s') if n == 1 else unit}"


def notice_text(events: Iterable[Event]) -> str:
    """Return what a person should read now as one line; empty when all is well."""
    return "; ".join(map(sentence, events))


def told(events: Iterable[Event]) -> tuple[str, ...]:
    """Return the sentences of a run in their order, those of one topic as one that counts them."""
    topics: dict[tuple[str, str, str], list[Event]] = {}
    for event in events:
        topics.setdefault(event.topic, []).append(event)
    return tuple(
        sentence(same[0]) + (f" (the first of {len(same)} such)" if len(same) > 1 else "")
        for same in topics.values()
    )
