"""A window without a display, and the snapshots to show in it."""

from __future__ import annotations

import os
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

os.environ["QT_QPA_PLATFORM"] = "offscreen"

import pytest
from pytestqt.qtbot import QtBot

from physiosync_rt.dashboard import qt
from physiosync_rt.datatypes import Command, Snapshot

if TYPE_CHECKING:
    from physiosync_rt.dashboard.main_window import Dashboard

qt.load()


@pytest.fixture(scope="session")
def factory() -> dict[str, Callable[..., object]]:
    """All makers of ``snapshots.py`` by name."""
    return runpy.run_path(str(Path(__file__).parents[1] / "helpers" / "snapshots.py"))


@pytest.fixture
def make_snapshot(factory: dict[str, Callable[..., Snapshot]]) -> Callable[..., Snapshot]:
    return factory["make_snapshot"]


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
