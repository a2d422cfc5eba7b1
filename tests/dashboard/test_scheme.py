"""Colours of both schemes can be read, and no text is too small."""

from __future__ import annotations

import pytest
from helpers.contrast import contrast
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from physiosync_rt.dashboard.memory import Memory
from physiosync_rt.dashboard.scheme import DARK, LIGHT, READ, READ_ON, Scheme, style_of
from physiosync_rt.dashboard.start_screen import StartScreen


def test_contrast_is_measured_as_wcag_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("scheme", [DARK, LIGHT], ids=["dark", "light"])
def test_everything_that_is_read_stands_out(scheme: Scheme) -> None:
    for text in READ:
        for ground in READ_ON:
            found = contrast(getattr(scheme, text), getattr(scheme, ground))
            assert found >= 4.5, (text, ground, found)
    assert contrast(scheme.text, scheme.alert_panel) >= 4.5
    assert contrast(scheme.panel, scheme.text) >= 4.5, "the Start button"
    assert contrast(scheme.text, scheme.line) >= 4.5, "what is selected"
    assert contrast(scheme.muted, scheme.raised) >= 4.5, "what is disabled"


@pytest.mark.parametrize("scheme", [DARK, LIGHT], ids=["dark", "light"])
def test_the_screen_takes_a_scheme_and_its_smallest_text_is_11_pixels(
    scheme: Scheme, qtbot: QtBot, tmp_path
) -> None:
    screen = StartScreen(Memory(tmp_path / "app.ini"))
    qtbot.addWidget(screen)
    screen.recolour(scheme)
    assert screen.styleSheet() == style_of(scheme)
    screen.show()
    for label in (*screen.findChildren(QLabel), *screen.findChildren(QPushButton)):
        assert label.fontInfo().pixelSize() >= 11, label.text()
    for field in screen.findChildren(QLineEdit):
        # Left to itself, Qt shows it in half the strength of the text.
        assert field.palette().color(QPalette.ColorRole.PlaceholderText) == QColor(scheme.muted)
    picture = screen.grab().toImage()
    assert picture.pixelColor(3, picture.height() - 3) == QColor(scheme.background)
