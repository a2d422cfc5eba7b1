"""Memory that a training gives back and takes again at every step, kept instead."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD = -1
_M_MMAP_THRESHOLD = -3
_AT_MOST = 2**31 - 1


def keep_freed_memory() -> bool:
    """Have the C library keep large blocks that are freed, for the next step to take again.

    Gradients of the paper's network are hundreds of megabytes that live for one step. By default
    glibc returns such blocks to the system, which hands out fresh pages at every step and has to
    clear each of them.

    Returns
    -------
    bool
        False where the C library has no such setting; training is only slower then.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return False
    # glibc refuses neither silently: each call answers 1 when it was taken.
    return bool(mallopt(_M_MMAP_THRESHOLD, _AT_MOST)) and bool(mallopt(_M_TRIM_THRESHOLD, _AT_MOST))
