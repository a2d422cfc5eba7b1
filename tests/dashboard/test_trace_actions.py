"""What a person does with the traces: pause, scroll back, scale, span, hide; by mouse and keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from helpers.scenes import beats, cyton, eeg_gone, flat_electrode, heart
from helpers.snapshots import make_snapshot
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.live.snapshot import Snapshot, Traces


@pytest.fixture
def minute(window: Dashboard) -> Callable[[float], None]:
    """Show a run whose channel k is at 10 k + t µV, up to a time in seconds."""
    state = {"s": 0.0}
    first = make_snapshot(4)

    def go_on(until_s: float) -> None:
        while state["s"] < until_s:
            state["s"] = min(state["s"] + 4.0, until_s)
            index = np.arange(round(state["s"] * 128) - 640, round(state["s"] * 128))
            index = index[index >= 0]
            rng = np.random.default_rng(1)
            level = 10 * np.arange(4) + index[:, None] / 128
            samples = (level + rng.normal(0, 3, (len(index), 4))).astype(np.float32)
            eeg = Traces(index / 128, samples, ("Fp1", "AF3", "F3", "F7"), "uV")
            window.refresh_traces(replace(first, eeg=eeg, pps=None))
        # The last snapshot may have come too soon after the one before to be drawn.
        window.eeg.redraw()
        QApplication.processEvents()

    return go_on


def _drawn(window: Dashboard) -> int:
    """How many finite points are drawn."""
    return sum(
        int(np.isfinite(curve.getData()[1]).sum())
        for curve in window.eeg.curves.values()
        if curve.getData()[1] is not None
    )


def test_p_lets_the_picture_stand_still_and_follow_again(
    window: Dashboard, minute: Callable[[float], None]
) -> None:
    minute(20)
    QTest.keyClick(window, Qt.Key.Key_P)
    assert window.eeg.view.is_paused
    assert window.eeg.slider.isVisible()
    before = [curve.getData()[1] for curve in window.eeg.curves.values()]
    minute(30)
    after = [curve.getData()[1] for curve in window.eeg.curves.values()]
    for one, other in zip(before, after, strict=True):
        np.testing.assert_array_equal(one, other)
    assert window.eeg.scale.text().startswith("paused at 00:15 to 00:20 · ")
    QTest.keyClick(window, Qt.Key.Key_P)
    assert not window.eeg.view.is_paused
    assert not window.eeg.slider.isVisible()
    assert window.eeg.scale.text().startswith("last 5 s · ")


def test_scroll_back_by_keys_wheel_and_slider(
    window: Dashboard, minute: Callable[[float], None]
) -> None:
    minute(60)
    QTest.keyClick(window, Qt.Key.Key_Left)
    assert window.eeg.view.end_s == 57.5
    viewport = window.eeg.plot.viewport()
    middle = QPointF(viewport.rect().center())
    QApplication.sendEvent(
        viewport,
        QWheelEvent(
            middle,
            middle,
            QPoint(),
            QPoint(0, 120),
            Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier,
            Qt.ScrollPhase.NoScrollPhase,
            False,
        ),
    )
    assert window.eeg.view.end_s == 56.5
    window.eeg.slider.setValue(100)
    assert window.eeg.view.end_s == 10.0
    assert window.eeg.scale.text().startswith("paused at 00:05 to 00:10")
    for _ in range(20):
        QTest.keyClick(window, Qt.Key.Key_Left)
    assert window.eeg.view.end_s == 5.0, "nothing is kept before the first sample"
    for _ in range(40):
        QTest.keyClick(window, Qt.Key.Key_Right)
    assert window.eeg.view.end_s == 60.0


def test_scale_by_keys_and_back_to_the_typical_channel(
    window: Dashboard, minute: Callable[[float], None]
) -> None:
    minute(20)
    assert window.eeg.scale.text() == "last 5 s · 20 µV per channel"
    QTest.keyClick(window, Qt.Key.Key_Up)
    assert window.eeg.scale.text() == "last 5 s · 10 µV per channel"
    window.eeg.bar.smaller.click()
    window.eeg.bar.smaller.click()
    assert window.eeg.scale.text() == "last 5 s · 30 µV per channel"
    menu = window.eeg.bar.channels.menu()
    menu.aboutToShow.emit()
    menu.actions()[1].trigger()
    assert window.eeg.scale.text() == "last 5 s · 20 µV per channel"


def test_a_longer_span_shows_more_and_draws_no_more_than_pixels(
    window: Dashboard, minute: Callable[[float], None]
) -> None:
    minute(120)
    assert _drawn(window) == 4 * 640
    span = window.eeg.bar.span.menu().actions()[3]
    assert span.text() == "60 s"
    span.trigger()
    assert window.eeg.scale.text().startswith("last 60 s")
    width = window.eeg.plot.width()
    assert 4 * width * 0.5 < _drawn(window) <= 4 * 2 * width
    assert window.eeg.plot.getViewBox().viewRange()[0] == pytest.approx([-60.0, 0.0])


def test_a_click_on_a_name_hides_the_channel_and_the_menu_shows_it_again(
    window: Dashboard, minute: Callable[[float], None]
) -> None:
    minute(20)
    labels = window.eeg.labels
    at = QPoint(20, round(labels.height() * 1.5 / 4))
    QTest.mouseClick(labels, Qt.MouseButton.LeftButton, pos=at)
    assert window.eeg.view.hidden == {"AF3"}
    assert _drawn(window) == 3 * 640
    assert window.eeg.bar.channels.text() == "1 hidden ▾"
    assert labels.name_at(labels.height() * 1.5 / 3) == "F3"
    menu = window.eeg.bar.channels.menu()
    menu.aboutToShow.emit()
    ticks = {action.text(): action.isChecked() for action in menu.actions() if action.isCheckable()}
    assert ticks == {"Fp1": True, "AF3": False, "F3": True, "F7": True}
    menu.actions()[0].trigger()
    assert window.eeg.view.hidden == set()
    assert _drawn(window) == 4 * 640


def test_all_channels_hidden_is_an_empty_picture_and_no_error(
    window: Dashboard, minute: Callable[[float], None]
) -> None:
    minute(10)
    for name in window.eeg.memory.ch_names:
        window.eeg.view.toggle_channel(name)
    window.eeg.redraw()
    assert _drawn(window) == 0


def test_the_peripheral_trace_shows_the_same_time(window: Dashboard) -> None:
    snapshot = heart()
    assert snapshot.pps is not None
    assert snapshot.eeg is not None
    earlier = replace(snapshot.pps, times=snapshot.pps.times - 5, samples=0 * snapshot.pps.samples)
    eeg = replace(snapshot.eeg, times=snapshot.eeg.times - 5)
    window.refresh(replace(snapshot, eeg=eeg, pps=earlier))
    window.refresh(snapshot)
    assert np.nanmax(window.pps.curves[0].getData()[1]) > 0.5
    QTest.keyClick(window, Qt.Key.Key_Left)
    _times, drawn = window.pps.curves[0].getData()
    assert (drawn[:320] == 0).all()
    assert np.nanmax(drawn[320:]) > 0.5
    QTest.keyClick(window, Qt.Key.Key_Left)
    assert np.nanmax(window.pps.curves[0].getData()[1]) == 0


def test_beats_stand_over_the_peaks_they_were_found_in(window: Dashboard) -> None:
    snapshot = heart()
    window.refresh(snapshot)
    x, _y = window.pps.marks.getData()
    inside = [b - snapshot.run_s for b in beats(snapshot.run_s) if b >= snapshot.run_s - 5]
    assert len(inside) >= 4
    np.testing.assert_allclose(np.sort(x), inside)


def test_interpolated_channels_are_not_shown_as_measured(window: Dashboard) -> None:
    window.refresh(cyton())
    drawn = {name: curve.getData()[1] for name, curve in window.eeg.curves.items()}
    assert np.isfinite(drawn["interpolated"]).sum() == 24 * 640
    assert np.isfinite(drawn["usable"]).sum() == 8 * 640
    labels = window.eeg.labels
    said = [labels.text_at((row + 0.5) * labels.height() / 32) for row in range(2)]
    assert said[0] == "Fp1: good signal, quality 0.93"
    assert said[1] == "AF3: interpolated: the stream does not have it"


def test_a_bad_electrode_is_told_with_its_fault(window: Dashboard) -> None:
    window.refresh(flat_electrode())
    labels = window.eeg.labels
    row = window.eeg.memory.ch_names.index("T7")
    assert labels.text_at((row + 0.5) * labels.height() / 32) == "T7: bad (flat)"


def test_eeg_that_is_gone_is_said_and_not_scaled(window: Dashboard) -> None:
    window.refresh(eeg_gone())
    assert window.eeg.scale.text() == "last 5 s · no signal"


def test_nothing_is_drawn_again_for_the_same_picture(window: Dashboard) -> None:
    snapshot: Snapshot = make_snapshot(32)
    window.refresh(snapshot)
    drawn = []
    for curve in window.eeg.curves.values():
        curve.setData = lambda *args, **_kw: drawn.append(args)
    window.eeg.redraw()
    assert drawn == []
