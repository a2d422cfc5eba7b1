"""Names of channels beside their traces, with the quality of each."""

from __future__ import annotations

import math

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.views import palette
from physiosync_rt.views.wording import number, quality_word

LABEL_WIDTH = 62


class ChannelLabels(QWidget):
    """Channel names beside their traces, each with the quality of its signal as a mark.

    A dot is good, a ring is fair, a cross is poor; the colour repeats it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[str, ...] = ()
        self._quality: tuple[float, ...] = ()
        self.setFixedWidth(LABEL_WIDTH)

    def refresh(self, names: tuple[str, ...], quality: tuple[float, ...]) -> None:
        """Show names and, where it has one value per name, quality."""
        quality = quality if len(quality) == len(names) else ()
        if (names, quality) != (self._names, self._quality):
            self._names, self._quality = names, quality
            self.update()

    def text_at(self, y: float) -> str:
        """Return what is known of the channel at a height in pixels."""
        row = math.floor(y / max(1, self.height()) * len(self._names))
        if not 0 <= row < len(self._names):
            return ""
        if not self._quality:
            return self._names[row]
        quality = self._quality[row]
        return f"{self._names[row]}: {quality_word(quality)} signal, quality {number(quality)}"

    @override
    def event(self, event: QEvent) -> bool:
        """Give each channel its own tooltip."""
        if isinstance(event, QHelpEvent):
            text = self.text_at(event.pos().y())
            QToolTip.showText(event.globalPos(), theme.tip(text) if text else "", self)
            return True
        return super().event(event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the names at their traces' heights."""
        if not self._names:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        step = self.height() / len(self._names)
        size = int(min(12, max(8, step * 0.92)))
        for row, name in enumerate(self._names):
            middle = (row + 0.5) * step
            word = quality_word(self._quality[row]) if self._quality else "good"
            poor = word == "poor"
            painter.setFont(
                theme.font(size, QFont.Weight.DemiBold if poor else QFont.Weight.Normal)
            )
            painter.setPen(theme.tint(palette.ALERT if poor else theme.MUTED, 1.0))
            box = QRectF(0, middle - 10, self.width() - 22, 20)
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, side, plain_text(name))
            if self._quality:
                _paint_mark(painter, QPointF(self.width() - 12, middle), word)


def _paint_mark(painter: QPainter, centre: QPointF, word: str) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if word == "good":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.tint(palette.FINE, 0.9))
        painter.drawEllipse(centre, 2.6, 2.6)
    elif word == "fair":
        painter.setPen(QPen(theme.tint(theme.TEXT, 0.9), 1.3))
        painter.drawEllipse(centre, 2.6, 2.6)
    else:
        painter.setPen(QPen(theme.tint(palette.ALERT, 1.0), 1.6))
        for tilt in (-1, 1):
            arm = QPointF(2.6, 2.6 * tilt)
            painter.drawLine(centre - arm, centre + arm)
