"""The countdown of a rest, to be read from across the room."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.views.wording import is_capturing

_WIDTH = 6
_SIDE = 260


class RestDial(QWidget):
    """Seconds of rest to go, in a ring that fills; hidden while no rest is captured."""

    def __init__(self) -> None:
        super().__init__()
        self._left_s = 0.0
        self._progress = 0.0
        self._words = 1.0
        self.setMinimumSize(160, 160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Rest to go"))
        self.hide()

    @override
    def sizeHint(self) -> QSize:
        """Prefer as much room as the plane, whose place it takes."""
        return QSize(300, 300)

    def refresh(self, snapshot: Snapshot) -> None:
        """Show the countdown while a rest is captured."""
        shown = is_capturing(snapshot)
        self.setVisible(shown)
        if not shown:
            return
        now = snapshot.baseline_left_s, snapshot.baseline_progress
        if now != (self._left_s, self._progress):
            self._left_s, self._progress = now
            self.setAccessibleDescription(f"{self._left_s:.0f} s")
            self.update()

    def set_words(self, scale: float) -> None:
        """Draw the dial larger than usual, for a room."""
        if scale != self._words:
            self._words = scale
            self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ring and the seconds."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        thick = theme.px(_WIDTH * self._words)
        side = min(self.width(), self.height(), theme.px(_SIDE * self._words)) - 2 * thick
        ring = QRectF((self.width() - side) / 2, (self.height() - side) / 2, side, side)
        painter.setPen(QPen(theme.tint(theme.LINE, 1.0), thick))
        painter.drawEllipse(ring)
        pen = QPen(theme.tint(theme.TEXT, 1.0), thick)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        # Qt counts sixteenths of a degree against the clock, from three o'clock.
        painter.drawArc(ring, 90 * 16, -round(360 * 16 * self._progress))
        painter.setFont(theme.font(round(side * 0.34 / theme.LOOK.zoom), QFont.Weight.Light))
        painter.setPen(theme.tint(theme.TEXT, 1.0))
        painter.drawText(ring, Qt.AlignmentFlag.AlignCenter, f"{self._left_s:.0f}")
        painter.setFont(theme.font(round(13 * self._words)))
        painter.setPen(theme.tint(theme.MUTED, 1.0))
        below = ring.adjusted(0, side * 0.45, 0, 0)
        painter.drawText(below, Qt.AlignmentFlag.AlignCenter, self.tr("s of rest to go"))
