"""``physiosync train --new``: a configuration and a table for a person's own recordings."""

from __future__ import annotations

from pathlib import Path

import typer
from rich.console import Console

from physiosync_rt.cli.progress import progress_bar, stages_of


def write_draft(name: str, folder: Path, device: str | None) -> None:
    """Write the two files, and say what was found, what was left out and what to do next."""
    from physiosync_training.draft.draft import draft

    with progress_bar(Console(stderr=True)) as bar:
        made = draft(name, folder, Path(), stages_of(bar), device=device)
    common, lines = made.common, made.lines
    people = list(dict.fromkeys(line.subject for line in lines))
    trials = [line for line in lines if line.kind == "trial"]
    typer.echo(
        f"read {_n(len(common.recordings), 'recording')} of {_n(len(people), 'person', 'people')}"
        f" ({', '.join(people)}): EEG ({', '.join(common.electrodes)}) and {common.pps} in all of "
        f"them, {_n(len(trials), 'trial')}"
    )
    for file, why in common.left_out:
        typer.echo(f"left out {file}: {why}", err=True)
    for note in made.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"wrote {made.table}")
    typer.echo(f"wrote {made.config}")
    typer.echo(f"complete both ({made.config} begins with what is missing), then")
    typer.echo(f"    physiosync train --config {made.config} --out runs/{name}")


def _n(n: int, one: str, more: str = "") -> str:
    return f"{n} {one}" if n == 1 else f"{n} {more or one + 's'}"
