"""Retry a connection in a background thread while the run continues."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

FIRST_TRY_S, LONGEST_TRY_S = 0.25, 2.0
"""First and longest pause between attempts; it doubles after every failure."""


class Retry:
    """Connection attempts in a background thread, because a device may take seconds to fail.

    Parameters
    ----------
    release : callable
        Releases the old connection.
    connect : callable
        Makes a new connection, or raises ``failure``.
    failure : type of Exception
        Exception that means that the device is not available yet.
    pause_s : float
        Pause before the first attempt; above 0 for an unstable connection.
    """

    def __init__(
        self,
        release: Callable[[], None],
        connect: Callable[[], None],
        failure: type[Exception],
        pause_s: float = 0.0,
    ) -> None:
        self._release = release
        self._connect = connect
        self._failure = failure
        self._pause_s = pause_s
        self._stopping = Event()
        self._connected = False
        self._error: Exception | None = None
        self._thread = Thread(target=self._run, name="physiosync-reopen")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._attempt()
        except Exception as error:  # noqa: BLE001 - raised by `done`
            self._error = error

    def _attempt(self) -> None:
        self._release()
        pause = self._pause_s
        while not self._stopping.wait(pause):
            try:
                self._connect()
            except self._failure:
                pause = longer(pause)
            else:
                self._connected = True
                return

    @property
    def done(self) -> bool:
        """Whether the device is connected again.

        Raises
        ------
        Exception
            Any error other than ``failure`` that ended the attempts.
        """
        if self._thread.is_alive():
            return False
        if self._error is not None:
            raise self._error
        return self._connected

    def stop(self) -> None:
        """Stop after the present attempt, and wait for it."""
        self._stopping.set()
        self._thread.join()


def longer(pause_s: float) -> float:
    """Return the pause after a failed attempt, in seconds."""
    return min(max(2 * pause_s, FIRST_TRY_S), LONGEST_TRY_S)
