"""What comes in and what comes out: electrodes, body, streams, scores, rows and their latency."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, Qt
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

_LOW = 640
"""Height in pixels below which the panels are set closer, so that a notice cuts none off."""


class ScoresPanel(theme.Panel):
    """The model's scores on data it was not trained on, of the modalities in use."""

    def __init__(self) -> None:
        super().__init__(QCoreApplication.translate("ScoresPanel", "Scores on held-out data"))
        self.column.setSpacing(2)
        self.heading.setContentsMargins(0, 0, 0, 4)
        self._shown: tuple[tuple[Score, ...], str] = ((), "")

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
        for how, figures in score_groups(snapshot.scores, snapshot.meaning, in_use).items():
            for figure in figures:
                self._add(theme.Text(figure, pixels=12))
            if how:
                note = theme.Text(how, pixels=11, role="muted")
                note.setContentsMargins(0, 0, 0, 5)
                self._add(note)

    def _add(self, label: theme.Text) -> None:
        label.setWordWrap(True)
        self.column.addWidget(label)


class StreamColumn(QWidget):
    """Electrodes, body, streams, and the model's honest scores under them."""

    def __init__(self) -> None:
        super().__init__()
        self.electrodes = ElectrodePanel()
        self.body = BodyPanel()
        self.streams = StreamsPanel()
        self.scores = ScoresPanel()
        inner = QWidget()
        inner.setObjectName("scrolled")
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        self._column = column
        self._panels = (self.electrodes, self.body, self.streams, self.scores)
        for panel in self._panels:
            column.addWidget(panel)
        column.addStretch(1)
        scroll = QScrollArea()
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
        """Give the map as much as leaves room for the panels below it."""
        super().resizeEvent(event)
        low = self.height() < theme.px(_LOW)
        share = min(max(_MAP_SHARE * self.height(), theme.px(128)), theme.px(240))
        self.electrodes.map.setFixedHeight(round(share))
        self._column.setSpacing(8 if low else theme.GAP)
        for panel in self._panels:
            panel.set_close(low)

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
