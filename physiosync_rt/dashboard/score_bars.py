"""A bundle's scores drawn beside those of the best baseline model."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.parts import tip
from physiosync_rt.dashboard.scheme import DARK, Scheme
from physiosync_rt.utils.translation import tr
from physiosync_rt.views.scores_text import Comparison


class ScoreBars(QWidget):
    """Each target's score with its interval, over that of the best baseline model.

    The scale runs from 0.5, which is chance, to 1.
    """

    ROW = 46
    """Height of a target, in pixels at a zoom of 1, as all of these."""

    LABEL = 66
    """Least width of the names."""

    VALUE = 104

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[Comparison] = []
        self.scheme: Scheme = DARK
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_scores(self, rows: list[Comparison]) -> None:
        """Show comparisons, at most one for each target."""
        self._rows = rows
        self.setAccessibleName("; ".join(map(self.describe, rows)))
        self.setToolTip(tip("; ".join(map(self.describe, rows))))
        self.updateGeometry()
        self.update()

    def describe(self, row: Comparison) -> str:
        """Return a comparison in words."""
        said = f"{tr(row.ours.target)} {_value(row.ours.value, row.ours.ci_low, row.ours.ci_high)}"
        if row.rival is not None:
            rival = row.rival
            said += self.tr("; best baseline model ({model}) {value}").format(
                model=rival.model, value=_value(rival.value, rival.ci_low, rival.ci_high)
            )
        return said

    def names_px(self) -> float:
        """Return the width of the names, which leaves the scale at least a quarter of all."""
        metrics = QFontMetrics(theme.font(13, QFont.Weight.DemiBold))
        widths = [metrics.horizontalAdvance(tr(row.ours.target)) for row in self._rows]
        wanted = max([theme.px(self.LABEL), *(width + theme.px(10) for width in widths)])
        return min(wanted, 3 / 4 * self.width() - theme.px(self.VALUE))

    @override
    def sizeHint(self) -> QSize:
        """Return room for every target and the scale."""
        high = self.ROW * len(self._rows) + (16 if self._rows else 0)
        return QSize(240, round(theme.px(high)))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw names, intervals, points and figures."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        px = theme.px
        left, right = self.names_px(), self.width() - px(self.VALUE)
        for n, row in enumerate(self._rows):
            top = px(n * self.ROW)
            painter.setFont(theme.font(13, QFont.Weight.DemiBold))
            painter.setPen(QColor(self.scheme.text))
            name = painter.fontMetrics().elidedText(
                tr(row.ours.target), _ELIDE, round(left - px(8))
            )
            painter.drawText(QRectF(0, top, left, px(20)), _LEFT, name)
            s = row.ours
            ours = (s.value, s.ci_low, s.ci_high)
            self._bar(painter, top + px(10), left, right, ours, ours=True)
            if row.rival is not None:
                r = row.rival
                painter.setFont(theme.font(11))
                painter.setPen(QColor(self.scheme.muted))
                named = QRectF(0, top + px(18), left, px(18))
                painter.drawText(named, _LEFT, self.tr("baseline"))
                theirs = (r.value, r.ci_low, r.ci_high)
                self._bar(painter, top + px(27), left, right, theirs, ours=False)
        if self._rows:
            base, high = px(self.ROW * len(self._rows) - 4), px(16)
            painter.setFont(theme.font(11))
            painter.setPen(QColor(self.scheme.muted))
            chance = QRectF(left - px(6), base, px(70), high)
            painter.drawText(chance, _LEFT, self.tr("0.5 chance"))
            painter.drawText(QRectF(right - px(40), base, px(44), high), _RIGHT, "1")

    def _bar(
        self,
        painter: QPainter,
        y: float,
        left: float,
        right: float,
        score: tuple[float, float | None, float | None],
        *,
        ours: bool,
    ) -> None:
        value, low, high = score

        def at(share: float) -> float:
            return left + (min(1.0, max(0.5, share)) - 0.5) / 0.5 * (right - left)

        px = theme.px
        painter.setPen(QPen(QColor(self.scheme.line), px(2)))
        painter.drawLine(round(left), round(y), round(right), round(y))
        colour = QColor(self.scheme.text if ours else self.scheme.muted)
        if low is not None and high is not None:
            pen = QPen(colour, px(3))
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawLine(round(at(low)), round(y), round(at(high)), round(y))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        radius = px(4.5 if ours else 3.5)
        painter.drawEllipse(QRectF(at(value) - radius, y - radius, 2 * radius, 2 * radius))
        painter.setPen(colour)
        painter.setFont(theme.font(12 if ours else 11))
        rect = QRectF(right + px(8), y - px(10), px(self.VALUE - 8), px(20))
        painter.drawText(rect, _RIGHT, _value(value, low, high))


_ELIDE = Qt.TextElideMode.ElideRight
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def _value(value: float, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"{value:.2f}"
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"
