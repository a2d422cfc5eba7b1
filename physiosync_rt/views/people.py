"""Several people in a terminal: a line for each, and plain lines where the output is not one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from rich.console import Console, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from physiosync_rt.live.glance import Glance, MemberPhase
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.utils.translation import tr
from physiosync_rt.views.palette import ALERT
from physiosync_rt.views.terminal import line
from physiosync_rt.views.verdict import state_word, targets_shown
from physiosync_rt.views.wording import MISSING, clock, number, why

REFRESH_S = 0.5
"""Rows come once a second."""


class PeopleView:
    """Everybody's newest row.

    Parameters
    ----------
    glances : callable
        Returns where everybody stands; must return at once.
    console : Console
        On a terminal a table is redrawn in place; elsewhere every row becomes one line.
    """

    def __init__(self, glances: Callable[[], Sequence[Glance]], console: Console) -> None:
        self._glances = glances
        self._console = console
        self._printed: dict[str, int] = {}
        self._said: dict[str, str] = {}

    def run(self, is_done: Callable[[], bool]) -> None:
        """Show everybody until the run is done; the last state stays on the screen."""
        if not self._console.is_terminal:
            while not is_done():
                self.print_news()
                time.sleep(REFRESH_S)
            self.print_news()
            return
        with Live(console=self._console, auto_refresh=False, vertical_overflow="crop") as live:
            while not is_done():
                live.update(self.render(), refresh=True)
                time.sleep(REFRESH_S)
            live.update(self.render(), refresh=True)

    def print_news(self) -> None:
        """Print a line for each new row, and for each change of where somebody stands."""
        for glance in self._glances():
            said = standing(glance)
            if said != self._said.get(glance.name, ""):
                self._said[glance.name] = said
                if said:
                    self._print(f"{glance.name}: {said}")
            for k, row in enumerate(glance.rows):
                if row.index > self._printed.get(glance.name, 0):
                    self._printed[glance.name] = row.index
                    before = glance.rows[:k]
                    margin, pps, meaning = glance.margin, glance.pps_name, glance.meaning
                    told = line(row, pps, meaning, margin=margin, before=before)
                    self._print(f"{glance.name}: {told}")

    def render(self) -> RenderableType:
        """Return everybody as a table."""
        table = Table(box=None, padding=(0, 2, 0, 0), expand=True)
        for title in ("", "time"):
            table.add_column(title, no_wrap=True)
        table.add_column("state", no_wrap=True, ratio=1)
        for title in ("valence", "arousal", "confidence", "rows", "latency"):
            table.add_column(title, justify="right", no_wrap=True)
        for glance in self._glances():
            table.add_row(Text(glance.name, style="bold"), *_cells(glance))
        return table

    def _print(self, text: str) -> None:
        self._console.print(plain_text(text), markup=False, highlight=False, soft_wrap=True)


def standing(glance: Glance) -> str:
    """Return where somebody stands, where that is not simply running."""
    if glance.phase is MemberPhase.COMING:
        if not glance.error:
            return tr("streams are looked for")
        return tr("not here yet: {why}").format(why=glance.error)
    if glance.phase is MemberPhase.FAILED:
        return tr("ended by an error: {why}").format(why=glance.error)
    return tr("ended") if glance.phase is MemberPhase.ENDED else ""


def state_text(glance: Glance) -> str:
    """Return the word of somebody's newest row, or why there is none."""
    if said := standing(glance):
        return said
    if not glance.rows:
        return tr("warming up")
    row = glance.rows[-1]
    if not row.valid:
        return why(row, glance.pps_name)
    if glance.meaning:
        shown = targets_shown(row, glance.meaning)
        return ", ".join(f"{name} {number(value)}" for _, name, value in shown)
    return state_word(glance.rows, glance.margin) or MISSING


def _cells(glance: Glance) -> list[RenderableType]:
    row = glance.rows[-1] if glance.rows else None
    running = glance.phase is MemberPhase.RUNNING
    calm = running and (row is None or row.valid)
    # The end of the run is told by the state; numbers of before would look like present ones.
    shown = row if running else None
    return [
        clock(row.t_end) if row else MISSING,
        Text(plain_text(state_text(glance)), style="" if calm else ALERT, overflow="ellipsis"),
        number(shown.valence if shown else None),
        number(shown.arousal if shown else None),
        number(shown.confidence if shown else None),
        f"{glance.n_rows}",
        number(shown.latency_ms if shown else None, 0, "ms"),
    ]
