"""Say which system packages the dashboard needs: one list for README, doctor, CI and every error.

Qt comes with PySide6, but links against libraries of the system. This file imports nothing else of
the program: ``.ci/run`` asks it before anything is installed.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Final

DRAWING: Final = {
    "libEGL.so.1": ("libegl1", "mesa-libEGL"),
    "libGL.so.1": ("libgl1", "mesa-libGL"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
}
"""Libraries that Qt needs to draw at all, with their packages of Debian or Ubuntu and of Fedora."""

WINDOW: Final = {
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil"),
    "libxcb-randr.so.0": ("libxcb-randr0", "libxcb"),
    "libxcb-shm.so.0": ("libxcb-shm0", "libxcb"),
    "libxcb-sync.so.1": ("libxcb-sync1", "libxcb"),
    "libxcb-xfixes.so.0": ("libxcb-xfixes0", "libxcb"),
    "libxcb-xkb.so.1": ("libxcb-xkb1", "libxcb"),
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb"),
}
"""Libraries that a window under X11 needs as well."""

FONTS: Final = ("fonts-dejavu-core", "dejavu-sans-fonts")
"""A package with letters, where the system has none."""

DEBIAN, FEDORA = 0, 1


def packages(system: int = DEBIAN) -> tuple[str, ...]:
    """Every package that the dashboard may need on Debian and Ubuntu, or on Fedora."""
    named = [both[system] for both in (*DRAWING.values(), *WINDOW.values(), FONTS)]
    return tuple(dict.fromkeys(named))


def missing_libraries(*, window: bool) -> tuple[str, ...]:
    """Return the libraries of the list that this system cannot load; none but on Linux.

    Parameters
    ----------
    window : bool
        Whether those of `WINDOW` are needed too.
    """
    if not sys.platform.startswith("linux"):
        return ()
    wanted = [*DRAWING, *(WINDOW if window else ())]
    return tuple(library for library in wanted if not _loads(library))


def fix_for(libraries: tuple[str, ...]) -> str:
    """Return what to install for missing libraries; all of the list where none is known."""
    known = {**DRAWING, **WINDOW}
    both = [known[library] for library in libraries if library in known]
    both = both or [*known.values(), FONTS]
    debian, fedora = (" ".join(dict.fromkeys(column)) for column in zip(*both, strict=True))
    return f"Debian/Ubuntu: apt install {debian}; Fedora: dnf install {fedora}"


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    # Debian packages that are missing, one a line.
    for each in missing_libraries(window=True):
        sys.stdout.write(f"{ {**DRAWING, **WINDOW}[each][DEBIAN] }\n")
