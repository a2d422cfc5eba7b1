"""Receive markers from LSL: text, or numbers of a marker stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from physiosync_rt.formats.clocks import is_time
from physiosync_rt.formats.metadata import stream_name
from physiosync_rt.formats.triggers import marker_text
from physiosync_rt.formats.xdf_text import decode
from physiosync_rt.lsl.clock_correction import ANSWER_S, SOON_S, ClockCorrection
from physiosync_rt.lsl.inlet import raw_inlet
from physiosync_rt.sources.base import Marker

if TYPE_CHECKING:
    import pylsl


_MOST = 2000
"""Markers of one poll; a flood must not hold up the samples."""


class MarkerInlet:
    """LSL inlet of a marker stream, with the text that `formats.xdf` reads from its recording.

    Parameters
    ----------
    info : pylsl.StreamInfo

    Attributes
    ----------
    info : pylsl.StreamInfo
    lost : bool
        Whether the connection is lost; `reopen` restores it.

    Raises
    ------
    pylsl.util.TimeoutError, pylsl.util.LostError, UserError
        The stream, or its computer's clock, does not respond.
    """

    def __init__(self, info: pylsl.StreamInfo) -> None:
        self._correction: ClockCorrection | None = None
        self._connect(info, ANSWER_S)

    @property
    def name(self) -> str:
        """Name of the stream."""
        return stream_name(self.info.name())

    def reopen(self, info: pylsl.StreamInfo) -> None:
        """Switch to this outlet; raises as the constructor does."""
        self._inlet.close_stream()
        self._connect(info, SOON_S)

    def _connect(self, info: pylsl.StreamInfo, timeout: float) -> None:
        import pylsl

        inlet = raw_inlet(info)
        inlet.open_stream(timeout=timeout)
        self._correction = ClockCorrection(inlet, info.hostname(), info.name(), self._correction)
        self._errors = pylsl.util.LostError
        self._inlet, self.info, self.lost = inlet, info, False

    def drain(self) -> list[Marker]:
        """Return the markers that have arrived; of a flood, the first few thousand."""
        assert self._correction is not None, "created with the inlet"
        self._correction.renew()
        markers: list[Marker] = []
        try:
            # One by one, because liblsl drops pulled samples when it fails.
            while self._correction.known and not self.lost and len(markers) < _MOST:
                row, stamp = self._inlet.pull_sample(timeout=0.0)
                if stamp is None:
                    break
                values = [decode(v) if isinstance(v, bytes) else v for v in row]
                if is_time(np.asarray(stamp)):
                    markers.append(Marker(stamp, marker_text(values), self._correction.offset))
        except self._errors:
            # A lost marker stream does not end a run.
            self.lost = True
        return markers

    def close(self) -> None:
        """Stop receiving."""
        self._inlet.close_stream()
