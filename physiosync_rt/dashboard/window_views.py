"""How the live window is looked at: zoom, full screen, big screen, colours, the place it was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from PySide6.QtCore import QObject, QSize
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QGridLayout, QMainWindow, QWidget

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.guide import Guide
from physiosync_rt.dashboard.live_style import style
from physiosync_rt.dashboard.pps_panel import PpsPanel
from physiosync_rt.dashboard.readout import Readout
from physiosync_rt.dashboard.scheme import Scheme, palette_of, shades_of, system_scheme

if TYPE_CHECKING:
    from physiosync_rt.dashboard.memory import Memory

ZOOMS = (0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)


@runtime_checkable
class Restyled(Protocol):
    """A widget that takes colours and zoom once, and again when they change."""

    def restyle(self) -> None:
        """Take the colours and the zoom of the present."""


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
    others : tuple of QWidget
    """

    grid: QGridLayout
    columns: tuple[tuple[int, int], ...]
    readout: Readout
    pps: PpsPanel
    others: tuple[QWidget, ...]


class WindowViews(QObject):
    """Keys of the window: Ctrl +, Ctrl − and Ctrl 0 zoom, F11 full screen, F2 big screen, F1 help.

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
        super().__init__(window)
        self._window = window
        self._panels = panels
        self._memory: Memory | None = None
        self._guide: Guide | None = None
        self._was_maximized = False
        self.big = False
        theme.LOOK.zoom = 1.0
        self._recolour_for_system()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._recolour_for_system)
        for keys, does in (
            (("Ctrl++", "Ctrl+="), self.zoom_in),
            (("Ctrl+-",), self.zoom_out),
            (("Ctrl+0",), self.zoom_to_normal),
            (("F11",), self.toggle_full_screen),
            (("F2",), self.toggle_big),
            (("F1",), self.toggle_guide),
        ):
            for key in keys:
                QShortcut(QKeySequence(key), window, does)

    @property
    def zoom(self) -> float:
        """How much larger than usual everything is."""
        return theme.LOOK.zoom

    # --- memory -------------------------------------------------------------------------------

    def remember(self, memory: Memory) -> None:
        """Take zoom and place of the last time, and keep them at the end."""
        self._memory = memory
        self.zoom_to(memory.zoom())
        if (geometry := memory.geometry("live")) is not None:
            self._window.restoreGeometry(geometry)
        elif QGuiApplication.platformName() != "offscreen":
            screen = self._window.screen()
            self._window.resize(self._window.size().boundedTo(screen.availableSize()))

    def end(self) -> None:
        """Keep what is remembered; the next window begins as usual."""
        if self._guide is not None:
            self._guide.close()
        if self._memory is not None:
            self._memory.keep_zoom(self.zoom)
            self._memory.keep_geometry(self._window.saveGeometry(), "live")
            self._memory = None
        theme.LOOK.zoom, theme.LOOK.shades = 1.0, {}

    # --- zoom and colours ---------------------------------------------------------------------

    def zoom_in(self) -> None:
        """Make everything larger, as far as it fits the screen."""
        self.zoom_to(next((z for z in ZOOMS if z > self.zoom + 1e-6), ZOOMS[-1]))

    def zoom_out(self) -> None:
        """Make everything smaller."""
        self.zoom_to(next((z for z in reversed(ZOOMS) if z < self.zoom - 1e-6), ZOOMS[0]))

    def zoom_to_normal(self) -> None:
        """Show everything in its usual size."""
        self.zoom_to(1.0)

    def zoom_to(self, zoom: float) -> None:
        """Show everything at a zoom, or at the next smaller one that fits the screen."""
        before = self.zoom
        for level in sorted({z for z in ZOOMS if z <= zoom + 1e-6} or {ZOOMS[0]}, reverse=True):
            theme.LOOK.zoom = level
            self._restyle()
            if level <= before or self._fits():
                return

    def recolour(self, scheme: Scheme) -> None:
        """Take the colours of a scheme."""
        theme.LOOK.shades = shades_of(scheme)
        self._window.setPalette(palette_of(scheme))
        self._restyle()

    def _recolour_for_system(self) -> None:
        self.recolour(system_scheme())

    def _restyle(self) -> None:
        self._window.setStyleSheet(style())
        for widget in self._window.findChildren(QWidget):
            if isinstance(widget, Restyled):
                widget.restyle()
            widget.update()

    def _fits(self) -> bool:
        """Whether the window can be as small as the screen."""
        if QGuiApplication.platformName() == "offscreen":
            return True
        room = self._window.screen().availableSize()
        body = self._window.centralWidget()
        if body is None or (layout := body.layout()) is None:
            return True
        layout.activate()
        least: QSize = body.minimumSizeHint()
        return least.width() <= room.width() and least.height() <= room.height()

    # --- what is on show ----------------------------------------------------------------------

    def toggle_full_screen(self) -> None:
        """Fill the screen, or go back to a window as it was."""
        window = self._window
        if not window.isFullScreen():
            self._was_maximized = window.isMaximized()
            window.showFullScreen()
        elif self._was_maximized:
            window.showMaximized()
        else:
            window.showNormal()

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

    def toggle_guide(self) -> None:
        """Open the keys and a short guide beside the run, or close them."""
        if self._guide is None:
            self._guide = Guide(self._window)
        self._guide.setVisible(not self._guide.isVisible())

    def leave(self) -> None:
        """Leave the big screen first, then the full one."""
        if self.big:
            self.toggle_big()
        elif self._window.isFullScreen():
            self.toggle_full_screen()
