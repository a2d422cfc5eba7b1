"""One target against time: full where it can be relied on, dashed or faint where it cannot."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QPainter, QPainterPath, QPen
from PySide6.QtWidgets import QStyleOptionGraphicsItem, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.datatypes import FloatArray
from physiosync_rt.views.row_kind import RowKind

_FAINT = 0.45


def split_by_kind(values: FloatArray, kinds: Sequence[RowKind]) -> dict[RowKind, FloatArray]:
    """Return the values of each kind, NaN elsewhere; each piece begins where the last one ended.

    Parameters
    ----------
    values : array, shape (n,)
        NaN where rows have none.
    kinds : sequence of RowKind, length n
    """
    parts: dict[RowKind, FloatArray] = {}
    for at, kind in enumerate(kinds):
        if not np.isfinite(values[at]):
            continue
        part = parts.setdefault(kind, np.full(len(values), np.nan))
        part[at] = values[at]
        if at and np.isfinite(values[at - 1]):
            # The line to a row belongs to that row.
            part[at - 1] = values[at - 1]
    return parts


class CourseLine(pg.PlotCurveItem):
    """A curve whose stretches are drawn by what they rest on: dashed from one signal, faint unsure.

    Parameters
    ----------
    colour : str
    """

    def __init__(self, colour: str) -> None:
        super().__init__(antialias=True)
        self._colour = colour
        self._paths: dict[RowKind, QPainterPath] = {}
        self.kinds: tuple[RowKind, ...] = ()

    def show_course(self, times: FloatArray, values: FloatArray, kinds: Sequence[RowKind]) -> None:
        """Show values, shape (n,), at times, each of a kind."""
        self.kinds = tuple(kinds)
        self._paths = {
            kind: pg.functions.arrayToQPath(times, part, connect="finite")
            for kind, part in split_by_kind(values, kinds).items()
        }
        self.setData(times, values, connect="finite")

    def pen_of(self, kind: RowKind) -> QPen:
        """Return how a kind is drawn."""
        pen = theme.line_pen(theme.tint(self._colour, _FAINT if kind.unsure else 1.0), theme.px(2))
        if kind.single:
            pen.setDashPattern([3.0, 2.0])
            pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        return pen

    @override
    def paint(
        self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None
    ) -> None:
        """Draw each stretch in its way."""
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for kind, path in self._paths.items():
            painter.setPen(self.pen_of(kind))
            painter.drawPath(path)
