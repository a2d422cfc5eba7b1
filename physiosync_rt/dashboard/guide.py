"""The keys of a window and a short guide to what it shows."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP, QEvent, Qt
from PySide6.QtGui import QFont, QKeyEvent
from PySide6.QtWidgets import QDialog, QGridLayout, QScrollArea, QVBoxLayout, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme

_KEYS = (
    ("M", QT_TRANSLATE_NOOP("Guide", "write the marker text into the next row")),
    ("Ctrl+M", QT_TRANSLATE_NOOP("Guide", "type a marker text")),
    ("Ctrl+1 … 9", QT_TRANSLATE_NOOP("Guide", "write the marker of that number")),
    ("B", QT_TRANSLATE_NOOP("Guide", "capture the rest again: sit still; asks before one is lost")),
    ("R", QT_TRANSLATE_NOOP("Guide", "record all streams to a file; again to stop")),
    ("L", QT_TRANSLATE_NOOP("Guide", "save the last five minutes")),
    ("S", QT_TRANSLATE_NOOP("Guide", "save a picture of the window")),
    ("P", QT_TRANSLATE_NOOP("Guide", "pause the traces; again to follow")),
    ("← →", QT_TRANSLATE_NOOP("Guide", "scroll the traces back and forth, five minutes at most")),
    ("↑ ↓", QT_TRANSLATE_NOOP("Guide", "draw the traces larger or smaller")),
    ("F2", QT_TRANSLATE_NOOP("Guide", "the plane alone, for a big screen")),
    ("F11", QT_TRANSLATE_NOOP("Guide", "full screen")),
    ("Ctrl + − 0", QT_TRANSLATE_NOOP("Guide", "zoom in, out, back")),
    ("Tab, Space", QT_TRANSLATE_NOOP("Guide", "go to a button, press it")),
    ("Esc", QT_TRANSLATE_NOOP("Guide", "leave a question, a text, the big or the full screen")),
    ("Ctrl+W", QT_TRANSLATE_NOOP("Guide", "end the run")),
    ("F1", QT_TRANSLATE_NOOP("Guide", "this page")),
)

_FIGURES = QT_TRANSLATE_NOOP(
    "Guide",
    "Each figure is the probability that it is high. The confidence is the probability of the "
    "answer, lowered by poor signals, by electrodes that are not measured and by a signal that is "
    "missing; hover over it to see by how much.",
)
_ELECTRODES = QT_TRANSLATE_NOOP(
    "Guide",
    "A disc is measured, a small ring is interpolated because the stream does not have it, a cross "
    "is bad at present, a dash has no signal. Hover over one for its name and fault.",
)
_PAST = QT_TRANSLATE_NOOP(
    "Guide",
    "Hatched: no prediction. Dashed: from one signal, because the other was missing. Faint: too "
    "near one half to mean high or low.",
)
_BODY = QT_TRANSLATE_NOOP(
    "Guide",
    "Heart or skin and the power of four bands, with their change from your rest. What is not "
    "known is a dash with its reason, never a zero.",
)
_TRACES = QT_TRANSLATE_NOOP(
    "Guide",
    "A click on a name hides a channel; Channels shows it again. Faint traces are interpolated.",
)

_GUIDE = (
    (QT_TRANSLATE_NOOP("Guide", "Valence and arousal"), _FIGURES),
    (QT_TRANSLATE_NOOP("Guide", "Electrodes"), _ELECTRODES),
    (QT_TRANSLATE_NOOP("Guide", "The past"), _PAST),
    (QT_TRANSLATE_NOOP("Guide", "Body"), _BODY),
    (
        QT_TRANSLATE_NOOP("Guide", "Streams"),
        QT_TRANSLATE_NOOP("Guide", "One line for each that is well. A click opens its counters."),
    ),
    (QT_TRANSLATE_NOOP("Guide", "Traces"), _TRACES),
)

_START_KEYS = (
    ("Tab, Space", QT_TRANSLATE_NOOP("Guide", "go to a field or a button, press it")),
    ("← → ↑ ↓", QT_TRANSLATE_NOOP("Guide", "choose in a list")),
    ("Ctrl+Return", QT_TRANSLATE_NOOP("Guide", "start the run")),
    ("Esc", QT_TRANSLATE_NOOP("Guide", "leave the form of the channels, or the full screen")),
    ("F11", QT_TRANSLATE_NOOP("Guide", "full screen")),
    ("Ctrl + − 0", QT_TRANSLATE_NOOP("Guide", "zoom in, out, back")),
    ("Ctrl+Q", QT_TRANSLATE_NOOP("Guide", "end the program")),
    ("F1", QT_TRANSLATE_NOOP("Guide", "this page")),
)

_MODEL = QT_TRANSLATE_NOOP(
    "Guide",
    "What a model was trained on, what it is worth beside the best baseline model, and which "
    "signals it needs. A folder with a bundle can be dropped on the list.",
)
_SIGNALS = QT_TRANSLATE_NOOP(
    "Guide",
    "Start the headset's program, and its streams appear by themselves; Serves shows which of them "
    "the run takes. Without a headset, take the simulated person. Channels… says what each channel "
    "is where the stream does not.",
)
_FILES = QT_TRANSLATE_NOOP(
    "Guide",
    "Participant, session and task name the files. Rest is the time at the start in which the "
    "person sits still; everything later is compared with it.",
)
_READY = QT_TRANSLATE_NOOP(
    "Guide",
    "✓ is well, ▲ can be better and does not stop the start, ✕ has to be put right first, … is "
    "being looked for.",
)

_START_GUIDE = (
    (QT_TRANSLATE_NOOP("Guide", "Model"), _MODEL),
    (QT_TRANSLATE_NOOP("Guide", "Signals"), _SIGNALS),
    (QT_TRANSLATE_NOOP("Guide", "Who takes part, and files"), _FILES),
    (QT_TRANSLATE_NOOP("Guide", "Ready to start?"), _READY),
)


_PEOPLE_KEYS = (
    ("1 … 9", QT_TRANSLATE_NOOP("Guide", "open the live view of that person")),
    ("Tab, Space", QT_TRANSLATE_NOOP("Guide", "go to a person, open the live view")),
    ("Ctrl+PgUp/Dn", QT_TRANSLATE_NOOP("Guide", "in a live view: the person before, the next one")),
    ("F11", QT_TRANSLATE_NOOP("Guide", "full screen")),
    ("Ctrl + − 0", QT_TRANSLATE_NOOP("Guide", "zoom in, out, back")),
    ("Esc", QT_TRANSLATE_NOOP("Guide", "leave the full screen")),
    ("F1", QT_TRANSLATE_NOOP("Guide", "this page")),
)

_PEOPLE = QT_TRANSLATE_NOOP(
    "Guide",
    "One tile for each person: the state, or in coral why there is none, and the probabilities of "
    "the newest row. A live view that is closed ends nobody's run; closing this page ends all.",
)


@dataclass(frozen=True, slots=True)
class Page:
    """What F1 shows of a window.

    Attributes
    ----------
    keys : tuple of (str, str)
        Keys, and what each does.
    guide : tuple of (str, str)
        Short explanations, by what they are about.
    """

    keys: tuple[tuple[str, str], ...]
    guide: tuple[tuple[str, str], ...]


def _pairs(marked: tuple[tuple[object, object], ...]) -> tuple[tuple[str, str], ...]:
    # Qt types what it marks for translation as any object.
    return tuple((str(one), str(other)) for one, other in marked)


LIVE_PAGE = Page(_pairs(_KEYS), _pairs(_GUIDE))
START_PAGE = Page(_pairs(_START_KEYS), _pairs(_START_GUIDE))
PEOPLE_PAGE = Page(
    _pairs(_PEOPLE_KEYS), _pairs(((QT_TRANSLATE_NOOP("Guide", "Several people"), _PEOPLE),))
)


_CLOSE = (Qt.Key.Key_Escape, Qt.Key.Key_F1)


class Guide(QDialog):
    """Stays beside a window and blocks nothing.

    Parameters
    ----------
    parent : QWidget
    page : Page
    """

    def __init__(self, parent: QWidget, page: Page) -> None:
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
        for row, (key, does) in enumerate(page.keys):
            grid.addWidget(theme.Text(self.tr(key), weight=QFont.Weight.DemiBold), row, 0)
            grid.addWidget(theme.Text(self.tr(does)), row, 1)
        column.addLayout(grid)
        for title, text in page.guide:
            column.addSpacing(6)
            column.addWidget(theme.Text(self.tr(title), weight=QFont.Weight.DemiBold))
            words = theme.Text(self.tr(text), role="muted")
            words.setWordWrap(True)
            column.addWidget(words)
        column.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(content)
        whole = QVBoxLayout(self)
        whole.addWidget(area)
        self.resize(round(theme.px(480)), round(theme.px(620)))

    @override
    def event(self, event: QEvent) -> bool:
        """Keep the keys that close the page: its window has the same, and Qt would do neither."""
        if (
            event.type() == QEvent.Type.ShortcutOverride
            and isinstance(event, QKeyEvent)
            and event.key() in _CLOSE
        ):
            event.accept()
            return True
        return super().event(event)

    @override
    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Close the page on Escape and F1."""
        if event.key() in _CLOSE:
            self.hide()
        else:
            super().keyPressEvent(event)
