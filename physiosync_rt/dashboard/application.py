"""Qt's event loop around the window: timers that poll, and every way that it ends."""

from __future__ import annotations

import itertools
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import FrameType

from PySide6.QtCore import (
    QElapsedTimer,
    QMessageLogContext,
    QObject,
    Qt,
    QTimer,
    QtMsgType,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.language import words_of_views
from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.dashboard.memory import Memory
from physiosync_rt.dashboard.save_picture import save_picture
from physiosync_rt.dashboard.smooth import smooth_window
from physiosync_rt.errors import UserError
from physiosync_rt.live.options import Command
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.setup.conduct import HandsOn
from physiosync_rt.utils.display import display_available, find_window_problem
from physiosync_rt.views.wording import waiting_for

TURN_MS = 25
"""Time between two pieces of work; the traces have every second turn."""

_CONNECTION_BROKE = re.compile(r"(X11|Wayland) connection broke")
SILENT_MS = 3000
"""Without a new Snapshot for so long, the window says that the engine is silent."""


class Poller(QObject):
    """Takes Snapshots to the window by timers; closes it when the run is done.

    Notes
    -----
    Lives in the GUI thread. A snapshot already shown is recognised by identity and skipped.

    A new row changes nearly all that the window shows. Drawn at once that would hold the event loop
    for 40 ms and more; so every turn shows one part, and the loop is free between them.
    """

    def __init__(
        self,
        window: Dashboard,
        get_snapshot: Callable[[], Snapshot | None],
        is_done: Callable[[], bool],
    ) -> None:
        super().__init__(window)
        self._window = window
        self._get = get_snapshot
        self._is_done = is_done
        self._newest: Snapshot | None = None
        self._shown: dict[str, Snapshot] = {}
        traces = ("traces", window.refresh_traces)
        self._turns = itertools.cycle(
            (
                *(traces, ("words", window.refresh_words)),
                *(traces, ("course", window.refresh_course)),
                *(traces, ("streams", window.refresh_streams)),
            )
        )
        self._silence = QElapsedTimer()
        self._silence.start()
        window.say_waiting(waiting_for(None))
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.CoarseTimer)
        self._timer.timeout.connect(self.take_turn)
        self._timer.start(TURN_MS)

    def stop(self) -> None:
        """Touch the window no more."""
        self._timer.stop()

    def take_turn(self) -> None:
        """Show one part of the newest snapshot, or that none has come for a while."""
        part, show = next(self._turns)
        snapshot = self._get()
        if snapshot is not None and snapshot is not self._newest:
            self._silence.restart()
            if self._newest is None:
                # The window acts on nothing that it does not know, such as what files are called.
                show = self._window.refresh
            self._newest = snapshot
        if snapshot is not None and snapshot is not self._shown.get(part):
            self._shown[part] = snapshot
            show(snapshot)
        elif self._shown and self._silence.hasExpired(SILENT_MS):
            seconds = self._silence.elapsed() // 1000
            said = self.tr("The engine has reported nothing for {n} s.")
            self._window.say(said.format(n=seconds))
        if self._is_done():
            self._window.close()


@words_of_views()
def run(
    get_snapshot: Callable[[], Snapshot | None],
    send: Callable[[Command], None],
    *,
    duration: float | None,
    screenshot: Path | None,
    is_done: Callable[[], bool],
    hands_on: HandsOn,
) -> int:
    """Show the window until it ends; see :func:`physiosync_rt.dashboard.run_dashboard`."""
    app = application()
    window = Dashboard(send, hands_on)
    failure: list[UserError] = []

    def finish() -> None:
        if screenshot is not None:
            try:
                save_picture(window.grab().toImage(), screenshot)
            except UserError as error:
                failure.append(error)
        app.quit()

    window.closed.connect(finish)
    poller = Poller(window, get_snapshot, is_done)
    if duration is not None:
        QTimer.singleShot(max(0, round(duration * 1000)), window, window.close)
    window.views.remember(Memory())
    window.show()
    lost = _MESSAGES.told_of_a_lost_display(poller.stop)
    with _interrupt_closes(window), lost, smooth_window():
        app.exec()
    if _MESSAGES.display_lost:
        # Whatever is drawn or destroyed now would take the program down with the display.
        send(Command("stop"))
        return 0
    window.deleteLater()
    if failure:
        raise failure[0]
    return 0


def render(snapshot: Snapshot, path: Path, size: tuple[int, int]) -> None:
    """Draw one snapshot; see :func:`physiosync_rt.dashboard.render_png`."""
    if _MESSAGES.display_lost:
        raise UserError(f"{path} cannot be drawn: the display went away")
    app = offscreen_application()
    with words_of_views():
        window = Dashboard(lambda _command: None)
        window.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        window.resize(*size)
        window.refresh(snapshot)
        window.show()
        app.processEvents()
        try:
            save_picture(window.grab().toImage(), path)
        finally:
            window.close()
            window.deleteLater()


def when_the_display_goes(call: Callable[[], None]) -> AbstractContextManager[None]:
    """Call something in the GUI thread when the display goes away; Qt then leaves its loop."""
    return _MESSAGES.told_of_a_lost_display(call)


def offscreen_application() -> QApplication:
    """Return the application for drawing alone, which needs no display."""
    if QApplication.instance() is None and (not display_available() or find_window_problem()):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    return application()


def application() -> QApplication:
    """Return the one application of this process; the first call connects to the display."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        qInstallMessageHandler(_MESSAGES)
        app = QApplication(["physiosync"])
    theme.apply(app)
    return app


class _QtMessages:
    """What Qt says, passed on; among it that the display went away, which Qt only says."""

    def __init__(self) -> None:
        self.display_lost = False
        self._on_loss: Callable[[], None] = lambda: None

    @contextmanager
    def told_of_a_lost_display(self, on_loss: Callable[[], None]) -> Iterator[None]:
        """Call ``on_loss`` in the GUI thread when the display goes; Qt then leaves its loop."""
        before, self._on_loss = self._on_loss, on_loss
        try:
            yield
        finally:
            self._on_loss = before

    def __call__(self, _kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
        if _CONNECTION_BROKE.search(message):
            if not self.display_lost:
                self.display_lost = True
                sys.stderr.write("the display went away; the run ends\n")
                self._on_loss()
        # Every window without a screen causes this one.
        elif "propagateSizeHints" not in message:
            sys.stderr.write(f"{message}\n")


_MESSAGES = _QtMessages()


@contextmanager
def _interrupt_closes(window: Dashboard) -> Iterator[None]:
    """Let Ctrl-C close the window, where nobody else handles it.

    Python sees the signal at the next tick of a timer.
    """
    on_main = threading.current_thread() is threading.main_thread()
    if not on_main or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return

    def close(_number: int, _frame: FrameType | None) -> None:
        window.close()

    before = signal.signal(signal.SIGINT, close)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
