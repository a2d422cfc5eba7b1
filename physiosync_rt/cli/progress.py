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
from rich.text import Text


class RateColumn(ProgressColumn):
    """How many things are done in a second, or seconds that one thing takes."""

    def render(self, task: Task) -> Text:
        """Draw the rate of one line; empty before there is one."""
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.1f}/s" if speed >= 1 else f"{1 / speed:.1f} s each")


def progress_bar(console: Console) -> Progress:
    """Make a bar; nothing is drawn where the console is no terminal."""
    return Progress(
        TextColumn("{task.description:>20}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        RateColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
        disable=not console.is_terminal,
    )


def stages_of(bar: Progress) -> Callable[[str, float, float], None]:
    """Callback for work in named stages: each gets a line when it first reports."""
    tasks: dict[str, TaskID] = {}

    def show(what: str, done: float, total: float) -> None:
        if what not in tasks:
            tasks[what] = bar.add_task(what, total=total)
        bar.update(tasks[what], completed=done)

    return show


def bar_of(bar: Progress, what: str) -> Callable[[float, float], None]:
    """Callback for work of one stage."""
    stages = stages_of(bar)
    return lambda done, total: stages(what, done, total)
