"""The command line: the one room that sees all others and puts them together."""

from __future__ import annotations

import sys

from rich.console import Console

from physiosync_rt.cli.app import app
from physiosync_rt.errors import UserError

__all__ = ["main"]


def main() -> None:
    """Run ``physiosync``; what a person can mend is one sentence and exit code 2 (3 when lost)."""
    try:
        app(standalone_mode=True)
    except UserError as error:
        console = Console(stderr=True, highlight=False, soft_wrap=True)
        console.print(f"[bold red]physiosync:[/] {_escape(str(error))}")
        sys.exit(error.exit_code)


def _escape(text: str) -> str:
    return text.replace("[", r"\[")
