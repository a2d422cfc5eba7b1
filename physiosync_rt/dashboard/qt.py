"""The door to Qt: whether it can open here, and what to install when it cannot."""

from __future__ import annotations

import importlib
import os
import sys

from physiosync_rt.errors import UserError

_LIBRARIES = (
    "Debian/Ubuntu: apt install libegl1 libgl1 libxkbcommon0 libxkbcommon-x11-0 libdbus-1-3 "
    "libfontconfig1 libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxcb-shape0; "
    "Fedora: dnf install mesa-libEGL mesa-libGL libxkbcommon libxkbcommon-x11 dbus-libs "
    "fontconfig xcb-util-cursor xcb-util-wm xcb-util-keysyms"
)


def display_available() -> bool:
    """Return whether a window can be shown: on Linux, whether X11 or Wayland is there.

    ``QT_QPA_PLATFORM=offscreen`` counts as a display, so that a test or a server can render.
    """
    if not sys.platform.startswith("linux"):
        return True
    if os.environ.get("QT_QPA_PLATFORM", "").startswith(("offscreen", "minimal", "vnc")):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def load() -> None:
    """Import Qt and pyqtgraph.

    Raises
    ------
    UserError
        When a package or one of Qt's system libraries is missing; names what to install.
    """
    for name in ("PySide6.QtCore", "PySide6.QtGui", "PySide6.QtWidgets", "pyqtgraph"):
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            raise UserError(
                f"The dashboard needs the Python package {error.name}, which is not installed; "
                "mend: pip install 'physiosync-rt[gui]', or run with --headless."
            ) from error
        except ImportError as error:
            raise UserError(
                f"The dashboard cannot load Qt because a system library is missing ({error}); "
                f"mend: {_LIBRARIES}; or run with --headless."
            ) from error
