"""Where results are printed to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_UNBROKEN = 10_000


def result_console() -> Console:
    """Console for what a command has found.

    It is as wide as the terminal; into a pipe or a file every line goes in one piece, so that it
    can be searched.
    """
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_UNBROKEN)


def print_table(
    title: str, header: Sequence[str], rows: Iterable[Sequence[str]], *, n_left: int = 1
) -> None:
    """Print a table of results; its cells are plain text.

    Parameters
    ----------
    title : str
    header : sequence of str
        Names of the columns; the first ``n_left`` hold words, the others figures.
    rows : iterable of sequence of str
    n_left : int
    """
    table = Table(title=escape(title), title_justify="left")
    for at, column in enumerate(header):
        table.add_column(escape(column), justify="left" if at < n_left else "right")
    for row in rows:
        table.add_row(*(escape(cell) for cell in row))
    result_console().print(table)


def print_json(found: Iterable[DataclassInstance]) -> None:
    """Print results as a JSON array of one object each."""
    typer.echo(json.dumps([asdict(each) for each in found], indent=2))
