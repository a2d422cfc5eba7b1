"""Text markers from LSL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from physiosync_rt.lsl.clock_correction import ANSWER_S, SOON_S, ClockCorrection
from physiosync_rt.lsl.inlet import raw_inlet
from physiosync_rt.sources.base import Marker

if TYPE_CHECKING:
    import pylsl


class MarkerInlet:
    """A stream of text markers.

    Parameters
    ----------
    info : pylsl.StreamInfo

    Attributes
    ----------
    info : pylsl.StreamInfo
    lost : bool
        Whether the connection has broken; `reopen` mends it.

    Raises
    ------
    TimeoutError, pylsl.util.LostError, UserError
        The stream, or its computer's clock, does not answer.
    """

    def __init__(self, info: pylsl.StreamInfo) -> None:
        self._correction: ClockCorrection | None = None
        self._listen(info, ANSWER_S)

    @property
    def name(self) -> str:
        """What the stream is called."""
        return str(self.info.name())

    def reopen(self, info: pylsl.StreamInfo) -> None:
        """Listen to this outlet from now on; raises as the constructor does."""
        self._inlet.close_stream()
        self._listen(info, SOON_S)

    def _listen(self, info: pylsl.StreamInfo, timeout: float) -> None:
        import pylsl

        inlet = raw_inlet(info)
        inlet.open_stream(timeout=timeout)
        self._correction = ClockCorrection(inlet, info.hostname(), info.name(), self._correction)
        self._errors = pylsl.util.LostError
        self._inlet, self.info, self.lost = inlet, info, False

    def drain(self) -> list[Marker]:
        """Return all markers that have arrived."""
        assert self._correction is not None, "made with the inlet"
        self._correction.renew()
        markers: list[Marker] = []
        try:
            # One by one: liblsl drops what it has when it fails.
            while self._correction.known and not self.lost:
                row, stamp = self._inlet.pull_sample(timeout=0.0)
                if stamp is None:
                    break
                markers.append(Marker(stamp, str(row[0]), self._correction.offset))
        except self._errors:
            # Markers are no reason to end a run.
            self.lost = True
        return markers

    def close(self) -> None:
        """Stop receiving."""
        self._inlet.close_stream()
