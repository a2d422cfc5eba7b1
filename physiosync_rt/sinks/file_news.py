"""What happens to the files that a run writes, as records that a view puts into words."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class NewsKind(StrEnum):
    """What a person should know of a file."""

    BLOCKED = "blocked"
    """It cannot be written at present, because of ``reason``."""
    RESUMED = "resumed"
    """It is written again after ``seconds``; ``n`` rows or samples are lost."""
    REMOVED = "removed"
    """It is gone with the ``n`` in it; the rest goes to ``next_path`` if that is known."""
    RENAMED = "renamed"
    """It has another name or folder, with the ``n`` in it; ``next_path`` as before."""
    UNSAVED = "unsaved"
    """It is closed, and its last ``n`` could not be written, because of ``reason``."""


@dataclass(frozen=True, slots=True)
class FileNews:
    """Something that happened to a file; ``unit`` is what is in it: ``rows`` or ``samples``."""

    kind: NewsKind
    path: Path
    unit: str
    n: int = 0
    seconds: float = 0.0
    reason: str = ""
    next_path: Path | None = None


Tell = Callable[[FileNews], None]
"""Takes news of a file. Called from the engine's thread."""


class Place(StrEnum):
    """What has become of a file."""

    HERE = "here"
    REMOVED = "removed"
    RENAMED = "renamed"


@dataclass(slots=True)
class FilePart:
    """One of the files that a log or a recording came to; nearly always there is only one.

    Attributes
    ----------
    path : Path
    written : int
        Rows or samples in it.
    place : Place
        Whether it is still there under its name.
    """

    path: Path
    written: int = 0
    place: Place = Place.HERE
