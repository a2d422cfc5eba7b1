"""Colours of the start screen, light and dark as the system is, and their style sheet."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette

from physiosync_rt.dashboard import theme
from physiosync_rt.views import palette


@dataclass(frozen=True, slots=True)
class Scheme:
    """Colours by what they are for.

    Everything that is read (``text``, ``muted`` and the four that carry meaning) stands out from
    ``background``, ``panel`` and ``raised`` by a contrast of at least 4.5.
    """

    background: str
    panel: str
    raised: str
    line: str
    border: str
    text: str
    muted: str
    focus: str
    fine: str
    warning: str
    alert: str
    alert_panel: str


DARK = Scheme(
    background=theme.BACKGROUND,
    panel=theme.PANEL,
    raised=theme.RAISED,
    line=theme.LINE,
    border="#414c5a",
    text=theme.TEXT,
    muted=theme.MUTED,
    focus=palette.AROUSAL,
    fine=palette.FINE,
    warning=palette.VALENCE,
    alert=palette.ALERT,
    alert_panel="#2e1c1c",
)
LIGHT = Scheme(
    background="#eef1f5",
    panel="#ffffff",
    raised="#f2f4f8",
    line="#dde2e9",
    border="#b4bdc9",
    text="#1a2029",
    muted="#525d6c",
    focus="#1c62b5",
    fine="#1c7049",
    warning="#80560a",
    alert="#b0362a",
    alert_panel="#fdefed",
)

LIGHT_SHADES: dict[str, str] = {
    theme.BACKGROUND: LIGHT.background,
    theme.PANEL: LIGHT.panel,
    theme.RAISED: LIGHT.raised,
    theme.LINE: LIGHT.line,
    theme.TEXT: LIGHT.text,
    theme.MUTED: LIGHT.muted,
    theme.FAINT: "#8f99a7",
    theme.TRACE: "#46515f",
    theme.ALERT_PANEL: LIGHT.alert_panel,
    theme.ALERT_TEXT: LIGHT.alert,
    palette.VALENCE: LIGHT.warning,
    palette.AROUSAL: LIGHT.focus,
    palette.FINE: LIGHT.fine,
    palette.ALERT: LIGHT.alert,
}
"""Colours of the live window in the light scheme, by those of the dark one."""

READ_ON = ("background", "panel", "raised")
READ = ("text", "muted", "focus", "fine", "warning", "alert")


def system_scheme() -> Scheme:
    """Return the scheme that the system asks for; dark where it asks for none."""
    wanted = QGuiApplication.styleHints().colorScheme()
    return LIGHT if wanted is Qt.ColorScheme.Light else DARK


def shades_of(scheme: Scheme) -> dict[str, str]:
    """Return what stands for the colours of `theme` in a scheme."""
    return LIGHT_SHADES if scheme is LIGHT else {}


def palette_of(scheme: Scheme) -> QPalette:
    """Return the palette of a scheme, for what Qt draws itself."""
    colours = QPalette()
    role = QPalette.ColorRole
    for each, colour in (
        (role.Window, scheme.background),
        (role.Base, scheme.panel),
        (role.AlternateBase, scheme.raised),
        (role.Button, scheme.raised),
        (role.Text, scheme.text),
        (role.WindowText, scheme.text),
        (role.ButtonText, scheme.text),
        (role.PlaceholderText, scheme.muted),
        (role.ToolTipBase, scheme.raised),
        (role.ToolTipText, scheme.text),
        (role.Highlight, scheme.focus),
        (role.HighlightedText, scheme.panel),
        (role.Mid, scheme.border),
        (role.Dark, scheme.border),
        (role.Light, scheme.raised),
    ):
        colours.setColor(each, QColor(colour))
    for each in (role.Text, role.WindowText, role.ButtonText):
        colours.setColor(QPalette.ColorGroup.Disabled, each, QColor(scheme.muted))
    return colours


def style_of(scheme: Scheme) -> str:
    """Return the style sheet of a scheme, at the zoom of the present."""
    s, box = scheme, round(theme.px(16))
    return f"""
QMainWindow, QDialog, QWidget#body {{ background: {s.background}; }}
QWidget {{ color: {s.text}; }}
QFrame#panel {{ background: {s.panel}; border-radius: 10px; }}
QLabel[role="muted"] {{ color: {s.muted}; }}
QLabel[role="fine"] {{ color: {s.fine}; }}
QLabel[role="warning"] {{ color: {s.warning}; }}
QLabel[role="alert"] {{ color: {s.alert}; }}
QLabel#badge {{ color: {s.warning}; border: 1px solid {s.border}; border-radius: 9px;
    padding: 1px 9px 2px 9px; }}
QFrame#banner {{ background: {s.panel}; border: 1px solid {s.border}; border-radius: 10px; }}
QFrame#banner[tone="alert"] {{ background: {s.alert_panel}; border-color: {s.alert}; }}
QPushButton, QToolButton {{ background: {s.raised}; border: 1px solid {s.border};
    border-radius: 8px; padding: 6px 12px; }}
QPushButton:hover, QToolButton:hover {{ border-color: {s.muted}; }}
QPushButton:pressed {{ background: {s.line}; }}
QPushButton:checked {{ background: {s.line}; border-color: {s.muted}; }}
QPushButton:disabled {{ color: {s.muted}; background: {s.panel}; border-color: {s.line}; }}
QPushButton#start {{ background: {s.text}; color: {s.panel}; border: 1px solid {s.text};
    padding: 11px 16px; }}
QPushButton#start:hover {{ background: {s.muted}; }}
QPushButton#start:disabled {{ background: {s.raised}; color: {s.muted};
    border-color: {s.border}; }}
QPushButton#link {{ background: transparent; border: 1px solid transparent; color: {s.focus};
    padding: 2px 4px; text-align: left; }}
QPushButton#link:hover {{ text-decoration: underline; }}
QLineEdit, QComboBox {{ background: {s.raised}; border: 1px solid {s.border};
    border-radius: 8px; padding: 5px 9px; selection-background-color: {s.focus};
    selection-color: {s.panel}; placeholder-text-color: {s.muted}; }}
QComboBox::drop-down {{ border: none; width: 20px; }}
QComboBox::down-arrow {{ image: none; }}
QComboBox QLineEdit {{ background: transparent; border: none; padding: 0; }}
QComboBox QAbstractItemView {{ background: {s.panel}; border: 1px solid {s.border};
    selection-background-color: {s.line}; selection-color: {s.text}; outline: none; }}
QListWidget, QTreeWidget, QTableWidget {{ background: transparent; border: 1px solid transparent;
    border-radius: 8px; outline: none; }}
QListWidget::item, QTreeWidget::item {{ padding: 5px 6px; border-radius: 6px; }}
QListWidget::item:selected, QTreeWidget::item:selected {{ background: {s.line};
    color: {s.text}; }}
QTableWidget {{ gridline-color: transparent; }}
QHeaderView::section {{ background: {s.panel}; color: {s.muted}; border: none;
    padding: 3px 6px; }}
QCheckBox {{ spacing: 8px; padding: 3px 5px; border: 1px solid transparent;
    border-radius: 6px; }}
QCheckBox::indicator {{ width: {box}px; height: {box}px; border: 1px solid {s.muted};
    border-radius: 4px; background: {s.raised}; }}
QCheckBox::indicator:checked {{ background: {s.focus}; border-color: {s.focus}; }}
QPushButton:focus, QToolButton:focus, QLineEdit:focus, QComboBox:focus,
QListWidget:focus, QTreeWidget:focus, QCheckBox:focus {{ border-color: {s.focus}; }}
QPushButton#start:focus {{ border: 2px solid {s.focus}; padding: 10px 15px; }}
QToolTip {{ background: {s.raised}; color: {s.text}; border: 1px solid {s.border};
    padding: 5px 8px; }}
QScrollArea, QWidget#scrolled {{ background: transparent; border: none; }}
QScrollBar:vertical {{ background: transparent; width: 8px; }}
QScrollBar::handle:vertical {{ background: {s.border}; border-radius: 4px; min-height: 24px; }}
QScrollBar:horizontal {{ background: transparent; height: 8px; }}
QScrollBar::handle:horizontal {{ background: {s.border}; border-radius: 4px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
    background: none; height: 0; width: 0; }}
QPushButton, QToolButton, QLineEdit, QComboBox, QComboBox QAbstractItemView, QListWidget,
QTreeWidget, QTableWidget, QHeaderView, QCheckBox {{ font-size: {round(theme.px(13))}px; }}
QPushButton#start {{ font-size: {round(theme.px(15))}px; }}
"""
