"""One place for colours, type and spacing, so that every panel looks like part of one thing.

The colours that carry meaning are those of `physiosync_rt.views.palette`; here are the greys.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPalette, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from physiosync_rt.utils.plain_text import plain_text

BACKGROUND = "#0d1015"
PANEL = "#14191f"
RAISED = "#1d242d"
LINE = "#29323d"
TEXT = "#e7eaee"
MUTED = "#98a3b1"
FAINT = "#5b6675"
TRACE = "#b4bfcc"
ALERT_PANEL = "#38211f"
ALERT_TEXT = "#ffd9d3"

FAMILIES = [
    "Inter",
    "SF Pro Text",
    "Segoe UI Variable",
    "Segoe UI",
    "Cantarell",
    "Ubuntu",
    "Noto Sans",
    "Roboto",
    "DejaVu Sans Condensed",
    "DejaVu Sans",
]
"""First one present wins; the last two come with nearly every Linux."""

_GRID_LINES = 4

GAP = 12
"""Space between panels, in pixels."""


@dataclass(slots=True)
class Look:
    """How the live window is drawn at present.

    Attributes
    ----------
    zoom : float
    density : float
        Pixels of the screen in one of Qt's, as at a scale of 2.
    shades : mapping of str to str
        Colours in place of those of this module, which are the dark ones.
    """

    zoom: float = 1.0
    density: float = 1.0
    shades: Mapping[str, str] = field(default_factory=dict)


LOOK = Look()


def px(pixels: float) -> float:
    """Return a length at the present zoom, in pixels."""
    return pixels * LOOK.zoom


def shade(colour: str) -> str:
    """Return what stands for a colour of this module at present."""
    return LOOK.shades.get(colour, colour)


def font(pixels: int, weight: QFont.Weight = QFont.Weight.Normal) -> QFont:
    """Return the product's typeface at a size, with figures of equal width."""
    face = QFont()
    face.setFamilies(FAMILIES)
    face.setPixelSize(round(px(pixels)))
    face.setWeight(weight)
    face.setFeature(QFont.Tag("tnum"), 1)
    return face


def line_pen(
    colour: QColor, pixels: float = 1.0, style: Qt.PenStyle = Qt.PenStyle.SolidLine
) -> QPen:
    """Return a pen for a line of a plot, as thick at any scale of the screen.

    Lines of a plot keep their thickness whatever the plot shows (they are cosmetic), and Qt counts
    that in pixels of the screen, which are half as large at a scale of 2.
    """
    return pg.mkPen(colour, width=pixels * LOOK.density, style=style)


def tint(colour: str, opacity: float) -> QColor:
    """Return a colour at an opacity in [0, 1]."""
    found = QColor(shade(colour))
    found.setAlphaF(min(1.0, max(0.0, opacity)))
    return found


def apply(app: QApplication) -> None:
    """Give an application the product's look."""
    app.setStyle("Fusion")
    app.setFont(font(13))
    palette = QPalette()
    for role, colour in (
        (QPalette.ColorRole.Window, BACKGROUND),
        (QPalette.ColorRole.Base, PANEL),
        (QPalette.ColorRole.Text, TEXT),
        (QPalette.ColorRole.WindowText, TEXT),
        (QPalette.ColorRole.PlaceholderText, MUTED),
        (QPalette.ColorRole.ToolTipBase, RAISED),
        (QPalette.ColorRole.ToolTipText, TEXT),
    ):
        palette.setColor(role, QColor(colour))
    app.setPalette(palette)


def plain_plot() -> pg.PlotWidget:
    """Return a plot without axes, menu or mouse: a panel adds what it needs."""
    plot = pg.PlotWidget(background=None, enableMenu=False)
    plot.setFrameShape(QFrame.Shape.NoFrame)
    plot.setStyleSheet("background: transparent")
    plot.setMouseEnabled(x=False, y=False)
    plot.hideButtons()
    for side in ("left", "bottom"):
        plot.hideAxis(side)
    plot.getPlotItem().layout.setContentsMargins(0, 0, 0, 0)
    plot.getViewBox().setDefaultPadding(0.0)
    return plot


def quiet_axis(plot: pg.PlotWidget, side: str, width: int | None = None) -> Any:
    """Show one axis of a plot as bare small numbers, without line or tick marks."""
    plot.showAxis(side)
    axis = plot.getAxis(side)
    axis.setPen(pg.mkPen(None))
    axis.setStyle(tickLength=0, tickAlpha=0, autoExpandTextSpace=False)
    restyle_axis(axis)
    if width is not None:
        axis.setWidth(width)
    return axis


def restyle_axis(axis: pg.AxisItem) -> None:
    """Give an axis the colours and the zoom of the present."""
    axis.setTextPen(shade(MUTED))
    axis.setStyle(tickFont=font(11))


class TimeGrid:
    """Upright lines of a plot whose x axis is in seconds before its end: a few for each span."""

    def __init__(self, plot: pg.PlotWidget) -> None:
        self._plot = plot
        self._span_s = 0.0
        self._lines = [pg.InfiniteLine(0) for _ in range(_GRID_LINES)]
        self.restyle()
        for line in self._lines:
            line.setZValue(-20)
            plot.addItem(line)

    def show_span(self, span_s: float) -> None:
        """Let the plot show a span, in seconds."""
        if span_s == self._span_s:
            return
        self._span_s = span_s
        self._plot.setXRange(-span_s, 0, padding=0)
        for at, line in enumerate(self._lines, 1):
            line.setValue(-span_s * at / (_GRID_LINES + 1))

    def restyle(self) -> None:
        """Take the colours of the present."""
        for line in self._lines:
            line.setPen(line_pen(tint(LINE, 1.0)))


def tip(text: str) -> str:
    """Return a tooltip that shows a text as it is: Qt takes one with tags for rich text."""
    return f"<qt>{html.escape(plain_text(text))}</qt>"


class Text(QLabel):
    """A label of the product: plain text in a size, weight and role, shortened to its width."""

    def __init__(
        self,
        text: str = "",
        *,
        pixels: int = 13,
        role: str = "",
        weight: QFont.Weight = QFont.Weight.Normal,
        elide: Qt.TextElideMode = Qt.TextElideMode.ElideNone,
    ) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.set_font(pixels, weight)
        self.setProperty("role", role)
        self._elide = elide
        self._full = ""
        if elide is not Qt.TextElideMode.ElideNone:
            self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.say(text)

    def say(self, text: str) -> None:
        """Show a text; nothing is repainted when it is the one already shown."""
        text = plain_text(text)
        if text != self._full:
            self._full = text
            self._fit()

    def set_font(self, pixels: int, weight: QFont.Weight) -> None:
        """Take a size, in pixels at a zoom of 1, and a weight."""
        self._face = pixels, weight
        self.setFont(font(pixels, weight))

    def restyle(self) -> None:
        """Take the zoom of the present."""
        self.set_font(*self._face)
        self._fit()

    def set_role(self, role: str) -> None:
        """Change the role (``muted``, ``alert`` or empty), which decides the colour."""
        if role != self.property("role"):
            self.setProperty("role", role)
            self.style().unpolish(self)
            self.style().polish(self)

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Shorten the text again for the new width."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        if self._elide is Qt.TextElideMode.ElideNone:
            self.setText(self._full)
            return
        shown = QFontMetrics(self.font()).elidedText(self._full, self._elide, self.width())
        self.setText(shown)
        self.setToolTip(tip(self._full) if shown != self._full else "")


class Room(IntEnum):
    """How close panels and what they hold are set, where a column is low."""

    USUAL = 0
    CLOSE = 1
    CLOSEST = 2


class Panel(QFrame):
    """A rounded surface with a small title row; ``column`` takes what it holds."""

    def __init__(self, title: str = "") -> None:
        super().__init__()
        self.setObjectName("panel")
        self.column = QVBoxLayout(self)
        self.column.setSpacing(8)
        Panel.set_room(self, Room.USUAL)
        self.heading = QHBoxLayout()
        self.heading.setSpacing(10)
        if title:
            self.heading.addWidget(Text(title, weight=QFont.Weight.DemiBold))
            self.heading.addStretch(1)
            self.column.addLayout(self.heading)

    def set_room(self, room: Room) -> None:
        """Leave as much room around what it holds, and between."""
        above, below = ((12, 14), (8, 9), (5, 6))[room]
        self.column.setContentsMargins(16, above, 16, below)


def stack(*widgets: QWidget, spacing: int = 2) -> QVBoxLayout:
    """Return a column of widgets close together."""
    column = QVBoxLayout()
    column.setSpacing(spacing)
    for widget in widgets:
        column.addWidget(widget)
    return column
