"""The dashboard window: panels laid out, each refreshed from the newest Snapshot."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Signal
from PySide6.QtGui import QCloseEvent, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QGridLayout, QMainWindow, QVBoxLayout, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.ask_bar import AskBar
from physiosync_rt.dashboard.header import Header
from physiosync_rt.dashboard.pps_panel import PpsPanel
from physiosync_rt.dashboard.readout import Readout
from physiosync_rt.dashboard.session_bar import SessionBar
from physiosync_rt.dashboard.sound import ring
from physiosync_rt.dashboard.streams import RowsPanel, StreamColumn
from physiosync_rt.dashboard.timeline import Timeline
from physiosync_rt.dashboard.traces import EegPanel
from physiosync_rt.dashboard.window_views import Panels, WindowViews
from physiosync_rt.live.options import Command
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.setup.conduct import DEFAULT_HANDS, HandsOn
from physiosync_rt.views.events_text import notice_text
from physiosync_rt.views.rest import RestWatch, rest_to_lose

SIZE = QSize(1280, 800)


class Dashboard(QMainWindow):
    """Live view of a run.

    Parameters
    ----------
    send : callable
        Takes the Commands of the person; must return at once.
    hands_on : HandsOn
        Who takes part, the marker keys, and where files that a person asks for go.

    Notes
    -----
    Lives in the GUI thread. It knows neither the engine nor a device: it shows Snapshots and
    sends Commands, and closing it sends ``stop``.
    """

    closed = Signal()
    COLUMNS = (360, 7), (420, 11), (0, 0)
    """Least width and share of the columns; the last one is as wide as its panels."""

    def __init__(self, send: Callable[[Command], None], hands_on: HandsOn = DEFAULT_HANDS) -> None:
        super().__init__()
        self._send = send
        self._stopping = False
        self._snapshot: Snapshot | None = None
        self._rest = RestWatch()
        self._has_sound = hands_on.sound
        self.header = Header(send, hands_on)
        self.session = SessionBar(send, hands_on, lambda: self.grab().toImage())
        self.ask = AskBar()
        self.header.baseline.clicked.connect(self.ask_for_rest)
        self.notice = theme.Text()
        self.notice.setObjectName("notice")
        self.notice.setWordWrap(True)
        self.notice.hide()
        self.readout = Readout()
        self.timeline = Timeline()
        self.eeg = EegPanel()
        self.pps = PpsPanel(self.eeg.view)
        self.eeg.changed.connect(self.pps.redraw)
        self.streams = StreamColumn()
        self.rows = RowsPanel()
        self.setWindowTitle("PhysioSync-RT")
        self._lay_out()
        others = (self.timeline, self.eeg, self.streams, self.rows)
        self.views = WindowViews(
            self, Panels(self.grid, self.COLUMNS, self.readout, self.pps, self.notice, others)
        )
        self.header.help.clicked.connect(self.views.toggle_guide)
        self.resize(SIZE)
        for keys in (QKeySequence.StandardKey.Close, QKeySequence.StandardKey.Quit):
            QShortcut(QKeySequence(keys), self, self.close)
        QShortcut(QKeySequence("Esc"), self, self.leave)

    def refresh(self, snapshot: Snapshot) -> None:
        """Show a snapshot: figures, streams and traces."""
        self.refresh_figures(snapshot)
        self.refresh_traces(snapshot)

    def refresh_figures(self, snapshot: Snapshot) -> None:
        """Show everything but the traces."""
        self.refresh_words(snapshot)
        self.refresh_course(snapshot)
        self.refresh_streams(snapshot)

    def refresh_words(self, snapshot: Snapshot) -> None:
        """Show the state, the run and what a person should read now."""
        self._snapshot = snapshot
        if self._rest.is_complete(snapshot) and self._has_sound:
            ring()
        self.header.refresh(snapshot)
        self.session.refresh(snapshot)
        self.say(notice_text(snapshot.events))
        self.readout.refresh(snapshot)

    def refresh_course(self, snapshot: Snapshot) -> None:
        """Show the targets over time, and how many rows there are."""
        self.timeline.refresh(snapshot)
        self.rows.refresh(snapshot)

    def refresh_streams(self, snapshot: Snapshot) -> None:
        """Show electrodes, body, streams and scores."""
        self.streams.refresh(snapshot)

    def refresh_traces(self, snapshot: Snapshot) -> None:
        """Show the traces, which move faster than the figures."""
        self.eeg.refresh(snapshot)
        self.pps.refresh(snapshot)

    def say(self, notice: str) -> None:
        """Show the one sentence that a person should read now; an empty one takes no room."""
        self.notice.say(f"▲  {notice}" if notice else "")
        self.notice.setVisible(bool(notice))

    def leave(self) -> None:
        """Leave what was entered last: a question, the marker's text, the big or full screen."""
        if self.ask.isVisible():
            self.ask.close_question()
        elif self.header.marker_text.hasFocus():
            self.header.marker_text.clearFocus()
        else:
            self.views.leave()

    def ask_for_rest(self) -> None:
        """Capture the rest again; ask first where there is one to lose."""
        lost = rest_to_lose(self._snapshot) if self._snapshot else ""
        if not lost:
            self._send(Command("baseline"))
            return
        self.ask.ask(
            self.tr("Capture the rest again? It replaces the present one ({rest}).").format(
                rest=lost
            ),
            self.tr("Capture again"),
            self.tr("Keep the rest"),
            lambda: self._send(Command("baseline")),
        )

    def say_waiting(self, text: str) -> None:
        """Say what the run is doing before its first snapshot."""
        self.readout.say_waiting(text)
        self.eeg.say_waiting(text)
        self.pps.say_waiting("")

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Let the words of the big screen grow with the window."""
        super().resizeEvent(event)
        self.views.fit_words()

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask the engine to stop, once."""
        if not self._stopping:
            self._stopping = True
            self.session.close_jobs()
            self._send(Command("stop"))
            self.closed.emit()
        self.views.end()
        super().closeEvent(event)

    def _lay_out(self) -> None:
        self.grid = grid = QGridLayout()
        grid.setSpacing(theme.GAP)
        left = QVBoxLayout()
        left.setSpacing(theme.GAP)
        left.addWidget(self.readout, 1)
        left.addWidget(self.rows)
        grid.addLayout(left, 0, 0, 2, 1)
        grid.addWidget(self.timeline, 0, 1)
        signals = QVBoxLayout()
        signals.setSpacing(theme.GAP)
        signals.addWidget(self.eeg, 3)
        signals.addWidget(self.pps, 1)
        grid.addLayout(signals, 1, 1)
        grid.addWidget(self.streams, 0, 2, 2, 1)
        for column, (least, stretch) in enumerate(self.COLUMNS):
            grid.setColumnMinimumWidth(column, least)
            grid.setColumnStretch(column, stretch)
        for row, stretch in enumerate((5, 12)):
            grid.setRowStretch(row, stretch)
        body = QWidget()
        body.setObjectName("body")
        rows = QVBoxLayout(body)
        rows.setContentsMargins(16, 10, 16, 16)
        rows.setSpacing(theme.GAP)
        rows.addWidget(self.header)
        rows.addWidget(self.session)
        rows.addWidget(self.ask)
        rows.addWidget(self.notice)
        rows.addLayout(grid, 1)
        self.setCentralWidget(body)
        body.setFocus()
