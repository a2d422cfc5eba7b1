"""One LSL stream being received: raw stamps, corrections apart, nothing left in the buffer."""

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
from physiosync_rt.sources.base import Notice

if TYPE_CHECKING:
    import pylsl

BUFFER_S = 30
"""What an inlet keeps when nobody pulls; past it liblsl drops the oldest without a word."""

_PULL = 2048


class SignalInlet:
    """A numeric stream and what becomes of it.

    Parameters
    ----------
    info : pylsl.StreamInfo
        As a resolver returned it.
    device : Device or None

    Attributes
    ----------
    info : pylsl.StreamInfo
        The complete description.
    spec : StreamSpec
        The stream as it leaves: what it says of itself, then what the device description says.
        Rename it with `rename`.
    lost : bool
        Whether the connection has broken; `reopen` mends it.
    notices : list of str
        What a person should know of its clock, one sentence each.

    Raises
    ------
    UserError
        The device description does not go with the stream.
    TimeoutError, pylsl.util.LostError
        The stream does not answer.
    """

    def __init__(self, info: pylsl.StreamInfo, device: Device | None) -> None:
        import pylsl

        self.notices: list[str] = []
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
        self._forget()

    def _forget(self) -> None:
        """Know nothing of the sender's clock."""
        self._foreign: float | None = None
        self._arrivals: ArrivalClock | None = None
        self._held: list[tuple[np.ndarray, np.ndarray]] = []
        self._clock_known = not self._check_clock

    @property
    def name(self) -> str:
        """What the stream is called in this run."""
        return self.spec.name

    def rename(self, spec: StreamSpec) -> None:
        """Give the stream another name than its own, to tell it from one called the same."""
        self.spec = spec

    def open(self, *, check_clock: bool, clocks: SharedClocks | None = None) -> None:
        """Begin to receive: from here no sample is missed.

        Parameters
        ----------
        check_clock : bool
            Look whether the stamps are of LSL's clock (a replay at another speed rightly runs
            away from it).
        clocks : SharedClocks, optional
            Foreign clocks of the run.

        Raises
        ------
        UserError
            The stream does not open, or its computer does not answer clock requests.
        """
        try:
            self._inlet.open_stream(timeout=ANSWER_S)
        except (TimeoutError, self._lost_error) as error:
            raise UserError(
                f"stream {self.spec.name!r} is in sight but cannot be opened; restart the program "
                "that sends it"
            ) from error
        self._check_clock, self._clocks = check_clock, clocks or SharedClocks()
        self._forget()
        self._correction = ClockCorrection(self._inlet, self.info.hostname(), self.spec.name)

    def reopen(self, info: pylsl.StreamInfo) -> None:
        """Go on with the successor of a stream that has gone.

        Parameters
        ----------
        info : pylsl.StreamInfo
            Of the same kind: name, type, rate and number of channels.

        Raises
        ------
        UserError
            It has other channels.
        TimeoutError, pylsl.util.LostError
            It does not answer.
        """
        inlet = raw_inlet(info)
        complete = inlet.info(timeout=SOON_S)
        spec, before = layout(complete).spec, self._layout.spec
        if (spec.ch_names, spec.unit) != (before.ch_names, before.unit):
            raise UserError(
                f"stream {self.spec.name!r} is back with {', '.join(spec.ch_names)} in "
                f"{spec.unit or 'no unit'} instead of {', '.join(before.ch_names)} in "
                f"{before.unit or 'no unit'}; start the run anew to use it"
            )
        inlet.open_stream(timeout=SOON_S)
        correction = ClockCorrection(
            inlet, complete.hostname(), self.spec.name, before=self._correction
        )
        self._inlet.close_stream()
        self._inlet, self.info, self._correction, self.lost = inlet, complete, correction, False
        # The device has begun to count anew, and its clock may be another one.
        self._mapper = mapper_for(self._device, spec)
        self._forget()

    def drain(self, timeout: float = 0.0) -> list[Chunk]:
        """Return everything that has arrived; wait at most ``timeout`` seconds for the first."""
        assert self._correction is not None, "open() comes first"
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
                # Asking for no more than there is: liblsl drops what it has when it fails.
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
        """Return what was held back, at the end or where the stream has gone."""
        chunks = self._settle_clock() if self._held else []
        if self._mapper:
            chunks += [self._named(chunk) for chunk in self._mapper.flush()]
        return chunks

    def close(self) -> None:
        """Stop receiving."""
        self._inlet.close_stream()

    def _chunks(self, parts: list[tuple[np.ndarray, np.ndarray]]) -> list[Chunk]:
        assert self._correction is not None, "open() comes first"
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
            return self._settle_clock() if self._arrivals.decided(now) else []
        return self._told_apart(raw, stamps, now)

    def _settle_clock(self) -> list[Chunk]:
        """Decide the offset of a foreign clock and hand out what waited for it."""
        assert self._arrivals is not None, "what is held waits for its clock"
        self._foreign = self._clocks.settle(self.info.hostname(), self._arrivals.offset)
        held, self._held, self._arrivals = self._held, [], None
        self._clock_known = True
        self.notices.append(
            f"stream {self.spec.name!r} is not stamped with the LSL clock; its arrival gives the "
            "time"
        )
        return [chunk for one in held for chunk in self._mapped(*one, self._foreign)]

    def _told_apart(self, raw: np.ndarray, stamps: np.ndarray, now: float) -> list[Chunk]:
        """Map samples of a known clock; from where it has been set forward, by their arrival."""
        assert self._correction is not None, "open() comes first"
        offset = self._correction.offset if self._foreign is None else self._foreign
        ahead = stamps + offset - now
        if not self._check_clock or ahead[-1] < FUTURE_S:
            return self._mapped(raw, stamps, offset)
        first = int(np.argmax(ahead >= FUTURE_S))
        self._foreign = now - float(stamps[-1])
        forward = f"the clock of stream {self.spec.name!r} was set forward"
        arrival = "its arrival gives the time from here on"
        self.notices.append(Notice(f"{forward} by {ahead[-1]:.1f} s; {arrival}", topic=forward))
        chunks = self._mapped(raw[:first], stamps[:first], offset) if first else []
        return chunks + self._mapped(raw[first:], stamps[first:], self._foreign)

    def _mapped(self, raw: np.ndarray, stamps: np.ndarray, offset: float) -> list[Chunk]:
        samples, counter = self._layout.split(raw)
        chunk = Chunk(self._layout.spec.name, samples, stamps, offset, counter)
        return [self._named(one) for one in (self._mapper.map(chunk) if self._mapper else (chunk,))]

    def _named(self, chunk: Chunk) -> Chunk:
        return Chunk(
            self.spec.name, chunk.samples, chunk.timestamps, chunk.clock_offset, chunk.counter
        )


def raw_inlet(info: pylsl.StreamInfo) -> pylsl.StreamInlet:
    """Make an inlet that leaves stamps as they are and says when its stream has gone."""
    import pylsl

    # liblsl's own recovery says neither that a stream has gone nor that another has come.
    return pylsl.StreamInlet(
        info, max_buflen=BUFFER_S, processing_flags=pylsl.proc_none, recover=False
    )
