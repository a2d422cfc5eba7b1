"""Clock corrections of LSL, asked for without holding up samples."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from physiosync_rt.errors import UserError

if TYPE_CHECKING:
    import pylsl

CORRECTION_S = 2.0
"""How often the clock correction is asked for; liblsl renews it in the background."""

SAME_HOST_S = 1e-3
"""Below this a correction on one computer is measurement noise and counts as 0."""

ANSWER_S, SOON_S = 5.0, 1.0
"""How long a sender may take to answer at the start, and in the middle of a run."""


class ClockCorrection:
    """What to add to a stream's stamps, renewed without ever holding up its samples.

    Parameters
    ----------
    inlet : pylsl.StreamInlet
    host : str
        Name of the sending computer.

    Raises
    ------
    UserError
        Another computer does not answer clock requests.
    """

    def __init__(
        self, inlet: pylsl.StreamInlet, host: str, name: str, timeout: float = ANSWER_S
    ) -> None:
        from pylsl.util import LostError

        self._inlet = inlet
        self._lost = LostError
        self._due = time.monotonic() + CORRECTION_S
        same_host = host == socket.gethostname()
        try:
            self.offset: float = inlet.time_correction(timeout=timeout)
        except (TimeoutError, LostError) as error:
            if not same_host:
                raise UserError(
                    f"stream {name!r} on {host} does not answer clock requests; allow UDP "
                    "ports 16572 to 16604 in the firewalls of both computers"
                ) from error
            self.offset = 0.0
        self._fixed = same_host and abs(self.offset) < SAME_HOST_S
        if self._fixed:
            self.offset = 0.0

    def renew(self) -> None:
        """Take the newest estimate, when it is time."""
        now = time.monotonic()
        if self._fixed or now < self._due:
            return
        self._due = now + CORRECTION_S
        try:
            self.offset = self._inlet.time_correction(timeout=0.0)
        except (TimeoutError, self._lost):
            # The last estimate holds until the stream is back.
            return
