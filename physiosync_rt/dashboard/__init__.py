"""The window: a dark, calm view of a run, polled from Snapshots. The only room with Qt.

Importing this package loads no Qt; :func:`run_dashboard` and :func:`render_png` do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from physiosync_rt.dashboard import qt
from physiosync_rt.live.options import Command
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.setup.conduct import DEFAULT_HANDS, HandsOn

if TYPE_CHECKING:
    from physiosync_rt.live.group import Group

__all__ = ["prepare", "render_png", "render_svg", "run_app", "run_dashboard", "run_people"]


def prepare() -> None:
    """Connect to the display, before a run begins that must not wait or fail for it.

    Raises
    ------
    UserError
        When Qt is not installed or lacks a system library.
    """
    qt.load()
    from physiosync_rt.dashboard.application import application

    application()


def run_dashboard(
    get_snapshot: Callable[[], Snapshot | None],
    send: Callable[[Command], None],
    *,
    duration: float | None = None,
    screenshot: Path | None = None,
    is_done: Callable[[], bool],
    hands_on: HandsOn = DEFAULT_HANDS,
) -> int:
    """Show the dashboard until it is closed, the time is up or the run is done.

    Parameters
    ----------
    get_snapshot : callable
        Returns the newest Snapshot, None before the first; must return at once.
    send : callable
        Takes a Command of the person; must return at once. Gets ``stop`` when the window closes.
    duration : float or None
        Seconds after which the window closes by itself.
    screenshot : Path or None
        PNG file written just before the window closes.
    is_done : callable
        Whether the run has ended; the window then closes.
    hands_on : HandsOn
        Who takes part, the marker keys, and where files that a person asks for go.

    Returns
    -------
    int
        Exit code, 0.

    Raises
    ------
    UserError
        When Qt is not installed or lacks a system library, or the screenshot cannot be written.

    Notes
    -----
    Runs Qt's event loop in the calling thread, which has to be the main one. Polls with a timer
    and shows one part of the newest snapshot every 25 ms.
    """
    qt.load()
    from physiosync_rt.dashboard.application import run

    return run(
        get_snapshot,
        send,
        duration=duration,
        screenshot=screenshot,
        is_done=is_done,
        hands_on=hands_on,
    )


def run_people(
    group: Group, hands_on: Mapping[str, HandsOn], *, is_done: Callable[[], bool]
) -> None:
    """Show a page of several people, and the live view of whom one chooses, until it is closed.

    Parameters
    ----------
    group : Group
        Runs in a thread of its own; is sent ``stop`` when the page closes.
    hands_on : mapping of str to HandsOn
        By the names of the people.
    is_done : callable
        Whether all runs have ended; the page then closes.

    Raises
    ------
    UserError
        When Qt is not installed or lacks a system library.
    """
    qt.load()
    from physiosync_rt.dashboard.people_app import run

    run(group, hands_on, is_done)


def render_png(snapshot: Snapshot, path: Path, size: tuple[int, int] = (1280, 800)) -> None:
    """Draw one snapshot into a PNG file, without a display.

    Parameters
    ----------
    snapshot : Snapshot
    path : Path
        File to write; its folder has to exist.
    size : tuple of int
        Width and height in pixels.

    Raises
    ------
    UserError
        When Qt is not installed or lacks a system library, or the file cannot be written.
    """
    qt.load()
    from physiosync_rt.dashboard.application import render

    render(snapshot, path, size)


def run_app(
    settings: Path | None = None,
    *,
    local: bool = False,
    say: Callable[[str], None] = lambda _text: None,
) -> None:
    """Show the start screen, and runs, until it is closed.

    Parameters
    ----------
    settings : Path, optional
        File in which the last choice is remembered; the user's own where it is not given.
    local : bool
        Whether LSL is restricted to this computer; it is configured by the caller.
    say : callable
        Takes what a run came to that was ended with the program.

    Raises
    ------
    UserError
        When Qt is not installed or lacks a system library.
    """
    qt.load()
    from physiosync_rt.dashboard.start_app import run_app as show

    show(settings, local=local, say=say)


def render_svg(svg: str, scale: float = 2.0) -> bytes:
    """Draw a figure of a report as PNG, without a display.

    Parameters
    ----------
    svg : str
        As `physiosync_rt.run_report` draws it.
    scale : float
        Pixels for each unit of the figure.

    Raises
    ------
    UserError
        When Qt is not installed or lacks a system library.
    """
    qt.load("the pictures cannot be drawn", "leave --png out")
    from physiosync_rt.dashboard.pictures import draw

    return draw(svg, scale)
