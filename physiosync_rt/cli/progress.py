"""The one look of long work: what, how far, how long still."""

from __future__ import annotations

from collections.abc import Callable

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column
from rich.text import Text

_BAR_WIDTH = 20


class RateColumn(ProgressColumn):
    """How many things are done in a second, or seconds that one thing takes."""

    def render(self, task: Task) -> Text:
        """Draw the rate of one line; empty before there is one."""
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.1f}/s" if speed >= 1 else f"{1 / speed:.1f} s each")


class NameColumn(ProgressColumn):
    """What goes on; cut off where there is no room, so that the numbers stay whole."""

    def __init__(self) -> None:
        # Rich narrows a column that could wrap before all others.
        super().__init__(Column(no_wrap=False))

    def render(self, task: Task) -> Text:
        """Draw the name of one line."""
        return Text(f"{task.description:>20}", no_wrap=True, overflow="ellipsis")


def progress_bar(console: Console) -> Progress:
    """Make a bar; nothing is drawn where the console is not a terminal."""
    return Progress(
        NameColumn(),
        BarColumn(_BAR_WIDTH),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def stages_of(bar: Progress) -> Callable[[str, float, float], None]:
    """Callback for work in named stages: each gets a line when it first reports.

    The line of a finished stage goes when another one begins, or a long run would fill the screen.
    """
    tasks: dict[str, TaskID] = {}
    finished: set[str] = set()

    def show(what: str, done: float, total: float) -> None:
        if what not in tasks or (what in finished and done < total):
            while finished:
                bar.remove_task(tasks.pop(finished.pop()))
            tasks[what] = bar.add_task(what, total=total)
        bar.update(tasks[what], completed=done, total=total)
        if done >= total:
            finished.add(what)

    return show


def bar_of(bar: Progress, what: str) -> Callable[[float, float], None]:
    """Callback for work of one stage."""
    stages = stages_of(bar)
    return lambda done, total: stages(what, done, total)
