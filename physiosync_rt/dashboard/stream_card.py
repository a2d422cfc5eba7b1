"""Streams by exception: a line for one that is well, words on what is amiss."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPointF, Qt
from PySide6.QtGui import QFont, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QToolButton, QVBoxLayout, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.live.snapshot import Snapshot, StreamState
from physiosync_rt.live.watchdog import StreamPhase
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.utils.translation import tr
from physiosync_rt.views import palette
from physiosync_rt.views.stream_text import amiss_text
from physiosync_rt.views.wording import PHASES, RARE, STREAM_COUNTS, duration, number, rate

_COUNTS = ("gaps", "lost", "delivered_late", *RARE)
"""Counts of `StreamStats` on a card, in their order."""

_TROUBLE = (StreamPhase.STALLED, StreamPhase.LOST)


class PhaseMark(QWidget):
    """Filled: streaming. Ring: waiting or ended. Bar: stalled. Cross: lost."""

    def __init__(self) -> None:
        super().__init__()
        self._phase = StreamPhase.WAITING
        self.restyle()

    def restyle(self) -> None:
        """Be as large as a letter at the zoom of the present."""
        side = round(theme.px(12))
        self.setFixedSize(side, side)

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
        painter.scale(self.width() / 12, self.height() / 12)
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
            label = theme.Text(self.tr(name), pixels=12, role="muted")
            value = theme.Text(pixels=12)
            label.setToolTip(tip)
            value.setToolTip(tip)
            grid.addWidget(label, row, 2 * column)
            grid.addWidget(value, row, 2 * column + 1)
            self._values[name] = value

    def text(self, name: str) -> str:
        """Return the value shown under a name."""
        return self._values[name].text()

    def show_value(self, name: str, text: str, *, alert: bool = False) -> None:
        """Show a value, in the colour of attention when it asks for it."""
        self._values[name].say(text)
        self._values[name].set_role("alert" if alert else "")


class StreamCard(QWidget):
    """One stream: a line while it is well, else what is amiss; counters on a click."""

    def __init__(self, state: StreamState) -> None:
        super().__init__()
        self.mark = PhaseMark()
        self.phase = theme.Text(pixels=12, role="muted")
        spec = state.spec
        count = self.tr("{n} ch").format(n=spec.n_chans)
        kind = theme.Text(f"{spec.modality.value}", weight=QFont.Weight.DemiBold)
        name = theme.Text(
            f"{spec.name} · {count}",
            pixels=12,
            role="muted",
            elide=Qt.TextElideMode.ElideMiddle,
        )
        self.more = QToolButton()
        self.more.setObjectName("more")
        self.more.setCheckable(True)
        self.more.setText("▸")
        self.more.setAccessibleName(
            self.tr("Counters of {stream}").format(stream=plain_text(spec.name))
        )
        self.more.setToolTip(self.tr("Rate, jitter and what happened to the samples"))
        self.more.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.more.toggled.connect(self._open)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self.mark)
        head.addWidget(kind)
        head.addWidget(name, 1)
        head.addWidget(self.phase)
        head.addWidget(self.more)
        self.amiss = theme.Text(pixels=12, role="alert")
        self.amiss.setWordWrap(True)
        self.amiss.hide()
        self.facts = Facts(
            {
                "rate": self.tr("Measured / nominal sampling rate"),
                "age": self.tr("Time since the newest sample"),
                "jitter": self.tr("Spread of the time stamps around an even grid"),
                "drift": self.tr("How much longer than declared a sample lasts, in millionths"),
                **{
                    tr(STREAM_COUNTS[name].word): tr(STREAM_COUNTS[name].meaning)
                    for name in _COUNTS
                },
            }
        )
        self.facts.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.amiss)
        column.addWidget(self.facts)

    def refresh(self, state: StreamState) -> None:
        """Show the newest state of the stream."""
        self.mark.show_phase(state.phase)
        self.phase.say(tr(PHASES[state.phase]))
        trouble = state.phase in _TROUBLE
        self.phase.set_role("alert" if trouble else "muted")
        self.amiss.say(amiss_text(state))
        self.amiss.setVisible(bool(self.amiss.text()))
        self.facts.show_value("rate", rate(state))
        self.facts.show_value("age", duration(state.age_s), alert=trouble)
        stats = state.stats
        self.facts.show_value(
            "jitter", number(stats.jitter_ms if stats.received else None, 1, "ms")
        )
        self.facts.show_value("drift", number(stats.drift_ppm, 0, "ppm"))
        for name in _COUNTS:
            count = getattr(stats, name)
            self.facts.show_value(tr(STREAM_COUNTS[name].word), f"{count:,}", alert=count > 0)

    @override
    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Open or close the counters: the whole line can be clicked."""
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.more.toggle()

    def _open(self, is_open: bool) -> None:
        self.more.setText("▾" if is_open else "▸")
        self.facts.setVisible(is_open)


class StreamsPanel(theme.Panel):
    """A line for each stream."""

    def __init__(self) -> None:
        super().__init__(QCoreApplication.translate("StreamsPanel", "Streams"))
        self.cards: dict[str, StreamCard] = {}
        self._none = theme.Text(self.tr("None in sight yet"), role="muted")
        self.column.addWidget(self._none)
        self.set_room(theme.Room.USUAL)

    @override
    def set_room(self, room: theme.Room) -> None:
        """Leave as much room around what it holds, and between."""
        super().set_room(room)
        self.column.setSpacing(3 if room is theme.Room.CLOSEST else 6)

    def refresh(self, snapshot: Snapshot) -> None:
        """Show all streams; cards are made when a stream is first seen and kept."""
        if [state.spec.name for state in snapshot.streams] != list(self.cards):
            self._rebuild(snapshot.streams)
        for state in snapshot.streams:
            self.cards[state.spec.name].refresh(state)
        self._none.setVisible(not snapshot.streams)

    def _rebuild(self, states: tuple[StreamState, ...]) -> None:
        for card in self.cards.values():
            card.hide()
            card.deleteLater()
        self.cards = {state.spec.name: StreamCard(state) for state in states}
        for card in self.cards.values():
            self.column.addWidget(card)
