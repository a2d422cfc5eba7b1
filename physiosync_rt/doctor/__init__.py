"""What works on this computer, and how to fix what does not."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from physiosync_rt.doctor.checks import CHECKS, Finding, Status, check_all, check_qt
from physiosync_rt.utils.plain_text import plain_text

__all__ = ["CHECKS", "Finding", "Status", "check_all", "check_qt", "show"]

_SIGNS = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "bad": "[red]bad[/]"}


def show(findings: list[Finding], console: Console) -> None:
    """Print findings as a table, and one line that sums them up."""
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("check", no_wrap=True)
    table.add_column("found")
    for finding in findings:
        found = Text("\n").join(map(Text, map(plain_text, finding.found.splitlines())))
        if finding.fix:
            found.append("\nfix: ", "bold").append(finding.fix)
        table.add_row(_SIGNS[finding.status], finding.name, found)
    console.print(table)
    n_bad = sum(finding.status == "bad" for finding in findings)
    console.print(
        "everything that is needed works here"
        if n_bad == 0
        else f"{n_bad} of {len(findings)} checks failed; the fixes are above"
    )
