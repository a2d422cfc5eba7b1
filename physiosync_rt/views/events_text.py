"""The sentence for each event of a run, the same in the terminal, the window and the run's JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from physiosync_rt.datatypes import shorten
from physiosync_rt.live.events import MARKERS_WAITING, Event, EventKind
from physiosync_rt.sinks.lasting_file import KEPT_S
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.utils.translation import mark, tr
from physiosync_rt.views.electrodes_text import measured_text

SENTENCES: dict[EventKind, str] = {
    EventKind.WAITING: mark("waiting for the first sample of {e.stream}"),
    EventKind.STALLED: mark("{e.stream} has sent nothing for {e.seconds:.0f} s"),
    EventKind.STREAM_LOST: mark("{e.stream} is lost; check the device, the run goes on"),
    EventKind.CLOCK_STUCK: mark("the clock of {e.stream} is stuck; its samples are left out"),
    EventKind.GAP: mark("{e.stream} lost {samples} ({seconds} s)"),
    EventKind.LOSSES: mark(
        "{e.stream} lost {e.n} of its last {e.n_seen} samples, a few at a time; they are bridged"
    ),
    EventKind.NONFINITE: mark(
        "{e.stream} sent NaN or infinite values in {e.n} of its last {e.n_seen} samples; they are "
        "left out"
    ),
    EventKind.DUPLICATES: mark(
        "{e.stream} sent {duplicates} among its last {e.n_seen} samples; they are left out"
    ),
    EventKind.CLOCK_RESET: mark("the clock of {e.stream} was reset; it goes on after a gap"),
    EventKind.BURST: mark("{e.stream} held {samples} back and sent them at once"),
    EventKind.RATE_OFF: mark(
        "{e.stream} declares {e.sfreq:g} Hz and sends {e.sfreq_effective:.4g} Hz; it is resampled "
        "as it comes"
    ),
    EventKind.ELECTRODES: mark(
        "{e.stream}: {measured}; the others are interpolated, and the confidence is lowered by as "
        "much"
    ),
    EventKind.NO_STREAM: mark("no {e.text} stream: EEG only, confidence is lowered"),
    EventKind.LEFT_OUT: mark("left out: {e.text}; EEG only, confidence is lowered"),
    EventKind.REFUSED: "{e.text}",
    EventKind.SOURCE: "{e.text}",
    EventKind.NOTE: "{e.text}",
    EventKind.NO_PROOF: mark(
        "no proof: the bundle was calibrated with this very recording of {e.stream}, so the run "
        "does not show what it is worth; try it on another recording"
    ),
    EventKind.FILE_BLOCKED: mark(
        "{file} cannot be written ({e.text}): the last {kept} are kept in memory{lost_so_far}; "
        "check the disk, the run goes on"
    ),
    EventKind.FILE_RESUMED: mark(
        "{file} is written again after {e.seconds:.0f} s ({e.text}); {lost}"
    ),
    EventKind.FILE_REMOVED: mark("{file} was removed or replaced, {count} with it{rest}"),
    EventKind.FILE_RENAMED: mark("{file} was renamed or moved, {count} in it{rest}"),
    EventKind.FILE_UNSAVED: mark(
        "the last {count} could not be written to {file} ({e.text}) and are lost"
    ),
    EventKind.BEHIND: mark(
        "rows of {e.stream} come {e.seconds:.0f} s late: this computer is too slow or too busy; "
        "close other programs or choose a longer --hop"
    ),
    EventKind.CUT_OFF: mark(
        "the run ended {e.seconds:.0f} s behind {e.stream}: there are no rows of that time, "
        "`physiosync predict` makes them from a recording"
    ),
    EventKind.MARKERS_DROPPED: mark(
        "{count} {are} in no row of {e.stream}: more than {waiting:,} waited for theirs; a "
        "recording has all of them"
    ),
    EventKind.MARKERS_AFTER: mark("{count} came after the last row and {are} in none: {e.text}"),
    EventKind.FILE_SAVED: mark("the last {seconds} s of {e.text} are saved in {file}"),
    EventKind.CAUGHT_UP: mark(
        "rows of {e.stream} come in time again, after {e.seconds:.0f} s at most"
    ),
}
"""Sentences by kind; what a source, a reader or an error says is passed on as it came."""

_LONGEST_NAME = 100


def sentence(event: Event) -> str:
    """Return an event as a sentence."""
    event = replace(event, stream=shorten(event.stream, _LONGEST_NAME))
    count = count_text(event.n, event.unit)
    are = tr("is") if event.n == 1 else tr("are")
    lost = tr("{count} {are} lost").format(count=count, are=are)
    said = tr(SENTENCES[event.kind]).format(
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
        lost=lost if event.n else tr("nothing is lost"),
        lost_so_far=tr(", {lost} so far").format(lost=lost) if event.n else "",
        rest=tr("; the run goes on in {file}").format(file=event.text) if event.text else "",
    )
    return plain_text(said)


def count_text(n: int, unit: str) -> str:
    """Return a number of things, whose name is given in the plural."""
    return f"{n} {tr(unit.removesuffix('s') if n == 1 else unit)}"


def notice_text(events: Iterable[Event]) -> str:
    """Return what a person should read now as one line; empty when all is well."""
    return "; ".join(map(sentence, events))


def told(events: Iterable[Event]) -> tuple[str, ...]:
    """Return the sentences of a run in their order, those of one topic as one that counts them."""
    topics: dict[tuple[str, str, str], list[Event]] = {}
    for event in events:
        topics.setdefault(event.topic, []).append(event)
    return tuple(
        sentence(same[0])
        + (tr(" (the first of {n} such)").format(n=len(same)) if len(same) > 1 else "")
        for same in topics.values()
    )
