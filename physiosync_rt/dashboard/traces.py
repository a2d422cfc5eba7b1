"""The signals as the model gets them: stacked EEG, of the last five minutes."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QElapsedTimer, QEvent, QObject, Qt, Signal
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QHBoxLayout, QScrollBar, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.channel_labels import ChannelLabels
from physiosync_rt.dashboard.trace_bar import TraceBar, when_text
from physiosync_rt.dashboard.trace_memory import TraceMemory, decimated
from physiosync_rt.dashboard.trace_view import TraceView
from physiosync_rt.datatypes import GRID_SFREQ, FloatArray, Modality, SampleArray
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.preprocess.electrode_states import Electrode, ElectrodeState
from physiosync_rt.views import palette
from physiosync_rt.views.wording import quality_word, unit_text, waiting_for

_BREAK_S = 2.5 / 128
_LANE = 0.52
_FRAME_MS = 75
"""Least time between two pictures of the EEG."""

_LEVEL_MS = 1000
"""So often middle and height of the channels are measured."""

_PENS = {
    "interpolated": (theme.TRACE, 0.38),
    "usable": (theme.TRACE, 1.0),
    "poor": (palette.ALERT, 0.7),
}
"""Colour and opacity of the channels, by what they are."""


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


def per_channel(samples: FloatArray | SampleArray, percent: float) -> FloatArray:
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
    finite = np.isfinite(samples)
    # One sort for all channels: asked one by one, 64 of them would hold the window for 30 ms.
    ordered = np.sort(np.where(finite, samples, np.nan).T, axis=1)
    n = finite.sum(axis=0)
    place = percent / 100 * np.maximum(n - 1, 0)
    below = place.astype(int)
    above = np.minimum(below + 1, np.maximum(n - 1, 0))
    channels = np.arange(len(n))
    low, high = ordered[channels, below], ordered[channels, above]
    between = low + (place - below) * (high - low)
    return np.where(n > 0, between, 0.0).astype(np.float64)


def nice_step(value: float) -> float:
    """Round up to 1, 2, 3, 5 or 7 times a power of ten; 1 for what is not positive."""
    if not (np.isfinite(value) and value > 0):
        return 1.0
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(m * power for m in (1, 2, 3, 5, 7, 10) if value <= m * power * 1.0001))


class EegPanel(theme.Panel):
    """All EEG channels under each other, on one scale that follows the typical channel.

    Interpolated channels are faint: nobody measured them.
    """

    changed = Signal()
    """Another part of the signals is on show."""

    def __init__(self) -> None:
        super().__init__("EEG")
        self.view = TraceView()
        self.memory = TraceMemory()
        self.scale = theme.Text(pixels=12, role="muted")
        self.bar = TraceBar(self.view)
        self.heading.addWidget(self.scale)
        self.heading.addWidget(self.bar)
        self.labels = ChannelLabels()
        self.plot = theme.plain_plot()
        self.plot.setAccessibleName(self.tr("EEG traces"))
        self._grid = theme.TimeGrid(self.plot)
        self.curves = {kind: pg.PlotCurveItem() for kind in _PENS}
        for curve in self.curves.values():
            self.plot.addItem(curve)
        self.restyle()
        self.slider = QScrollBar(Qt.Orientation.Horizontal)
        self.slider.setAccessibleName(self.tr("Scroll back through the last five minutes"))
        self.slider.hide()
        self._empty = theme.Text(pixels=15, role="muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._stage = QWidget()
        row = QHBoxLayout(self._stage)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.labels)
        row.addWidget(self.plot, 1)
        self.column.addWidget(self._stage, 1)
        self.column.addWidget(self.slider)
        self.column.addWidget(self._empty, 1)
        self._step = self._follow = 1.0
        self._middle: FloatArray = np.empty(0)
        self._electrodes: tuple[Electrode, ...] = ()
        self._quality: tuple[float, ...] = ()
        self._drawn: tuple[object, ...] = ()
        self._since_frame, self._since_level = QElapsedTimer(), QElapsedTimer()
        self._connect()

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
        news = (quality, snapshot.electrodes) != (self._quality, self._electrodes)
        self._quality, self._electrodes = quality, snapshot.electrodes
        self.memory.add(traces)
        if self._is_due() or (news and self.view.is_paused):
            self.redraw()

    def restyle(self) -> None:
        """Take the colours of the present."""
        for kind, (colour, opacity) in _PENS.items():
            self.curves[kind].setPen(theme.line_pen(theme.tint(colour, opacity)))
        self._grid.restyle()

    def say_waiting(self, text: str) -> None:
        """Show a sentence in place of the traces."""
        self._stage.hide()
        self._empty.show()
        self._empty.say(text)
        self.scale.say("")

    def redraw(self) -> None:
        """Draw what is on show, unless exactly that is drawn."""
        view, names = self.view, self.memory.ch_names
        if not names:
            return
        shown = [at for at, name in enumerate(names) if name not in view.hidden]
        stop_s = view.stop_s(self.memory.newest_s)
        wanted = (stop_s, view.span_s, view.scale, tuple(shown), self._quality, self._electrodes)
        if (*wanted, self.plot.width()) == self._drawn:
            return
        self._drawn = (*wanted, self.plot.width())
        self._since_frame.restart()
        self.labels.refresh(names, self._quality, self._electrodes, view.hidden)
        self.bar.refresh(names)
        self._grid.show_span(view.span_s)
        self._show_slider(stop_s)
        samples = self.memory.view(stop_s, view.span_s)
        width = max(self.plot.width(), 100)
        rows, values = decimated(samples, width, round(stop_s * GRID_SFREQ))
        self._measure_level(values)
        self.scale.say(f"{when_text(view)} · {self._scale_text(values)}")
        self._draw((rows - len(samples) + 1) / GRID_SFREQ, values, shown)

    def _draw(self, times: FloatArray, values: SampleArray, shown: list[int]) -> None:
        lanes = np.arange(len(shown))[::-1]
        stacked = np.clip((values[:, shown] - self._middle[shown]) / self._step, -_LANE, _LANE)
        stacked = stacked + lanes
        kinds = self._kinds()[shown]
        self.plot.setYRange(-0.5, max(len(shown), 1) - 0.5, padding=0)
        for kind, curve in self.curves.items():
            x, y = broken_lines(times, stacked[:, kinds == kind])
            curve.setData(x, y, connect="finite")

    def _kinds(self) -> np.ndarray[tuple[int], np.dtype[np.str_]]:
        """Which curve draws each channel."""
        kinds = np.full(len(self.memory.ch_names), "usable", dtype="<U12")
        if len(self._quality) == len(kinds):
            kinds[[quality_word(q) == "poor" for q in self._quality]] = "poor"
        states = {electrode.name: electrode.state for electrode in self._electrodes}
        for at, name in enumerate(self.memory.ch_names):
            if states.get(name) is ElectrodeState.INTERPOLATED:
                kinds[at] = "interpolated"
        return kinds

    def _measure_level(self, samples: SampleArray) -> None:
        """Measure middle and height of the channels, once in a while."""
        n = samples.shape[1]
        is_due = not self._since_level.isValid() or self._since_level.hasExpired(_LEVEL_MS)
        if is_due or len(self._middle) != n or self.view.is_paused:
            self._since_level.restart()
            self._middle = per_channel(samples, 50)
            wanted = 2.0 * float(np.median(per_channel(np.abs(samples - self._middle), 98)))
            if wanted > 0 and not 0.5 * self._step < wanted <= self._step:
                self._follow = nice_step(wanted)
        self._step = self.view.scale or self._follow

    def _scale_text(self, samples: SampleArray) -> str:
        if not np.isfinite(samples).any():
            return self.tr("no signal")
        return self.tr("{scale} per channel").format(
            scale=f"{self._step:g} {unit_text(self.memory.unit)}"
        )

    def _is_due(self) -> bool:
        """Whether the picture has moved by four pixels, and the last one is old enough."""
        steps_ms = 4000 * self.view.span_s / max(self.plot.width(), 1)
        since = self._since_frame
        return not since.isValid() or since.hasExpired(round(max(_FRAME_MS, steps_ms)))

    # --- what a person does -------------------------------------------------------------------

    def _connect(self) -> None:
        self.bar.changed.connect(self._change)
        self.bar.pause_asked.connect(self._toggle_pause)
        self.bar.scrolled.connect(self._scroll)
        self.bar.scale_asked.connect(self._rescale)
        self.labels.clicked.connect(self._toggle_channel)
        self.slider.valueChanged.connect(self._slide)
        self.plot.viewport().installEventFilter(self)

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Scroll back and forth by the wheel; draw again for another width."""
        if isinstance(event, QWheelEvent):
            delta = event.angleDelta().y() or event.angleDelta().x()
            self._scroll(-0.2 if delta > 0 else 0.2)
            return True
        if event.type() == QEvent.Type.Resize:
            self._since_frame.invalidate()
        return super().eventFilter(watched, event)

    def _change(self) -> None:
        # Also what stood there already: a picture that stands still is measured by itself.
        self._drawn = ()
        self.redraw()
        self.bar.refresh(self.memory.ch_names)
        self.changed.emit()

    def _toggle_pause(self) -> None:
        self.view.toggle_pause(self.memory.newest_s)
        self._change()

    def _scroll(self, share: float) -> None:
        self.view.scroll_by(share, self.memory.oldest_s, self.memory.newest_s)
        self._change()

    def _slide(self, tenths: int) -> None:
        self.view.scroll_to(tenths / 10, self.memory.oldest_s, self.memory.newest_s)
        self._change()

    def _rescale(self, steps: int) -> None:
        if steps:
            # Larger traces are those of a smaller height of a channel.
            self.view.rescale(-steps, self._step)
        else:
            self.view.scale = None
        self._change()

    def _toggle_channel(self, name: str) -> None:
        self.view.toggle_channel(name)
        self._change()

    def _show_slider(self, stop_s: float) -> None:
        self.slider.setVisible(self.view.is_paused)
        if self.view.is_paused:
            least = min(self.memory.oldest_s + self.view.span_s, self.memory.newest_s)
            self.slider.blockSignals(True)
            self.slider.setRange(round(10 * least), round(10 * self.memory.newest_s))
            self.slider.setPageStep(round(10 * self.view.span_s))
            self.slider.setSingleStep(round(2 * self.view.span_s))
            self.slider.setValue(round(10 * stop_s))
            self.slider.blockSignals(False)
