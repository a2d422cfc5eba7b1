"""Can what a stream sends be what it declares? Asked once, of its first seconds."""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import Chunk, Modality, StreamSpec
from physiosync_rt.errors import UserError

CHECK_S = 5.0
RATE_TOLERANCE = 0.1

LARGEST_LOSS = 0.35
"""Share of samples that a bad link may lose; a stream that lacks more runs at another rate."""

HUGE = {Modality.EEG: 1e8, Modality.GSR: 1e5, Modality.ECG: 1e5, Modality.OTHER: np.inf}
"""In µV, µS and mV: no electrode reaches these, wrong units and raw counters do."""


class SanityCheck:
    """Refuse a stream whose first five seconds cannot be what it declares.

    Parameters
    ----------
    spec : StreamSpec

    Notes
    -----
    Silence is not refused: an electrode without contact, flat or without values, is a matter of
    quality, and may be put right while the run goes on.
    """

    def __init__(self, spec: StreamSpec) -> None:
        self._spec = spec
        self._left = max(int(CHECK_S * spec.sfreq), 2)
        self._largest = np.zeros(spec.n_chans)
        self._stamp: float | None = None
        self._stamps_move = False

    def add(self, chunk: Chunk) -> None:
        """Look at the next samples.

        Raises
        ------
        UserError
            Five seconds are over and every channel is huge, or all samples bear the same stamp.
        """
        if self._left <= 0 or len(chunk) == 0:
            return
        if self._stamp is None:
            self._stamp = float(chunk.timestamps[0])
        self._stamps_move |= bool((chunk.timestamps[: self._left] != self._stamp).any())
        part = chunk.samples[: self._left]
        self._left -= len(part)
        size = np.where(np.isfinite(part), np.abs(part), 0.0).max(axis=0)
        self._largest = np.maximum(self._largest, size)
        if self._left == 0:
            self._judge()

    def _judge(self) -> None:
        spec = self._spec
        if not self._stamps_move:
            raise UserError(
                f"stream {spec.name!r}: its first {CHECK_S:g} s all bear the timestamp "
                f"{self._stamp:g}; let the sender stamp its samples, or run without this stream"
            )
        limit = HUGE[spec.modality]
        if (self._largest > limit).all():
            raise UserError(
                f"stream {spec.name!r}: in its first {CHECK_S:g} s every channel reaches beyond "
                f"{limit:g} {spec.unit}, which no electrode gives; state the true unit in a "
                "device YAML"
            )


def check_rate(spec: StreamSpec, sent: float, stepped: float | None) -> None:
    """Refuse a rate that is steadily not the declared one.

    Parameters
    ----------
    spec : StreamSpec
    sent : float
        Samples per second of stamp time, in Hz; losses that nobody counts lower it.
    stepped : float or None
        Rate that most steps from stamp to stamp show, in Hz, which losses leave alone; None where
        steps do not tell.

    Raises
    ------
    UserError
        The rate differs from the declared one by more than a tenth, and losses do not explain it.
    """
    excess = sent / spec.sfreq - 1.0
    if stepped is None:
        explained = -LARGEST_LOSS <= excess <= RATE_TOLERANCE
    else:
        explained = abs(stepped / spec.sfreq - 1.0) <= RATE_TOLERANCE
    if abs(excess) > RATE_TOLERANCE and not explained:
        raise UserError(
            f"stream {spec.name!r} declares {spec.sfreq:g} Hz but sends {sent:.1f} Hz; "
            "correct the sender, or state sfreq in a device YAML"
        )
