"""Let the window move smoothly beside the engine, which is a thread of the same process."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_S = 0.0005
"""So long one thread may keep Python's lock while another waits for it."""


@contextmanager
def smooth_window() -> Iterator[None]:
    """Hand Python's lock over quickly, and look for garbage in what comes up during the run alone.

    Notes
    -----
    Each drawing call of Qt releases the lock and waits for it again: at Python's usual 5 ms, one
    picture that is drawn while a row is made takes a tenth of a second. A full collection of
    garbage goes through every object of torch, Qt and numpy: 200 ms in which neither the window
    nor the engine does anything. So what is loaded by now is collected once and left alone.
    """
    before = sys.getswitchinterval()
    gc.collect()
    gc.freeze()
    sys.setswitchinterval(SWITCH_S)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
        gc.unfreeze()
