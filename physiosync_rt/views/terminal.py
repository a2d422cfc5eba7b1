"""A live view of a run in a terminal, and plain lines where the output is not one."""

from __future__ import annotations

import errno
import time
from collections.abc import Callable, Mapping, Sequence

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from physiosync_rt.bundle.card import Meaning
from physiosync_rt.datatypes import Prediction, Reason, shorten
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.views.absence_text import why_absent
from physiosync_rt.views.electrodes_text import electrodes_text
from physiosync_rt.views.events_text import notice_text
from physiosync_rt.views.palette import ALERT, AROUSAL, VALENCE
from physiosync_rt.views.recording import FreeDisk, recording_text
from physiosync_rt.views.rest import RestWatch, rest_to_go
from physiosync_rt.views.scores_text import NOTHING_ELSE, modalities_in_use, score_lines
from physiosync_rt.views.terminal_plane import PLANE_WIDTH, plane
from physiosync_rt.views.terminal_streams import one_line, streams_table
from physiosync_rt.views.verdict import state_word, targets_shown, verdict
from physiosync_rt.views.wording import (
    GETTING_READY,
    MISSING,
    clock,
    heart,
    is_capturing,
    number,
    pps_name,
    rare_counts,
    signals_used,
    waiting_for,
    why,
)

REFRESH_S = 0.25
"""The view is drawn four times a second."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_FIXED_LINES = 19
_BLOCKS = "▁▂▃▄▅▆▇█"


class TerminalView:
    """The dashboard's content as text.

    Parameters
    ----------
    get_snapshot : callable
        Returns the newest Snapshot, None before the first; must return at once.
    console : Console
        Where to draw. On a terminal the view is redrawn in place; elsewhere every row becomes
        one line, so that a log or a pipe stays readable.
    sound : bool
        Whether a terminal rings when a rest is complete.

    Notes
    -----
    Runs in the calling thread and never touches the engine but through ``get_snapshot``.
    """

    def __init__(
        self,
        get_snapshot: Callable[[], Snapshot | None],
        console: Console,
        *,
        sound: bool = True,
    ) -> None:
        self._get = get_snapshot
        self._console = console
        self._sound = sound
        self._rest = RestWatch()
        self._disk = FreeDisk()
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
                snapshot = self._get()
                live.update(self.render(snapshot), refresh=True)
                self._ring_after_rest(snapshot)
                time.sleep(REFRESH_S)
            live.update(self.render(self._get()), refresh=True)

    def _ring_after_rest(self, snapshot: Snapshot | None) -> None:
        if snapshot is not None and self._rest.is_complete(snapshot) and self._sound:
            self._console.bell()

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
        history, pps = snapshot.history, pps_name(snapshot)
        for k, row in enumerate(history):
            if row.index > self._last_row:
                self._last_row = row.index
                before, margin = history[:k], snapshot.margin
                said = line(row, pps, snapshot.meaning, margin=margin, before=before)
                to_go = rest_to_go(snapshot) if row is history[-1] else ""
                self._print(f"{said}, {to_go}" if to_go else said)

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
            body.add_column(width=PLANE_WIDTH + 2, no_wrap=True)
            width = self._console.width - PLANE_WIDTH - 6
            body.add_row(_figures(snapshot, width), plane(snapshot))
        parts += [Padding(body, (1, 0, 0, 0)), streams_table(snapshot), self._files(snapshot)]
        room = self._console.height - _FIXED_LINES - len(snapshot.streams)
        room -= 3 if snapshot.events else 0
        room -= sum(any(rare_counts(state.stats).values()) for state in snapshot.streams)
        scores = score_lines(snapshot.scores, snapshot.meaning, modalities_in_use(snapshot))
        parts += [one_line(line, "dim") for line in scores[: max(0, room)]]
        return Group(*parts)

    def _files(self, snapshot: Snapshot) -> RenderableType:
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
        state = Text(recording_text(snapshot), style=ALERT if snapshot.recording_path else "dim")
        room = self._disk.text(snapshot)
        state.append(f" · {room}", style="not bold dim")
        return Group(
            one_line(f"{rows} · {latency} · {baseline}", ""),
            state,
            one_line(files or "not written to a file", "dim"),
        )

    def _print(self, text: str) -> None:
        try:
            self._console.print(text, markup=False, highlight=False, soft_wrap=True)
        except OSError as error:
            # Lines that go to a file on a full disk: the run itself goes on.
            if error.errno not in _FULL:
                raise


def line(
    row: Prediction,
    pps: str,
    meaning: Mapping[str, Meaning] = NOTHING_ELSE,
    *,
    margin: float = 0.0,
    before: Sequence[Prediction] = (),
) -> str:
    """Return one row as one line of plain text.

    Parameters
    ----------
    row : Prediction
    pps : str
        What to call the peripheral signal.
    meaning : mapping of str to Meaning
        What a target stands for, where it is not an emotion.
    margin : float
        Of the bundle.
    before : sequence of Prediction
        Rows before this one, as the hysteresis of its word looks back to them.
    """
    start = f"{clock(row.t_end)}  "
    if not row.valid:
        return f"{start}no prediction: {why(row, pps)}"
    word = state_word((*before, row), margin) or MISSING
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
        _rest_line(snapshot, bar) if is_capturing(snapshot) else Text(),
        table,
        Text("  ".join(filter(None, [signals_used(snapshot), heart(snapshot)]))),
        *([Text(electrodes, style="dim")] if electrodes else []),
    )


def _rest_line(snapshot: Snapshot, bar: int) -> Text:
    """Return the countdown of a rest as a bar with the seconds to go."""
    bar_text = _meter(snapshot.baseline_progress, bar, "bold")
    return Text.assemble("rest       ", bar_text, f" {snapshot.baseline_left_s:.0f} s")


def _meter(value: float | None, width: int, colour: str) -> Text:
    filled = 0 if value is None else round(value * width)
    return Text("━" * filled, style=colour) + Text("─" * (width - filled), style="dim")
