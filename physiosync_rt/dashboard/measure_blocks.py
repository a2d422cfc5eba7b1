"""A window that is opened and hidden in turns, while it is measured how late its timers are."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from physiosync_rt.dashboard.application import Poller, application
from physiosync_rt.dashboard.main_window import Dashboard
from physiosync_rt.dashboard.smooth import smooth_window
from physiosync_rt.live.options import Command
from physiosync_rt.live.snapshot import Snapshot

TICK_MS = 20
SETTLE_S = 2.0
"""Seconds after the window is shown or hidden that are not measured."""


@dataclass(frozen=True, slots=True)
class Block:
    """A stretch of a run with the window open or hidden.

    Attributes
    ----------
    windowed : bool
    began_s, ended_s : float
        On the monotonic clock.
    cpu_share : float
        Processor time of this process in each second.
    late_ms : tuple of float
        How much more than 20 ms lay between two ticks of a timer; empty without a window.
    waited_ms : tuple of float
        How long threads of Python waited for a core meanwhile, because other programs had it; 0
        where the system does not say so.
    """

    windowed: bool
    began_s: float
    ended_s: float
    cpu_share: float
    late_ms: tuple[float, ...]
    waited_ms: tuple[float, ...]


def measure_blocks(
    get_snapshot: Callable[[], Snapshot | None],
    n_blocks: int,
    block_s: float,
    size: tuple[int, int],
) -> list[Block]:
    """Watch a run without and with a window in turns, beginning without.

    Parameters
    ----------
    get_snapshot : callable
    n_blocks : int
        Of both kinds together.
    block_s : float
        Seconds that are measured of each.
    size : tuple of int
        Width and height of the window in pixels.
    """
    with _open_window(size) as window, smooth_window():
        blocks = []
        for at in range(n_blocks):
            windowed = at % 2 == 1
            window.setVisible(windowed)
            poller = Poller(window, get_snapshot, lambda: False) if windowed else None
            _wait(SETTLE_S)
            blocks.append(_measure_block(block_s, windowed=windowed))
            if poller is not None:
                poller.stop()
                poller.deleteLater()
        return blocks


def show_steps(
    steps: Iterable[object], get_snapshot: Callable[[], Snapshot | None], size: tuple[int, int]
) -> None:
    """Show what each step of a run comes to, as fast as that goes."""
    with _open_window(size) as window, smooth_window():
        window.show()
        for _ in steps:
            if (snapshot := get_snapshot()) is not None:
                window.refresh(snapshot)
            QApplication.processEvents()


@contextmanager
def _open_window(size: tuple[int, int]) -> Iterator[Dashboard]:
    application()
    window = Dashboard(_do_nothing)
    window.resize(*size)
    try:
        yield window
    finally:
        window.close()
        window.deleteLater()


def _measure_block(seconds: float, *, windowed: bool) -> Block:
    ticks: list[tuple[float, float]] = []
    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(lambda: ticks.append((time.monotonic(), _waited_ms())))
    # Without the window too, for noting the ticks takes time of its own.
    timer.start(TICK_MS)
    began, cpu = time.monotonic(), time.process_time()
    _wait(seconds)
    ended, cpu = time.monotonic(), time.process_time() - cpu
    timer.stop()
    apart = [(b[0] - a[0], b[1] - a[1]) for a, b in pairwise(ticks) if windowed]
    late = tuple(max(0.0, 1e3 * seconds - TICK_MS) for seconds, _ in apart)
    waited = tuple(ms for _, ms in apart)
    return Block(windowed, began, ended, cpu / (ended - began), late, waited)


def _waited_ms() -> float:
    """Return how long threads of Python have waited for a core since they began."""
    waited_ns = 0
    for thread in threading.enumerate():
        try:
            told = Path(f"/proc/self/task/{thread.native_id}/schedstat").read_text("ascii")
            waited_ns += int(told.split()[1])
        except OSError:
            continue
    return waited_ns / 1e6


def _wait(seconds: float) -> None:
    """Let Qt work for a while."""
    loop = QEventLoop()
    QTimer.singleShot(round(1e3 * seconds), loop.quit)
    loop.exec()


def _do_nothing(_command: Command) -> None:
    """Take no command: the run ends by itself."""
