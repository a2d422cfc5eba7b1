"""Commands on a run that is over: ``report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from physiosync_rt.cli.parameters import complete_bundle
from physiosync_rt.errors import UserError
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
        Path | None,
        typer.Option(help="Folder for the figures as pictures, made where it is missing."),
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
    pictures = _pictures(png, csv, made.figures, overwrite=overwrite) if png else {}
    # All is drawn before anything is written: Qt may be missing.
    for path, picture in pictures.items():
        write_private(path, picture)
    write_private(page, made.html.encode())
    said = f"{made.n_rows} rows, {made.n_valid} with a prediction"
    written = " and ".join(str(path) for path in (page, *pictures))
    typer.echo(plain_text(f"{said}; wrote {written}"))


def _pictures(
    folder: Path, csv: Path, figures: dict[str, str], *, overwrite: bool
) -> dict[Path, bytes]:
    """Draw the figures; return each picture by the file that it goes to."""
    from physiosync_rt.dashboard import render_svg
    from physiosync_rt.run_report.report import check_free

    if folder.exists() and not folder.is_dir():
        raise UserError(f"--png {folder} is not a folder; give the name of one")
    paths = {name: folder / f"{csv.stem}-{name}.png" for name in figures}
    for path in paths.values():
        # The folder itself is made where it is missing, those above it are not.
        check_free(path, overwrite=overwrite, folder=folder.parent)
    return {path: render_svg(figures[name]) for name, path in paths.items()}
