"""Find out whether a window can be shown on this computer, without a risk for this process."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from typing import Final

from physiosync_rt.utils.child_process import ask

TIMEOUT_S: Final = 20.0


def display_available() -> bool:
    """Return whether a window can be shown: on Linux, whether X11 or Wayland is there.

    ``QT_QPA_PLATFORM=offscreen`` counts as a display, so that a test or a server can render.
    """
    if not sys.platform.startswith("linux"):
        return True
    if os.environ.get("QT_QPA_PLATFORM", "").startswith(("offscreen", "minimal", "vnc")):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


@dataclass(frozen=True, slots=True)
class QtProbe:
    """What a process found that tried Qt.

    Attributes
    ----------
    version : str
        Of Qt; empty where it cannot start.
    problem, fix : str
        What is wrong, and what to do.
    is_package : bool
        Whether a Python package is missing, which is an extra of this one.
    """

    version: str = ""
    problem: str = ""
    fix: str = ""
    is_package: bool = False


def probe_qt() -> QtProbe:
    """Start Qt in another process: on the display where there is one, else drawing into memory."""
    answer = ask(["-m", "physiosync_rt.dashboard.try_qt"], TIMEOUT_S)
    if not answer.error:
        return QtProbe(**answer.values)
    where = os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if where and display_available():
        return QtProbe(
            problem=f"no window can open on the display {where} ({answer.error})",
            fix="check that it runs and lets you in (`xdpyinfo` says why), or unset DISPLAY",
        )
    return QtProbe(
        problem=f"Qt cannot start: {answer.error}",
        fix="see the lines of `QT_DEBUG_PLUGINS=1 physiosync demo`; --headless works meanwhile",
    )


def find_window_problem() -> str:
    """Return why no window can open and what to do, in one sentence; empty where one can."""
    found = probe_qt()
    return f"the dashboard cannot open: {found.problem}; {found.fix}" if found.problem else ""
