"""All commands on one program; each imports what it needs when it runs, so that help is quick."""

from __future__ import annotations

from typing import Annotated

import typer

from physiosync_rt import __version__
from physiosync_rt.cli import (
    after_run,
    bench,
    calibrate,
    export,
    files,
    import_reference,
    live,
    start,
    tools,
    train,
)

app = typer.Typer(
    name="physiosync",
    help="Real-time valence and arousal from EEG and GSR or ECG.",
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"physiosync-rt {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Real-time valence and arousal from EEG and GSR or ECG."""
    if not version and context.invoked_subcommand is None:
        start.start_or_help(context)


for room in (
    start,
    live,
    files,
    after_run,
    tools,
    train,
    calibrate,
    import_reference,
    export,
    bench,
):
    room.register(app)
