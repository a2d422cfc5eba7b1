"""Valence and arousal over the last five minutes, withheld stretches and markers included."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QFont, QFontMetrics, QHelpEvent
from PySide6.QtWidgets import QToolTip
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.course_line import CourseLine
from physiosync_rt.dashboard.timeline_bands import (
    BOTTOM,
    TOP,
    Annotations,
    single_bands,
    withheld_bands,
)
from physiosync_rt.datatypes import Prediction
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.views import palette
from physiosync_rt.views.row_kind import row_kind
from physiosync_rt.views.wording import number, pps_name

SPANS_S = {60: 15, 120: 30, 300: 60}
"""Lengths of the time axis and of its steps: it grows with the run, so that it is never empty."""

LONGEST_S = max(SPANS_S)

_COLOURS = {"arousal": palette.AROUSAL, "valence": palette.VALENCE}
_LABEL_GAP = 26
"""Pixels between the end of a line, its label and the edge."""

_LABEL_APART = 0.12
_LONG_LEGEND = 3


class Timeline(theme.Panel):
    """P(high valence) and P(high arousal) against time, broken where rows were withheld."""

    def __init__(self) -> None:
        super().__init__()
        self.title = theme.Text(
            self.tr("Valence and arousal over time"), weight=QFont.Weight.DemiBold
        )
        self.heading.addWidget(self.title)
        self.heading.addStretch(1)
        self.column.addLayout(self.heading)
        self.legend = theme.Text(pixels=12, role="muted")
        self.heading.addWidget(self.legend)
        self.plot = theme.plain_plot()
        self.plot.setAccessibleName(self.tr("Valence and arousal over time"))
        self.plot.setYRange(BOTTOM, TOP, padding=0)
        self._left = theme.quiet_axis(self.plot, "left", 26)
        self._left.setTicks([[(0, "0"), (0.5, "0.5"), (1, "1")]])
        self._levels = []
        self._axis = theme.quiet_axis(self.plot, "bottom")
        for level in (0.0, 0.5, 1.0):
            line = pg.InfiniteLine(level, angle=0)
            line.setZValue(-20)
            self.plot.addItem(line)
            self._levels.append(line)
        self.annotations = Annotations()
        self.plot.addItem(self.annotations)
        self.curves = {}
        self.labels = {}
        for name, colour in _COLOURS.items():
            curve = CourseLine(colour)
            label = pg.TextItem(anchor=(0, 0.5))
            self.curves[name], self.labels[name] = curve, label
            self.plot.addItem(curve)
            self.plot.addItem(label)
        self._names = {name: name for name in self.curves}
        self._told = tuple(self._names)
        self._span = min(SPANS_S)
        self.restyle()
        self._span = 0
        self._shown: Prediction | None = None
        self._set_span(min(SPANS_S))
        self.plot.viewport().installEventFilter(self)
        self.plot.getViewBox().sigResized.connect(self._fit_span)
        self.column.addWidget(self.plot, 1)

    def refresh(self, snapshot: Snapshot) -> None:
        """Show the history of a snapshot; does nothing without a new row."""
        if snapshot.prediction == self._shown or not snapshot.history:
            return
        self._shown = snapshot.prediction
        self._name_targets(snapshot)
        rows = snapshot.history
        now = rows[-1].t_end
        times = np.array([row.t_end - now for row in rows])
        elapsed = -float(times[0])
        self._set_span(next((s for s in SPANS_S if elapsed <= s), LONGEST_S))
        heights: dict[str, float] = {}
        for name, curve in self.curves.items():
            values = np.array([_value(row, name) for row in rows])
            curve.show_course(times, values, [row_kind(row, name, snapshot.margin) for row in rows])
            if np.isfinite(values[-1]):
                heights[name] = float(values[-1])
        self._place_labels(heights)
        markers = tuple((row.t_end - now, plain_text(row.marker)) for row in rows if row.marker)
        pps = pps_name(snapshot)
        bands = withheld_bands(rows, snapshot.hop_s, pps)
        self.annotations.show_these(bands, markers, single_bands(rows, snapshot.hop_s, pps))
        self._say_legend()

    def restyle(self) -> None:
        """Take the colours and the zoom of the present."""
        for line in self._levels:
            middle = line.value() == 0.5
            style = Qt.PenStyle.DashLine if middle else Qt.PenStyle.SolidLine
            colour = theme.tint(theme.FAINT if middle else theme.LINE, 1.0)
            line.setPen(theme.line_pen(colour, style=style))
        for axis in (self._left, self._axis):
            theme.restyle_axis(axis)
        for name, label in self.labels.items():
            label.setFont(theme.font(12))
            label.setColor(theme.tint(_COLOURS[name], 1.0))
        self._fit_span()

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Tell on hover why a stretch has no predictions."""
        if isinstance(event, QHelpEvent):
            text = self.text_at(
                self.plot.getViewBox().mapSceneToView(self.plot.mapToScene(event.pos())).x()
            )
            QToolTip.showText(event.globalPos(), text, self.plot)
            return True
        return super().eventFilter(watched, event)

    def text_at(self, seconds: float) -> str:
        """Return what stands at a time relative to now, in words; empty where nothing does."""
        band = self.annotations.band_at(seconds)
        if band is not None:
            said, lasted = self.tr("No prediction for {n} s: {reason}"), band
        elif (single := self.annotations.single_at(seconds)) is not None:
            said, lasted = self.tr("For {n} s {reason}"), single
        else:
            return ""
        return said.format(n=f"{lasted.stop - lasted.start:.0f}", reason=lasted.reason)

    def _say_legend(self) -> None:
        """Say what the ways to draw a line mean, as far as they occur."""
        kinds = {kind for curve in self.curves.values() for kind in curve.kinds}
        said = [self.tr("hatched: none")]
        said += [self.tr("dashed: one signal")] if any(kind.single for kind in kinds) else []
        said += [self.tr("faint: unsure")] if any(kind.unsure for kind in kinds) else []
        if len(said) < _LONG_LEGEND:
            said.insert(0, self.tr("P(high)"))
        self.legend.say(" · ".join(said))

    def _name_targets(self, snapshot: Snapshot) -> None:
        """Call the targets what they stand for."""
        if snapshot.meaning:
            self._names |= {name: each.name for name, each in snapshot.meaning.items()}
            self._told = tuple(snapshot.meaning)
            self._fit_span()
            names = self.tr(" and ").join(each.name for each in snapshot.meaning.values())
            self.title.say(self.tr("{targets} over time").format(targets=names.capitalize()))

    def _set_span(self, span: int) -> None:
        if span == self._span:
            return
        self._span = span
        self._fit_span()
        step = SPANS_S[span]
        ticks = [(-back, _ago(back)) for back in range(step, span + 1, step)]
        self._axis.setTicks([[(0, self.tr("now")), *ticks]])

    def _fit_span(self, *_: object) -> None:
        """Keep room for the labels at the lines' ends, whatever the width."""
        metrics = QFontMetrics(theme.font(12))
        texts = [f"{self._names[name]} 0.00" for name in self._told]
        label = max(map(metrics.horizontalAdvance, texts)) + theme.px(_LABEL_GAP)
        width = max(2 * label, self.plot.getViewBox().width())
        room = self._span * label / (width - label)
        self.plot.setXRange(-self._span, room, padding=0)

    def _place_labels(self, heights: dict[str, float]) -> None:
        """Put a name and a value at each line's end, pushed apart where the ends meet."""
        spots = dict(heights)
        if len(spots) == 2 and abs(spots["valence"] - spots["arousal"]) < _LABEL_APART:
            middle = float(np.clip(np.mean(list(spots.values())), 0.08, 0.92))
            valence_above = spots["valence"] >= spots["arousal"]
            spots["valence"] = middle + (0.5 if valence_above else -0.5) * _LABEL_APART
            spots["arousal"] = middle - (0.5 if valence_above else -0.5) * _LABEL_APART
        for name, label in self.labels.items():
            label.setVisible(name in spots)
            if name in spots:
                label.setText(f"{self._names[name]} {number(heights[name])}")
                label.setPos(self._span * 0.008, spots[name])


def _ago(seconds: int) -> str:
    return f"−{seconds // 60} min" if seconds % 60 == 0 else f"−{seconds} s"


def _value(row: Prediction, name: str) -> float:
    value = row.valence if name == "valence" else row.arousal
    return np.nan if value is None else value
