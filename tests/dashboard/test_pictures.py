"""Figures of a report as pictures: whole, in their colours, with their words."""

from __future__ import annotations

from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from physiosync_rt.dashboard import render_svg
from physiosync_rt.run_report.drawing import LIGHT, WIDTH, Drawing


def test_a_figure_is_drawn_in_its_size_and_colours(qtbot: QtBot) -> None:
    drawing = Drawing(100, "a figure")
    drawing.rectangle((10, 110), (20, 60), "alert")
    drawing.text(300, 80, "WWWW", role="ink", pixels=40)
    image = QImage.fromData(render_svg(drawing.svg(), 2.0), "PNG")
    assert (image.width(), image.height()) == (2 * WIDTH, 200)
    assert image.pixelColor(100, 80).name() == LIGHT["alert"]
    assert image.pixelColor(4, 4).name() == "#ffffff"
    dark = [
        x for x in range(600, 1000) for y in range(100, 160) if image.pixelColor(x, y).value() < 90
    ]
    assert len(dark) > 200
