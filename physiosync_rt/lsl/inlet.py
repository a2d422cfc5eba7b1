"""Receive one LSL signal stream with raw time stamps and separate clock offsets."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from physiosync_rt.datatypes import Chunk, StreamSpec
from physiosync_rt.devices import Device, mapper_for
from physiosync_rt.errors import UserError
from physiosync_rt.lsl.arrival import FOREIGN_CLOCK_S, FUTURE_S, ArrivalClock, SharedClocks
from physiosync_rt.lsl.clock_correction import ANSWER_S, SOON_S, ClockCorrection
from physiosync_rt.lsl.info import layout
from physiosync_rt.sources.base import SourceMessage

if TYPE_CHECKING:
    import pylsl

BUFFER_S = 30
"""Buffer length of an inlet; beyond it liblsl silently drops the oldest samples."""

_PULL = 2048


class SignalInlet:
    """LSL inlet of a numeric stream, mapped by its device description.

    Parameters
    ----------
    info : pylsl.StreamInfo
        From a resolver.
    device : Device or None

    Attributes
    ----------
    info : pylsl.StreamInfo
        The complete description.
    spec : StreamSpec
        The mapped stream: its own metadata, overridden by the device description.
        Rename it with `rename`.
    lost : bool
        Whether the connection is lost; `reopen` restores it.
    messages : list of SourceMessage
        Messages for the user about its clock, one sentence each.

    Raises
    ------
    UserError
        The device description does not fit the stream.
    TimeoutError, pylsl.util.LostError
        The stream does not respond.
    """

    def __init__(self, info: pylsl.StreamInfo, device: Device | None) -> None:
        import pylsl

        self.messages: list[SourceMessage] = []
        self.lost = False
        self._device = device
        self._local_clock = pylsl.local_clock
        self._lost_error = pylsl.util.LostError
        self._inlet = raw_inlet(info)
        self.info = self._inlet.info(timeout=ANSWER_S)
        self._layout = layout(self.info)
        self._mapper = mapper_for(device, self._layout.spec)
        self.spec: StreamSpec = self._mapper.spec if self._mapper else self._layout.spec
        self._buffer = np.empty((_PULL, info.channel_count()), dtype=self._inlet.np_dtype)
        self._correction: ClockCorrection | None = None
        self._check_clock = True
        self._reset_clock()

    def _reset_clock(self) -> None:
        """Reset all knowledge of the sender's clock."""
        self._arrival_offset: float | None = None
        self._arrivals: ArrivalClock | None = None
        self._held: list[tuple[np.ndarray, np.ndarray]] = []
        self._clock_known = not self._check_clock

    @property
    def name(self) -> str:
        """Name of the stream in this run."""
        return self.spec.name

    def rename(self, spec: StreamSpec) -> None:
        """Rename the stream, to distinguish it from another one with the same name."""
        self.spec = spec

    def open(self, *, check_clock: bool, clocks: SharedClocks | None = None) -> None:
        """Start receiving; from here on no sample is missed.

        Parameters
        ----------
        check_clock : bool
            Check that the stamps are of the LSL clock (a replay at another speed deviates from
            it by design).
        clocks : SharedClocks, optional
            Other clocks of the run.

        Raises
        ------
        UserError
            The stream does not open, or its computer does not respond to clock requests.
        """
        try:
            self._inlet.open_stream(timeout=ANSWER_S)
        except (TimeoutError, self._lost_error) as error:
            raise UserError(
                f"stream {self.spec.name!r} was found but cannot be opened; restart the program "
                "that sends it"
            ) from error
        self._check_clock, self._clocks = check_clock, clocks or SharedClocks()
        self._reset_clock()
        self._correction = ClockCorrection(self._inlet, self.info.hostname(), self.spec.name)

    def reopen(self, info: pylsl.StreamInfo) -> None:
        """Switch to the successor of a lost stream.

        Parameters
        ----------
        info : pylsl.StreamInfo
            Of the same kind: name, type, rate and number of channels.

        Raises
        ------
        UserError
            Its channels or its unit differ.
        TimeoutError, pylsl.util.LostError
            It does not respond.
        """
        inlet = raw_inlet(info)
        complete = inlet.info(timeout=SOON_S)
        spec, before = layout(complete).spec, self._layout.spec
        if (spec.ch_names, spec.unit) != (before.ch_names, before.unit):
            raise UserError(
                f"stream {self.spec.name!r} is back with {', '.join(spec.ch_names)} in "
                f"{spec.unit or 'no unit'} instead of {', '.join(before.ch_names)} in "
                f"{before.unit or 'no unit'}; restart the run to use it"
            )
        inlet.open_stream(timeout=SOON_S)
        correction = ClockCorrection(
            inlet, complete.hostname(), self.spec.name, before=self._correction
        )
        self._inlet.close_stream()
        self._inlet, self.info, self._correction, self.lost = inlet, complete, correction, False
        # The device has restarted its counter, and its clock may have changed.
        self._mapper = mapper_for(self._device, spec)
        self._reset_clock()

    def drain(self, timeout: float = 0.0) -> list[Chunk]:
        """Return everything that has arrived; wait at most ``timeout`` seconds for the first."""
        assert self._correction is not None, "call open() first"
        if self.lost:
            time.sleep(timeout)
            return []
        self._correction.renew()
        if not self._correction.known:
            time.sleep(timeout)
            return []
        parts: list[tuple[np.ndarray, np.ndarray]] = []
        try:
            while True:
                # Never ask for more than is available: liblsl drops pulled samples when it fails.
                n_ready = min(int(self._inlet.samples_available()), _PULL)
                raw, stamps = self._inlet.pull_chunk(
                    timeout=0.0 if n_ready or parts else timeout,
                    max_samples=max(n_ready, 1),
                    dest_obj=self._buffer,
                    as_numpy=True,
                )
                if len(stamps) == 0:
                    break
                parts.append((raw.copy(), stamps))
        except self._lost_error:
            self.lost = True
        chunks = self._chunks(parts) if parts else []
        return chunks + self.flush() if self.lost else chunks

    def flush(self) -> list[Chunk]:
        """Return the held samples, at the end or where the stream is lost."""
        chunks = self._resolve_clock() if self._held else []
        if self._mapper:
            chunks += [self._renamed(chunk) for chunk in self._mapper.flush()]
        return chunks

    def close(self) -> None:
        """Stop receiving."""
        self._inlet.close_stream()

    def _chunks(self, parts: list[tuple[np.ndarray, np.ndarray]]) -> list[Chunk]:
        assert self._correction is not None, "call open() first"
        now = self._local_clock()
        raw = np.concatenate([samples for samples, _ in parts])
        stamps = np.concatenate([part for _, part in parts])
        if not self._clock_known and self._arrivals is None:
            away = now - float(stamps[-1]) - self._correction.offset
            if abs(away) > FOREIGN_CLOCK_S:
                self._arrivals = ArrivalClock(self._layout.spec.sfreq)
            else:
                self._clock_known = True
        if self._arrivals is not None:
            self._arrivals.add(stamps, now)
            self._held.append((raw, stamps))
            return self._resolve_clock() if self._arrivals.is_ready(now) else []
        return self._map_known_clock(raw, stamps, now)

    def _resolve_clock(self) -> list[Chunk]:
        """Estimate the offset of another clock and return the samples that waited for it."""
        assert self._arrivals is not None, "held samples wait for their clock"
        self._arrival_offset = self._clocks.register(self.info.hostname(), self._arrivals.offset)
        held, self._held, self._arrivals = self._held, [], None
        self._clock_known = True
        self.messages.append(
            SourceMessage(
                f"stream {self.spec.name!r} is not stamped with the LSL clock; its clock offset is "
                "estimated from the arrival times"
            )
        )
        return [chunk for one in held for chunk in self._mapped(*one, self._arrival_offset)]

    def _map_known_clock(self, raw: np.ndarray, stamps: np.ndarray, now: float) -> list[Chunk]:
        """Map samples of a known clock; after it was set forward, by their arrival times."""
        assert self._correction is not None, "call open() first"
        offset = self._correction.offset if self._arrival_offset is None else self._arrival_offset
        ahead = stamps + offset - now
        if not self._check_clock or ahead[-1] < FUTURE_S:
            return self._mapped(raw, stamps, offset)
        first = int(np.argmax(ahead >= FUTURE_S))
        self._arrival_offset = now - float(stamps[-1])
        forward = f"the clock of stream {self.spec.name!r} was set forward"
        arrival = "its clock offset is estimated from the arrival times from now on"
        text = f"{forward} by {ahead[-1]:.1f} s; {arrival}"
        self.messages.append(SourceMessage(text, topic=forward))
        chunks = self._mapped(raw[:first], stamps[:first], offset) if first else []
        return chunks + self._mapped(raw[first:], stamps[first:], self._arrival_offset)

    def _mapped(self, raw: np.ndarray, stamps: np.ndarray, offset: float) -> list[Chunk]:
        samples, counter = self._layout.split(raw)
        chunk = Chunk(self._layout.spec.name, samples, stamps, offset, counter)
        return [
            self._renamed(one) for one in (self._mapper.map(chunk) if self._mapper else (chunk,))
        ]

    def _renamed(self, chunk: Chunk) -> Chunk:
        return Chunk(
            self.spec.name, chunk.samples, chunk.timestamps, chunk.clock_offset, chunk.counter
        )


def raw_inlet(info: pylsl.StreamInfo) -> pylsl.StreamInlet:
    """Create an inlet with raw stamps that raises LostError when its stream is lost."""
    import pylsl

    # liblsl's own recovery does not report that a stream was lost or replaced.
    return pylsl.StreamInlet(
        info, max_buflen=BUFFER_S, processing_flags=pylsl.proc_none, recover=False
    )
