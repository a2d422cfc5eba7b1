"""The electrodes on a head seen from above, each with what it is made of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.errors import UserError
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.preprocess.electrode_states import Electrode, ElectrodeState
from physiosync_rt.simulation.electrodes import directions
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.views import palette
from physiosync_rt.views.electrodes_text import electrode_text, electrodes_text, legend_text

_FEW = 10
"""Up to so many electrodes of the stream are named on the map."""

_EQUATOR_DEG = 108.0
"""Angle from the vertex at which the outline of the head is drawn: below the ring of T7 and Oz."""

_NEAR = 12.0
"""Distance from the mouse, in pixels, at which an electrode is told."""


def places(names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Return where electrodes lie on a head of radius 1, the nose up.

    The angle from the vertex becomes the distance from the middle (azimuthal equidistant), so
    that electrodes keep their neighbours. A name without a known position is left out.

    Parameters
    ----------
    names : sequence of str
    """
    found: dict[str, tuple[float, float]] = {}
    for name in names:
        try:
            x, y, z = directions((name,))[0]
        except UserError:
            continue
        angle = np.degrees(np.arccos(np.clip(z, -1.0, 1.0)))
        across = max(float(np.hypot(x, y)), 1e-9)
        radius = angle / _EQUATOR_DEG
        found[name] = (radius * x / across, -radius * y / across)
    return found


class HeadMap(QWidget):
    """A head with a mark for each electrode.

    A disc is measured, a small ring is interpolated, a cross is bad, a dash is without a signal;
    the colour repeats it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.electrodes: tuple[Electrode, ...] = ()
        self._places: dict[str, tuple[float, float]] = {}
        self.setMinimumSize(120, 120)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setAccessibleName(self.tr("Map of the electrodes"))

    @override
    def sizeHint(self) -> QSize:
        """Prefer a head of about 190 pixels."""
        return QSize(round(theme.px(200)), round(theme.px(180)))

    def refresh(self, electrodes: tuple[Electrode, ...]) -> None:
        """Show electrodes; repaints only when one has changed."""
        if electrodes == self.electrodes:
            return
        names = [electrode.name for electrode in electrodes]
        if names != [electrode.name for electrode in self.electrodes]:
            self._places = places(names)
        self.electrodes = electrodes
        self.setAccessibleDescription("; ".join(map(electrode_text, electrodes)))
        self.update()

    def point_of(self, name: str) -> QPointF | None:
        """Return where an electrode is drawn, in pixels; None where its position is not known."""
        if name not in self._places:
            return None
        x, y = self._places[name]
        centre, radius = self._head()
        return centre + QPointF(x, y) * radius

    def text_at(self, point: QPointF) -> str:
        """Return what is known of the electrode near a point; empty where there is none."""
        nearest, least = None, theme.px(_NEAR)
        for electrode in self.electrodes:
            at = self.point_of(electrode.name)
            if at is None:
                continue
            apart = float(np.hypot(at.x() - point.x(), at.y() - point.y()))
            if apart < least:
                nearest, least = electrode, apart
        return electrode_text(nearest) if nearest else ""

    @override
    def event(self, event: QEvent) -> bool:
        """Give each electrode its own tooltip."""
        if isinstance(event, QHelpEvent):
            text = self.text_at(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), theme.tip(text) if text else "", self)
            return True
        return super().event(event)

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the head and its electrodes."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_head(painter)
        n_measured = sum(e.state is ElectrodeState.MEASURED for e in self.electrodes)
        for electrode in self.electrodes:
            at = self.point_of(electrode.name)
            if at is not None:
                _paint_mark(painter, at, electrode.state)
        for electrode in self.electrodes:
            at = self.point_of(electrode.name)
            bad = electrode.state is ElectrodeState.BAD
            few = electrode.state is ElectrodeState.MEASURED and n_measured <= _FEW
            if at is not None and (bad or few):
                self._paint_name(painter, at, electrode)

    def _head(self) -> tuple[QPointF, float]:
        """Return the middle of the head and its radius in pixels."""
        room = min(self.width(), self.height() - theme.px(10))
        radius = room / 2 - theme.px(8)
        return QPointF(self.width() / 2, self.height() / 2 + theme.px(5)), radius

    def _paint_head(self, painter: QPainter) -> None:
        centre, radius = self._head()
        painter.setPen(QPen(theme.tint(theme.FAINT, 1.0), theme.px(1.3)))
        painter.setBrush(theme.tint(theme.RAISED, 0.35))
        nose = QPainterPath(centre + QPointF(-0.10 * radius, -0.985 * radius))
        nose.lineTo(centre + QPointF(0, -1.0 * radius - theme.px(9)))
        nose.lineTo(centre + QPointF(0.10 * radius, -0.985 * radius))
        painter.drawPath(nose)
        for side in (-1, 1):
            ear = QRectF(0, 0, theme.px(8), 0.30 * radius)
            ear.moveCenter(centre + QPointF(side * (radius + theme.px(2)), 0))
            painter.drawRoundedRect(ear, 4, 4)
        painter.setBrush(theme.tint(theme.PANEL, 1.0))
        painter.drawEllipse(centre, radius, radius)

    def _paint_name(self, painter: QPainter, at: QPointF, electrode: Electrode) -> None:
        painter.setFont(theme.font(11))
        bad = electrode.state is ElectrodeState.BAD
        text = plain_text(electrode.name)
        box = QRectF(0, 0, painter.fontMetrics().horizontalAdvance(text) + 4, theme.px(13))
        # Away from the middle, where its neighbours are.
        above = at.y() < self._head()[0].y()
        box.moveCenter(at + QPointF(0, theme.px(12) * (-1 if above else 1)))
        box.moveLeft(min(max(box.left(), 0.0), self.width() - box.width()))
        box.moveTop(min(max(box.top(), 0.0), self.height() - box.height()))
        painter.fillRect(box, theme.tint(theme.PANEL, 0.85))
        painter.setPen(theme.tint(palette.ALERT if bad else theme.TEXT, 1.0))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)


class ElectrodePanel(theme.Panel):
    """The map, how many electrodes are measured, and what the marks mean."""

    def __init__(self) -> None:
        super().__init__(QCoreApplication.translate("ElectrodePanel", "Electrodes"))
        self.count = theme.Text(pixels=12, role="muted")
        self.heading.addWidget(self.count)
        self.map = HeadMap()
        self.text = theme.Text(pixels=12, role="muted")
        self.text.setWordWrap(True)
        self.legend = theme.Text(pixels=11, role="muted")
        self.legend.setWordWrap(True)
        for widget in (self.map, self.text, self.legend):
            self.column.addWidget(widget)
        self.set_room(theme.Room.USUAL)

    @override
    def set_room(self, room: theme.Room) -> None:
        """Leave as much room around what it holds, and between."""
        super().set_room(room)
        self.column.setSpacing(1 if room is theme.Room.CLOSEST else 4)

    def refresh(self, snapshot: Snapshot) -> None:
        """Show the electrodes of a snapshot."""
        electrodes = snapshot.electrodes
        self.setVisible(bool(electrodes))
        if electrodes == self.map.electrodes:
            return
        self.map.refresh(electrodes)
        n = sum(e.state is ElectrodeState.MEASURED for e in electrodes)
        self.count.say(self.tr("{n} of {of} measured").format(n=n, of=len(electrodes)))
        unplaced = [e.name for e in electrodes if self.map.point_of(e.name) is None]
        # The count stands above, and the legend says what the marks are.
        amiss = {e.state for e in electrodes} & {ElectrodeState.BAD, ElectrodeState.SILENT}
        said = [electrodes_text(electrodes) if amiss else ""]
        if unplaced:
            said.append(self.tr("of unknown position: {names}").format(names=", ".join(unplaced)))
        self.text.say("; ".join(filter(None, said)))
        self.text.setVisible(bool(self.text.text()))
        self.legend.say(legend_text(electrodes))
        self.legend.setVisible(n < len(electrodes))


def _paint_mark(painter: QPainter, at: QPointF, state: ElectrodeState) -> None:
    size = theme.px(4.2)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if state is ElectrodeState.MEASURED:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.tint(palette.FINE, 1.0))
        painter.drawEllipse(at, size, size)
    elif state is ElectrodeState.INTERPOLATED:
        painter.setPen(QPen(theme.tint(theme.MUTED, 1.0), theme.px(1.2)))
        painter.drawEllipse(at, 0.65 * size, 0.65 * size)
    elif state is ElectrodeState.BAD:
        painter.setPen(QPen(theme.tint(palette.ALERT, 1.0), theme.px(2.2)))
        for tilt in (-1, 1):
            arm = QPointF(size, size * tilt)
            painter.drawLine(at - arm, at + arm)
    else:
        painter.setPen(QPen(theme.tint(theme.MUTED, 1.0), theme.px(2.0)))
        painter.drawLine(at - QPointF(size, 0), at + QPointF(size, 0))
