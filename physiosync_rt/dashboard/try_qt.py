"""Start Qt and say how it went: for a process that may die of it (`utils.display.probe_qt`).

``python -m physiosync_rt.dashboard.try_qt`` prints a `QtProbe` as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict

from physiosync_rt.dashboard.qt import find_problem
from physiosync_rt.utils.display import QtProbe, display_available
from physiosync_rt.utils.system_packages import fix_for, missing_libraries


def _try() -> QtProbe:
    if problem := find_problem():
        return QtProbe("", problem.what, problem.fix, problem.is_package)
    windowed = display_available() and not os.environ.get("QT_QPA_PLATFORM")
    on_x11 = windowed and not os.environ.get("WAYLAND_DISPLAY")
    if missing := missing_libraries(window=on_x11):
        libraries = " and ".join(missing)
        what = "system libraries" if len(missing) > 1 else "a system library"
        return QtProbe("", f"{what} of Qt cannot be loaded ({libraries})", fix_for(missing))
    if not display_available():
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from PySide6 import QtCore, QtWidgets

    _app = QtWidgets.QApplication(["physiosync"])
    return QtProbe(QtCore.qVersion())


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(_try())))
