"""The signals as the model gets them: stacked EEG and the peripheral trace below it."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QHBoxLayout, QWidget

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.channel_labels import LABEL_WIDTH, ChannelLabels
from physiosync_rt.datatypes import FloatArray, Modality
from physiosync_rt.live.snapshot import Snapshot, Traces
from physiosync_rt.views import palette
from physiosync_rt.views.wording import (
    MISSING,
    number,
    pps_name,
    quality_word,
    unit_text,
    waiting_for,
)

SPAN_S = 5.0
"""Seconds of signal on show."""

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


def per_channel(samples: FloatArray, percent: float) -> FloatArray:
    """Return a percentile of every channel's finite samples, 0 where a channel has none.

    Parameters
    ----------
    samples : array, shape (n_times, n_channels)
    percent : float
        In [0, 100].

    Returns
    -------
    array, shape (n_channels,)
    """
    finite = (column[np.isfinite(column)] for column in samples.T)
    return np.array([np.percentile(column, percent) if len(column) else 0.0 for column in finite])


def nice_step(value: float) -> float:
    """Round up to 1, 2, 3, 5 or 7 times a power of ten; 1 for what is not positive."""
    if not (np.isfinite(value) and value > 0):
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(m * power for m in (1, 2, 3, 5, 7, 10) if value <= m * power * 1.0001))


class EegPanel(theme.Panel):
    """All EEG channels under each other, on one scale that follows the typical channel."""

    def __init__(self) -> None:
        super().__init__("EEG")
        self.scale = theme.Text(pixels=12, role="muted")
        self.heading.addWidget(self.scale)
        self.labels = ChannelLabels()
        self.plot = theme.plain_plot()
        self.plot.setXRange(-SPAN_S, 0, padding=0)
        for second in range(-4, 0):
            self.plot.addItem(pg.InfiniteLine(second, pen=pg.mkPen(theme.LINE)))
        self.curves = {
            "usable": pg.PlotCurveItem(pen=pg.mkPen(theme.TRACE), antialias=True),
            "poor": pg.PlotCurveItem(pen=pg.mkPen(theme.tint(palette.ALERT, 0.7)), antialias=True),
        }
        for curve in self.curves.values():
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
        self.scale.say("")

    def _draw(self, traces: Traces, quality: tuple[float, ...]) -> None:
        times = traces.times - traces.times[-1]
        recent = times >= -SPAN_S
        times, samples = times[recent], traces.samples[recent].astype(np.float64)
        n_chans = samples.shape[1]
        centred = samples - per_channel(samples, 50)
        self._follow_scale(centred, unit_text(traces.unit))
        stacked = np.clip(centred / self._step, -_LANE, _LANE) + np.arange(n_chans)[::-1]
        poor = np.zeros(n_chans, dtype=bool)
        if len(quality) == n_chans:
            poor = np.array([quality_word(q) == "poor" for q in quality])
        self.plot.setYRange(-0.5, n_chans - 0.5, padding=0)
        for curve, chosen in ((self.curves["usable"], ~poor), (self.curves["poor"], poor)):
            x, y = broken_lines(times, stacked[:, chosen])
            curve.setData(x, y, connect="finite")

    def _follow_scale(self, centred: FloatArray, unit: str) -> None:
        """Choose the height of a channel so that the typical one fills it; change it rarely."""
        wanted = 2.0 * float(np.median(per_channel(np.abs(centred), 98)))
        if not 0.5 * self._step < wanted <= self._step:
            self._step = nice_step(wanted)
        self.scale.say(f"last {SPAN_S:g} s · {self._step:g} {unit} per channel")


class PpsPanel(theme.Panel):
    """The peripheral signal on its own axis with its unit."""

    def __init__(self) -> None:
        super().__init__()
        self._name = theme.Text("GSR or ECG", weight=QFont.Weight.DemiBold)
        self.value = theme.Text(pixels=12, role="muted")
        self.heading.addWidget(self._name)
        self.heading.addStretch(1)
        self.heading.addWidget(self.value)
        self.column.addLayout(self.heading)
        self.plot = theme.plain_plot()
        self.plot.setXRange(-SPAN_S, 0, padding=0)
        self._axis = theme.quiet_axis(self.plot, "left", LABEL_WIDTH + 4)
        for second in range(-4, 0):
            self.plot.addItem(pg.InfiniteLine(second, pen=pg.mkPen(theme.LINE)))
        self.curves = []
        for index in range(_MAX_PPS_CURVES):
            pen = pg.mkPen(theme.tint(theme.TRACE, 1 - 0.22 * index), width=1.6)
            self.curves.append(pg.PlotCurveItem(pen=pen, antialias=True))
            self.plot.addItem(self.curves[-1])
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
        self.value.say("")

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
        self.value.say(f"{number(last, 2)} {unit_text(traces.unit)}" if finite.size else MISSING)
        for index, curve in enumerate(self.curves):
            column = samples[:, index : index + 1]
            curve.setVisible(column.size > 0)
            if column.size:
                curve.setData(*broken_lines(times, column), connect="finite")


def _has_pps(snapshot: Snapshot) -> bool:
    return any(state.spec.modality in (Modality.GSR, Modality.ECG) for state in snapshot.streams)
