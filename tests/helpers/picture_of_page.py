"""Take a picture of a page in Qt's browser: `picture_of_page HTML PNG light 1366x768`.

The browser is part of PySide6-Addons, which the dashboard does not need.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

_DARK, _LIGHT = 0, 1
_DRAWN_MS = 3000


def take(page: Path, picture: Path, colours: str, size: str) -> None:
    """Draw the upper part of a page, as large as a screen, in dark or light colours."""
    wanted = _DARK if colours == "dark" else _LIGHT
    # Read when the browser is loaded. In a container there is no sandbox to be had.
    os.environ["QTWEBENGINE_CHROMIUM_FLAGS"] = (
        f"--no-sandbox --blink-settings=preferredColorScheme={wanted}"
    )
    # Without a display the browser draws by itself; on Xvfb it looks for a graphics card.
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from helpers.take_pictures import save
    from PySide6.QtCore import QTimer, QUrl
    from PySide6.QtWebEngineWidgets import QWebEngineView
    from PySide6.QtWidgets import QApplication

    app = QApplication(["page"])
    view = QWebEngineView()
    scale = float(os.environ.get("QT_SCALE_FACTOR", "1"))
    view.resize(*(round(int(side) / scale) for side in size.split("x")))
    view.load(QUrl.fromLocalFile(str(page.resolve())))

    def finish() -> None:
        save(view.grab().toImage(), picture)
        app.quit()

    view.loadFinished.connect(lambda _done: QTimer.singleShot(_DRAWN_MS, finish))
    view.show()
    app.exec()


if __name__ == "__main__":
    take(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], sys.argv[4])
