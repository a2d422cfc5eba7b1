"""A window without a display, and the commands that it sends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import pytest
from pytestqt.qtbot import QtBot

from physiosync_rt.dashboard import qt
from physiosync_rt.live.options import Command

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication

    from physiosync_rt.dashboard.main_window import Dashboard

qt.load()


@pytest.fixture
def capitals(qapp: QApplication) -> Iterator[None]:
    """Show every text that is translated in capitals."""
    from helpers.capitals import in_capitals

    del qapp
    with in_capitals():
        yield


@pytest.fixture
def sent() -> list[Command]:
    return []


@pytest.fixture
def window(qtbot: QtBot, sent: list[Command]) -> Dashboard:
    from physiosync_rt.dashboard.main_window import Dashboard

    dashboard = Dashboard(sent.append)
    qtbot.addWidget(dashboard)
    dashboard.show()
    return dashboard
