"""End a run when a signal asks for it: the first one politely, the second one at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any, Final, Self

END_SIGNALS: Final = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
"""Ctrl-C, a polite kill, and a terminal that was closed."""


def interrupt(number: int, _frame: FrameType | None) -> None:
    """Handle a signal as Python handles Ctrl-C."""
    _leave_closed_terminal(number)
    raise KeyboardInterrupt


def treat_like_ctrl_c() -> None:
    """Let every signal of `END_SIGNALS` raise KeyboardInterrupt, but for ignored ones.

    A shell ignores Ctrl-C for what runs in its background, and ``nohup`` ignores SIGHUP.
    """
    for number in END_SIGNALS:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, interrupt)


class EndSignals:
    """Handlers of `END_SIGNALS` in a ``with`` block, for a run with files to finish.

    Parameters
    ----------
    at_once : callable
        What must be done even at once, such as closing files; the second signal calls it and
        ends the process.

    Attributes
    ----------
    ask : callable
        What the first signal calls; raises KeyboardInterrupt until something else is set.
    """

    def __init__(self, at_once: Callable[[], None]) -> None:
        self.ask: Callable[[], None] = _raise
        self._at_once = at_once
        self._asked = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        # Only the main thread of a program may handle signals.
        if threading.current_thread() is threading.main_thread():
            for number in END_SIGNALS:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        _leave_closed_terminal(number)
        if self._asked:
            with suppress(Exception):
                self._at_once()
            os._exit(128 + number)
        self._asked = True
        self.ask()


def _raise() -> None:
    raise KeyboardInterrupt


def _leave_closed_terminal(number: int) -> None:
    """After SIGHUP, write to nowhere what would go to the terminal: each word would be an error."""
    if signal.Signals(number).name != "SIGHUP":
        return
    with Path(os.devnull).open("wb") as nowhere:
        for stream in (1, 2):
            if os.isatty(stream):
                os.dup2(nowhere.fileno(), stream)
