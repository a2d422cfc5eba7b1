"""Electrodes on the head: in their places, their state by shape, and told on hover."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from helpers.scenes import CYTON, cyton, eeg_gone, electrodes, flat_electrode
from helpers.snapshots import MONTAGE, make_snapshot
from PySide6.QtCore import QPointF
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from physiosync_rt.dashboard.head_map import HeadMap, places
from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.preprocess.electrode_states import Electrode, ElectrodeState
from physiosync_rt.views import palette
from physiosync_rt.views.electrodes_text import electrodes_text


@pytest.fixture
def head(qtbot: QtBot) -> HeadMap:
    widget = HeadMap()
    qtbot.addWidget(widget)
    widget.resize(240, 220)
    widget.show()
    return widget


def test_electrodes_lie_where_they_are_on_a_head() -> None:
    at = places(("Cz", "Fpz", "Oz", "T7", "T8", "F3", "F4", "nose"))
    assert set(at) == {"Cz", "Fpz", "Oz", "T7", "T8", "F3", "F4"}
    assert np.hypot(*at["Cz"]) < 0.12
    assert at["Fpz"][1] < -0.8
    assert at["Oz"][1] > 0.7
    assert at["T7"][0] < -0.8 < 0.8 < at["T8"][0]
    assert at["F3"][0] < 0 < at["F4"][0]
    assert all(np.hypot(*place) < 1 for place in places(MONTAGE).values())


def _ink(head: HeadMap, name: str, colour: str, reach: int = 6) -> set[tuple[int, int]]:
    """Pixels of about a colour around an electrode, relative to it."""
    image: QImage = head.grab().toImage()
    at = head.point_of(name)
    assert at is not None
    x0, y0 = round(at.x()), round(at.y())
    wanted = QColor(colour)
    return {
        (x, y)
        for x in range(-reach, reach + 1)
        for y in range(-reach, reach + 1)
        if _apart(image.pixelColor(x0 + x, y0 + y), wanted) < 60
    }


def _apart(one: QColor, other: QColor) -> int:
    return sum(
        abs(a - b)
        for a, b in (
            (one.red(), other.red()),
            (one.green(), other.green()),
            (one.blue(), other.blue()),
        )
    )


def test_the_state_can_be_told_by_shape_alone(head: HeadMap) -> None:
    head.refresh(
        (
            Electrode("C3", ElectrodeState.MEASURED),
            Electrode("C4", ElectrodeState.INTERPOLATED),
            Electrode("F3", ElectrodeState.BAD, "flat"),
            Electrode("F4", ElectrodeState.SILENT),
        )
    )
    disc = _ink(head, "C3", palette.FINE)
    cross = _ink(head, "F3", palette.ALERT, 4)
    ring = _ink(head, "C4", "#98a3b1", 4)
    dash = _ink(head, "F4", "#98a3b1", 4)
    assert (0, 0) in disc
    assert len(disc) > 35
    assert (0, 0) not in ring
    assert ring
    assert {(-3, -3), (3, 3), (-3, 3), (3, -3)} & cross
    assert (0, 3) not in cross
    assert max(abs(y) for _, y in dash) <= 1
    assert max(x for x, _ in dash) >= 3


def test_hover_tells_the_electrode(head: HeadMap) -> None:
    head.refresh(electrodes(have=CYTON, bad={"C3": "flat"}))
    at = head.point_of("C3")
    assert at is not None
    assert head.text_at(at + QPointF(2, 1)) == "C3: bad (flat)"
    assert head.text_at(QPointF(1, 1)) == ""
    assert "Oz: interpolated" in head.accessibleDescription()


def test_nothing_is_drawn_again_when_nothing_changed(head: HeadMap, qtbot: QtBot) -> None:
    head.refresh(electrodes())
    qtbot.wait(30)
    painted = []
    head.paintEvent = lambda event: painted.append(event)  # type: ignore[method-assign]
    head.refresh(electrodes())
    qtbot.wait(30)
    assert painted == []


@pytest.mark.parametrize(
    ("scene", "count", "text", "legend"),
    [
        (
            cyton,
            "8 of 32 measured",
            "",
            "● measured   ○ interpolated",
        ),
        (
            flat_electrode,
            "31 of 32 measured",
            "31 of 32 electrodes measured, bad: T7 flat",
            "● measured   × bad",
        ),
        (eeg_gone, "0 of 32 measured", "No EEG at present", "– no signal"),
    ],
)
def test_the_panel_says_it_in_words(
    window: Dashboard, scene: Callable[[], Snapshot], count: str, text: str, legend: str
) -> None:
    window.refresh(scene())
    panel = window.streams.electrodes
    assert (panel.count.text(), panel.text.text(), panel.legend.text()) == (count, text, legend)
    assert panel.isVisible()
    beside = window.readout.electrodes
    assert beside.isVisible()
    assert beside.text() == electrodes_text(window.streams.electrodes.map.electrodes)


def test_a_run_that_knows_no_electrodes_shows_no_map(window: Dashboard) -> None:
    window.refresh(make_snapshot())
    QApplication.processEvents()
    assert not window.streams.electrodes.isVisible()
    assert not window.readout.electrodes.isVisible()


def test_an_electrode_of_unknown_position_is_named(window: Dashboard) -> None:
    odd = (*electrodes(MONTAGE[:4]), Electrode("X1", ElectrodeState.MEASURED))
    window.refresh(replace(make_snapshot(), electrodes=odd))
    assert window.streams.electrodes.text.text() == "of unknown position: X1"
