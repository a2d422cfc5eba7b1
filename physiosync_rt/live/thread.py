"""An engine beside a view."""

from __future__ import annotations

from threading import Thread
from typing import Protocol

from physiosync_rt.live.options import Command


class Runs(Protocol):
    """An engine, or a group of them."""

    def run(self, duration_s: float | None = None) -> None:
        """Work to the end, or for so long."""

    def send(self, command: Command) -> None:
        """Ask something; may be called from any thread."""


class EngineThread(Thread):
    """`Engine.run` beside a view; what it raises is kept for the caller.

    Parameters
    ----------
    engine : Engine or Group
        An engine already open.
    duration_s : float or None
    """

    def __init__(self, engine: Runs, duration_s: float | None) -> None:
        super().__init__(name="physiosync-engine")
        self._engine = engine
        self._duration_s = duration_s
        self.error: Exception | None = None

    def run(self) -> None:
        """Run the engine to its end."""
        try:
            self._engine.run(self._duration_s)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller raises it.
            self.error = error

    def finish(self) -> None:
        """Ask for the end, wait for it, and raise what went wrong."""
        self._engine.send(Command("stop"))
        self.join()
        if self.error is not None:
            raise self.error
