"""What comes in and what comes out: electrodes, body, streams, scores, rows and their latency."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget
from typing_extensions import override

from physiosync_rt.bundle.card import Score
from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.body_panel import BodyPanel
from physiosync_rt.dashboard.head_map import ElectrodePanel
from physiosync_rt.dashboard.stream_card import Facts, StreamCard, StreamsPanel
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.views.scores_text import modalities_in_use, score_groups
from physiosync_rt.views.wording import number

WIDTH = 322
"""Of the column, in pixels: room for the longest words of two counts and their values."""

_MAP_SHARE = 0.23
"""Of the column's height that the map of the electrodes takes."""

_MAP = 128, 240
"""Least and greatest height of the map, in pixels."""

_GAPS = {theme.Room.USUAL: theme.GAP, theme.Room.CLOSE: 8, theme.Room.CLOSEST: 5}
"""Pixels between the panels."""


class ScoresPanel(theme.Panel):
    """The model's scores on data it was not trained on, of the modalities in use."""

    def __init__(self) -> None:
        super().__init__(QCoreApplication.translate("ScoresPanel", "Scores on held-out data"))
        self._notes: list[theme.Text] = []
        self._shown: tuple[tuple[Score, ...], str] = ((), "")
        self._room = theme.Room.USUAL
        self.set_room(self._room)

    @override
    def set_room(self, room: theme.Room) -> None:
        """Leave as much room around what it holds, and between."""
        super().set_room(room)
        self._room = room
        closest = room is theme.Room.CLOSEST
        self.column.setSpacing(1 if closest else 2)
        self.heading.setContentsMargins(0, 0, 0, 2 if closest else 4)
        for note in self._notes:
            note.setContentsMargins(0, 0, 0, 2 if closest else 5)

    def refresh(self, snapshot: Snapshot) -> None:
        """Show the scores; they are laid out again only when other modalities are in use."""
        self.setVisible(bool(snapshot.scores))
        in_use = modalities_in_use(snapshot)
        if (snapshot.scores, in_use) == self._shown:
            return
        while self.column.count() > 1:
            item = self.column.takeAt(1)
            widget = item.widget() if item else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        self._shown = (snapshot.scores, in_use)
        self._notes = []
        for how, figures in score_groups(snapshot.scores, snapshot.meaning, in_use).items():
            for figure in figures:
                self._add(theme.Text(figure, pixels=12))
            if how:
                note = theme.Text(how, pixels=11, role="muted")
                self._notes.append(note)
                self._add(note)
        self.set_room(self._room)

    def _add(self, label: theme.Text) -> None:
        label.setWordWrap(True)
        self.column.addWidget(label)


class _Content(QWidget):
    """What is scrolled, which says when it was laid out again."""

    laid_out = Signal()

    @override
    def event(self, event: QEvent) -> bool:
        """Tell of a new layout, which follows from words that have changed."""
        handled = super().event(event)
        if event.type() is QEvent.Type.LayoutRequest:
            self.laid_out.emit()
        return handled


class StreamColumn(QWidget):
    """Electrodes, body, streams, and the model's honest scores under them.

    The panels are set as close as their words and the height of the column ask for; only what does
    not fit then is scrolled.
    """

    def __init__(self) -> None:
        super().__init__()
        self.electrodes = ElectrodePanel()
        self.body = BodyPanel()
        self.streams = StreamsPanel()
        self.scores = ScoresPanel()
        inner = _Content()
        inner.laid_out.connect(self._fit)
        inner.setObjectName("scrolled")
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        self._column = column
        self._panels = (self.electrodes, self.body, self.streams, self.scores)
        for panel in self._panels:
            column.addWidget(panel)
        column.addStretch(1)
        self._fitted = (0, 0, 0)
        self._scroll = scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        self.restyle()
        whole = QVBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(scroll)

    def restyle(self) -> None:
        """Take the zoom of the present."""
        self.setFixedWidth(round(theme.px(WIDTH)))

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Set the panels as close as the new height asks for."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Set the panels as close as need be, so that none is cut off."""
        if self._fitted == (self.width(), self.height(), self._needed()):
            return
        least, most = (theme.px(pixels) for pixels in _MAP)
        share = min(max(_MAP_SHARE * self.height(), least), most)
        self.electrodes.map.setFixedHeight(round(share))
        for room in theme.Room:
            self._set_room(room)
            if fits := self._needed() <= self.height():
                break
        # A bar takes width: words would need more lines, and then the bar.
        bar = Qt.ScrollBarPolicy
        self._scroll.setVerticalScrollBarPolicy(
            bar.ScrollBarAlwaysOff if fits else bar.ScrollBarAsNeeded
        )
        self._fitted = (self.width(), self.height(), self._needed())

    def _set_room(self, room: theme.Room) -> None:
        self._column.setSpacing(_GAPS[room])
        for panel in self._panels:
            panel.set_room(room)
            # Else it keeps the height that it had.
            panel.column.activate()

    def _needed(self) -> int:
        """Return the height that all panels need in the whole width."""
        if self._column.hasHeightForWidth():
            return self._column.heightForWidth(self.width())
        return self._column.sizeHint().height()

    @property
    def cards(self) -> dict[str, StreamCard]:
        """Cards of the streams, by their names."""
        return self.streams.cards

    def refresh(self, snapshot: Snapshot) -> None:
        """Show what comes in."""
        self.electrodes.refresh(snapshot)
        self.body.refresh(snapshot)
        self.streams.refresh(snapshot)
        self.scores.refresh(snapshot)


class RowsPanel(theme.Panel):
    """Rows so far, and how long a prediction takes to arrive."""

    def __init__(self) -> None:
        super().__init__(QCoreApplication.translate("RowsPanel", "Predictions"))
        self.facts = Facts(
            {
                "rows": self.tr("Rows so far, one per hop"),
                "latency p50": self.tr(
                    "Half of the rows are ready this soon after their last sample"
                ),
                "valid": self.tr("Rows with a prediction"),
                "latency p99": self.tr(
                    "99 of 100 rows are ready this soon after their last sample"
                ),
            }
        )
        self.baseline = theme.Text(pixels=12, role="muted", elide=Qt.TextElideMode.ElideRight)
        self.column.addWidget(self.facts)
        self.column.addWidget(self.baseline)

    def refresh(self, snapshot: Snapshot) -> None:
        """Show counts, latency and the baseline in use."""
        share = f" ({snapshot.valid_rows / snapshot.rows:.0%})" if snapshot.rows else ""
        self.facts.show_value("rows", f"{snapshot.rows:,}")
        self.facts.show_value("valid", f"{snapshot.valid_rows:,}{share}")
        self.facts.show_value("latency p50", number(snapshot.latency_p50_ms, 0, "ms"))
        self.facts.show_value("latency p99", number(snapshot.latency_p99_ms, 0, "ms"))
        self.baseline.say(
            self.tr("baseline: {which}").format(which=snapshot.baseline or self.tr("none"))
        )
