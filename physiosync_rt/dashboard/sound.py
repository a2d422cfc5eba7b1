"""The one sound of the window: the end of a rest."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication


def ring() -> None:
    """Let the desktop make its sound; without one nothing happens.

    Notes
    -----
    Qt's own sounds (QtMultimedia) are not part of what is installed.
    """
    QApplication.beep()
