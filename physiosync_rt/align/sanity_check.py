"""Check once, in its first seconds, that a stream sends what it declares."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from physiosync_rt.datatypes import Chunk, FloatArray, Modality, StreamSpec
from physiosync_rt.errors import UserError

CHECK_S = 5.0
RATE_TOLERANCE = 0.1

LARGEST_LOSS = 0.35
"""Largest plausible loss of a bad link; a stream that lacks more runs at another rate."""

IMPLAUSIBLE = {Modality.EEG: 1e8, Modality.GSR: 1e5, Modality.ECG: 1e5, Modality.OTHER: np.inf}
"""In µV, µS and mV: no electrode reaches these values, but wrong units and raw counters do."""


class SanityCheck:
    """Check that rejects a stream whose first five seconds contradict its description.

    Parameters
    ----------
    spec : StreamSpec
    explain : callable
        Says more about samples that are implausibly large, where anything more is known.

    Notes
    -----
    A silent electrode (flat, or NaN) is not an error here: it lowers the signal quality, and the
    user may fix its contact during the run.
    """

    def __init__(self, spec: StreamSpec, explain: Callable[[], str] = lambda: "") -> None:
        self._spec = spec
        self._explain = explain
        self._left = max(int(CHECK_S * spec.sfreq), 2)
        self._largest = np.zeros(spec.n_chans)
        self._first: float | None = None
        self._newest = -np.inf
        self._n_steps = self._n_back = 0
        self._stamps_move = False

    def add(self, chunk: Chunk) -> None:
        """Check the next samples.

        Raises
        ------
        UserError
            After five seconds every channel is implausibly large, or all time stamps are equal, or
            most of them are before the one before.
        """
        if self._left <= 0 or len(chunk) == 0:
            return
        self._add_stamps(chunk.timestamps[: self._left])
        part = chunk.samples[: self._left]
        self._left -= len(part)
        size = np.where(np.isfinite(part), np.abs(part), 0.0).max(axis=0)
        self._largest = np.maximum(self._largest, size)
        if self._left == 0:
            self._check()

    def _add_stamps(self, stamps: FloatArray) -> None:
        if self._first is None:
            self._first = self._newest = float(stamps[0])
        self._stamps_move |= bool((stamps != self._first).any())
        self._n_back += int((np.diff(stamps, prepend=self._newest) < 0).sum())
        self._n_steps += len(stamps)
        self._newest = float(stamps[-1])

    def _check(self) -> None:
        spec = self._spec
        if not self._stamps_move:
            raise UserError(
                f"stream {spec.name!r}: all samples of its first {CHECK_S:g} s have the time stamp "
                f"{self._first:g}; fix the sender's time stamps, or run without this stream"
            )
        if self._n_back > 0.5 * self._n_steps:
            raise UserError(
                f"stream {spec.name!r}: the time stamps of its first {CHECK_S:g} s go back from "
                "sample to sample; fix the sender's time stamps, or run without this stream"
            )
        limit = IMPLAUSIBLE[spec.modality]
        if (self._largest > limit).all():
            raise UserError(
                self._explain()
                or f"stream {spec.name!r}: in its first {CHECK_S:g} s every channel exceeds "
                f"{limit:g} {spec.unit}, which no electrode produces; correct it with `scale:` in "
                "a device YAML"
            )


def check_rate(spec: StreamSpec, sent: float, stepped: float | None) -> None:
    """Reject a stream whose measured rate is not the declared one.

    Parameters
    ----------
    spec : StreamSpec
    sent : float
        Measured rate in Hz; undetected losses lower it.
    stepped : float or None
        Rate from the median stamp step in Hz, which losses do not bias; None where jitter is too
        high.

    Raises
    ------
    UserError
        The rate differs from the declared one by more than 10 %, and losses do not explain it.
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
