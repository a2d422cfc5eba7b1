"""One live run put together: engine, sinks, view, and every way that it ends."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from physiosync_rt.dashboard import display_available, render_png, run_dashboard
from physiosync_rt.dashboard.qt import load as load_qt
from physiosync_rt.errors import UserError
from physiosync_rt.live.engine import Engine
from physiosync_rt.live.run_log import describe_run, outcome
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.live.thread import EngineThread
from physiosync_rt.sinks.csv_log import CsvLog, check_writable
from physiosync_rt.views.events_text import told
from physiosync_rt.views.terminal import TerminalView


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where a run goes and how it is watched.

    ``png`` is a picture of the dashboard at the end of the run.
    """

    csv: Path | None = None
    record: Path | None = None
    outlet: bool = False
    headless: bool = False
    quiet: bool = False
    png: Path | None = None
    duration_s: float | None = None

    def check(self) -> None:
        """Refuse what cannot be written, before anything starts.

        Raises
        ------
        UserError
            A path cannot be written, or the recording exists.
        """
        for path, option in ((self.csv, "--csv"), (self.record, "--record"), (self.png, "--png")):
            if path is not None:
                check_writable(path, option)
        if self.record is not None and self.record.exists():
            raise UserError(
                f"--record {self.record} exists and recordings are never overwritten; "
                "choose a new name"
            )
        if self.duration_s is not None:
            check_number("--duration", self.duration_s, above=0)


def check_number(
    option: str,
    value: float,
    *,
    least: float = -math.inf,
    above: float = -math.inf,
    most: float = math.inf,
) -> None:
    """Refuse a number that is not finite, or out of range.

    Raises
    ------
    UserError
        It is not finite, or outside of what the option can take.
    """
    if math.isfinite(value) and value >= least and value > above and value <= most:
        return
    limits = [
        f"{word} {limit:g}"
        for word, limit in (("at least", least), ("above", above), ("at most", most))
        if math.isfinite(limit)
    ]
    raise UserError(
        f"{option} {value:g} is not possible: a number {' and '.join(limits)} is wanted"
    )


def run_session(engine: Engine, outputs: Outputs, settings: dict[str, Any]) -> None:
    """Run an engine to its end: of the source, of the time, or by the person.

    Raises
    ------
    UserError
        The source cannot serve the bundle, is lost, or a sink cannot be written. What was
        written until then stays, complete.
    """
    outputs.check()
    log: CsvLog | None = None
    try:
        engine.open()
        if outputs.csv is not None:
            log = CsvLog(outputs.csv, describe_run(engine.state, settings))
            engine.sinks.append(log)
            engine.state.csv_path = str(outputs.csv)
        if outputs.outlet:
            from physiosync_rt.lsl.prediction_outlet import LslOutlet

            engine.sinks.append(LslOutlet("PhysioSync", engine.predictor.bundle.digest))
        if outputs.record is not None:
            engine.record(outputs.record)
        _watch(engine, outputs)
        if outputs.png is not None and engine.snapshot is not None:
            _picture(engine.snapshot, outputs.png)
    finally:
        if log is not None:
            log.update(**outcome(engine.state), told=list(told(engine.state.events.told)))
        engine.close()


def _window_possible() -> bool:
    """Whether the dashboard can open; says what is missing where Qt cannot."""
    if not display_available():
        return False
    try:
        load_qt()
    except UserError as error:
        typer.echo(f"{error}; the terminal view takes its place", err=True)
        return False
    return True


def _picture(snapshot: Snapshot, path: Path) -> None:
    """Draw the dashboard; a run that went well does not fail for want of Qt."""
    try:
        render_png(snapshot, path)
    except UserError as error:
        typer.echo(f"no picture: {error}", err=True)


def _watch(engine: Engine, outputs: Outputs) -> None:
    """Run the engine beside a view; Ctrl-C and a closed window end it cleanly."""
    thread = EngineThread(engine, outputs.duration_s)
    thread.start()
    try:
        if outputs.quiet:
            thread.join()
        elif outputs.headless or not _window_possible():
            console = Console()
            TerminalView(lambda: engine.snapshot, console).run(lambda: not thread.is_alive())
        else:
            run_dashboard(
                lambda: engine.snapshot, engine.send, is_done=lambda: not thread.is_alive()
            )
    except KeyboardInterrupt:
        pass
    finally:
        thread.finish()
