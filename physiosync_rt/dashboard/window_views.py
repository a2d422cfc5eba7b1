"""How the live window is looked at: as any window, and the plane alone for a big screen."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtGui import QFont, QKeySequence, QShortcut
from PySide6.QtWidgets import QGridLayout, QMainWindow, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.guide import LIVE_PAGE
from physiosync_rt.dashboard.live_style import style
from physiosync_rt.dashboard.pps_panel import PpsPanel
from physiosync_rt.dashboard.readout import Readout
from physiosync_rt.dashboard.window_look import WindowLook

_USUAL = 500
"""Height of a window in pixels, at a zoom of 1, whose words have their usual size in a room."""


@dataclass(frozen=True, slots=True)
class Panels:
    """What the big screen changes: the plane stays, the others go.

    Attributes
    ----------
    grid : QGridLayout
    columns : tuple of (int, int)
        Least width and share of each column of the grid.
    readout : Readout
    pps : PpsPanel
    notice : Text
    others : tuple of QWidget
    """

    grid: QGridLayout
    columns: tuple[tuple[int, int], ...]
    readout: Readout
    pps: PpsPanel
    notice: theme.Text
    others: tuple[QWidget, ...]


class WindowViews(WindowLook):
    """Keys of the live window: F2 big screen, and those of every window.

    Parameters
    ----------
    window : QMainWindow
    panels : Panels

    Attributes
    ----------
    big : bool
        Whether the plane alone is on show.
    """

    def __init__(self, window: QMainWindow, panels: Panels) -> None:
        self._panels = panels
        self.big = False
        super().__init__(window, lambda _scheme: style(), LIVE_PAGE, "live")
        QShortcut(QKeySequence("F2"), window, self.toggle_big)

    def toggle_big(self) -> None:
        """Show the plane alone, large enough for a room, or everything again."""
        self.big = not self.big
        panels = self._panels
        for widget in panels.others:
            widget.setVisible(not self.big)
        panels.pps.setVisible(not self.big and panels.pps.memory.ch_names != ())
        panels.pps.stays_hidden = self.big
        for column, (least, stretch) in enumerate(panels.columns):
            panels.grid.setColumnMinimumWidth(column, 0 if self.big and column else least)
            panels.grid.setColumnStretch(column, 0 if self.big and column else stretch)
        panels.readout.show_big(self.big)
        self.fit_words()

    def fit_words(self) -> None:
        """On the big screen, let words grow with the window."""
        scale = max(1.3, self._window.height() / theme.px(_USUAL)) if self.big else 1.0
        self._panels.readout.set_words(scale)
        self._panels.notice.set_font(round(13 * scale), QFont.Weight.Normal)

    @override
    def leave(self) -> None:
        """Leave the big screen first, then the full one."""
        if self.big:
            self.toggle_big()
        else:
            super().leave()
