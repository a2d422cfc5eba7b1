"""A page of several people: a tile for each, with the newest row, to choose whom to look at."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QCloseEvent, QFont, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QGridLayout,
    QMainWindow,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.guide import PEOPLE_PAGE
from physiosync_rt.dashboard.live_style import style
from physiosync_rt.dashboard.window_look import WindowLook
from physiosync_rt.live.glance import Glance, MemberPhase
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.views.people import state_text
from physiosync_rt.views.verdict import targets_shown
from physiosync_rt.views.wording import number

TILE = QSize(230, 108)
N_COLUMNS = 5
N_KEYS = 9
"""The first nine people are on the keys 1 to 9."""


class Tile(QPushButton):
    """One person: name, state or reason, and the probabilities of the newest row.

    Parameters
    ----------
    name : str
    """

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.name = theme.Text(name, pixels=17, weight=QFont.Weight.DemiBold)
        self.state = theme.Text()
        self.state.setWordWrap(True)
        self.figures = theme.Text()
        rows = QVBoxLayout(self)
        for label in (self.name, self.state, self.figures):
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            rows.addWidget(label)
        self.restyle()

    def restyle(self) -> None:
        """Take the zoom of the present."""
        self.setMinimumSize(round(theme.px(TILE.width())), round(theme.px(TILE.height())))

    def show_glance(self, glance: Glance) -> None:
        """Show where the person stands."""
        row = glance.rows[-1] if glance.rows else None
        running = glance.phase is MemberPhase.RUNNING
        calm = running and (row is None or row.valid)
        said = plain_text(state_text(glance))
        self.state.say(said)
        self.state.set_role("" if calm else "alert")
        shown = targets_shown(row if running else None, glance.meaning)
        figures = "   ".join(f"{name} {number(value)}" for _, name, value in shown)
        self.figures.say(figures)
        self.setAccessibleName(f"{self.name.text()}: {said}, {self.figures.text()}")


class PeoplePage(QMainWindow):
    """Tiles of all people.

    Parameters
    ----------
    names : sequence of str
    choose : callable
        Takes the place of the person whose live view is to open.
    """

    closed = Signal()

    def __init__(self, names: Sequence[str], choose: Callable[[int], None]) -> None:
        super().__init__()
        self.setWindowTitle(self.tr("PhysioSync-RT: {n} people").format(n=len(names)))
        self.tiles = [Tile(name) for name in names]
        body, area = QWidget(), QScrollArea()
        body.setObjectName("body")
        grid = QGridLayout(body)
        grid.setSpacing(theme.GAP)
        for k, tile in enumerate(self.tiles):
            grid.addWidget(tile, k // N_COLUMNS, k % N_COLUMNS)
            tile.clicked.connect(lambda _checked=False, k=k: choose(k))
            if k < N_KEYS:
                QShortcut(QKeySequence(str(k + 1)), self, lambda k=k: choose(k))
        grid.setRowStretch(len(self.tiles) // N_COLUMNS + 1, 1)
        area.setWidgetResizable(True)
        area.setWidget(body)
        self.setCentralWidget(area)
        n_rows = -(-len(self.tiles) // N_COLUMNS)
        self.look = WindowLook(self, lambda _scheme: style(), PEOPLE_PAGE, "people")
        QShortcut(QKeySequence("Esc"), self, self.look.leave)
        self.resize(N_COLUMNS * (TILE.width() + theme.GAP) + 40, min(n_rows, 5) * 130 + 40)

    def refresh(self, glances: Sequence[Glance]) -> None:
        """Show where everybody stands."""
        for tile, glance in zip(self.tiles, glances, strict=True):
            tile.show_glance(glance)

    @override
    def closeEvent(self, event: QCloseEvent) -> None:
        """Say that the page was closed."""
        self.look.end()
        self.closed.emit()
        super().closeEvent(event)
