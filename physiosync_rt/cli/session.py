"""One live run put together: engine, sinks, view, and every way that it ends."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from physiosync_rt.cli.outputs import Outputs
from physiosync_rt.dashboard import prepare, render_png, run_dashboard, run_people
from physiosync_rt.errors import UserError
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.group import Group
from physiosync_rt.live.options import Command
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.live.thread import EngineThread
from physiosync_rt.setup.conduct import DEFAULT_HANDS, HandsOn
from physiosync_rt.setup.live_run import LiveRun
from physiosync_rt.setup.settings import RunFiles
from physiosync_rt.utils.display import display_available, find_window_problem
from physiosync_rt.utils.end_signals import EndSignals
from physiosync_rt.views.people import PeopleView
from physiosync_rt.views.terminal import TerminalView


def run_session(
    engine: Engine,
    outputs: Outputs,
    settings: dict[str, Any],
    hands_on: HandsOn = DEFAULT_HANDS,
) -> None:
    """Run an engine to its end: of the source, of the time, or by the person.

    Raises
    ------
    UserError
        The source cannot serve the bundle, is lost, or a file cannot be begun. What was written
        until then stays, complete.
    """
    outputs.check()
    # Asked before the run begins: a window that cannot open must not cost its first seconds.
    windowed = not (outputs.quiet or outputs.headless) and _window_possible()
    files = RunFiles(outputs.csv, outputs.record, outputs.outlet)
    run = LiveRun(engine, files, settings, outputs.duration_s)
    with EndSignals(run.end_at_once) as signals:
        try:
            run.open()
            with run.ended_by_errors():
                _watch(run, outputs, signals, hands_on, windowed=windowed)
            if outputs.png is not None and engine.snapshot is not None:
                _picture(engine.snapshot, outputs.png)
        finally:
            run.close()


def run_group(
    group: Group,
    hands_on: Mapping[str, HandsOn],
    *,
    headless: bool,
    duration_s: float | None,
) -> None:
    """Run several people beside a view of all: the window, or a line for each in the terminal."""
    windowed = not headless and _window_possible()
    thread = EngineThread(group, duration_s)
    # What is loaded by now stays: a look for garbage among it would hold everybody's rows up.
    gc.freeze()
    with EndSignals(group.close_files) as signals:
        signals.ask = lambda: group.send(Command("stop"))
        thread.start()
        try:
            if windowed:
                run_people(group, hands_on, is_done=lambda: not thread.is_alive())
            else:
                view = PeopleView(lambda: [each.glance for each in group.members], Console())
                view.run(lambda: not thread.is_alive())
        finally:
            thread.finish()


def _window_possible() -> bool:
    """Whether the dashboard can open; says why not where there should be a window."""
    if not display_available():
        return False
    if problem := find_window_problem():
        typer.echo(f"{problem}; the terminal view takes its place", err=True)
        return False
    prepare()
    return True


def _picture(snapshot: Snapshot, path: Path) -> None:
    """Draw the dashboard; a run that went well does not fail for want of Qt."""
    try:
        render_png(snapshot, path)
    except UserError as error:
        typer.echo(f"no picture: {error}", err=True)


def _watch(
    run: LiveRun, outputs: Outputs, signals: EndSignals, hands_on: HandsOn, *, windowed: bool
) -> None:
    """Run the engine beside a view; a signal and a closed window end it cleanly."""
    engine = run.engine
    run.start()
    # The engine ends, and with it whatever watches it.
    signals.ask = run.stop
    try:
        if outputs.quiet:
            run.wait()
        elif windowed:
            run_dashboard(
                lambda: engine.snapshot,
                engine.send,
                is_done=lambda: run.is_done,
                hands_on=hands_on,
            )
        else:
            console = Console()
            view = TerminalView(lambda: engine.snapshot, console, sound=hands_on.sound)
            view.run(lambda: run.is_done)
    finally:
        run.finish()
