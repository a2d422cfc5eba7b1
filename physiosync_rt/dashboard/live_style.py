"""The style sheet of the live window."""

from __future__ import annotations

from physiosync_rt.dashboard import theme
from physiosync_rt.views.palette import ALERT


def style() -> str:
    """Return the style sheet of the window, in the colours and at the zoom of the present."""
    background, panel, raised = map(theme.shade, (theme.BACKGROUND, theme.PANEL, theme.RAISED))
    line, faint, muted, text = map(theme.shade, (theme.LINE, theme.FAINT, theme.MUTED, theme.TEXT))
    alert, alert_panel, alert_text = map(theme.shade, (ALERT, theme.ALERT_PANEL, theme.ALERT_TEXT))
    return f"""
QMainWindow, QDialog, QWidget#body {{ background: {background}; }}
QWidget {{ color: {text}; }}
QFrame#panel {{ background: {panel}; border-radius: 10px; }}
QFrame#rule {{ background: {line}; }}
QLabel[role="muted"] {{ color: {muted}; }}
QLabel[role="alert"] {{ color: {alert}; }}
QLabel#badge {{ color: {muted}; border: 1px solid {faint}; border-radius: 9px;
    padding: 1px 9px 2px 9px; }}
QLabel#notice {{ background: {alert_panel}; color: {alert_text}; border-radius: 8px;
    padding: 8px 14px; }}
QFrame#ask {{ background: {raised}; border: 1px solid {faint}; border-radius: 8px; }}
QPushButton {{ background: {raised}; border: 1px solid {line}; border-radius: 8px;
    padding: 7px 13px; }}
QPushButton:hover {{ border-color: {faint}; }}
QPushButton:focus {{ border-color: {muted}; }}
QPushButton:pressed {{ background: {line}; }}
QPushButton:disabled {{ color: {muted}; }}
QPushButton[active="true"] {{ border-color: {alert}; color: {alert}; }}
QToolButton {{ background: transparent; border: 1px solid transparent; border-radius: 6px;
    padding: 0 5px; color: {muted}; }}
QToolButton:hover, QToolButton:focus {{ border-color: {muted}; color: {text}; }}
QToolButton:checked {{ color: {text}; }}
QToolButton::menu-indicator {{ image: none; }}
QLineEdit {{ background: {panel}; border: 1px solid {line}; border-radius: 8px;
    padding: 6px 10px;
    selection-background-color: {faint}; selection-color: {text};
    placeholder-text-color: {muted}; }}
QLineEdit:focus {{ border-color: {muted}; }}
QToolTip {{ background: {raised}; color: {text}; border: 1px solid {faint};
    padding: 5px 8px; }}
QScrollArea, QWidget#scrolled {{ background: transparent; border: none; }}
QScrollBar:vertical {{ background: transparent; width: 6px; }}
QScrollBar::handle:vertical {{ background: {line}; border-radius: 3px; min-height: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {{
    background: none; height: 0; }}
QPushButton, QLineEdit, QToolButton, QMenu {{ font-size: {round(theme.px(13))}px; }}
QMenu {{ background: {raised}; color: {text}; border: 1px solid {faint}; }}
QMenu::item {{ padding: 4px 18px; }}
QMenu::item:selected {{ background: {line}; }}
QScrollBar:horizontal {{ background: {raised}; height: 10px; }}
QScrollBar::handle:horizontal {{ background: {faint}; border-radius: 4px; min-width: 24px; }}
"""
