"""The valence-arousal plane: where the person is now, and the path of the last minute."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import (
    QBrush,
    QFont,
    QPainter,
    QPainterPath,
    QPaintEvent,
    QPen,
    QRadialGradient,
)
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.datatypes import Prediction
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.utils.translation import tr
from physiosync_rt.views import palette
from physiosync_rt.views.shown_levels import shown_quadrant
from physiosync_rt.views.wording import QUADRANTS

TRAIL_S = 60.0
"""Length of the path shown, in seconds."""

_CORNERS = {"LVHA": (0, 0), "HVHA": (1, 0), "LVLA": (0, 1), "HVLA": (1, 1)}


class Circumplex(QWidget):
    """Square plane of P(high valence) against P(high arousal).

    The newest valid row is a disc: larger and brighter the more confident. When the newest row
    is withheld the last place known is an empty grey ring. A bundle with a single target gets a
    line at the known coordinate.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[Prediction, ...] = ()
        self._now: Prediction | None = None
        self._here = ""
        self._margin = 0.0
        self._words = 1.0
        self.setMinimumSize(190, 190)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(self.tr("Valence-arousal plane"))

    @override
    def sizeHint(self) -> QSize:
        """Prefer a plane of 300 pixels."""
        return QSize(300, 300)

    def refresh(self, snapshot: Snapshot) -> None:
        """Show the rows of a snapshot; repaints only when there is a new one."""
        if snapshot.prediction == self._now:
            return
        self._now = snapshot.prediction
        self._margin = snapshot.margin
        self._here = shown_quadrant(snapshot)
        start = self._now.t_end - TRAIL_S if self._now else 0.0
        self._rows = tuple(row for row in snapshot.history if row.t_end >= start)
        self.setAccessibleDescription(self._here and tr(QUADRANTS[self._here][0]))
        self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the plane, the trail and the point."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        plane = self._plane()
        self._paint_plane(painter, plane)
        self._paint_unsure_zone(painter, plane)
        self._paint_axes(painter, plane)
        self._paint_trail(painter, plane)
        self._paint_words(painter, plane)
        self._paint_point(painter, plane)

    def point_at(self, row: Prediction) -> tuple[int, int] | None:
        """Return where a row stands, in pixels of this widget; None for a withheld row."""
        place = _place(row, self._plane())
        return None if place is None else (round(place.x()), round(place.y()))

    def set_words(self, scale: float) -> None:
        """Draw words, point and path larger than usual, for a room."""
        if scale != self._words:
            self._words = scale
            self.update()

    def word_pixels(self) -> int:
        """Return the size of the words in the corners, in pixels at a zoom of 1."""
        return round(14 * self._words)

    def _px(self, pixels: float) -> float:
        return theme.px(pixels * self._words)

    def _plane(self) -> QRectF:
        """Return the square in the middle, with room for the words on the axes."""
        words = self._px(22)
        side = min(self.width() - words, self.height() - words)
        left, top = (self.width() + self._px(18) - side) / 2, (self.height() - words - side) / 2
        return QRectF(left, top, side, side)

    def _paint_plane(self, painter: QPainter, plane: QRectF) -> None:
        painter.setPen(QPen(theme.tint(theme.LINE, 1.0), 1))
        painter.setBrush(theme.tint(theme.RAISED, 0.35))
        painter.drawRoundedRect(plane, 8, 8)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.tint(theme.LINE, 0.8), 1))
        for share in (0.25, 0.5):
            radius = plane.width() * share
            painter.drawEllipse(plane.center(), radius, radius)
        painter.setPen(QPen(theme.tint(theme.FAINT, 0.8), 1))
        centre = plane.center()
        painter.drawLine(QPointF(plane.left(), centre.y()), QPointF(plane.right(), centre.y()))
        painter.drawLine(QPointF(centre.x(), plane.top()), QPointF(centre.x(), plane.bottom()))

    def _paint_unsure_zone(self, painter: QPainter, plane: QRectF) -> None:
        """Draw where no word is said: a cross as wide as twice the margin."""
        half = self._margin * plane.width()
        if half <= 0:
            return
        centre = plane.center()
        across = QRectF(plane.left(), centre.y() - half, plane.width(), 2 * half)
        down = QRectF(centre.x() - half, plane.top(), 2 * half, plane.height())
        zone = QPainterPath()
        zone.addRect(across)
        upright = QPainterPath()
        upright.addRect(down)
        painter.fillPath(zone.united(upright), theme.tint(theme.MUTED, 0.10))

    def _paint_words(self, painter: QPainter, plane: QRectF) -> None:
        across, down = self._px(12), self._px(10)
        inner = plane.adjusted(across, down, -across, -down)
        for quadrant, (right, bottom) in _CORNERS.items():
            is_here = quadrant == self._here
            weight = QFont.Weight.DemiBold if is_here else QFont.Weight.Normal
            painter.setFont(theme.font(self.word_pixels(), weight))
            painter.setPen(theme.tint(theme.TEXT if is_here else theme.MUTED, 1.0))
            across = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            down = Qt.AlignmentFlag.AlignBottom if bottom else Qt.AlignmentFlag.AlignTop
            painter.drawText(inner, across | down, tr(QUADRANTS[quadrant][0]))

    def _paint_axes(self, painter: QPainter, plane: QRectF) -> None:
        painter.setFont(theme.font(round(11 * self._words)))
        high = self._px(16)
        strip = QRectF(plane.left(), plane.bottom() + self._px(4), plane.width(), high)
        self._axis_words(painter, strip, self.tr("valence"), palette.VALENCE)
        painter.save()
        painter.translate(plane.left() - self._px(20), plane.bottom())
        painter.rotate(-90)
        strip = QRectF(0, 0, plane.height(), high)
        self._axis_words(painter, strip, self.tr("arousal"), palette.AROUSAL)
        painter.restore()

    def _axis_words(self, painter: QPainter, strip: QRectF, name: str, colour: str) -> None:
        painter.setPen(theme.tint(theme.MUTED, 1.0))
        painter.drawText(strip, Qt.AlignmentFlag.AlignLeft, self.tr("low"))
        painter.drawText(strip, Qt.AlignmentFlag.AlignRight, self.tr("high"))
        painter.setPen(theme.tint(colour, 1.0))
        painter.drawText(strip, Qt.AlignmentFlag.AlignHCenter, name)

    def _paint_trail(self, painter: QPainter, plane: QRectF) -> None:
        if self._now is None:
            return
        before: QPointF | None = None
        for row in self._rows:
            place = _place(row, plane)
            freshness = 1 - (self._now.t_end - row.t_end) / TRAIL_S
            if place is not None and row is not self._rows[-1]:
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(theme.tint(theme.TEXT, 0.06 + 0.5 * freshness**2))
                painter.drawEllipse(place, self._px(1.8), self._px(1.8))
            if place is not None and before is not None:
                painter.setPen(
                    QPen(theme.tint(theme.TEXT, 0.03 + 0.4 * freshness**2), self._px(1.3))
                )
                painter.drawLine(before, place)
            before = place

    def _paint_point(self, painter: QPainter, plane: QRectF) -> None:
        if self._now is None:
            return
        if not self._now.valid:
            places = (_place(row, plane) for row in reversed(self._rows))
            last = next((place for place in places if place is not None), None)
            if last is not None:
                painter.setPen(QPen(theme.tint(theme.MUTED, 1.0), self._px(2)))
                painter.setBrush(theme.tint(theme.PANEL, 1.0))
                painter.drawEllipse(last, self._px(9), self._px(9))
            return
        sure = self._now.confidence or 0.0
        place = _place(self._now, plane)
        if place is None:
            self._paint_single_target(painter, plane, sure)
            return
        radius = self._px(5 + 6 * sure)
        glow = QRadialGradient(place, radius * 3.2)
        glow.setColorAt(0, theme.tint(theme.TEXT, 0.30 * sure))
        glow.setColorAt(1, theme.tint(theme.TEXT, 0.0))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(glow))
        painter.drawEllipse(place, radius * 3.2, radius * 3.2)
        painter.setPen(QPen(theme.tint(theme.BACKGROUND, 0.9), self._px(2)))
        painter.setBrush(theme.tint(theme.PANEL, 1.0))
        painter.drawEllipse(place, radius, radius)
        painter.setBrush(theme.tint(theme.TEXT, 0.35 + 0.65 * sure))
        painter.drawEllipse(place, radius, radius)

    def _paint_single_target(self, painter: QPainter, plane: QRectF, sure: float) -> None:
        row = self._now
        if row is None:
            return
        if row.valence is not None:
            x = plane.left() + row.valence * plane.width()
            ends = QPointF(x, plane.top()), QPointF(x, plane.bottom())
            painter.setPen(QPen(theme.tint(palette.VALENCE, 0.35 + 0.65 * sure), self._px(3)))
            painter.drawLine(*ends)
        if row.arousal is not None:
            y = plane.bottom() - row.arousal * plane.height()
            ends = QPointF(plane.left(), y), QPointF(plane.right(), y)
            painter.setPen(QPen(theme.tint(palette.AROUSAL, 0.35 + 0.65 * sure), self._px(3)))
            painter.drawLine(*ends)


def _place(row: Prediction, plane: QRectF) -> QPointF | None:
    if row.valence is None or row.arousal is None:
        return None
    return QPointF(
        plane.left() + row.valence * plane.width(),
        plane.bottom() - row.arousal * plane.height(),
    )
