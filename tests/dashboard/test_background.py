"""Work beside the GUI thread."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from physiosync_rt.dashboard.background import Background


def test_results_and_errors_come_back_into_the_gui_thread(qtbot: QtBot) -> None:
    parent = QObject()
    background = Background("test-background", parent)
    found: list[tuple[object, bool]] = []

    def take(value: object) -> None:
        found.append((value, threading.current_thread() is threading.main_thread()))

    def fails() -> None:
        raise ValueError("no")

    background.submit(lambda: threading.current_thread().name, take, take)
    background.submit(fails, take, take)
    qtbot.waitUntil(lambda: len(found) == 2)
    assert found[0] == ("test-background", True)
    assert isinstance(found[1][0], ValueError)
    assert found[1][1]
    background.close()


def test_after_the_end_nothing_is_handed_over(qtbot: QtBot) -> None:
    parent = QObject()
    background = Background("test-background", parent)
    going, go_on = threading.Event(), threading.Event()
    found: list[object] = []

    def slow() -> str:
        going.set()
        go_on.wait(5)
        return "late"

    background.submit(slow, found.append, found.append)
    background.submit(lambda: "never", found.append, found.append)
    assert going.wait(5)
    threading.Timer(0.1, go_on.set).start()
    background.close()
    background.close()
    qtbot.wait(50)
    assert found == []
