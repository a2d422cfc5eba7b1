"""The peripheral signal on its own axis, with the heartbeats that were found in it."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QFont

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.channel_labels import LABEL_WIDTH
from physiosync_rt.dashboard.trace_memory import TraceMemory, decimated
from physiosync_rt.dashboard.trace_view import TraceView
from physiosync_rt.dashboard.traces import broken_lines, nice_step
from physiosync_rt.datatypes import GRID_SFREQ, Modality
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.views import palette
from physiosync_rt.views.wording import MISSING, number, pps_name, unit_text

_MAX_CURVES = 4
_BEATS_KEPT = 600


class PpsPanel(theme.Panel):
    """The peripheral signal with its unit, over the same time as the EEG.

    Parameters
    ----------
    view : TraceView, optional
        What a person has chosen to see of the EEG; its own where it is not given.
    """

    def __init__(self, view: TraceView | None = None) -> None:
        super().__init__()
        self.view = view or TraceView()
        self.memory = TraceMemory()
        self.beats: dict[float, None] = {}
        self.stays_hidden = False
        self._name = theme.Text(self.tr("GSR or ECG"), weight=QFont.Weight.DemiBold)
        self.value = theme.Text(pixels=12, role="muted")
        self.heading.addWidget(self._name)
        self.heading.addStretch(1)
        self.heading.addWidget(self.value)
        self.column.addLayout(self.heading)
        self.plot = theme.plain_plot()
        self._grid = theme.TimeGrid(self.plot)
        self._axis = theme.quiet_axis(self.plot, "left", LABEL_WIDTH + 4)
        self.curves = []
        for _ in range(_MAX_CURVES):
            self.curves.append(pg.PlotCurveItem(antialias=True))
            self.plot.addItem(self.curves[-1])
        self.marks = pg.ScatterPlotItem(symbol="t", pen=pg.mkPen(None))
        self.plot.addItem(self.marks)
        self.restyle()
        self._empty = theme.Text(pixels=13, role="muted")
        self.column.addWidget(self.plot, 1)
        self.column.addWidget(self._empty, 1)
        self._drawn: tuple[object, ...] = ()

    def refresh(self, snapshot: Snapshot) -> None:
        """Show the traces of a snapshot; a run without such a stream leaves the room to EEG."""
        traces = snapshot.pps
        name = pps_name(snapshot)
        self._name.say(name)
        self.plot.setAccessibleName(self.tr("{signal} trace").format(signal=name))
        there = traces is not None or _has_pps(snapshot) or not snapshot.streams
        self.setVisible(there and not self.stays_hidden)
        if traces is None or len(traces.times) == 0:
            self.say_waiting(self.tr("Waiting for {signal}").format(signal=name))
            return
        self._empty.hide()
        self.plot.show()
        self.memory.add(traces)
        self.beats |= dict.fromkeys(snapshot.vitals.beats)
        while len(self.beats) > _BEATS_KEPT:
            del self.beats[next(iter(self.beats))]
        self.redraw()

    def restyle(self) -> None:
        """Take the colours and the zoom of the present."""
        for index, curve in enumerate(self.curves):
            colour = theme.tint(theme.TRACE, 1 - 0.22 * index)
            curve.setPen(theme.line_pen(colour, theme.px(1.6)))
        self.marks.setBrush(theme.tint(palette.ALERT, 1.0))
        self.marks.setSize(theme.px(7))
        self._grid.restyle()
        theme.restyle_axis(self._axis)

    def say_waiting(self, text: str) -> None:
        """Show a sentence in place of the trace."""
        self.plot.hide()
        self._empty.show()
        self._empty.say(text)
        self.value.say("")

    def redraw(self) -> None:
        """Draw what is on show, unless it is drawn already to the pixel."""
        if not self.memory.ch_names:
            return
        view = self.view
        stop_s = view.stop_s(self.memory.newest_s)
        width = max(self.plot.width(), 100)
        size = width, self.plot.height()
        wanted = (round(stop_s * width / view.span_s), view.span_s, len(self.beats), *size)
        if wanted == self._drawn:
            return
        self._drawn = wanted
        self._grid.show_span(view.span_s)
        samples = self.memory.view(stop_s, view.span_s)
        finite = samples[np.isfinite(samples)]
        low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
        step = nice_step(max(high - low, abs(high) * 1e-3) / 2)
        bottom, top = np.floor(low / step) * step, np.ceil(high / step) * step
        top = max(top, bottom + step)
        # The numbers at both ends are half above and below: they need room in a low panel.
        room = max(0.08, theme.px(9) / max(self.plot.height() - theme.px(18), 1))
        self.plot.setYRange(bottom - room * (top - bottom), top + room * (top - bottom), padding=0)
        digits = max(0, int(-np.floor(np.log10(step))))
        ticks = [(bottom, f"{bottom:.{digits}f}"), (top, f"{top:.{digits}f}")]
        self._axis.setTicks([ticks if len(finite) else []])
        last = float(samples[-1, 0])
        unit = unit_text(self.memory.unit)
        self.value.say(f"{number(last, 2)} {unit}" if np.isfinite(last) else MISSING)
        rows, values = decimated(samples, width, round(stop_s * GRID_SFREQ))
        times = (rows - len(samples) + 1) / GRID_SFREQ
        for index, curve in enumerate(self.curves):
            column = values[:, index : index + 1].astype(np.float64)
            curve.setVisible(column.size > 0)
            if column.size:
                curve.setData(*broken_lines(times, column), connect="finite")
        shown = [beat - stop_s for beat in self.beats if 0 <= stop_s - beat <= view.span_s]
        self.marks.setData(shown, [top + 0.02 * (top - bottom)] * len(shown))


def _has_pps(snapshot: Snapshot) -> bool:
    return any(state.spec.modality in (Modality.GSR, Modality.ECG) for state in snapshot.streams)
