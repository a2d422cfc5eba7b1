"""Find the clock offset of raw samples: LSL's, or that of another clock from the arrivals."""

from __future__ import annotations

import numpy as np

from physiosync_rt.lsl.arrival import FOREIGN_CLOCK_S, FUTURE_S, ArrivalClock, SharedClocks
from physiosync_rt.sources.base import SourceMessage

RawSamples = tuple[np.ndarray, np.ndarray]
"""Samples, shape (n_samples, n_raw_channels), and their stamps in seconds."""

PlacedSamples = tuple[np.ndarray, np.ndarray, float]
"""The same, with the clock offset to add to the stamps, in seconds."""


class StreamClock:
    """Clock of the stamps of one connection.

    Parameters
    ----------
    host : str
        Computer that sends.
    sfreq : float
        Nominal rate in Hz.
    check : bool
        Check that the stamps are of the LSL clock (a replay at another speed deviates from it by
        design).
    clocks : SharedClocks
        Other clocks of the run.
    messages : list of SourceMessage
        News about the clock are appended here.
    """

    def __init__(
        self,
        host: str,
        sfreq: float,
        *,
        check: bool,
        clocks: SharedClocks,
        messages: list[SourceMessage],
    ) -> None:
        self._host, self._sfreq = host, sfreq
        self._check, self._clocks, self._messages = check, clocks, messages
        self._arrival_offset: float | None = None
        self._arrivals: ArrivalClock | None = None
        self._held: list[RawSamples] = []
        self._known = not check

    def restarted(self, host: str) -> StreamClock:
        """Return the clock of a new connection to the same stream."""
        return StreamClock(
            host, self._sfreq, check=self._check, clocks=self._clocks, messages=self._messages
        )

    def place(
        self, raw: np.ndarray, stamps: np.ndarray, *, now: float, correction: float, name: str
    ) -> list[PlacedSamples]:
        """Return samples with their offset; held back while another clock is observed.

        Parameters
        ----------
        raw : array, shape (n_samples, n_raw_channels)
        stamps : float64 array, shape (n_samples,)
        now : float
            Time of arrival on this computer's LSL clock.
        correction : float
            Clock offset that LSL measured.
        name : str
            Name of the stream, for messages.
        """
        if not self._known and self._arrivals is None:
            if abs(now - float(stamps[-1]) - correction) > FOREIGN_CLOCK_S:
                self._arrivals = ArrivalClock(self._sfreq)
            else:
                self._known = True
        if self._arrivals is not None:
            self._arrivals.add(stamps, now)
            self._held.append((raw, stamps))
            return self.release(name) if self._arrivals.is_ready(now) else []
        return self._place_known(raw, stamps, now, correction, name)

    def release(self, name: str) -> list[PlacedSamples]:
        """Return the held samples, with the offset of their clock as far as it was observed."""
        if self._arrivals is None:
            return []
        self._arrival_offset = self._clocks.register(self._host, self._arrivals.offset)
        held, self._held, self._arrivals = self._held, [], None
        self._known = True
        self._messages.append(
            SourceMessage(
                f"stream {name!r} is not stamped with the LSL clock; its clock offset is "
                "estimated from the arrival times"
            )
        )
        return [(raw, stamps, self._arrival_offset) for raw, stamps in held]

    def _place_known(
        self, raw: np.ndarray, stamps: np.ndarray, now: float, correction: float, name: str
    ) -> list[PlacedSamples]:
        """Place samples of a known clock; after it was set forward, by their arrival times."""
        offset = correction if self._arrival_offset is None else self._arrival_offset
        ahead = stamps + offset - now
        if not self._check or ahead[-1] < FUTURE_S:
            return [(raw, stamps, offset)]
        first = int(np.argmax(ahead >= FUTURE_S))
        self._arrival_offset = now - float(stamps[-1])
        forward = f"the clock of stream {name!r} was set forward"
        arrival = "its clock offset is estimated from the arrival times from now on"
        seconds = f"{ahead[-1]:.1f}" if ahead[-1] < 1e6 else f"{ahead[-1]:.3g}"
        text = f"{forward} by {seconds} s; {arrival}"
        self._messages.append(SourceMessage(text, topic=forward))
        before = [(raw[:first], stamps[:first], offset)] if first else []
        return [*before, (raw[first:], stamps[first:], self._arrival_offset)]
