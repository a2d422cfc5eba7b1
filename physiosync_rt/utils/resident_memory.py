"""How much memory this process has at present."""

from __future__ import annotations

import os
from pathlib import Path

_STATM = Path("/proc/self/statm")


def resident_mib() -> float | None:
    """Return the resident memory in MiB; None where the system does not say it as Linux does."""
    if not _STATM.exists():
        return None
    pages = int(_STATM.read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
