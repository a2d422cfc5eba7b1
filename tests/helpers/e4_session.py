"""A short session of the Empatica E4."""

from __future__ import annotations

from itertools import islice
from pathlib import Path


def beginning(session: Path, copy: Path) -> Path:
    """Copy the first lines of a session, of which reading all hours takes seconds."""
    copy.mkdir()
    for path in session.glob("*.csv"):
        with path.open(encoding="utf-8") as file:
            (copy / path.name).write_text("".join(islice(file, 400)), encoding="utf-8")
    return copy
