"""The streams of a run as a table in a terminal."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from physiosync_rt.live.snapshot import Snapshot, StreamState
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.views.palette import ALERT, FINE
from physiosync_rt.views.wording import (
    PHASES,
    STREAM_COUNTS,
    duration,
    number,
    rare_counts,
    rate,
)

_MARKS = {
    StreamPhase.WAITING: ("○", "dim"),
    StreamPhase.STREAMING: ("●", FINE),
    StreamPhase.STALLED: ("!", f"bold {ALERT}"),
    StreamPhase.LOST: ("×", f"bold {ALERT}"),
    StreamPhase.ENDED: ("○", "dim"),
}


def streams_table(snapshot: Snapshot) -> RenderableType:
    """Return a line for each stream, and below it what seldom happens, where it has happened."""
    table = Table(box=None, expand=True, padding=(0, 1, 0, 0), header_style="dim")
    table.add_column("stream", no_wrap=True, overflow="ellipsis", ratio=1)
    for name in ("state", "rate", "jitter", "age"):
        table.add_column(name, no_wrap=True)
    for name in ("lost", "delivered_late", "gaps"):
        table.add_column(STREAM_COUNTS[name].word, justify="right", no_wrap=True)
    for state in snapshot.streams:
        mark, style = _MARKS[state.phase]
        stats = state.stats
        counts = (stats.lost, stats.delivered_late, stats.gaps)
        table.add_row(
            Text(plain_text(f"{state.spec.modality.value} {state.spec.name}")),
            Text(f"{mark} {PHASES[state.phase]}", style=style),
            rate(state),
            number(stats.jitter_ms if stats.received else None, 1, "ms"),
            duration(state.age_s),
            *(Text(str(count), style=ALERT if count else "") for count in counts),
        )
    return Padding(Group(table, *filter(None, map(_rare_line, snapshot.streams))), (1, 0))


def _rare_line(state: StreamState) -> Text | None:
    """Return a line with what seldom happens, where it has happened."""
    said = [f"{count:,} {name}" for name, count in rare_counts(state.stats).items() if count]
    if not said:
        return None
    return one_line(f"  {state.spec.modality.value}: {', '.join(said)}", ALERT)


def one_line(text: str, style: str) -> Text:
    """Return a text that is cut off where the line ends."""
    return Text(plain_text(text), style=style, no_wrap=True, overflow="ellipsis")
