"""A live view of a run in a terminal, and plain lines where the output is not one."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Mapping

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from physiosync_rt.bundle.card import Meaning
from physiosync_rt.datatypes import Prediction, Reason, shorten
from physiosync_rt.live.snapshot import Snapshot, StreamState
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.views.absence_text import why_absent
from physiosync_rt.views.electrodes_text import electrodes_text
from physiosync_rt.views.events_text import notice_text
from physiosync_rt.views.palette import ALERT, AROUSAL, FINE, VALENCE
from physiosync_rt.views.scores_text import NOTHING_ELSE, modalities_in_use, score_lines
from physiosync_rt.views.wording import (
    GETTING_READY,
    MISSING,
    PHASES,
    QUADRANTS,
    STREAM_COUNTS,
    clock,
    duration,
    heart,
    number,
    pps_name,
    rare_counts,
    rate,
    signals_used,
    targets_shown,
    verdict,
    waiting_for,
    why,
)

REFRESH_S = 0.25
"""The view is drawn four times a second."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FIXED_LINES = 18
_BLOCKS = "▁▂▃▄▅▆▇█"
_PLANE_WIDTH, _PLANE_HEIGHT = 25, 7
_MARKS = {
    StreamPhase.WAITING: ("○", "dim"),
    StreamPhase.STREAMING: ("●", FINE),
    StreamPhase.STALLED: ("!", f"bold {ALERT}"),
    StreamPhase.LOST: ("×", f"bold {ALERT}"),
    StreamPhase.ENDED: ("○", "dim"),
}


class TerminalView:
    """The dashboard's content as text.

    Parameters
    ----------
    get_snapshot : callable
        Returns the newest Snapshot, None before the first; must return at once.
    console : Console
        Where to draw. On a terminal the view is redrawn in place; elsewhere every row becomes
        one line, so that a log or a pipe stays readable.

    Notes
    -----
    Runs in the calling thread and never touches the engine but through ``get_snapshot``.
    """

    def __init__(self, get_snapshot: Callable[[], Snapshot | None], console: Console) -> None:
        self._get = get_snapshot
        self._console = console
        self._last_row = 0
        self._last_topics: list[tuple[str, str, str]] = []
        self._introduced = False

    def run(self, is_done: Callable[[], bool]) -> None:
        """Show the run until it is done; the last state stays on the screen."""
        if not self._console.is_terminal:
            while not is_done():
                self.print_new_rows()
                time.sleep(REFRESH_S)
            self.print_new_rows()
            return
        with Live(console=self._console, auto_refresh=False, vertical_overflow="crop") as live:
            while not is_done():
                live.update(self.render(self._get()), refresh=True)
                time.sleep(REFRESH_S)
            live.update(self.render(self._get()), refresh=True)

    def print_new_rows(self) -> None:
        """Print one line for each row that is new, and the notice whenever it changes."""
        snapshot = self._get()
        if snapshot is None:
            return
        if self._last_row == 0 and not self._introduced:
            self._introduced = True
            self._print(f"{snapshot.bundle_title}: trained on {snapshot.trained_on}")
        topics = [event.topic for event in snapshot.events]
        if topics != self._last_topics:
            # Seconds that count up are not news.
            self._last_topics = topics
            if topics:
                self._print(f"notice: {notice_text(snapshot.events)}")
        for row in snapshot.history:
            if row.index > self._last_row:
                self._last_row = row.index
                self._print(line(row, pps_name(snapshot), snapshot.meaning))

    def render(self, snapshot: Snapshot | None) -> RenderableType:
        """Return a snapshot as a rich renderable that fits 80 columns and 24 lines."""
        if snapshot is None:
            return Text(f"PhysioSync-RT  {waiting_for(None)}…")
        parts: list[RenderableType] = [_title(snapshot)]
        if snapshot.events:
            parts.append(Text(f"▲ {notice_text(snapshot.events)}", style=f"bold {ALERT}"))
        body = Table.grid(expand=True, padding=(0, 3, 0, 0))
        body.add_column(ratio=1)
        if snapshot.meaning:
            body.add_row(_figures(snapshot, self._console.width - 3))
        else:
            body.add_column(width=_PLANE_WIDTH + 2, no_wrap=True)
            width = self._console.width - _PLANE_WIDTH - 6
            body.add_row(_figures(snapshot, width), plane(snapshot))
        parts += [Padding(body, (1, 0, 0, 0)), _streams(snapshot), _files(snapshot)]
        room = self._console.height - _FIXED_LINES - len(snapshot.streams)
        room -= 3 if snapshot.events else 0
        room -= sum(any(rare_counts(state.stats).values()) for state in snapshot.streams)
        scores = score_lines(snapshot.scores, snapshot.meaning, modalities_in_use(snapshot))
        parts += [_one_line(line, "dim") for line in scores[: max(0, room)]]
        return Group(*parts)

    def _print(self, text: str) -> None:
        try:
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)
        except OSError as error:
            # Lines that go to a file on a full disk: the run itself goes on.
            if error.errno not in _FULL:
                raise


def line(row: Prediction, pps: str, meaning: Mapping[str, Meaning] = NOTHING_ELSE) -> str:
    """Return one row as one line of plain text.

    Parameters
    ----------
    row : Prediction
    pps : str
        What to call the peripheral signal.
    meaning : mapping of str to Meaning
        What a target stands for, where it is not an emotion.
    """
    start = f"{clock(row.t_end)}  "
    if not row.valid:
        return f"{start}no prediction: {why(row, pps)}"
    word = QUADRANTS[row.quadrant][0] if row.quadrant in QUADRANTS else MISSING
    parts = [
        *(f"{name} {number(value)}" for _, name, value in targets_shown(row, meaning)),
        *([] if meaning else [f"{word:<7}"]),
        f"confidence {number(row.confidence)}",
        row.modalities.upper().replace("+", " + "),
    ]
    if row.reason is not Reason.NONE:
        parts[-1] += f" ({why(row, pps)})"
    if row.marker:
        parts.append(f"marker “{plain_text(shorten(row.marker, 60))}”")
    return start + "  ".join(parts)


def sparkline(rows: tuple[Prediction, ...], name: str, width: int) -> str:
    """Return the last ``width`` values of ``valence`` or ``arousal`` as blocks, ``·`` for none."""
    shown = rows[-width:]
    values = [row.valence if name == "valence" else row.arousal for row in shown]
    return "".join("·" if v is None else _BLOCKS[min(7, int(v * 8))] for v in values)


def plane(snapshot: Snapshot) -> RenderableType:
    """Return the valence-arousal plane in characters: ``●`` now, ``○`` last known, ``·`` path."""
    grid = [[" "] * _PLANE_WIDTH for _ in range(_PLANE_HEIGHT)]
    for row in grid:
        row[_PLANE_WIDTH // 2] = "│"
    grid[_PLANE_HEIGHT // 2] = ["─"] * _PLANE_WIDTH
    grid[_PLANE_HEIGHT // 2][_PLANE_WIDTH // 2] = "┼"
    valid = snapshot.prediction is not None and snapshot.prediction.valid
    column = height = None
    for past in snapshot.history[-60:]:
        if past.valence is None or past.arousal is None:
            continue
        column = min(_PLANE_WIDTH - 1, int(past.valence * _PLANE_WIDTH))
        height = min(_PLANE_HEIGHT - 1, int((1 - past.arousal) * _PLANE_HEIGHT))
        grid[height][column] = "·"
    if column is not None and height is not None:
        grid[height][column] = "●" if valid else "○"
    words = {quadrant: word for quadrant, (word, _meaning) in QUADRANTS.items()}
    gap = _PLANE_WIDTH // 2
    above = f"{words['LVHA']:<{gap}} {words['HVHA']:>{gap}}"
    below = f"{words['LVLA']:<{gap}} {words['HVLA']:>{gap}}"
    text = Text("\n".join([above, *("".join(row) for row in grid), below]), style="dim")
    text.highlight_regex("[●○]", "bold not dim")
    if valid and snapshot.prediction is not None and snapshot.prediction.quadrant in words:
        text.highlight_words([words[snapshot.prediction.quadrant]], "bold not dim")
    return text


def _title(snapshot: Snapshot) -> RenderableType:
    left = Text("PhysioSync-RT", style="bold", no_wrap=True, overflow="ellipsis")
    left.append(f"  {plain_text(snapshot.bundle_title)}", style="not bold dim")
    badge = "trained on simulated signals" if snapshot.simulated_training else ""
    row = Table.grid(expand=True, padding=(0, 0, 0, 2))
    row.add_column(ratio=1)
    row.add_column(no_wrap=True)
    row.add_column(justify="right", no_wrap=True)
    row.add_row(left, badge, Text(clock(snapshot.run_s), style="bold"))
    return row


def _figures(snapshot: Snapshot, width: int) -> RenderableType:
    headline, sentence = verdict(snapshot)
    row = snapshot.prediction
    valid = row is not None and row.valid
    mood = "bold" if valid or headline == GETTING_READY else f"bold {ALERT}"
    table = Table.grid(padding=(0, 1, 0, 0))
    shown = targets_shown(row, snapshot.meaning)
    table.add_column(width=max(10, *(len(name) for _, name, _ in shown)))
    table.add_column()
    table.add_column(justify="right")
    bar = max(8, width - 18)
    for column, name, value in shown:
        colour = VALENCE if column == "valence" else AROUSAL
        absent = why_absent(row, column)
        meter = Text(absent, style="dim") if absent else _meter(value, bar, colour)
        table.add_row(name, meter, Text(number(value), style="bold"))
        table.add_row("", Text(sparkline(snapshot.history, column, bar), style=colour))
    electrodes = electrodes_text(snapshot.electrodes)
    confidence = row.confidence if row else None
    table.add_row(
        "confidence", _meter(confidence, bar, "default"), Text(number(confidence), style="bold")
    )
    return Group(
        Text(headline, style=mood),
        Text(sentence, style="dim"),
        Text(),
        table,
        Text("  ".join(filter(None, [signals_used(snapshot), heart(snapshot)]))),
        *([Text(electrodes, style="dim")] if electrodes else []),
    )


def _meter(value: float | None, width: int, colour: str) -> Text:
    filled = 0 if value is None else round(value * width)
    return Text("━" * filled, style=colour) + Text("─" * (width - filled), style="dim")


def _streams(snapshot: Snapshot) -> RenderableType:
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
    return _one_line(f"  {state.spec.modality.value}: {', '.join(said)}", ALERT)


def _files(snapshot: Snapshot) -> RenderableType:
    latency = (
        f"latency p50 {number(snapshot.latency_p50_ms, 0, 'ms')}, "
        f"p99 {number(snapshot.latency_p99_ms, 0, 'ms')}"
    )
    rows = f"{snapshot.rows} rows, {snapshot.valid_rows} valid"
    baseline = f"baseline {snapshot.baseline or 'none'}"
    files = "  ".join(
        f"{word} {path}"
        for word, path in (("CSV", snapshot.csv_path), ("XDF", snapshot.recording_path))
        if path
    )
    return Group(
        _one_line(f"{rows} · {latency} · {baseline}", ""),
        _one_line(files or "not written to a file", "dim"),
    )


def _one_line(text: str, style: str) -> Text:
    return Text(plain_text(text), style=style, no_wrap=True, overflow="ellipsis")
