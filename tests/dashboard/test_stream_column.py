"""The column at the right: everything is read without scrolling, also on a small screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from helpers import scenes
from PySide6.QtWidgets import QApplication, QScrollArea

from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.live.watchdog import StreamPhase


def _show(window: Dashboard, snapshot: Snapshot) -> None:
    for _ in range(3):
        window.refresh(snapshot)
        QApplication.processEvents()


@pytest.mark.parametrize(
    "scene",
    [
        *(scenes.cyton, scenes.flat_electrode, scenes.lost_gsr, scenes.eeg_gone),
        *(scenes.no_heartbeat, scenes.one_target_withheld, scenes.not_about_emotion),
    ],
)
def test_nothing_of_the_column_is_cut_off_on_a_laptop(
    window: Dashboard, scene: Callable[[], Snapshot]
) -> None:
    window.resize(1366, 768)
    _show(window, scene())
    (area,) = window.streams.findChildren(QScrollArea)
    assert area.verticalScrollBar().maximum() == 0


def test_panels_are_set_closer_where_streams_are_lost_and_wider_when_they_are_back(
    window: Dashboard,
) -> None:
    # A screen of 1366x768 without its bars.
    window.resize(1320, 720)
    column = window.streams
    (area,) = column.findChildren(QScrollArea)
    for scene in (scenes.eeg_gone, scenes.cyton, scenes.flat_electrode):
        snapshot = scene()
        gone = tuple(replace(s, phase=StreamPhase.LOST, age_s=40.0) for s in snapshot.streams)
        _show(window, replace(snapshot, streams=gone))
        assert area.verticalScrollBar().maximum() == 0
        for panel in (column.electrodes, column.body, column.streams, column.scores):
            assert panel.height() >= panel.heightForWidth(panel.width())
        assert column.electrodes.map.height() >= 128
    low = column.body.height()
    window.resize(1320, 860)
    _show(window, scenes.flat_electrode())
    assert area.verticalScrollBar().maximum() == 0
    assert column.body.height() > low


def test_what_cannot_fit_is_scrolled(window: Dashboard) -> None:
    window.resize(1320, 720)
    _show(window, scenes.cyton())
    (area,) = window.streams.findChildren(QScrollArea)
    for card in window.streams.cards.values():
        card.more.click()
    _show(window, scenes.cyton())
    assert area.verticalScrollBar().maximum() > 0
    assert area.verticalScrollBar().isVisible()
    for card in window.streams.cards.values():
        card.more.click()
    _show(window, scenes.cyton())
    assert area.verticalScrollBar().maximum() == 0
