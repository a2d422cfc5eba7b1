"""The keys of the live window and a short guide to what it shows."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QGridLayout, QScrollArea, QVBoxLayout, QWidget

from physiosync_rt.dashboard import theme

KEYS: tuple[tuple[str, str], ...] = (
    ("M", "write the marker text into the next row"),
    ("Ctrl+M", "type a marker text"),
    ("Ctrl+1 … 9", "write the marker of that number"),
    ("B", "capture the rest again: sit still; asks before one is lost"),
    ("R", "record all streams to a file; again to stop"),
    ("L", "save the last five minutes"),
    ("S", "save a picture of the window"),
    ("P", "pause the traces; again to follow"),
    ("← →", "scroll the traces back and forth, five minutes at most"),
    ("↑ ↓", "draw the traces larger or smaller"),
    ("F2", "the plane alone, for a big screen"),
    ("F11", "full screen"),
    ("Ctrl + − 0", "zoom in, out, back"),
    ("Tab, Space", "go to a button, press it"),
    ("Esc", "leave a question, a text, the big or the full screen"),
    ("Ctrl+W", "end the run"),
    ("F1", "this page"),
)
"""What a key does."""

_FIGURES = (
    "Each figure is the probability that it is high. The confidence is the probability of the "
    "answer, lowered by poor signals, by electrodes that are not measured and by a signal that is "
    "missing; hover over it to see by how much."
)
_ELECTRODES = (
    "A disc is measured, a small ring is interpolated because the stream does not have it, a cross "
    "is bad at present, a dash has no signal. Hover over one for its name and fault."
)
_PAST = (
    "Hatched: no prediction. Dashed: from one signal, because the other was missing. Faint: too "
    "near one half to mean high or low."
)
_BODY = (
    "Heart or skin and the power of four bands, with their change from your rest. What is not "
    "known is a dash with its reason, never a zero."
)
_TRACES = (
    "A click on a name hides a channel; Channels shows it again. Faint traces are interpolated."
)

GUIDE: tuple[tuple[str, str], ...] = (
    ("Valence and arousal", _FIGURES),
    ("Electrodes", _ELECTRODES),
    ("The past", _PAST),
    ("Body", _BODY),
    ("Streams", "One line for each that is well. A click opens its counters."),
    ("Traces", _TRACES),
)
"""Short explanations, by what they are about."""


class Guide(QDialog):
    """Stays beside the run and blocks nothing."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Tool)
        self.setModal(False)
        self.setWindowTitle(self.tr("Keys and a short guide"))
        content = QWidget()
        content.setObjectName("scrolled")
        column = QVBoxLayout(content)
        column.setSpacing(6)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setColumnStretch(1, 1)
        for row, (key, does) in enumerate(KEYS):
            grid.addWidget(theme.Text(key, weight=QFont.Weight.DemiBold), row, 0)
            grid.addWidget(theme.Text(does), row, 1)
        column.addLayout(grid)
        for title, text in GUIDE:
            column.addSpacing(6)
            column.addWidget(theme.Text(title, weight=QFont.Weight.DemiBold))
            words = theme.Text(text, role="muted")
            words.setWordWrap(True)
            column.addWidget(words)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(content)
        whole = QVBoxLayout(self)
        whole.addWidget(area)
        self.resize(round(theme.px(480)), round(theme.px(620)))
        for shortcut in ("Esc", "F1"):
            QShortcut(QKeySequence(shortcut), self, self.hide)
