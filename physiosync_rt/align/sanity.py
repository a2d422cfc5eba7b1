"""Is what a stream sends a signal at all? Asked once, of its first seconds."""

from __future__ import annotations

import numpy as np

from physiosync_rt.datatypes import Chunk, Modality, StreamSpec
from physiosync_rt.errors import UserError

CHECK_S = 5.0
RATE_TOLERANCE = 0.1

HUGE = {Modality.EEG: 1e8, Modality.GSR: 1e5, Modality.ECG: 1e5, Modality.OTHER: np.inf}
"""In µV, µS and mV: no electrode reaches these, wrong units and raw counters do."""


class StartCheck:
    """Refuse a stream whose first five seconds hold no signal.

    Parameters
    ----------
    spec : StreamSpec
    """

    def __init__(self, spec: StreamSpec) -> None:
        self._spec = spec
        self._left = int(CHECK_S * spec.sfreq)
        self._total = max(self._left, 1)
        self._finite = np.zeros(spec.n_chans)
        self._low = np.full(spec.n_chans, np.inf)
        self._high = np.full(spec.n_chans, -np.inf)
        self._stamp: float | None = None
        self._stamps_move = False

    def add(self, chunk: Chunk) -> None:
        """Look at the next samples.

        Raises
        ------
        UserError
            Five seconds are over and every channel is not finite, constant or huge, or all
            samples bear the same stamp.
        """
        if self._left <= 0 or len(chunk) == 0:
            return
        if self._stamp is None:
            self._stamp = float(chunk.timestamps[0])
        self._stamps_move |= bool((chunk.timestamps[: self._left] != self._stamp).any())
        part = chunk.samples[: self._left]
        self._left -= len(part)
        if len(part):
            finite = np.isfinite(part)
            self._finite += finite.sum(axis=0)
            self._low = np.minimum(self._low, np.where(finite, part, np.inf).min(axis=0))
            self._high = np.maximum(self._high, np.where(finite, part, -np.inf).max(axis=0))
        if self._left == 0:
            self._judge()

    def _judge(self) -> None:
        spec = self._spec
        if not self._stamps_move:
            raise UserError(
                f"stream {spec.name!r}: its first {CHECK_S:g} s all bear the timestamp "
                f"{self._stamp:g}; let the sender stamp its samples, or run without this stream"
            )
        where = f"stream {spec.name!r}: in its first {CHECK_S:g} s every channel"
        if (self._finite < 0.5 * self._total).all():
            raise UserError(
                f"{where} is mostly NaN or infinite; check the device's connection and its driver"
            )
        largest = np.maximum(np.abs(self._low), np.abs(self._high))
        limit = HUGE[spec.modality]
        if (largest > limit).all():
            raise UserError(
                f"{where} reaches beyond {limit:g} {spec.unit}, which no electrode gives; "
                "state the true unit in a device YAML"
            )
        if spec.modality is Modality.EEG and (self._high == self._low).all():
            raise UserError(f"{where} is constant; check that the amplifier is on and recording")


def check_rate(spec: StreamSpec, measured: float) -> None:
    """Refuse a rate that is not the declared one.

    Raises
    ------
    UserError
        The two differ by more than a tenth.
    """
    if abs(measured / spec.sfreq - 1.0) > RATE_TOLERANCE:
        raise UserError(
            f"stream {spec.name!r} declares {spec.sfreq:g} Hz but sends {measured:.1f} Hz; "
            "correct the sender, or state sfreq in a device YAML"
        )
