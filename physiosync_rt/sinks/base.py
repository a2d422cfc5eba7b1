"""The interface of everything that takes predictions."""

from __future__ import annotations

from typing import Protocol

from physiosync_rt.datatypes import Prediction


class Sink(Protocol):
    """Where rows go. Called from the engine's thread."""

    def write(self, row: Prediction) -> None:
        """Take one row; rows come in order and each comes once."""
        ...

    def close(self) -> None:
        """Finish; safe to call twice."""
        ...
