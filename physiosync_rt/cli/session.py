"""One live run put together: engine, sinks, view, and every way that it ends."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from physiosync_rt.cli.csv_output import start_log
from physiosync_rt.cli.outputs import Outputs
from physiosync_rt.dashboard import prepare, render_png, run_dashboard
from physiosync_rt.errors import UserError
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.options import Command
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.live.thread import EngineThread
from physiosync_rt.sinks.csv_log import CsvLog
from physiosync_rt.utils.display import display_available, find_window_problem
from physiosync_rt.utils.end_signals import EndSignals
from physiosync_rt.views.terminal import TerminalView


def run_session(engine: Engine, outputs: Outputs, settings: dict[str, Any]) -> None:
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
    log: CsvLog | None = None

    def close_files() -> None:
        if log is not None:
            log.ended = "at once, by a second signal"
        engine.close_files()

    with EndSignals(close_files) as signals:
        try:
            engine.open()
            if outputs.csv is not None:
                log = start_log(engine, outputs.csv, settings)
            if outputs.outlet:
                from physiosync_rt.lsl.prediction_outlet import LslOutlet

                bundle = engine.predictor.bundle
                outlet = LslOutlet("PhysioSync", bundle.digest, bundle.card.meaning)
                engine.sinks.append(outlet)
            if outputs.record is not None:
                engine.record(outputs.record)
            with log.ended_by_errors() if log else nullcontext():
                _watch(engine, outputs, signals, windowed=windowed)
            if outputs.png is not None and engine.snapshot is not None:
                _picture(engine.snapshot, outputs.png)
        finally:
            engine.close()


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


def _watch(engine: Engine, outputs: Outputs, signals: EndSignals, *, windowed: bool) -> None:
    """Run the engine beside a view; a signal and a closed window end it cleanly."""
    thread = EngineThread(engine, outputs.duration_s)
    thread.start()
    # The engine ends, and with it whatever watches it.
    signals.ask = lambda: engine.send(Command("stop"))
    try:
        if outputs.quiet:
            thread.join()
        elif windowed:
            run_dashboard(
                lambda: engine.snapshot, engine.send, is_done=lambda: not thread.is_alive()
            )
        else:
            console = Console()
            TerminalView(lambda: engine.snapshot, console).run(lambda: not thread.is_alive())
    finally:
        thread.finish()
