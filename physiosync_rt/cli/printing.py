"""Where results are printed to."""

from __future__ import annotations

from rich.console import Console

_UNBROKEN = 10_000


def result_console() -> Console:
    """Console for what a command has found.

    It is as wide as the terminal; into a pipe or a file every line goes in one piece, so that it
    can be searched.
    """
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=_UNBROKEN)
