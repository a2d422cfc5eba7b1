"""Work beside the GUI thread, one job after the other, whose results come back into it."""

from __future__ import annotations

import queue
from collections.abc import Callable
from threading import Thread
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

T = TypeVar("T")
_Job = tuple[Callable[[], Any], Callable[[Any], None], Callable[[Exception], None]]


class Background(QObject):
    """A thread that does jobs in their order.

    Parameters
    ----------
    name : str
        Of the thread.
    parent : QObject
        Lives in the GUI thread, in which results are handed over.

    Notes
    -----
    `close` waits for the job in hand; what is queued behind it is not done.
    """

    _finished = Signal(object)

    def __init__(self, name: str, parent: QObject) -> None:
        super().__init__(parent)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._finished.connect(self._hand_over, Qt.ConnectionType.QueuedConnection)
        self._thread = Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    def submit(
        self,
        job: Callable[[], T],
        done: Callable[[T], None],
        failed: Callable[[Exception], None],
    ) -> None:
        """Do a job in the thread, and then call one of the others in the GUI thread."""
        self._jobs.put((job, done, failed))

    def close(self) -> None:
        """Wait for the job in hand and end the thread; safe to call twice."""
        self._closed = True
        self._jobs.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (task := self._jobs.get()) is not None and not self._closed:
            job, done, failed = task
            try:
                result = job()
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller hears of it.
                self._emit(failed, error)
            else:
                self._emit(done, result)

    def _emit(self, take: Callable[[Any], None], value: object) -> None:
        if not self._closed:
            self._finished.emit((take, value))

    def _hand_over(self, result: tuple[Callable[[Any], None], object]) -> None:
        take, value = result
        if not self._closed:
            take(value)
