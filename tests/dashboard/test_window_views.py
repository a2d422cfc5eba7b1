"""Zoom, full and big screen, guide, colours, and what is remembered: by keys as a person does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.contrast import contrast, over
from helpers.scenes import cyton, heart
from helpers.snapshots import effort, make_snapshot
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit
from pytestqt.qtbot import QtBot

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.guide import LIVE_PAGE, Guide
from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.dashboard.memory import Memory
from physiosync_rt.dashboard.scheme import DARK, LIGHT, LIGHT_SHADES
from physiosync_rt.live.options import Command
from physiosync_rt.run_report import drawing
from physiosync_rt.views import palette
from physiosync_rt.views.row_kind import RowKind

CTRL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture(autouse=True)
def usual_look() -> Iterator[None]:
    yield
    theme.LOOK.zoom, theme.LOOK.density, theme.LOOK.shades = 1.0, 1.0, {}


def test_zoom_by_keys_changes_every_text_and_back(window: Dashboard) -> None:
    window.refresh(heart())
    labels = [label for label in window.findChildren(theme.Text) if label.isVisible()]
    before = [label.font().pixelSize() for label in labels]
    width = window.streams.width()
    QTest.keyClick(window, Qt.Key.Key_Plus, CTRL)
    QTest.keyClick(window, Qt.Key.Key_Plus, CTRL)
    assert window.views.zoom == 1.25
    after = [label.font().pixelSize() for label in labels]
    assert all(b > a for a, b in zip(before, after, strict=True))
    assert window.streams.width() == round(1.25 * width)
    QTest.keyClick(window, Qt.Key.Key_Minus, CTRL)
    assert window.views.zoom == 1.1
    QTest.keyClick(window, Qt.Key.Key_0, CTRL)
    assert [label.font().pixelSize() for label in labels] == before


def test_zoom_ends_at_its_ends(window: Dashboard) -> None:
    for _ in range(20):
        window.views.zoom_out()
    assert window.views.zoom == 0.8
    for _ in range(20):
        window.views.zoom_in()
    assert window.views.zoom == 3.0


def test_full_screen_and_back_by_escape(window: Dashboard) -> None:
    QTest.keyClick(window, Qt.Key.Key_F11)
    assert window.isFullScreen()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()


def test_the_big_screen_shows_the_plane_alone_and_goes_on(window: Dashboard) -> None:
    window.refresh(heart())
    QApplication.processEvents()
    small = window.readout.circumplex.width()
    QTest.keyClick(window, Qt.Key.Key_F2)
    window.refresh(heart())
    QApplication.processEvents()
    hidden = (window.timeline, window.eeg, window.pps, window.streams, window.rows)
    assert not any(panel.isVisible() for panel in hidden)
    assert not window.readout.valence.isVisible()
    assert window.readout.circumplex.isVisible()
    assert window.readout.state.isVisible()
    assert window.readout.confidence.isVisible()
    assert window.readout.circumplex.width() > 1.5 * small
    QTest.keyClick(window, Qt.Key.Key_Escape)
    QApplication.processEvents()
    window.refresh(heart())
    assert all(panel.isVisible() for panel in hidden)
    assert window.readout.valence.isVisible()


def test_the_notice_is_told_on_the_big_screen_too(window: Dashboard) -> None:
    QTest.keyClick(window, Qt.Key.Key_F2)
    window.refresh(cyton())
    assert window.notice.isVisible()
    assert window.readout.electrodes.isVisible()


def test_a_bundle_without_a_plane_keeps_its_figure_on_the_big_screen(window: Dashboard) -> None:
    window.refresh(effort())
    QTest.keyClick(window, Qt.Key.Key_F2)
    window.refresh(effort())
    assert window.readout.arousal.isVisible()


def test_f1_opens_a_guide_that_blocks_nothing(window: Dashboard, sent: list[Command]) -> None:
    QTest.keyClick(window, Qt.Key.Key_F1)
    guide = window.findChild(Guide)
    assert isinstance(guide, Guide)
    assert guide.isVisible()
    assert not guide.isModal()
    texts = {label.text() for label in guide.findChildren(QLabel)}
    assert {key for key, _ in LIVE_PAGE.keys} <= texts
    window.refresh(make_snapshot())
    QTest.keyClick(window, Qt.Key.Key_M)
    assert [command.kind for command in sent] == ["marker"]
    QTest.keyClick(guide, Qt.Key.Key_F1)
    assert not guide.isVisible()


def test_zoom_and_place_are_remembered(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "app.ini"
    first = Dashboard(lambda _command: None)
    qtbot.addWidget(first)
    first.views.remember(Memory(path))
    first.resize(1400, 850)
    first.views.zoom_to(1.25)
    first.close()
    assert theme.LOOK.zoom == 1.0
    second = Dashboard(lambda _command: None)
    qtbot.addWidget(second)
    assert second.views.zoom == 1.0
    second.views.remember(Memory(path))
    assert second.views.zoom == 1.25
    # As large as it was, as far as it fits the screen.
    assert second.width() == min(1400, second.screen().availableSize().width() - 2)
    second.close()


def test_a_zoom_that_cannot_be_read_is_the_usual_one(tmp_path: Path) -> None:
    path = tmp_path / "app.ini"
    path.write_text("[General]\nzoom=large\n", encoding="utf-8")
    assert Memory(path).zoom() == 1.0


def test_the_window_takes_the_light_colours_and_gives_them_back(window: Dashboard) -> None:
    window.refresh(heart())
    window.views.recolour(LIGHT)
    QApplication.processEvents()
    picture = window.grab().toImage()
    assert picture.pixelColor(3, picture.height() - 3) == QColor(LIGHT.background)
    assert window.eeg.curves["usable"].opts["pen"].color() == QColor(LIGHT_SHADES[theme.TRACE])
    assert theme.shade(palette.VALENCE) in window.readout.valence._number.styleSheet()
    window.views.recolour(DARK)
    QApplication.processEvents()
    picture = window.grab().toImage()
    assert picture.pixelColor(3, picture.height() - 3) == QColor(theme.BACKGROUND)


@pytest.mark.parametrize("shades", [{}, LIGHT_SHADES], ids=["dark", "light"])
def test_what_is_read_in_the_live_window_stands_out(shades: dict[str, str]) -> None:
    theme.LOOK.shades = shades
    shade = theme.shade
    for text in (
        *(theme.TEXT, theme.MUTED, palette.VALENCE, palette.AROUSAL, palette.FINE, palette.ALERT),
    ):
        for ground in (theme.BACKGROUND, theme.PANEL, theme.RAISED):
            assert contrast(shade(text), shade(ground)) >= 4.5, (text, ground)
    panel, muted = shade(theme.PANEL), shade(theme.MUTED)
    plane = over(shade(theme.RAISED), 0.35, panel)
    for text, ground in (
        (theme.ALERT_TEXT, shade(theme.ALERT_PANEL)),
        # What is typed and marked, chosen in a menu, pressed.
        (theme.TEXT, shade(theme.FAINT)),
        (theme.TEXT, shade(theme.LINE)),
        # Words of the plane, also where the unsure zone lies under them.
        (theme.MUTED, over(muted, 0.10, plane)),
        (theme.TEXT, over(muted, 0.10, plane)),
        # A reason over a hatched stretch: the ground, and the lines of the hatch.
        (theme.MUTED, over(muted, 0.10, panel)),
        (theme.TEXT, over(muted, 0.22, over(muted, 0.10, panel))),
    ):
        assert contrast(shade(text), ground) >= 4.5, (text, ground)


@pytest.mark.parametrize("colours", [drawing.LIGHT, drawing.DARK], ids=["paper", "dark"])
def test_what_is_read_in_the_report_stands_out(colours: dict[str, str]) -> None:
    for text in ("ink", "muted", "alert", "valence", "arousal"):
        assert contrast(colours[text], colours["ground"]) >= 4.5, text
    for text in ("ink", "alert"):
        assert contrast(colours[text], colours["shade"]) >= 4.5, text


def test_no_text_is_smaller_than_11_pixels(window: Dashboard) -> None:
    window.refresh(cyton())
    QApplication.processEvents()
    for label in window.findChildren(QLabel):
        assert label.fontInfo().pixelSize() >= 11, label.text()
    for button in window.findChildren(QAbstractButton):
        assert button.fontInfo().pixelSize() >= 11, button.text()


def test_marks_grow_with_the_zoom(window: Dashboard) -> None:
    window.refresh(heart())
    mark, phase = window.streams.body.mark, window.streams.cards["demo-eeg"].mark
    before = [(each.width(), each.height()) for each in (mark, phase)]
    assert before == [(16, 16), (12, 12)]
    window.views.zoom_to(2.0)
    assert [(each.width(), each.height()) for each in (mark, phase)] == [(32, 32), (24, 24)]
    assert window.readout._meter.sizeHint().height() == 16


def test_everything_that_is_pressed_has_a_name_and_can_be_reached(window: Dashboard) -> None:
    window.refresh(heart())
    QApplication.processEvents()
    for button in window.findChildren(QAbstractButton):
        if not button.isVisible() or button.objectName().startswith("qt_"):
            continue
        assert button.accessibleName() or any(c.isalpha() for c in button.text()), button
        assert button.toolTip(), button.text()
        assert button.focusPolicy() & Qt.FocusPolicy.TabFocus, button.text()
    for field in window.findChildren(QLineEdit):
        assert field.accessibleName()
    assert window.readout.circumplex.accessibleName()
    assert window.streams.electrodes.map.accessibleName()
    assert window.eeg.plot.accessibleName()
    assert window.timeline.plot.accessibleName()


def test_words_of_the_big_screen_grow_with_the_window(window: Dashboard) -> None:
    window.refresh(cyton())
    usual = window.readout.meaning.font().pixelSize()
    QTest.keyClick(window, Qt.Key.Key_F2)
    sizes = []
    for height in (768, 1080):
        window.resize(16 * height // 9, height)
        QApplication.processEvents()
        plane = window.readout.circumplex
        sizes.append((plane.word_pixels(), window.readout.meaning.font().pixelSize()))
        assert window.notice.font().pixelSize() == sizes[-1][1]
        assert plane.geometry().bottom() < window.readout.height()
    (plane_768, meaning_768), (plane_1080, meaning_1080) = sizes
    assert 20 <= plane_768 < plane_1080 >= 29
    assert usual < meaning_768 < meaning_1080
    QTest.keyClick(window, Qt.Key.Key_F2)
    assert window.readout.meaning.font().pixelSize() == usual
    assert window.readout.circumplex.word_pixels() == 14


def test_lines_of_plots_are_as_thick_at_a_scale_of_2(window: Dashboard) -> None:
    def widths() -> list[float]:
        eeg, gsr = window.eeg.curves["usable"], window.pps.curves[0]
        course = window.timeline.curves["valence"]
        levels = window.timeline._levels
        pens = (eeg.opts["pen"], gsr.opts["pen"], course.pen_of(RowKind()), levels[0].pen)
        return [pen.widthF() for pen in pens]

    assert widths() == [1.0, 1.6, 2.0, 1.0]
    theme.LOOK.density = 2.0
    for panel in (window.eeg, window.pps, window.timeline):
        panel.restyle()
    assert widths() == [2.0, 3.2, 4.0, 2.0]
    # The window takes the scale of the screen that it is on.
    window.views.zoom_to(1.0)
    assert widths() == [1.0, 1.6, 2.0, 1.0]


def test_a_question_is_read_in_light_colours_too(window: Dashboard) -> None:
    window.views.recolour(LIGHT)
    window.ask.ask("Really?", "Yes", "No", lambda: None)
    QApplication.processEvents()
    picture = window.ask.grab().toImage()
    assert picture.pixelColor(6, picture.height() // 2) == QColor(LIGHT.raised)


def test_the_keys_open_by_a_button(window: Dashboard) -> None:
    window.header.help.click()
    (guide,) = window.findChildren(Guide)
    assert guide.isVisible()
