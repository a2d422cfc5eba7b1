"""Heart, skin and band powers beside the prediction: calm numbers, or why there are none."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QFont, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QSizePolicy, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.datatypes import Modality
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.live.vitals import BANDS, Measure, Vitals
from physiosync_rt.utils.translation import tr
from physiosync_rt.views import palette
from physiosync_rt.views.vitals_text import QUANTITIES, change_text, value_text, why_unknown
from physiosync_rt.views.wording import MISSING

BEAT_MS = 180
"""How long the mark of a beat is filled."""

_OCTAVES = 2.0
"""Change from rest, as a power of 2, at which a bar is at its end."""


class BeatMark(QWidget):
    """A small heart that is filled for a moment at each beat."""

    def __init__(self) -> None:
        super().__init__()
        self.lit = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(BEAT_MS)
        self._timer.timeout.connect(lambda: self._light(False))
        self.restyle()
        self.setToolTip(self.tr("Filled at each heartbeat, about a second after it was"))
        self.setAccessibleName(self.tr("Heartbeat"))

    def restyle(self) -> None:
        """Take the zoom of the present."""
        side = round(theme.px(16))
        self.setFixedSize(side, side)

    def beat(self) -> None:
        """Fill the heart for a moment."""
        self._light(True)
        self._timer.start()

    def _light(self, lit: bool) -> None:
        if lit is not self.lit:
            self.lit = lit
            self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the heart."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        scale = self.width() / 16
        painter.scale(scale, scale)
        heart = QPainterPath(QPointF(8, 13.5))
        heart.cubicTo(QPointF(0, 8), QPointF(2.5, 1.5), QPointF(8, 5))
        heart.cubicTo(QPointF(13.5, 1.5), QPointF(16, 8), QPointF(8, 13.5))
        painter.setPen(QPen(theme.tint(palette.ALERT, 1.0), 1.4))
        if self.lit:
            painter.setBrush(theme.tint(palette.ALERT, 1.0))
        painter.drawPath(heart)


class ChangeBar(QWidget):
    """A thin bar to the right for more than at rest, to the left for less."""

    def __init__(self) -> None:
        super().__init__()
        self._ratio: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @override
    def sizeHint(self) -> QSize:
        """As high as a few pixels."""
        return QSize(round(theme.px(48)), round(theme.px(10)))

    def show_ratio(self, ratio: float | None) -> None:
        """Show a ratio to rest, or nothing for None."""
        if ratio != self._ratio:
            self._ratio = ratio
            self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the groove, its middle and the bar."""
        painter = QPainter(self)
        middle, height = self.width() / 2, float(self.height())
        thick = theme.px(3)
        groove = QRectF(0, (height - thick) / 2, self.width(), thick)
        painter.fillRect(groove, theme.tint(theme.LINE, 1.0))
        if self._ratio is not None and self._ratio > 0:
            share = min(1.0, max(-1.0, math.log2(self._ratio) / _OCTAVES))
            bar = QRectF(middle, groove.top(), share * middle, thick).normalized()
            painter.fillRect(bar, theme.tint(theme.TEXT, 0.85))
        painter.fillRect(QRectF(middle - 0.5, 0, 1, height), theme.tint(theme.MUTED, 1.0))


class MeasureRow:
    """Name, value and change of one quantity, or why it is not known."""

    def __init__(self, grid: QGridLayout, row: int, name: str, *, bar: bool) -> None:
        how = QUANTITIES[name]
        self.name = theme.Text(tr(how.word), pixels=12, role="muted")
        self.value = theme.Text(pixels=12)
        self.change = theme.Text(pixels=12, role="muted")
        self.why = theme.Text(pixels=12, role="muted", elide=Qt.TextElideMode.ElideRight)
        self.bar = ChangeBar() if bar else None
        for widget in (self.name, self.value):
            widget.setToolTip(theme.tip(tr(how.meaning)))
        grid.addWidget(self.name, row, 0)
        grid.addWidget(self.value, row, 1)
        grid.addWidget(self.why, row, 1, 1, 3)
        if self.bar is not None:
            grid.addWidget(self.bar, row, 2)
        grid.addWidget(self.change, row, 3)
        self.change.setAlignment(Qt.AlignmentFlag.AlignRight)

    def show_measure(self, measure: Measure, modality: Modality) -> None:
        """Show a quantity; one that is not known is said with its reason."""
        why = why_unknown(measure, modality)
        self.value.say(value_text(measure))
        self.change.say(change_text(measure))
        self.why.say(f"{MISSING}  {why}")
        self.why.setVisible(bool(why))
        for widget in filter(None, (self.value, self.bar, self.change)):
            widget.setVisible(not why)
        if self.bar is not None:
            self.bar.show_ratio(measure.change)


class BodyPanel(theme.Panel):
    """Heart rate with a beat mark, or skin conductance; band powers under it."""

    def __init__(self) -> None:
        super().__init__()
        self.title = theme.Text(self.tr("Body"), weight=QFont.Weight.DemiBold)
        self.mark = BeatMark()
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.title)
        head.addWidget(self.mark)
        head.addStretch(1)
        self.about = theme.Text(pixels=11, role="muted")
        head.addWidget(self.about)
        self.column.addLayout(head)
        self._grid = QGridLayout()
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(10)
        self._grid.setColumnStretch(2, 1)
        self._grid.setColumnMinimumWidth(3, round(theme.px(66)))
        self.column.addLayout(self._grid)
        self.none = theme.Text(pixels=12, role="muted")
        self.none.setWordWrap(True)
        self.column.addWidget(self.none)
        self.rows: dict[str, MeasureRow] = {}
        self._shown: Vitals | None = None
        self._last_beat = -math.inf
        self.mark.hide()
        self.set_room(theme.Room.USUAL)

    @override
    def set_room(self, room: theme.Room) -> None:
        """Leave as much room around what it holds, and between."""
        super().set_room(room)
        closest = room is theme.Room.CLOSEST
        self.column.setSpacing(2 if closest else 5)
        self._grid.setVerticalSpacing(1 if closest else 3)

    def refresh(self, snapshot: Snapshot) -> None:
        """Show the vitals of a snapshot."""
        vitals = snapshot.vitals
        self._mark_beat(vitals)
        known = snapshot.prediction is not None and bool(vitals.body or vitals.bands)
        self.setVisible(known)
        if vitals == self._shown or not known:
            return
        self._shown = vitals
        self._lay_out(vitals)
        self.mark.setVisible(vitals.modality is Modality.ECG)
        n = vitals.n_electrodes
        said = self.tr("change from rest")
        if vitals.bands:
            said = self.tr("{n} electrodes · change from rest").format(n=n)
        self.about.say(said)
        for measure in vitals.body:
            self.rows[measure.name].show_measure(measure, vitals.modality or Modality.OTHER)
        for measure in vitals.bands:
            self.rows[measure.name].show_measure(measure, Modality.EEG)
        self._say_bands_once(vitals)
        missing = vitals.modality is None
        self.none.say(self.tr("no heart or skin signal in this run") if missing else "")
        self.none.setVisible(missing)

    def _mark_beat(self, vitals: Vitals) -> None:
        newest = vitals.beats[-1] if vitals.beats else -math.inf
        if newest > self._last_beat:
            self.mark.beat()
        self._last_beat = newest

    def _say_bands_once(self, vitals: Vitals) -> None:
        """Give the reason once where no band is known."""
        silent = bool(vitals.bands) and all(band.value is None for band in vitals.bands)
        for at, band in enumerate(vitals.bands):
            row = self.rows[band.name]
            row.name.say(self.tr("bands") if silent else tr(QUANTITIES[band.name].word))
            row.name.setVisible(not silent or at == 0)
            if silent and at > 0:
                row.why.hide()

    def _lay_out(self, vitals: Vitals) -> None:
        """Make a row for each quantity, once: a run keeps its signals."""
        names = [measure.name for measure in (*vitals.body, *vitals.bands)]
        for name in names:
            if name not in self.rows:
                bar = name in BANDS
                self.rows[name] = MeasureRow(self._grid, len(self.rows), name, bar=bar)
