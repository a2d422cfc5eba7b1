"""The ways of making one session of several files; `placement` puts them to work."""

from __future__ import annotations

from enum import StrEnum


class Join(StrEnum):
    """How several files become one session."""

    CLOCK = "clock"
    """By the absolute times at which they began."""
    TURN = "turn"
    """One after the other in the given order, `placement.FILE_GAP_S` apart."""
    TOGETHER = "together"
    """All begin at the same moment."""
