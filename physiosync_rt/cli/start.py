"""``physiosync app``, and what ``physiosync`` does by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from physiosync_rt.cli.parameters import LocalOption


def register(commands: typer.Typer) -> None:
    """Add this room's commands."""
    commands.command()(app)


def app(
    local: LocalOption = False,
    settings: Annotated[
        Path | None,
        typer.Option(help="File that remembers the last choice (the user's own)."),
    ] = None,
) -> None:
    """Open the dashboard's start screen: choose a model, signals and files, and start."""
    from physiosync_rt.errors import UserError
    from physiosync_rt.utils.display import display_available, find_window_problem

    if not display_available():
        raise UserError(
            "no display is available for the start screen; run `physiosync live --headless`, which "
            "needs none, or set DISPLAY"
        )
    if problem := find_window_problem():
        raise UserError(f"{problem}; `physiosync live --headless` needs no window")
    from physiosync_rt.dashboard import run_app
    from physiosync_rt.lsl.config import configure

    configure(local=local)
    run_app(settings, local=local, say=typer.echo)


def start_or_help(context: typer.Context) -> None:
    """Open the start screen where a window can open, else print the help."""
    from physiosync_rt.utils.display import display_available, find_window_problem

    if not display_available():
        typer.echo(context.get_help())
    elif problem := find_window_problem():
        typer.echo(context.get_help())
        typer.echo(problem, err=True)
    else:
        app()
