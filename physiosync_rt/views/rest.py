"""The rest of the person in words and moments: how long it goes on, and when it is over."""

from __future__ import annotations

from physiosync_rt.datatypes import Reason
from physiosync_rt.live.snapshot import Snapshot
from physiosync_rt.utils.translation import tr
from physiosync_rt.views.wording import is_capturing


def rest_to_lose(snapshot: Snapshot) -> str:
    """Return the rest that would be replaced by another, in words; empty where there is none."""
    row = snapshot.prediction
    if snapshot.baseline_progress < 1.0 or snapshot.baseline_failed or not snapshot.baseline:
        return ""
    if row is None or Reason.NO_BASELINE in (row.reason, row.left_out):
        return ""
    return snapshot.baseline


def rest_to_go(snapshot: Snapshot) -> str:
    """Return how long a rest goes on, in words; empty where none does."""
    if not is_capturing(snapshot):
        return ""
    return tr("{n} s of rest to go").format(n=f"{snapshot.baseline_left_s:.0f}")


class RestWatch:
    """Notices when a rest is complete, once for each."""

    def __init__(self) -> None:
        self._is_open = False

    def is_complete(self, snapshot: Snapshot) -> bool:
        """Return whether the rest that went on has been completed with this snapshot."""
        was_open, self._is_open = self._is_open, snapshot.baseline_progress < 1.0
        if is_capturing(snapshot):
            return False
        return was_open and not self._is_open and not snapshot.baseline_failed
