"""Commands on a run that is over: ``report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from physiosync_rt.cli.parameters import complete_bundle
from physiosync_rt.utils.plain_text import plain_text


def register(app: typer.Typer) -> None:
    """Add this room's commands."""
    app.command()(report)


def report(
    csv: Annotated[Path, typer.Argument(help="Log of predictions that a run wrote (--csv).")],
    out: Annotated[
        Path | None, typer.Option(help="HTML page to write (beside the CSV, by its name).")
    ] = None,
    png: Annotated[
        Path | None, typer.Option(help="Folder for the figures as pictures, too.")
    ] = None,
    bundle: Annotated[
        str | None,
        typer.Option(
            help="Bundle of the run, for scores that its JSON does not hold.",
            autocompletion=complete_bundle,
        ),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace a report that is there already.")
    ] = False,
) -> None:
    """Make one page about a run: its course, what was withheld and why, latency, scores."""
    from physiosync_rt.run_report.report import check_free, make_report, page_path, write_private

    page = page_path(csv, out)
    check_free(page, overwrite=overwrite)
    made = make_report(csv, bundle)
    pictures = {name: _picture(png, csv, name) for name in made.figures} if png else {}
    for path in pictures.values():
        check_free(path, overwrite=overwrite)
    if pictures:
        from physiosync_rt.dashboard import render_svg

        # Before the page: Qt may be missing, and then nothing is written.
        for name, path in pictures.items():
            write_private(path, render_svg(made.figures[name]))
    write_private(page, made.html.encode())
    said = f"{made.n_rows} rows, {made.n_valid} with a prediction"
    written = " and ".join(str(path) for path in (page, *pictures.values()))
    typer.echo(plain_text(f"{said}; wrote {written}"))


def _picture(folder: Path, csv: Path, name: str) -> Path:
    return folder / f"{csv.stem}-{name}.png"
