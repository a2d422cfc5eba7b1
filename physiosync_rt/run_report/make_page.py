"""Make the page of a run that has just ended, without a question."""

from __future__ import annotations

import os
from itertools import count
from pathlib import Path

from physiosync_rt.run_report.report import make_report, write_private


def make_page(csv: Path) -> Path:
    """Write the page about a run beside its CSV, under a name that is free, and return it.

    Raises
    ------
    UserError
        The CSV cannot be read, or the page cannot be written.
    """
    page = csv.with_suffix(".html")
    for n in count(2):
        if not os.path.lexists(page):
            break
        page = csv.with_name(f"{csv.stem}-{n}.html")
    write_private(page, make_report(csv).html.encode())
    return page
