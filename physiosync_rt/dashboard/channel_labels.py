"""Names of channels beside their traces, with the quality of each."""

from __future__ import annotations

import math
from collections.abc import Collection

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QFont, QHelpEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QToolTip, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.preprocess.electrode_states import Electrode, ElectrodeState
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.utils.translation import tr
from physiosync_rt.views import palette
from physiosync_rt.views.electrodes_text import electrode_text
from physiosync_rt.views.wording import number, quality_word

LABEL_WIDTH = 62


class ChannelLabels(QWidget):
    """Channel names beside their traces, each with the quality of its signal as a mark.

    A dot is good, a ring is fair, a cross is poor, a small pale ring is interpolated and a dash
    without a signal; the colour repeats it. A click on a name hides its trace.
    """

    clicked = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[str, ...] = ()
        self._quality: tuple[float, ...] = ()
        self._electrodes: dict[str, Electrode] = {}
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.restyle()

    def restyle(self) -> None:
        """Take the zoom of the present."""
        self.setFixedWidth(round(theme.px(LABEL_WIDTH)))

    def refresh(
        self,
        names: tuple[str, ...],
        quality: tuple[float, ...],
        electrodes: tuple[Electrode, ...] = (),
        hidden: Collection[str] = (),
    ) -> None:
        """Show the names that are not hidden and, where it has one value per name, quality."""
        shown = [at for at, name in enumerate(names) if name not in hidden]
        quality = tuple(quality[at] for at in shown) if len(quality) == len(names) else ()
        names = tuple(names[at] for at in shown)
        known = {electrode.name: electrode for electrode in electrodes}
        if (names, quality, known) != (self._names, self._quality, self._electrodes):
            self._names, self._quality, self._electrodes = names, quality, known
            self.update()

    def name_at(self, y: float) -> str:
        """Return the channel at a height in pixels; empty where there is none."""
        row = math.floor(y / max(1, self.height()) * len(self._names))
        return self._names[row] if 0 <= row < len(self._names) else ""

    def text_at(self, y: float) -> str:
        """Return what is known of the channel at a height in pixels."""
        name = self.name_at(y)
        electrode = self._electrodes.get(name)
        if electrode is not None and electrode.state is not ElectrodeState.MEASURED:
            return electrode_text(electrode)
        if not name or not self._quality:
            return name
        quality = self._quality[self._names.index(name)]
        said = self.tr("{name}: {word} signal, quality {quality}")
        word = tr(quality_word(quality))
        return said.format(name=name, word=word, quality=number(quality))

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Hide the trace of the name."""
        if event.button() is Qt.MouseButton.LeftButton and (
            name := self.name_at(event.position().y())
        ):
            self.clicked.emit(name)

    def _word(self, row: int) -> str:
        """Return what the mark of a channel says."""
        electrode = self._electrodes.get(self._names[row])
        if electrode is not None and electrode.state is not ElectrodeState.MEASURED:
            return "poor" if electrode.state is ElectrodeState.BAD else electrode.state.value
        return quality_word(self._quality[row]) if self._quality else "good"

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
        # Where lanes are lower than letters, every second or third is named, and any that is poor.
        every = max(1, math.ceil(theme.px(13) / step))
        poor_rows = {row for row in range(len(self._names)) if self._word(row) == "poor"}
        for row, name in enumerate(self._names):
            middle = (row + 0.5) * step
            word = self._word(row)
            if self._quality or self._electrodes:
                _paint_mark(painter, QPointF(self.width() - theme.px(12), middle), word)
            poor = word == "poor"
            crowded = any(abs(row - other) < every for other in poor_rows if other != row)
            if not poor and (row % every or (every > 1 and crowded)):
                continue
            painter.setFont(
                theme.font(
                    11 if step < theme.px(15) else 12,
                    QFont.Weight.DemiBold if poor else QFont.Weight.Normal,
                )
            )
            painter.setPen(theme.tint(palette.ALERT if poor else theme.MUTED, 1.0))
            high = theme.px(13)
            top = min(max(middle - high / 2, 0.0), self.height() - high)
            box = QRectF(0, top, self.width() - theme.px(22), high)
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, side, plain_text(name))


def _paint_mark(painter: QPainter, centre: QPointF, word: str) -> None:
    size = theme.px(2.6)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if word == "good":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.tint(palette.FINE, 0.9))
        painter.drawEllipse(centre, size, size)
    elif word == "fair":
        painter.setPen(QPen(theme.tint(theme.TEXT, 0.9), size / 2))
        painter.drawEllipse(centre, size, size)
    elif word == ElectrodeState.INTERPOLATED:
        painter.setPen(QPen(theme.tint(theme.MUTED, 0.9), 0.4 * size))
        painter.drawEllipse(centre, 0.73 * size, 0.73 * size)
    elif word == ElectrodeState.SILENT:
        painter.setPen(QPen(theme.tint(theme.MUTED, 1.0), 0.6 * size))
        painter.drawLine(centre - QPointF(size, 0), centre + QPointF(size, 0))
    else:
        painter.setPen(QPen(theme.tint(palette.ALERT, 1.0), 0.6 * size))
        for tilt in (-1, 1):
            arm = QPointF(size, size * tilt)
            painter.drawLine(centre - arm, centre + arm)
