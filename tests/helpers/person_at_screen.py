"""A person at the screen: looks at windows, clicks and types; nothing is called behind the GUI."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QListWidget,
    QWidget,
)

T = TypeVar("T", bound=QWidget)


class PersonAtScreen:
    """Finds what is visible and enabled, by what it says, and uses mouse and keys on it."""

    def __init__(self, log: Callable[[str], None] = lambda _text: None) -> None:
        self._log = log
        self._began = time.monotonic()

    def wait(self, what: str, until: Callable[[], object], seconds: float = 150.0) -> None:
        """Wait for something to be seen."""
        end = time.monotonic() + seconds
        while not until():
            if time.monotonic() > end:
                raise AssertionError(f"not seen in {seconds:g} s: {what}; texts: {self.texts()}")
            pause(0.1)
        self._log(f"{time.monotonic() - self._began:.1f} s: {what}")

    @staticmethod
    def window(name: str) -> QWidget | None:
        """Return the visible window of a class."""
        for window in QApplication.topLevelWidgets():
            if type(window).__name__ == name and window.isVisible():
                return window
        return None

    def find(self, kind: type[T], words: str) -> T | None:
        """Return the visible widget that says or is called something."""
        for window in QApplication.topLevelWidgets():
            for widget in window.findChildren(kind) if window.isVisible() else ():
                said = (_text(widget), widget.accessibleName())
                if widget.isVisible() and any(words in each for each in said):
                    return widget
        return None

    def texts(self) -> list[str]:
        """Return all that can be read on the screen."""
        found = []
        for window in QApplication.topLevelWidgets():
            for widget in window.findChildren(QWidget) if window.isVisible() else ():
                if widget.isVisible() and (text := _text(widget)):
                    found.append(text)
        return found

    def sees(self, words: str) -> bool:
        """Whether a text is on the screen."""
        return any(words in text for text in self.texts())

    def click(self, kind: type[T], words: str) -> T:
        """Click on something, which must be visible, enabled and not covered."""
        self.wait(f"{words} to click on", lambda: _ready(self.find(kind, words)))
        widget = self.find(kind, words)
        assert widget is not None
        point = widget.rect().center()
        if isinstance(widget, QListWidget):
            raise TypeError("click on a row with `pick`")
        under = QApplication.widgetAt(widget.mapToGlobal(point))
        assert under is not None
        assert under is widget or widget.isAncestorOf(under), f"{words} is covered by {under}"
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton, pos=QPoint(point))
        pause(0.03)
        return widget

    def pick(self, called: str, words: str) -> None:
        """Click on the row of a list."""
        rows = self.find(QListWidget, called)
        assert rows is not None
        (item,) = (rows.item(i) for i in range(rows.count()) if words in rows.item(i).text())
        point = rows.visualItemRect(item).center()
        QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=point)
        pause(0.03)

    def write(self, called: str, text: str) -> None:
        """Click into a field and write in place of what stands there."""
        field = self.click(QLineEdit, called)
        QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(field, text)
        pause(0.03)

    def write_into_box(self, called: str, text: str) -> None:
        """Click into a box that can be typed in and write in place of what stands there."""
        box = self.find(QComboBox, called)
        assert box is not None
        line = box.lineEdit()
        assert line is not None
        QTest.mouseClick(line, Qt.MouseButton.LeftButton)
        QTest.keyClick(line, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(line, text)
        QTest.keyClick(line, Qt.Key.Key_Tab)
        pause(0.03)

    def choose(self, called: str, words: str) -> None:
        """Go through a box with the arrow keys to what says something."""
        box = self.find(QComboBox, called)
        assert box is not None
        box.setFocus()
        for _ in range(box.count()):
            if words in box.currentText():
                return
            QTest.keyClick(box, Qt.Key.Key_Down)
            pause(0.02)
        assert words in box.currentText(), f"{called} does not offer {words}"

    def press(self, window: QWidget, key: Qt.Key, *, ctrl: bool = False) -> None:
        """Press a key while a window is in front."""
        window.activateWindow()
        self.wait(f"{window.windowTitle()} in front", window.isActiveWindow, 10)
        control = Qt.KeyboardModifier.ControlModifier
        QTest.keyClick(window, key, control if ctrl else Qt.KeyboardModifier.NoModifier)
        pause(0.03)


def pause(seconds: float) -> None:
    """Let the windows go on for a while.

    `QTest.qWait` keeps Python's lock while it waits, which leaves other threads hardly any time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        QApplication.processEvents()
        time.sleep(0.01)


def _ready(widget: QWidget | None) -> bool:
    return widget is not None and widget.isEnabled()


def _text(widget: QWidget) -> str:
    if isinstance(widget, QComboBox):
        return widget.currentText()
    return widget.text() if isinstance(widget, QLabel | QAbstractButton | QLineEdit) else ""
