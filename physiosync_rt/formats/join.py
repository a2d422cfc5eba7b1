"""How several files become one session: the choices of `placement`, for light imports."""

from __future__ import annotations

from enum import StrEnum


class Join(StrEnum):
    """How several files become one session."""

    CLOCK = "clock"
    """By their absolute start times."""
    TURN = "turn"
    """One after the other in the given order, `placement.FILE_GAP_S` apart."""
    TOGETHER = "together"
    """All begin at the same moment."""
