"""Stretches of the past without predictions or from one signal, and markers, drawn in place."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyqtgraph as pg
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QPainter, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.datatypes import Prediction, Reason
from physiosync_rt.views.wording import why

TOP, BOTTOM = 1.04, -0.04
"""Ends of the axis of probabilities."""

_LONGEST_S = 300
_MARKER_ROWS = 3
_BETWEEN = 8
"""Pixels between two names of markers."""


@dataclass(frozen=True, slots=True)
class Band:
    """A stretch without predictions, in seconds relative to now, and why."""

    start: float
    stop: float
    reason: str


def withheld_bands(rows: tuple[Prediction, ...], hop_s: float, pps: str) -> tuple[Band, ...]:
    """Join consecutive withheld rows of one reason into bands.

    Parameters
    ----------
    rows : tuple of Prediction
        Oldest first; times are counted from the last one.
    hop_s : float
        Seconds between rows: a row stands for the hop that it ends.
    pps : str
        What to call the peripheral signal.
    """
    return _joined(((row, why(row, pps)) for row in rows if not row.valid), rows, hop_s)


def single_bands(rows: tuple[Prediction, ...], hop_s: float, pps: str) -> tuple[Band, ...]:
    """Join consecutive rows that were predicted from one modality, for one reason, into bands.

    Parameters are those of `withheld_bands`.
    """
    alone = (
        (row, f"{row.modalities.upper().replace('+', ' + ')} only: {why(row, pps)}")
        for row in rows
        if row.valid and row.reason is not Reason.NONE
    )
    return _joined(alone, rows, hop_s)


def _joined(
    found: Iterable[tuple[Prediction, str]], rows: tuple[Prediction, ...], hop_s: float
) -> tuple[Band, ...]:
    bands: list[Band] = []
    for row, reason in found:
        stop = row.t_end - rows[-1].t_end
        if bands and bands[-1].reason == reason and stop - hop_s <= bands[-1].stop + hop_s / 2:
            bands[-1] = Band(bands[-1].start, stop, reason)
        else:
            bands.append(Band(stop - hop_s, stop, reason))
    return tuple(bands)


def rows_of_names(lefts: Sequence[float], widths: Sequence[float]) -> list[int | None]:
    """Return in which row the name of each marker stands, so that none runs into another.

    Parameters
    ----------
    lefts, widths : sequence of float
        In pixels, in order of time.

    Returns
    -------
    list
        None where no row has room: the line stands without its name.
    """
    ends = [-math.inf] * _MARKER_ROWS
    rows: list[int | None] = []
    for left, width in zip(lefts, widths, strict=True):
        row = next((n for n, end in enumerate(ends) if left >= end), None)
        rows.append(row)
        if row is not None:
            ends[row] = left + width + _BETWEEN
    return rows


class Annotations(pg.GraphicsObject):
    """Hatched bands without predictions, a bar under those from one signal, a line per marker."""

    def __init__(self) -> None:
        super().__init__()
        self.bands: tuple[Band, ...] = ()
        self.singles: tuple[Band, ...] = ()
        self._markers: tuple[tuple[float, str], ...] = ()
        self.setZValue(-10)

    def show_these(
        self,
        bands: tuple[Band, ...],
        markers: tuple[tuple[float, str], ...],
        singles: tuple[Band, ...] = (),
    ) -> None:
        """Replace the bands and the markers (seconds relative to now, text)."""
        self.bands, self._markers, self.singles = bands, markers, singles
        self.update()

    def single_at(self, seconds: float) -> Band | None:
        """Return the stretch from one signal at a time relative to now."""
        return next((b for b in self.singles if b.start <= seconds <= b.stop), None)

    def band_at(self, seconds: float) -> Band | None:
        """Return the band at a time relative to now."""
        return next((b for b in self.bands if b.start <= seconds <= b.stop), None)

    @override
    def boundingRect(self) -> QRectF:
        """Cover the whole view: the bands always span its height."""
        return QRectF(-_LONGEST_S, BOTTOM, _LONGEST_S, TOP - BOTTOM)

    @override
    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Paint in device pixels, where a hatch and a text keep their shape."""
        to_device = painter.transform()
        painter.resetTransform()
        painter.setFont(theme.font(11))
        for band in self.bands:
            box = to_device.mapRect(
                QRectF(band.start, BOTTOM, band.stop - band.start, TOP - BOTTOM)
            )
            box.adjust(0.5, 0, -0.5, 0)
            painter.fillRect(box, theme.tint(theme.MUTED, 0.10))
            hatch = QBrush(theme.tint(theme.MUTED, 0.22), Qt.BrushStyle.BDiagPattern)
            painter.fillRect(box, hatch)
            words = painter.fontMetrics().horizontalAdvance(band.reason)
            if words + 8 < box.width():
                painter.setPen(theme.tint(theme.MUTED, 1.0))
                place = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop
                painter.drawText(box.translated(0, 8), place, band.reason)
        for single in self.singles:
            box = to_device.mapRect(QRectF(single.start, 0.0, single.stop - single.start, 0.04))
            thick = theme.px(3)
            bar = QRectF(box.left() + 0.5, box.bottom() - thick, box.width() - 1, thick)
            painter.fillRect(bar, theme.tint(theme.MUTED, 0.8))
        lefts = [to_device.map(QPointF(seconds, TOP)).x() for seconds, _ in self._markers]
        widths = [painter.fontMetrics().horizontalAdvance(text) for _, text in self._markers]
        rows = rows_of_names(lefts, widths)
        for (seconds, text), row in zip(self._markers, rows, strict=True):
            top = to_device.map(QPointF(seconds, TOP))
            bottom = to_device.map(QPointF(seconds, BOTTOM))
            painter.setPen(QPen(theme.tint(theme.MUTED, 0.8), 1, Qt.PenStyle.DotLine))
            painter.drawLine(QLineF(top, bottom))
            if row is not None:
                painter.setPen(theme.tint(theme.MUTED, 1.0))
                painter.drawText(top + QPointF(4, theme.px(12 + 14 * row)), text)
