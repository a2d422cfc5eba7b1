"""The commands on one program, each imported when it is asked for."""

from __future__ import annotations

from importlib import import_module

import pytest
import typer
from typer.testing import CliRunner

from physiosync_rt.cli.app import ROOMS, Rooms, app


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_registers_what_the_table_says(room: str) -> None:
    registered = typer.Typer()
    import_module(f"physiosync_rt.cli.{room}").register(registered)
    commands = typer.main.get_group(registered).commands
    assert tuple(commands) == ROOMS[room]


def test_asking_for_one_command_loads_its_room_alone() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, Rooms)
    assert not group.commands
    context = typer.Context(group)
    assert group.get_command(context, "import-reference").name == "import-reference"
    assert list(group.commands) == ["import-reference"]
    assert group.list_commands(context)[:3] == ["app", "demo", "live"]


def test_a_slip_is_told_the_nearest_of_all_commands() -> None:
    result = CliRunner().invoke(app, ["exprot"])
    assert result.exit_code == 2
    assert "Did you mean 'export'?" in result.output
