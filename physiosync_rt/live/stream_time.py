"""Stream time by the clock of arrival: what is due, and when a silent stream is given up."""

from __future__ import annotations

import math

from physiosync_rt.errors import SourceLostError
from physiosync_rt.pipeline.pipeline import GRACE_S
from physiosync_rt.sources.base import Source

GIVE_UP_S = 120.0
"""Seconds without a sample of the EEG that end a run."""


class StreamTime:
    """How far the streams have come, and how far they must have come by now.

    Parameters
    ----------
    source : Source
        Its speed says how much recorded time passes in a second.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._reached_s = -math.inf
        self._reached_at = 0.0

    @property
    def is_paced(self) -> bool:
        """Whether the samples come in time with a clock, rather than as fast as a file is read."""
        return math.isfinite(self._source.speed)

    @property
    def speed(self) -> float:
        """Recorded seconds per second; 1 where the source has no pace."""
        return self._source.speed if self.is_paced else 1.0

    @property
    def grace_s(self) -> float:
        """A second of arrival time, which is ten recorded ones in a replay at speed 10."""
        return GRACE_S * max(self.speed, 1.0)

    def passed(self, reached_s: float, now: float) -> float:
        """Return the seconds from the anchor that have passed by the clock of arrival.

        Without pace no time passes but the recording's own.

        Parameters
        ----------
        reached_s : float
            Fitted time that the samples have reached, in seconds from the anchor.
        now : float
            Present time by the engine's clock.
        """
        # Fitted time, not the newest stamp: a sample that was held back is stamped late, and with
        # a second of it every row would be given up before its samples had their turn.
        if reached_s != self._reached_s:
            self._reached_s, self._reached_at = reached_s, now
        return reached_s + ((now - self._reached_at) * self.speed if self.is_paced else 0.0)

    def comes_in_s(self, t: float) -> float:
        """Seconds until a sample of a time on the clock of the stamps can be here.

        Negative where it could have been; 0 where the source has no such clock, so that a sample
        of any time can be here.
        """
        now = self._source.now()
        return 0.0 if now is None or self.speed != 1.0 else t - now

    def check_silence(self, name: str, silence_s: float) -> None:
        """Give a stream up that has been silent for too long.

        Raises
        ------
        SourceLostError
            Nothing has come for `GIVE_UP_S`.
        """
        if self.is_paced and silence_s > GIVE_UP_S:
            raise SourceLostError(
                f"stream {name!r} has sent nothing for {silence_s:.0f} s; "
                "switch the device on and start again"
            )
