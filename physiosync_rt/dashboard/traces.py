"""The signals as the model gets them: stacked EEG and the peripheral trace below it."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QFont, QHelpEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QToolTip, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.datatypes import FloatArray, Modality, Snapshot, Traces
from physiosync_rt.words import (
    MISSING,
    number,
    pps_name,
    quality_word,
    unit_text,
    waiting_for,
)

SPAN_S = 5.0
"""Seconds of signal on show."""

LABEL_WIDTH = 62
_MAX_PPS_CURVES = 4
_BREAK_S = 2.5 / 128
_LANE = 0.52


def broken_lines(times: FloatArray, samples: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Put NaNs where the grid jumps and after every channel, so that one path draws them all.

    Parameters
    ----------
    times : array, shape (n_times,)
        Seconds, ascending; a step above two grid samples is a gap.
    samples : array, shape (n_times, n_channels)

    Returns
    -------
    x, y : arrays, shape (n_channels * (n_times + n_gaps + 1),)
    """
    jumps = np.flatnonzero(np.diff(times) > _BREAK_S) + 1
    at = np.append(jumps, len(times))
    x = np.insert(times, at, np.nan)
    y = np.insert(samples, at, np.nan, axis=0)
    return np.tile(x, y.shape[1]), y.T.ravel()


def nice_step(value: float) -> float:
    """Round up to 1, 2, 3, 5 or 7 times a power of ten; 1 for what is not positive."""
    if not (np.isfinite(value) and value > 0):
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(m * power for m in (1, 2, 3, 5, 7, 10) if value <= m * power * 1.0001))


class ChannelLabels(QWidget):
    """Channel names beside their traces, each with the quality of its signal as a mark.

    A dot is good, a ring is fair, a cross is poor; the colour repeats it.
    """

    def __init__(self) -> None:
        super().__init__()
        self._names: tuple[str, ...] = ()
        self._quality: tuple[float, ...] = ()
        self.setFixedWidth(LABEL_WIDTH)

    def refresh(self, names: tuple[str, ...], quality: tuple[float, ...]) -> None:
        """Show names and, where it has one value per name, quality."""
        quality = quality if len(quality) == len(names) else ()
        if (names, quality) != (self._names, self._quality):
            self._names, self._quality = names, quality
            self.update()

    def text_at(self, y: float) -> str:
        """Return what is known of the channel at a height in pixels."""
        row = int(y / max(1, self.height()) * len(self._names))
        if not 0 <= row < len(self._names):
            return ""
        if not self._quality:
            return self._names[row]
        quality = self._quality[row]
        return f"{self._names[row]}: {quality_word(quality)} signal, quality {number(quality)}"

    @override
    def event(self, event: QEvent) -> bool:
        """Give each channel its own tooltip."""
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.text_at(event.pos().y()), self)
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
        size = int(min(12, max(8, step * 0.92)))
        for row, name in enumerate(self._names):
            middle = (row + 0.5) * step
            word = quality_word(self._quality[row]) if self._quality else "good"
            poor = word == "poor"
            painter.setFont(
                theme.font(size, QFont.Weight.DemiBold if poor else QFont.Weight.Normal)
            )
            painter.setPen(theme.tint(theme.ALERT if poor else theme.MUTED, 1.0))
            box = QRectF(0, middle - 10, self.width() - 22, 20)
            side = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(box, side, name)
            if self._quality:
                _paint_mark(painter, QPointF(self.width() - 12, middle), word)


def _paint_mark(painter: QPainter, centre: QPointF, word: str) -> None:
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if word == "good":
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.tint(theme.FINE, 0.9))
        painter.drawEllipse(centre, 2.6, 2.6)
    elif word == "fair":
        painter.setPen(QPen(theme.tint(theme.TEXT, 0.9), 1.3))
        painter.drawEllipse(centre, 2.6, 2.6)
    else:
        painter.setPen(QPen(theme.tint(theme.ALERT, 1.0), 1.6))
        for tilt in (-1, 1):
            arm = QPointF(2.6, 2.6 * tilt)
            painter.drawLine(centre - arm, centre + arm)


class EegPanel(theme.Panel):
    """All EEG channels under each other, on one scale that follows the typical channel."""

    def __init__(self) -> None:
        super().__init__("EEG")
        self._scale = theme.Text(pixels=12, role="muted")
        self.heading.addWidget(self._scale)
        self.labels = ChannelLabels()
        self.plot = theme.plain_plot()
        self.plot.setXRange(-SPAN_S, 0, padding=0)
        for second in range(-4, 0):
            self.plot.addItem(pg.InfiniteLine(second, pen=pg.mkPen(theme.LINE)))
        self._curves = {
            "fair": pg.PlotCurveItem(pen=pg.mkPen(theme.TRACE), antialias=True),
            "poor": pg.PlotCurveItem(pen=pg.mkPen(theme.tint(theme.ALERT, 0.7)), antialias=True),
        }
        for curve in self._curves.values():
            self.plot.addItem(curve)
        self._empty = theme.Text(pixels=15, role="muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stage = QWidget()
        row = QHBoxLayout(self._stage)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.labels)
        row.addWidget(self.plot, 1)
        self.column.addWidget(self._stage, 1)
        self.column.addWidget(self._empty, 1)
        self._step = 0.0
        self._shown: Traces | None = None

    def refresh(self, snapshot: Snapshot) -> None:
        """Show the traces of a snapshot, or what the run is waiting for."""
        traces = snapshot.eeg
        if traces is None or len(traces.times) == 0:
            self.say_waiting(waiting_for(snapshot))
            return
        self._empty.hide()
        self._stage.show()
        quality = next(
            (s.channel_quality for s in snapshot.streams if s.spec.modality is Modality.EEG), ()
        )
        self.labels.refresh(traces.ch_names, quality)
        if traces is not self._shown:
            self._shown = traces
            self._draw(traces, quality)

    def say_waiting(self, text: str) -> None:
        """Show a sentence in place of the traces."""
        self._stage.hide()
        self._empty.show()
        self._empty.say(text)
        self._scale.say("")

    def _draw(self, traces: Traces, quality: tuple[float, ...]) -> None:
        times = traces.times - traces.times[-1]
        recent = times >= -SPAN_S
        times, samples = times[recent], traces.samples[recent].astype(np.float64)
        n_chans = samples.shape[1]
        self._follow_scale(samples, unit_text(traces.unit))
        centred = (samples - np.nanmedian(samples, axis=0)) / self._step
        stacked = np.clip(centred, -_LANE, _LANE) + np.arange(n_chans)[::-1]
        poor = np.zeros(n_chans, dtype=bool)
        if len(quality) == n_chans:
            poor = np.array([quality_word(q) == "poor" for q in quality])
        self.plot.setYRange(-0.5, n_chans - 0.5, padding=0)
        for curve, chosen in ((self._curves["fair"], ~poor), (self._curves["poor"], poor)):
            x, y = broken_lines(times, stacked[:, chosen])
            curve.setData(x, y, connect="finite")

    def _follow_scale(self, samples: FloatArray, unit: str) -> None:
        """Choose the height of a channel so that the typical one fills it; change it rarely."""
        spread = np.nanpercentile(np.abs(samples - np.nanmedian(samples, axis=0)), 98, axis=0)
        wanted = 2.0 * float(np.median(spread))
        if not 0.5 * self._step < wanted <= self._step:
            self._step = nice_step(wanted)
        self._scale.say(f"last {SPAN_S:g} s · {self._step:g} {unit} per channel")


class PpsPanel(theme.Panel):
    """The peripheral signal on its own axis with its unit."""

    def __init__(self) -> None:
        super().__init__()
        self._name = theme.Text("GSR or ECG", weight=QFont.Weight.DemiBold)
        self._value = theme.Text(pixels=12, role="muted")
        self.heading.addWidget(self._name)
        self.heading.addStretch(1)
        self.heading.addWidget(self._value)
        self.column.addLayout(self.heading)
        self.plot = theme.plain_plot()
        self.plot.setXRange(-SPAN_S, 0, padding=0)
        self._axis = theme.quiet_axis(self.plot, "left", LABEL_WIDTH + 4)
        for second in range(-4, 0):
            self.plot.addItem(pg.InfiniteLine(second, pen=pg.mkPen(theme.LINE)))
        self._curves = []
        for index in range(_MAX_PPS_CURVES):
            pen = pg.mkPen(theme.tint(theme.TRACE, 1 - 0.22 * index), width=1.6)
            self._curves.append(pg.PlotCurveItem(pen=pen, antialias=True))
            self.plot.addItem(self._curves[-1])
        self._empty = theme.Text(pixels=13, role="muted")
        self.column.addWidget(self.plot, 1)
        self.column.addWidget(self._empty, 1)
        self._shown: Traces | None = None

    def refresh(self, snapshot: Snapshot) -> None:
        """Show the traces of a snapshot; a run without such a stream leaves the room to EEG."""
        traces = snapshot.pps
        name = pps_name(snapshot)
        self._name.say(name)
        self.setVisible(traces is not None or _has_pps(snapshot) or not snapshot.streams)
        if traces is None or len(traces.times) == 0:
            self.say_waiting(f"Waiting for {name}")
            return
        self._empty.hide()
        self.plot.show()
        if traces is not self._shown:
            self._shown = traces
            self._draw(traces)

    def say_waiting(self, text: str) -> None:
        """Show a sentence in place of the trace."""
        self.plot.hide()
        self._empty.show()
        self._empty.say(text)
        self._value.say("")

    def _draw(self, traces: Traces) -> None:
        times = traces.times - traces.times[-1]
        recent = times >= -SPAN_S
        times, samples = times[recent], traces.samples[recent].astype(np.float64)
        finite = samples[np.isfinite(samples)]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        step = nice_step(max(high - low, abs(high) * 1e-3) / 2)
        bottom, top = np.floor(low / step) * step, np.ceil(high / step) * step
        top = max(top, bottom + step)
        self.plot.setYRange(bottom - 0.08 * (top - bottom), top + 0.08 * (top - bottom), padding=0)
        digits = max(0, int(-np.floor(np.log10(step))))
        self._axis.setTicks([[(bottom, f"{bottom:.{digits}f}"), (top, f"{top:.{digits}f}")]])
        last = float(samples[-1, 0])
        self._value.say(f"{number(last, 2)} {unit_text(traces.unit)}" if finite.size else MISSING)
        for index, curve in enumerate(self._curves):
            column = samples[:, index : index + 1]
            curve.setVisible(column.size > 0)
            if column.size:
                curve.setData(*broken_lines(times, column), connect="finite")


def _has_pps(snapshot: Snapshot) -> bool:
    return any(state.spec.modality in (Modality.GSR, Modality.ECG) for state in snapshot.streams)
