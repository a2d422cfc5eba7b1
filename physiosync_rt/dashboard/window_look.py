"""How a window is looked at: zoom, full screen, colours, the place it was, its keys on a page."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from PySide6.QtCore import QEvent, QObject, QSize
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QMainWindow, QWidget
from typing_extensions import override

from physiosync_rt.dashboard import theme
from physiosync_rt.dashboard.guide import Guide, Page
from physiosync_rt.dashboard.scheme import Scheme, palette_of, shades_of, system_scheme

if TYPE_CHECKING:
    from physiosync_rt.dashboard.memory import Memory

ZOOMS = (0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)


@runtime_checkable
class Restyled(Protocol):
    """A widget that takes colours and zoom once, and again when they change."""

    def restyle(self) -> None:
        """Take the colours and the zoom of the present."""


class WindowLook(QObject):
    """Keys of a window: Ctrl +, Ctrl − and Ctrl 0 zoom, F11 full screen, F1 keys and a guide.

    Parameters
    ----------
    window : QMainWindow
    style : callable
        Returns the style sheet for a scheme, at the zoom of the present.
    page : Page
        What F1 shows.
    place : str
        Under which its geometry is remembered.

    Notes
    -----
    Windows that follow each other share the zoom: the one that is shown takes it by `take`.
    """

    def __init__(
        self, window: QMainWindow, style: Callable[[Scheme], str], page: Page, place: str = ""
    ) -> None:
        super().__init__(window)
        self._window = window
        self._style = style
        self._page = page
        self._place = place
        self._scheme = system_scheme()
        self._memory: Memory | None = None
        self._guide: Guide | None = None
        self._was_maximized = False
        self._ended = False
        self._zoom = 1.0
        theme.LOOK.zoom = 1.0
        self._recolour_for_system()
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._recolour_for_system)
        window.installEventFilter(self)
        for keys, does in (
            (("Ctrl++", "Ctrl+="), self.zoom_in),
            (("Ctrl+-",), self.zoom_out),
            (("Ctrl+0",), self.zoom_to_normal),
            (("F11",), self.toggle_full_screen),
            (("F1",), self.toggle_guide),
        ):
            for key in keys:
                QShortcut(QKeySequence(key), window, does)

    @property
    def zoom(self) -> float:
        """How much larger than usual everything is."""
        return theme.LOOK.zoom

    @override
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Draw lines as thick as before on a screen of another scale."""
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._restyle()
        return super().eventFilter(watched, event)

    # --- memory -------------------------------------------------------------------------------

    def remember(self, memory: Memory) -> None:
        """Take zoom and place of the last time, and keep them at the end."""
        self._memory = memory
        self.take()
        if (geometry := memory.geometry(self._place)) is not None:
            self._window.restoreGeometry(geometry)
        elif QGuiApplication.platformName() != "offscreen":
            screen = self._window.screen()
            self._window.resize(self._window.size().boundedTo(screen.availableSize()))

    def take(self) -> None:
        """Take colours and the zoom that is remembered, after another window had its own."""
        theme.LOOK.shades = shades_of(self._scheme)
        self.zoom_to(self._memory.zoom() if self._memory is not None else self._zoom)

    def keep(self) -> None:
        """Remember zoom and place."""
        if self._memory is not None:
            self._memory.keep_zoom(self.zoom)
            self._memory.keep_geometry(self._window.saveGeometry(), self._place)

    def end(self) -> None:
        """Keep what is remembered; the next window begins as usual. Safe to call twice."""
        if self._ended:
            return
        self._ended = True
        self.close_guide()
        self.keep()
        theme.LOOK.zoom, theme.LOOK.density, theme.LOOK.shades = 1.0, 1.0, {}

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
            theme.LOOK.zoom = self._zoom = level
            self._restyle()
            if level <= before or self._fits():
                return

    def recolour(self, scheme: Scheme) -> None:
        """Take the colours of a scheme."""
        self._scheme = scheme
        theme.LOOK.shades = shades_of(scheme)
        self._window.setPalette(palette_of(scheme))
        self._restyle()

    def _recolour_for_system(self) -> None:
        self.recolour(system_scheme())

    def _restyle(self) -> None:
        theme.LOOK.density = self._window.devicePixelRatioF()
        self._window.setStyleSheet(self._style(self._scheme))
        for widget in self._window.findChildren(QWidget):
            if isinstance(widget, Restyled):
                widget.restyle()
            widget.updateGeometry()
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

    def toggle_guide(self) -> None:
        """Open the keys and a short guide beside the window, or close them."""
        if self._guide is None:
            self._guide = Guide(self._window, self._page)
        self._guide.setVisible(not self._guide.isVisible())

    def close_guide(self) -> None:
        """Close the page of the keys, where it is open."""
        if self._guide is not None:
            self._guide.close()

    def leave(self) -> None:
        """Leave the full screen."""
        if self._window.isFullScreen():
            self.toggle_full_screen()
