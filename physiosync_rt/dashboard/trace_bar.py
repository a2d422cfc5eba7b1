"""What can be done with the traces: channels, scale, span, pause."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QCoreApplication, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QMenu, QToolButton, QWidget

from physiosync_rt.dashboard.trace_view import SPANS_S, TraceView
from physiosync_rt.utils.plain_text import plain_text
from physiosync_rt.views.wording import clock


class TraceBar(QWidget):
    """Buttons beside the title of the traces.

    Keys: P pauses, left and right scroll back and forth, up and down change the scale.
    """

    changed = Signal()
    scrolled = Signal(float)
    """By a share of the span."""

    pause_asked = Signal()
    scale_asked = Signal(int)
    """By so many steps; 0 follows the typical channel again."""

    def __init__(self, view: TraceView) -> None:
        super().__init__()
        self._view = view
        self._names: tuple[str, ...] = ()
        self.channels = self._menu_button(self.tr("Channels"), self.tr("Hide and show channels"))
        self.span = self._menu_button("5 s", self.tr("Seconds on show"))
        self.smaller = self._button("−", self.tr("Draw the traces smaller (Down)"), -1)
        self.larger = self._button("+", self.tr("Draw the traces larger (Up)"), 1)
        self.pause = QToolButton()
        self.pause.setCheckable(True)
        self.pause.setToolTip(self.tr("Let the traces stand still (P); scroll back with Left"))
        self.pause.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.pause.clicked.connect(lambda _checked: self.pause_asked.emit())
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(2)
        for button in (self.channels, self.smaller, self.larger, self.span, self.pause):
            row.addWidget(button)
        self._offer_spans()
        self.channels.menu().aboutToShow.connect(self._offer_channels)
        self.refresh(())
        keys: tuple[tuple[str, Callable[[], None]], ...] = (
            ("P", self.pause_asked.emit),
            ("Left", lambda: self.scrolled.emit(-0.5)),
            ("Right", lambda: self.scrolled.emit(0.5)),
            ("Up", lambda: self.scale_asked.emit(1)),
            ("Down", lambda: self.scale_asked.emit(-1)),
        )
        for key, does in keys:
            QShortcut(QKeySequence(key), self, does)

    def refresh(self, names: tuple[str, ...]) -> None:
        """Show what is chosen, and offer channels."""
        paused = self._view.is_paused
        self.pause.setChecked(paused)
        self.pause.setText("▶" if paused else "❚❚")
        said = self.tr("Follow the signal again") if paused else self.tr("Pause the traces")
        self.pause.setAccessibleName(said)
        self.span.setText(f"{_span_text(self._view.span_s)} ▾")
        n = len(self._view.hidden)
        said = self.tr("{n} hidden").format(n=n) if n else self.tr("Channels")
        self.channels.setText(f"{said} ▾")
        self._names = names

    def _offer_spans(self) -> None:
        menu = self.span.menu()
        for span_s in SPANS_S:
            action = menu.addAction(_span_text(span_s))
            action.triggered.connect(lambda _checked, span_s=span_s: self._choose_span(span_s))

    def _choose_span(self, span_s: float) -> None:
        self._view.span_s = span_s
        self.changed.emit()

    def _offer_channels(self) -> None:
        menu = self.channels.menu()
        menu.clear()
        menu.addAction(self.tr("Show all"), self._show_all)
        menu.addAction(self.tr("Follow the typical channel's height"), self._follow)
        menu.addSeparator()
        for name in self._names:
            action = QAction(plain_text(name).replace("&", "&&"), menu)
            action.setCheckable(True)
            action.setChecked(name not in self._view.hidden)
            action.triggered.connect(lambda _checked, name=name: self._toggle(name))
            menu.addAction(action)

    def _toggle(self, name: str) -> None:
        self._view.toggle_channel(name)
        self.changed.emit()

    def _show_all(self) -> None:
        self._view.hidden.clear()
        self.changed.emit()

    def _follow(self) -> None:
        self.scale_asked.emit(0)

    def _button(self, text: str, tip: str, steps: int) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda _checked: self.scale_asked.emit(steps))
        return button

    def _menu_button(self, text: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setText(text)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        button.setMenu(QMenu(button))
        return button


def when_text(view: TraceView) -> str:
    """Return which time is on show."""
    translate = QCoreApplication.translate
    if view.end_s is None:
        return translate("TraceBar", "last {n} s").format(n=f"{view.span_s:g}")
    begin = clock(max(view.end_s - view.span_s, 0.0))
    said = translate("TraceBar", "paused at {begin} to {end}")
    return said.format(begin=begin, end=clock(view.end_s))


def _span_text(span_s: float) -> str:
    return f"{span_s:g} s" if span_s < 120 else f"{span_s / 60:g} min"
