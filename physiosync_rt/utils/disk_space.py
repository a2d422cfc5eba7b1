"""How much room is left where a run is written."""

from __future__ import annotations

import shutil
from pathlib import Path

from physiosync_rt.utils.translation import tr

LEAST_FREE = 50 * 2**20
"""Bytes of free disk below which a run cannot be kept."""

LITTLE_FREE = 2**30
"""Bytes of free disk that a person should know of."""


def free_bytes(folder: Path) -> int:
    """Return the free bytes of the disk that holds a folder, or the first one above that exists.

    Raises
    ------
    OSError
        The disk does not say.
    """
    there = folder.absolute()
    while not there.exists() and there != there.parent:
        there = there.parent
    return shutil.disk_usage(there).free


def free_text(free: int) -> str:
    """Return free bytes as a person reads them."""
    if free < LITTLE_FREE:
        return tr("Only {size} free").format(size=f"{free / 2**20:.0f} MB")
    return tr("{size} free").format(size=f"{free / 2**30:.1f} GB")
