"""What comes in and what comes out: streams, scores of the model, rows and their latency."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget
from typing_extensions import override

from physiosync_rt.bundle.card import Score
from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.head_map import ElectrodePanel
from physiosync_rt.live.snapshot import Snapshot, StreamState
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.views import palette
from physiosync_rt.views.scores_text import score_groups
from physiosync_rt.views.wording import PHASES, RARE, STREAM_COUNTS, duration, number, rate

WIDTH = 322
"""Of the column, in pixels: room for the longest words of two counts and their values."""

_COUNTS = ("gaps", "lost", "delivered_late", *RARE)
"""Counts of `StreamStats` on a card, in their order."""

_TROUBLE = (StreamPhase.STALLED, StreamPhase.LOST)


class PhaseMark(QWidget):
    """Filled: streaming. Ring: waiting or ended. Bar: stalled. Cross: lost."""

    def __init__(self) -> None:
        super().__init__()
        self._phase = StreamPhase.WAITING
        self.setFixedSize(12, 12)

    @override
    def sizeHint(self) -> QSize:
        """As large as a letter."""
        return QSize(12, 12)

    def show_phase(self, phase: StreamPhase) -> None:
        """Take the shape of a phase."""
        if phase is not self._phase:
            self._phase = phase
            self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the shape."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        centre = QPointF(6, 6)
        if self._phase is StreamPhase.STREAMING:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.tint(palette.FINE, 1.0))
            painter.drawEllipse(centre, 4.5, 4.5)
        elif self._phase in _TROUBLE:
            painter.setPen(QPen(theme.tint(palette.ALERT, 1.0), 2.2))
            painter.drawLine(QPointF(2.5, 2.5), QPointF(9.5, 9.5))
            if self._phase is StreamPhase.LOST:
                painter.drawLine(QPointF(2.5, 9.5), QPointF(9.5, 2.5))
        else:
            painter.setPen(QPen(theme.tint(theme.MUTED, 1.0), 1.6))
            painter.drawEllipse(centre, 4, 4)


class Facts(QWidget):
    """Pairs of a name and a value in two columns."""

    def __init__(self, names: dict[str, str]) -> None:
        super().__init__()
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(2)
        grid.setColumnMinimumWidth(0, 56)
        grid.setColumnMinimumWidth(1, 84)
        grid.setColumnMinimumWidth(2, 50)
        grid.setColumnStretch(3, 1)
        self._values: dict[str, theme.Text] = {}
        for index, (name, tip) in enumerate(names.items()):
            row, column = divmod(index, 2)
            label = theme.Text(name, pixels=12, role="muted")
            value = theme.Text(pixels=12)
            label.setToolTip(tip)
            value.setToolTip(tip)
            grid.addWidget(label, row, 2 * column)
            grid.addWidget(value, row, 2 * column + 1)
            self._values[name] = value

    def text(self, name: str) -> str:
        """Return the value shown under a name."""
        return self._values[name].text()

    def say(self, name: str, text: str, *, alert: bool = False) -> None:
        """Show a value, in the colour of attention when it asks for it."""
        self._values[name].say(text)
        self._values[name].set_role("alert" if alert else "")


class StreamCard(theme.Panel):
    """One stream: what it is, whether it lives, and what went wrong so far."""

    def __init__(self, state: StreamState) -> None:
        super().__init__()
        self.mark = PhaseMark()
        self.phase = theme.Text(pixels=12, role="muted")
        spec = state.spec
        count = f"{spec.n_chans} channel{'s' if spec.n_chans > 1 else ''}"
        kind = theme.Text(f"{spec.modality.value}", weight=QFont.Weight.DemiBold)
        name = theme.Text(
            f"{spec.name} · {count}",
            pixels=12,
            role="muted",
            elide=Qt.TextElideMode.ElideMiddle,
        )
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.mark)
        head.addWidget(kind)
        head.addStretch(1)
        head.addWidget(self.phase)
        self.facts = Facts(
            {
                "rate": "Measured / nominal sampling rate",
                "age": "Time since the newest sample",
                "jitter": "Spread of the time stamps around an even grid",
                "drift": "How much longer than declared a sample lasts, in millionths",
                **{STREAM_COUNTS[name].word: STREAM_COUNTS[name].meaning for name in _COUNTS},
            }
        )
        self.column.setSpacing(5)
        self.column.addLayout(head)
        self.column.addWidget(name)
        self.column.addWidget(self.facts)

    def refresh(self, state: StreamState) -> None:
        """Show the newest state of the stream."""
        self.mark.show_phase(state.phase)
        self.phase.say(PHASES[state.phase])
        trouble = state.phase in _TROUBLE
        self.phase.set_role("alert" if trouble else "muted")
        self.facts.say("rate", rate(state))
        self.facts.say("age", duration(state.age_s), alert=trouble)
        stats = state.stats
        self.facts.say("jitter", number(stats.jitter_ms if stats.received else None, 1, "ms"))
        self.facts.say("drift", number(stats.drift_ppm, 0, "ppm"))
        for name in _COUNTS:
            count = getattr(stats, name)
            self.facts.say(STREAM_COUNTS[name].word, f"{count:,}", alert=count > 0)


class ScoresPanel(theme.Panel):
    """The model's scores on data it was not trained on, under how they were measured."""

    def __init__(self) -> None:
        super().__init__("Scores on held-out data")
        self.column.setSpacing(2)
        self.heading.setContentsMargins(0, 0, 0, 4)
        self._shown: tuple[Score, ...] = ()

    def refresh(self, snapshot: Snapshot) -> None:
        """Show the scores; they are laid out once, as a model's scores do not change."""
        self.setVisible(bool(snapshot.scores))
        if snapshot.scores == self._shown:
            return
        while self.column.count() > 1:
            item = self.column.takeAt(1)
            widget = item.widget() if item else None
            if widget is not None:
                widget.deleteLater()
        self._shown = snapshot.scores
        for how, figures in score_groups(snapshot.scores, snapshot.meaning).items():
            for figure in figures:
                label = theme.Text(figure, pixels=12)
                label.setWordWrap(True)
                self.column.addWidget(label)
            if how:
                note = theme.Text(how, pixels=11, role="muted", elide=Qt.TextElideMode.ElideRight)
                note.setContentsMargins(0, 0, 0, 5)
                self.column.addWidget(note)


class StreamColumn(QWidget):
    """Electrodes, cards of all streams, and the model's honest scores under them."""

    def __init__(self) -> None:
        super().__init__()
        self.cards: dict[str, StreamCard] = {}
        self.electrodes = ElectrodePanel()
        self._none = theme.Panel("Streams")
        self._none.column.addWidget(theme.Text("None in sight yet", role="muted"))
        self.scores = ScoresPanel()
        self._inner = QWidget()
        self._inner.setObjectName("scrolled")
        self._column = QVBoxLayout(self._inner)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(theme.GAP)
        self._column.addWidget(self.electrodes)
        self._column.addWidget(self._none)
        self._column.addStretch(1)
        self._column.addWidget(self.scores)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(self._inner)
        self.setFixedWidth(WIDTH)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(scroll)

    def refresh(self, snapshot: Snapshot) -> None:
        """Show all streams; cards are made when a stream is first seen and kept."""
        self.electrodes.refresh(snapshot)
        names = [state.spec.name for state in snapshot.streams]
        if names != list(self.cards):
            self._rebuild(snapshot.streams)
        for state in snapshot.streams:
            self.cards[state.spec.name].refresh(state)
        self._none.setVisible(not snapshot.streams)
        self.scores.refresh(snapshot)

    def _rebuild(self, states: tuple[StreamState, ...]) -> None:
        for card in self.cards.values():
            card.deleteLater()
        self.cards = {state.spec.name: StreamCard(state) for state in states}
        for index, card in enumerate(self.cards.values()):
            self._column.insertWidget(1 + index, card)


class RowsPanel(theme.Panel):
    """Rows so far, and how long a prediction takes to arrive."""

    def __init__(self) -> None:
        super().__init__("Predictions")
        self.facts = Facts(
            {
                "rows": "Rows so far, one per hop",
                "latency p50": "Half of the rows are ready this soon after their last sample",
                "valid": "Rows with a prediction",
                "latency p99": "99 of 100 rows are ready this soon after their last sample",
            }
        )
        self.baseline = theme.Text(pixels=12, role="muted", elide=Qt.TextElideMode.ElideRight)
        self.column.addWidget(self.facts)
        self.column.addWidget(self.baseline)

    def refresh(self, snapshot: Snapshot) -> None:
        """Show counts, latency and the baseline in use."""
        share = f" ({snapshot.valid_rows / snapshot.rows:.0%})" if snapshot.rows else ""
        self.facts.say("rows", f"{snapshot.rows:,}")
        self.facts.say("valid", f"{snapshot.valid_rows:,}{share}")
        self.facts.say("latency p50", number(snapshot.latency_p50_ms, 0, "ms"))
        self.facts.say("latency p99", number(snapshot.latency_p99_ms, 0, "ms"))
        self.baseline.say(f"baseline: {snapshot.baseline or 'none'}")
