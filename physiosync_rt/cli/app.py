"""All commands on one program; each imports what it needs when it runs, so that help is quick."""

from __future__ import annotations

from typing import Annotated

import typer

from physiosync_rt import __version__
from physiosync_rt.cli import after_run, bench, files, import_reference, live, tools, train

app = typer.Typer(
    name="physiosync",
    help="Real-time valence and arousal from EEG and GSR or ECG.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"physiosync-rt {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """Real-time valence and arousal from EEG and GSR or ECG."""


for room in (live, files, after_run, tools, train, import_reference, bench):
    room.register(app)
