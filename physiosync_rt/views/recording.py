"""The state of the recording in words, and the room that is left for it."""

from __future__ import annotations

import time
from pathlib import Path

from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.utils.disk_space import free_bytes, free_text
from physiosync_rt.utils.translation import tr
from physiosync_rt.views.wording import clock

LOOK_S = 5.0
"""So often the disk is asked."""


def recording_text(snapshot: Snapshot) -> str:
    """Return whether the raw signals are recorded, and for how long by now."""
    if snapshot.recording_path:
        return tr("raw signals recorded {time}").format(time=clock(snapshot.recording_s))
    return tr("raw signals not recorded")


def folder_of(snapshot: Snapshot, otherwise: Path) -> Path:
    """Return the folder into which a run writes, or would write."""
    written = snapshot.recording_path or snapshot.csv_path
    return Path(written).parent if written else otherwise


class FreeDisk:
    """Free disk in words, asked every few seconds in the thread of a view."""

    def __init__(self) -> None:
        self._asked_at = -LOOK_S
        self._said = ""

    def text(self, snapshot: Snapshot) -> str:
        """Return how much room is left where a run writes."""
        if time.monotonic() - self._asked_at >= LOOK_S:
            self._asked_at = time.monotonic()
            try:
                self._said = free_text(free_bytes(folder_of(snapshot, Path())))
            except OSError:
                self._said = tr("free disk not known")
        return self._said
