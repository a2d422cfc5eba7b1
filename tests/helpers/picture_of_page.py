"""Take a picture of a page in Qt's browser: `python -m helpers.picture_of_page HTML PNG light`.

The browser is part of PySide6-Addons, which the dashboard does not need.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_DARK, _LIGHT = 0, 1
_DRAWN_MS = 1500


def take(page: Path, picture: Path, colours: str) -> None:
    """Show a page over the whole screen in the colours that a system asks for."""
    wanted = _DARK if colours == "dark" else _LIGHT
    # Read when the browser is loaded. In a container there is no sandbox to be had.
    os.environ["QTWEBENGINE_CHROMIUM_FLAGS"] = (
        f"--no-sandbox --blink-settings=preferredColorScheme={wanted}"
    )
    from helpers.take_pictures import save
    from PySide6.QtCore import QTimer, QUrl
    from PySide6.QtWebEngineWidgets import QWebEngineView
    from PySide6.QtWidgets import QApplication

    app = QApplication(["page"])
    view = QWebEngineView()
    view.setGeometry(view.screen().availableGeometry())
    view.load(QUrl.fromLocalFile(str(page.resolve())))
    view.loadFinished.connect(lambda _done: QTimer.singleShot(_DRAWN_MS, app.quit))
    view.show()
    app.exec()
    save(view.grab().toImage(), picture)


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
