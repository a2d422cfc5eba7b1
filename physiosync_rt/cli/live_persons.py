"""``physiosync live --persons``: several people in one process, beside a view of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from physiosync_rt.errors import UserError

_ONE_PERSON = (
    *("eeg", "pps", "file", "subject", "seed", "board"),
    *("csv", "record", "png", "participant", "notes", "config"),
)
"""Options of one person; a file says them for each."""


def run_persons(persons: str, options: Mapping[str, Any]) -> None:
    """Run everybody to the end: of all sources, of the time, or by the person.

    Parameters
    ----------
    persons : str
        A persons file, the name of a shipped one, or how the names of streams begin.
    options : mapping
        What else the command line says.

    Raises
    ------
    UserError
        The people, a bundle or a file cannot be used; or nobody's run was without an error.
    """
    for name in _ONE_PERSON:
        if options.get(name) not in (None, ()):
            option = name.replace("_", "-")
            raise UserError(f"--{option} is of one person; with --persons write it in the file")
    from physiosync_rt.lsl.config import configure
    from physiosync_rt.setup.persons import is_persons_file, read_persons

    if is_persons_file(persons):
        people = read_persons(persons, options)
        configure(local=people[0].settings.local)
    else:
        from physiosync_rt.setup.persons_in_sight import find_persons

        configure(local=bool(options.get("local")))
        typer.echo("looking for people's streams", err=True)
        people = find_persons(persons, options)
    first = people[0].settings
    typer.echo(f"{len(people)} people: {', '.join(each.name for each in people)}", err=True)
    from physiosync_rt.cli.session import run_group
    from physiosync_rt.setup.conduct import HandsOn
    from physiosync_rt.setup.group_run import group_summary, make_group, only_errors

    group = make_group(people)
    hands_on = {each.name: HandsOn.of(each.settings, each.files.folder) for each in people}
    run_group(group, hands_on, headless=first.headless, duration_s=first.duration)
    typer.echo(group_summary(group))
    if error := only_errors(group):
        raise error
