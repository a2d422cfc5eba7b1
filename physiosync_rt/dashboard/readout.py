"""The figures that a person reads from across the room."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget
from typing_extensions import override

from physiosync_rt.bundle.card import Meaning
from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.circumplex import Circumplex
from physiosync_rt.dashboard.rest_dial import RestDial
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.utils.translation import tr
from physiosync_rt.views import palette
from physiosync_rt.views.absence_text import certainty_text, why_absent
from physiosync_rt.views.electrodes_text import electrodes_text
from physiosync_rt.views.verdict import verdict
from physiosync_rt.views.wording import (
    GETTING_READY,
    MISSING,
    is_capturing,
    number,
    signals_used,
)

_THICK = 8.0
"""Of a meter, in pixels at a zoom of 1."""

_ROOMY = 720
"""Height in pixels from which the panel takes its large type."""


class Meter(QWidget):
    """A thin bar for a value in [0, 1].

    ``centre`` marks the point where high begins, with the unsure zone on both sides of it.
    """

    def __init__(self, colour: str, *, centre: bool) -> None:
        super().__init__()
        self._colour = colour
        self._centre = centre
        self._value: float | None = None
        self._margin = 0.0
        self._height = _THICK
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    @override
    def sizeHint(self) -> QSize:
        """Prefer a few pixels of height and all the width there is."""
        return QSize(80, round(theme.px(self._height)))

    def set_words(self, scale: float) -> None:
        """Be thicker than usual, for a room."""
        self._height = _THICK * scale
        self.updateGeometry()

    def show_value(self, value: float | None, margin: float = 0.0) -> None:
        """Show a value, or an empty bar for None, and the unsure zone."""
        if (value, margin) != (self._value, self._margin):
            self._value, self._margin = value, margin
            self.update()

    @override
    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the groove, the bar and the middle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        height = theme.px(self._height)
        groove = QRectF(0, height / 4, self.width(), height / 2)
        painter.setBrush(theme.tint(theme.LINE, 1.0))
        painter.drawRoundedRect(groove, height / 4, height / 4)
        if self._centre and self._margin:
            half = self._margin * self.width()
            zone = QRectF(self.width() / 2 - half, 0, 2 * half, height)
            painter.setBrush(theme.tint(theme.MUTED, 0.35))
            painter.drawRect(zone)
        if self._value is not None:
            bar = QRectF(groove)
            bar.setWidth(max(height / 2, self.width() * self._value))
            painter.setBrush(theme.tint(self._colour, 1.0))
            painter.drawRoundedRect(bar, height / 4, height / 4)
        if self._centre:
            middle = QRectF(self.width() / 2 - 0.5, 0, 1, height)
            painter.fillRect(middle, theme.tint(theme.MUTED, 1.0))


class Figure(QWidget):
    """A big number under its name, with a meter."""

    def __init__(self, name: str, colour: str, tip: str) -> None:
        super().__init__()
        self._colour = colour
        self._number = theme.Text(MISSING, pixels=38, weight=QFont.Weight.Light)
        self.absent = theme.Text(pixels=12, role="muted")
        self.absent.setWordWrap(True)
        self._meter = Meter(colour, centre=True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._name = theme.Text(name, pixels=12, role="muted")
        column.addWidget(self._name)
        line = QHBoxLayout()
        line.setSpacing(8)
        line.addWidget(self._number)
        line.addWidget(self.absent, 1)
        column.addLayout(line)
        column.addWidget(self._meter)
        self._ends = [theme.Text(pixels=12, role="muted") for _ in range(2)]
        ends = QHBoxLayout()
        ends.addWidget(self._ends[0])
        ends.addStretch(1)
        ends.addWidget(self._ends[1])
        column.addLayout(ends)
        for end in self._ends:
            end.hide()
        self.setToolTip(tip)
        self.restyle()

    def text(self) -> str:
        """Return the figure as it is shown."""
        return self._number.text()

    def restyle(self) -> None:
        """Take the colours of the present."""
        self._number.setStyleSheet(f"color: {theme.shade(self._colour)}")

    def say_meaning(self, meaning: Meaning) -> None:
        """Call the figure what its target stands for."""
        self._name.say(self.tr("P(high {target})").format(target=meaning.name))
        for end, word in zip(self._ends, (meaning.low, meaning.high), strict=True):
            end.say(word)
            end.show()
        self.setToolTip(theme.tip(str(meaning)))

    def set_pixels(self, pixels: int) -> None:
        """Set the height of the figures."""
        self._number.set_font(pixels, QFont.Weight.Light)

    def show_value(self, value: float | None, margin: float, absent: str = "") -> None:
        """Show a probability, or a dash and why there is none."""
        self._number.say(number(value))
        self.absent.say(absent)
        self._meter.show_value(value, margin)


class Readout(theme.Panel):
    """Plane, two probabilities, the state in words, confidence and the signals used."""

    def __init__(self) -> None:
        super().__init__()
        self.column.setSpacing(10)
        self.circumplex = Circumplex()
        self.rest = RestDial()
        self.valence = Figure(
            self.tr("P(high valence)"),
            palette.VALENCE,
            self.tr("Probability that valence is high (pleasant)"),
        )
        self.arousal = Figure(
            self.tr("P(high arousal)"),
            palette.AROUSAL,
            self.tr("Probability that arousal is high (activated)"),
        )
        self.state = theme.Text(pixels=20, weight=QFont.Weight.DemiBold)
        self.meaning = theme.Text(role="muted")
        self.meaning.setWordWrap(True)
        self.meaning.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.confidence = theme.Text()
        self._meter = Meter(theme.TEXT, centre=False)
        self.signals = theme.Text(role="muted")
        self.signals.setWordWrap(True)
        pair = QHBoxLayout()
        pair.setSpacing(24)
        pair.addWidget(self.valence)
        pair.addWidget(self.arousal)
        self.electrodes = theme.Text(role="muted")
        self.electrodes.setWordWrap(True)
        self.electrodes.hide()
        self._line = QWidget()
        line = QHBoxLayout(self._line)
        line.setContentsMargins(0, 0, 0, 0)
        self._line_name = theme.Text(self.tr("Confidence"), role="muted")
        line.addWidget(self._line_name)
        line.addWidget(self._meter, 1)
        line.addWidget(self.confidence)
        self.column.addLayout(theme.stack(self.state, self.meaning))
        self.column.addWidget(self.circumplex, 1)
        self.column.addWidget(self.rest, 1)
        self.column.addLayout(pair)
        self.column.addWidget(self._line)
        self.column.addWidget(self.electrodes)
        self.column.addWidget(self.signals)
        self.column.addStretch(0)
        self._words = 1.0
        self.restyle()

    @override
    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use larger figures where there is room for them."""
        super().resizeEvent(event)
        self.restyle()

    def restyle(self) -> None:
        """Take the zoom of the present, and the sizes that the room allows."""
        words, roomy = self._words, self.height() >= _ROOMY or self._words > 1
        self.state.set_font(round((26 if roomy else 20) * words), QFont.Weight.DemiBold)
        for figure in (self.valence, self.arousal):
            figure.set_pixels(round((54 if roomy else 38) * words))
        for text in (self.meaning, self._line_name, self.confidence, self.electrodes):
            text.set_font(round(13 * words), QFont.Weight.Normal)
        # Room for the longest reason, so that nothing below moves when one appears.
        self.meaning.setMinimumHeight(2 * self.meaning.fontMetrics().lineSpacing())

    def set_words(self, scale: float) -> None:
        """Show words, plane and countdown larger than usual, to be read across a room."""
        if scale != self._words:
            self._words = scale
            for part in (self.circumplex, self.rest, self._meter):
                part.set_words(scale)
            self.restyle()

    def _show_meaning(self, snapshot: Snapshot) -> None:
        """Leave out the plane of emotions, and what there is no target for."""
        if not snapshot.meaning:
            return
        # Nothing else grows, so the rest of the height stays below.
        self.column.setStretch(self.column.count() - 1, 1)
        for name, figure in (("valence", self.valence), ("arousal", self.arousal)):
            figure.setVisible(name in snapshot.meaning)
            if name in snapshot.meaning:
                figure.say_meaning(snapshot.meaning[name])

    def show_big(self, big: bool) -> None:
        """Leave room to the plane: the words and the confidence stay beside it."""
        plane = not self.circumplex.isHidden()
        for widget in (self.valence, self.arousal, self.signals):
            widget.setVisible(not (big and plane))

    def say_waiting(self, text: str) -> None:
        """Say what the run is doing before its first snapshot."""
        self.state.say(tr(GETTING_READY))
        self.meaning.say(text)

    def refresh(self, snapshot: Snapshot) -> None:
        """Show the newest row, or in words why there is none."""
        row = snapshot.prediction
        self._show_meaning(snapshot)
        # The countdown takes the place of the plane; both at once would make the window grow.
        if is_capturing(snapshot):
            self.circumplex.hide()
        self.rest.refresh(snapshot)
        self.circumplex.setVisible(not (snapshot.meaning or is_capturing(snapshot)))
        self.circumplex.refresh(snapshot)
        for name, figure, value in (
            ("valence", self.valence, row.valence if row else None),
            ("arousal", self.arousal, row.arousal if row else None),
        ):
            figure.show_value(value, snapshot.margin, why_absent(row, name))
        headline, sentence = verdict(snapshot)
        self.state.say(headline)
        self.meaning.say(sentence)
        self.confidence.say(number(row.confidence if row else None))
        self.electrodes.say(electrodes_text(snapshot.electrodes))
        self.electrodes.setVisible(bool(self.electrodes.text()))
        made_of = certainty_text(row)
        said = self.tr("Confidence: {made_of}").format(made_of=made_of)
        self._line.setToolTip(said if made_of else "")
        self._meter.show_value(row.confidence if row else None)
        self.signals.say(signals_used(snapshot))
