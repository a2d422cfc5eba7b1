"""A bundle's scores drawn beside those of the best baseline model."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.parts import tip
from physiosync_rt.dashboard.scheme import DARK, Scheme
from physiosync_rt.views.scores_text import Comparison


class ScoreBars(QWidget):
    """Each target's score with its interval, over that of the best baseline model.

    The scale runs from 0.5, which is chance, to 1.
    """

    ROW = 46
    LABEL = 66
    VALUE = 128

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
        said = f"{row.ours.target} {_value(row.ours.value, row.ours.ci_low, row.ours.ci_high)}"
        if row.rival is not None:
            rival = row.rival
            said += self.tr("; best baseline model ({model}) {value}").format(
                model=rival.model, value=_value(rival.value, rival.ci_low, rival.ci_high)
            )
        return said

    @override
    def sizeHint(self) -> QSize:
        """Return room for every target and the scale."""
        return QSize(240, self.ROW * len(self._rows) + (16 if self._rows else 0))

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw names, intervals, points and figures."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        left, right = float(self.LABEL), float(self.width() - self.VALUE)
        for n, row in enumerate(self._rows):
            top = float(n * self.ROW)
            painter.setFont(theme.font(13, QFont.Weight.DemiBold))
            painter.setPen(QColor(self.scheme.text))
            painter.drawText(QRectF(0, top, left, 20), _LEFT, row.ours.target)
            s = row.ours
            self._bar(painter, top + 10, left, right, (s.value, s.ci_low, s.ci_high), ours=True)
            if row.rival is not None:
                r = row.rival
                painter.setFont(theme.font(11))
                painter.setPen(QColor(self.scheme.muted))
                painter.drawText(QRectF(0, top + 18, left, 18), _LEFT, self.tr("baseline"))
                self._bar(
                    painter, top + 27, left, right, (r.value, r.ci_low, r.ci_high), ours=False
                )
        if self._rows:
            base = self.ROW * len(self._rows)
            painter.setFont(theme.font(11))
            painter.setPen(QColor(self.scheme.muted))
            painter.drawText(QRectF(left - 6, base - 4, 70, 16), _LEFT, self.tr("0.5 chance"))
            painter.drawText(QRectF(right - 40, base - 4, 44, 16), _RIGHT, "1")

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

        painter.setPen(QPen(QColor(self.scheme.line), 2))
        painter.drawLine(round(left), round(y), round(right), round(y))
        colour = QColor(self.scheme.text if ours else self.scheme.muted)
        if low is not None and high is not None:
            pen = QPen(colour, 3)
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            painter.setPen(pen)
            painter.drawLine(round(at(low)), round(y), round(at(high)), round(y))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(colour)
        radius = 4.5 if ours else 3.5
        painter.drawEllipse(QRectF(at(value) - radius, y - radius, 2 * radius, 2 * radius))
        painter.setPen(colour)
        painter.setFont(theme.font(12 if ours else 11))
        rect = QRectF(right + 8, y - 10, self.VALUE - 8, 20)
        painter.drawText(rect, _RIGHT, _value(value, low, high))


_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter


def _value(value: float, low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"{value:.2f}"
    return f"{value:.2f} [{low:.2f}, {high:.2f}]"
