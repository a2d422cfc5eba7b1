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
    name : str
        Of the stream, for the error's sentence.
    before : ClockCorrection, optional
        That of the stream's predecessor, in the middle of a run: nothing waits for an answer, and
        a clock of this computer need not be asked again.

    Attributes
    ----------
    offset : float
        Seconds to add to the stamps.
    known : bool
        Whether the sender has answered, or will not; samples wait for that.
    fixed : bool
        Whether the clock is this computer's own, so that nothing is to be added.

    Raises
    ------
    UserError
        Another computer does not answer clock requests, at the start of a run.
    """

    def __init__(
        self,
        inlet: pylsl.StreamInlet,
        host: str,
        name: str,
        before: ClockCorrection | None = None,
    ) -> None:
        from pylsl.util import LostError

        self._inlet = inlet
        self._lost = LostError
        self._began = time.monotonic()
        self._due = self._began + CORRECTION_S
        self._same_host = host == socket.gethostname()
        self.offset = 0.0
        # On one computer a clock that needed no correction needs none later.
        self.fixed: bool = before is not None and before.fixed and self._same_host
        self.known = self.fixed
        if before is None:
            self._ask(host, name)
            self.known = True

    def _ask(self, host: str, name: str) -> None:
        try:
            self.offset = self._inlet.time_correction(timeout=ANSWER_S)
        except (TimeoutError, self._lost) as error:
            if not self._same_host:
                raise UserError(
                    f"stream {name!r} on {host} does not answer clock requests; allow UDP "
                    "ports 16572 to 16604 in the firewalls of both computers"
                ) from error
        self._fix()

    def _fix(self) -> None:
        """Take what is measured of one clock against itself as what it is: nothing."""
        self.fixed = self._same_host and abs(self.offset) < SAME_HOST_S
        if self.fixed:
            self.offset = 0.0

    def renew(self) -> None:
        """Take the newest estimate, when it is time."""
        now = time.monotonic()
        if self.fixed or (self.known and now < self._due):
            return
        self._due = now + CORRECTION_S
        try:
            self.offset = self._inlet.time_correction(timeout=0.0)
        except (TimeoutError, self._lost):
            # The last estimate holds until the stream is back; a clock that never answers is
            # told by its stamps.
            self.known = self.known or now - self._began > ANSWER_S
            return
        if not self.known:
            self.known = True
            self._fix()
