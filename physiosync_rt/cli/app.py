"""All commands on one program; one is imported when it is asked for, so that a start is quick.

Each also imports what it needs when it runs, so that help is quick too.
"""

from __future__ import annotations

from importlib import import_module
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_group
from typing_extensions import override

from physiosync_rt import __version__

ROOMS = {
    "start": ("app",),
    "live": ("demo", "live"),
    "files": ("predict", "replay", "inspect", "simulate"),
    "after_run": ("report",),
    "tools": ("streams", "boards", "record", "doctor"),
    "train": ("train", "pretrain", "finetune", "evaluate"),
    "calibrate": ("calibrate",),
    "import_reference": ("import-reference",),
    "export": ("export",),
    "bench": ("bench",),
}
"""The modules beside this one, and what each registers, in the order of the help."""

_ROOM_OF = {command: room for room, commands in ROOMS.items() for command in commands}


class Rooms(TyperGroup):
    """Commands whose room is imported when one of them, or a list of all, is asked for."""

    @override
    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return a command, or None where no room has it."""
        room = _ROOM_OF.get(cmd_name)
        # Who errs is told the nearest of all names.
        for each in ROOMS if room is None else (room,):
            self._load(each)
        return super().get_command(ctx, cmd_name)

    @override
    def list_commands(self, ctx: Any) -> list[str]:
        """Return the names of all commands, in the order of the rooms."""
        return list(_ROOM_OF)

    def _load(self, room: str) -> None:
        if not self.commands.keys() >= set(ROOMS[room]):
            registered = typer.Typer(rich_markup_mode="rich", pretty_exceptions_enable=False)
            import_module(f"physiosync_rt.cli.{room}").register(registered)
            self.commands.update(get_group(registered).commands)


app = typer.Typer(
    cls=Rooms,
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
        from physiosync_rt.cli.start import start_or_help

        start_or_help(context)
