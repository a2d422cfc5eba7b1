"""Rows kept in memory until somebody takes them."""

from __future__ import annotations

from physiosync_rt.datatypes import Prediction


class Collector:
    """A sink that hands its rows on; one thread writes and takes."""

    def __init__(self) -> None:
        self._rows: list[Prediction] = []

    def write(self, row: Prediction) -> None:
        """Keep one row."""
        self._rows.append(row)

    def take(self) -> list[Prediction]:
        """Return the rows since the last call, in order."""
        rows, self._rows = self._rows, []
        return rows

    def close(self) -> None:
        """Hold no file; what was not taken can be taken still."""
