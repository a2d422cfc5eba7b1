"""Open a device again beside a run that goes on."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

FIRST_TRY_S, LONGEST_TRY_S = 0.25, 2.0
"""After a failed attempt the next one waits, each time twice as long."""


class Retry:
    """Attempts in a thread of their own, as a device may take many seconds to fail.

    Parameters
    ----------
    let_go : callable
        Gives up what is left of the old connection.
    connect : callable
        Makes a new one, or raises ``failure``.
    failure : type of Exception
        What says that the device is not there yet.
    pause_s : float
        Before the first attempt: 0, or more for a device that comes and goes.
    """

    def __init__(
        self,
        let_go: Callable[[], None],
        connect: Callable[[], None],
        failure: type[Exception],
        pause_s: float = 0.0,
    ) -> None:
        self._let_go = let_go
        self._connect = connect
        self._failure = failure
        self._pause_s = pause_s
        self._stopping = Event()
        self._opened = False
        self._error: Exception | None = None
        self._thread = Thread(target=self._run, name="physiosync-reopen")
        self._thread.start()

    def _run(self) -> None:
        try:
            self._try_on()
        except Exception as error:  # noqa: BLE001 - `done` raises it where somebody hears it
            self._error = error

    def _try_on(self) -> None:
        self._let_go()
        pause = self._pause_s
        while not self._stopping.wait(pause):
            try:
                self._connect()
            except self._failure:
                pause = longer(pause)
            else:
                self._opened = True
                return

    @property
    def done(self) -> bool:
        """Whether the device is open again.

        Raises
        ------
        Exception
            What ended the attempts other than ``failure``.
        """
        if self._thread.is_alive():
            return False
        if self._error is not None:
            raise self._error
        return self._opened

    def stop(self) -> None:
        """Make no further attempt; return when the present one is over."""
        self._stopping.set()
        self._thread.join()


def longer(pause_s: float) -> float:
    """Return how long to wait after an attempt that failed, in seconds."""
    return min(max(2 * pause_s, FIRST_TRY_S), LONGEST_TRY_S)
