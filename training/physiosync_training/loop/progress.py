"""How something long tells how far it is."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, float, float], None]
"""Called with what is going on, how much of it is done, and how much there is."""


def no_progress(what: str, done: float, total: float) -> None:
    """Show nothing."""
