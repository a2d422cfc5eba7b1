"""Request LSL's clock offsets without delaying samples."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from physiosync_rt.errors import UserError

if TYPE_CHECKING:
    import pylsl

CORRECTION_S = 2.0
"""How often the clock offset is read; liblsl updates it in the background."""

SAME_HOST_S = 1e-3
"""Below this an offset within one computer is measurement noise and counts as 0."""

ANSWER_S, SOON_S = 5.0, 1.0
"""How long to wait for a sender's response at the start, and in the middle of a run."""


def no_answer() -> tuple[type[Exception], ...]:
    """Return the errors by which pylsl says that a sender does not respond.

    Its TimeoutError is not Python's.
    """
    from pylsl import util

    return util.TimeoutError, util.LostError


class ClockCorrection:
    """Clock offset of one stream, updated without delaying its samples.

    Parameters
    ----------
    inlet : pylsl.StreamInlet
    host : str
        Name of the sending computer.
    name : str
        Name of the stream, for the error message.
    before : ClockCorrection, optional
        That of the stream's predecessor, in the middle of a run: the constructor does not wait,
        and a clock of this computer is not measured again.

    Attributes
    ----------
    offset : float
        Seconds to add to the stamps.
    known : bool
        Whether the sender has responded, or will not; samples wait for this.
    fixed : bool
        Whether the clock is this computer's own, so that the offset is 0.

    Raises
    ------
    UserError
        Another computer does not respond to clock requests at the start of a run.
    """

    def __init__(
        self,
        inlet: pylsl.StreamInlet,
        host: str,
        name: str,
        before: ClockCorrection | None = None,
    ) -> None:
        self._inlet = inlet
        self._began = time.monotonic()
        self._due = self._began + CORRECTION_S
        self._same_host = host == socket.gethostname()
        self.offset = 0.0
        # On one computer a clock without an offset never gets one.
        self.fixed: bool = before is not None and before.fixed and self._same_host
        self.known = self.fixed
        if before is None:
            self._ask(host, name)
            self.known = True

    def _ask(self, host: str, name: str) -> None:
        try:
            self.offset = self._inlet.time_correction(timeout=ANSWER_S)
        except no_answer() as error:
            if not self._same_host:
                raise UserError(
                    f"stream {name!r} on {host} does not respond to clock requests; allow UDP "
                    "ports 16572 to 16604 in the firewalls of both computers"
                ) from error
        self._fix()

    def _fix(self) -> None:
        """Set the measured offset of this computer's own clock to 0."""
        self.fixed = self._same_host and abs(self.offset) < SAME_HOST_S
        if self.fixed:
            self.offset = 0.0

    def renew(self) -> None:
        """Read the newest offset when it is due."""
        now = time.monotonic()
        if self.fixed or (self.known and now < self._due):
            return
        self._due = now + CORRECTION_S
        try:
            self.offset = self._inlet.time_correction(timeout=0.0)
        except no_answer():
            # The last offset is kept until the stream is back. A clock that never responds is
            # handled by its stamps.
            self.known = self.known or now - self._began > ANSWER_S
            return
        if not self.known:
            self.known = True
            self._fix()
