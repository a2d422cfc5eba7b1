"""Zoom, full screen and guide of the start screen, by keys as a person does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.start import muse_sight, report
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.guide import START_PAGE, Guide
from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.dashboard.memory import Memory
from physiosync_rt.dashboard.start_screen import StartScreen
from physiosync_rt.setup.plan import Plan

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def memory(tmp_path: Path) -> Memory:
    return Memory(tmp_path / "app.ini")


@pytest.fixture
def screen(qtbot: QtBot, memory: Memory, tmp_path: Path) -> Iterator[StartScreen]:
    memory.keep_plan(Plan(folder=str(tmp_path)))
    start = StartScreen(memory)
    qtbot.addWidget(start)
    start.show_report(report(start.plan, muse_sight()))
    start.show()
    yield start
    theme.LOOK.zoom, theme.LOOK.shades = 1.0, {}


def _sizes(screen: StartScreen) -> list[int]:
    """Sizes of all that is read, labels and fields and buttons."""
    QApplication.processEvents()
    return [
        widget.fontInfo().pixelSize()
        for kind in (QLabel, QAbstractButton, QLineEdit)
        for widget in screen.findChildren(kind)
        if widget.isVisible()
    ]


def test_zoom_by_keys_changes_every_text_and_back(screen: StartScreen) -> None:
    before = _sizes(screen)
    bars = screen.bundle.card.bars.sizeHint().height()
    for _ in range(3):
        QTest.keyClick(screen, Qt.Key.Key_Plus, CTRL)
    assert screen.look.zoom == 1.5
    after = _sizes(screen)
    assert len(after) == len(before)
    assert all(b > a for a, b in zip(before, after, strict=True))
    assert screen.bundle.card.bars.sizeHint().height() == round(1.5 * bars)
    assert screen.bundle.minimumWidth() == 480
    QTest.keyClick(screen, Qt.Key.Key_Minus, CTRL)
    assert screen.look.zoom == 1.25
    QTest.keyClick(screen, Qt.Key.Key_0, CTRL)
    assert _sizes(screen) == before


def test_the_live_view_takes_the_zoom_over_and_gives_it_back(
    screen: StartScreen, memory: Memory, qtbot: QtBot
) -> None:
    QTest.keyClick(screen, Qt.Key.Key_Plus, CTRL)
    screen.keep()
    live = Dashboard(lambda _command: None)
    qtbot.addWidget(live)
    live.views.remember(memory)
    assert live.views.zoom == 1.1
    live.views.zoom_to(1.5)
    live.views.end()
    assert theme.LOOK.zoom == 1.0
    screen.look.take()
    assert screen.look.zoom == 1.5
    live.close()
    assert theme.LOOK.zoom == 1.5


def test_full_screen_and_back_by_escape(screen: StartScreen) -> None:
    QTest.keyClick(screen, Qt.Key.Key_F11)
    assert screen.isFullScreen()
    # Escape leaves the form of the channels first.
    screen.open_mapping()
    QTest.keyClick(screen, Qt.Key.Key_Escape)
    assert screen.middle.currentIndex() == 0
    assert screen.isFullScreen()
    QTest.keyClick(screen, Qt.Key.Key_Escape)
    assert not screen.isFullScreen()


def test_f1_opens_the_keys_of_this_screen_until_a_run_begins(screen: StartScreen) -> None:
    QTest.keyClick(screen, Qt.Key.Key_F1)
    guide = screen.findChild(Guide)
    assert isinstance(guide, Guide)
    assert guide.isVisible()
    assert not guide.isModal()
    texts = {label.text() for label in guide.findChildren(QLabel)}
    assert {key for key, _ in START_PAGE.keys} <= texts
    screen.hide()
    assert not guide.isVisible()


@pytest.mark.parametrize("key", [Qt.Key.Key_Escape, Qt.Key.Key_F1])
def test_the_page_of_the_keys_closes_by_its_own_keys(screen: StartScreen, key: Qt.Key) -> None:
    screen.help.click()
    (guide,) = screen.findChildren(Guide)
    assert guide.isVisible()
    QTest.keyClick(guide, key)
    assert not guide.isVisible()
