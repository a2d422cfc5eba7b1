"""Receive one LSL stream of signals with raw time stamps and separate clock offsets."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from physiosync_rt.datatypes import Chunk, StreamSpec
from physiosync_rt.devices import Device
from physiosync_rt.errors import UserError
from physiosync_rt.formats.clocks import is_time, unstamped
from physiosync_rt.formats.limits import rate_problem
from physiosync_rt.formats.metadata import StreamLayout, listed, stream_name
from physiosync_rt.formats.stamp_rate import measured_rate, regular_rate
from physiosync_rt.lsl.arrival import SharedClocks
from physiosync_rt.lsl.clock_correction import ANSWER_S, SOON_S, ClockCorrection, no_answer
from physiosync_rt.lsl.info import layout
from physiosync_rt.lsl.splitter import StreamSplitter
from physiosync_rt.lsl.stream_clock import PlacedSamples, RawSamples, StreamClock
from physiosync_rt.sources.base import Marker, SourceMessage

if TYPE_CHECKING:
    import pylsl

BUFFER_S = 30
"""Buffer length of an inlet; beyond it liblsl silently drops the oldest samples."""

BUFFER_HUNDREDS = 600
"""The same for a stream without a rate, in hundreds of samples."""

_PULL, _PULL_VALUES = 2048, 1 << 22


class SignalInlet:
    """LSL inlet of a numeric stream, split by modality and mapped by its device description.

    Parameters
    ----------
    info : pylsl.StreamInfo
        From a resolver.
    device : Device or None
    timeout : float
        Seconds to wait for its description.

    Attributes
    ----------
    info : pylsl.StreamInfo
        The complete description.
    lost : bool
        Whether the connection is lost; `reopen` restores it.
    markers : list of Marker
        From its trigger channels, since the last time that they were taken.
    messages : list of SourceMessage
        Messages for the user about its channels and its clock, one sentence each.

    Raises
    ------
    UserError
        The device description does not fit the stream, or its rate cannot be.
    pylsl.util.TimeoutError, pylsl.util.LostError
        The stream does not respond.
    """

    def __init__(
        self, info: pylsl.StreamInfo, device: Device | None, timeout: float = ANSWER_S
    ) -> None:
        import pylsl

        self.messages: list[SourceMessage] = []
        self.markers: list[Marker] = []
        self.lost = False
        self._local_clock = pylsl.local_clock
        self._lost_error = pylsl.util.LostError
        self._inlet = raw_inlet(info)
        self.info = self._inlet.info(timeout=timeout)
        self._splitter = StreamSplitter(layout(self.info), device)
        n_rows = min(_PULL, max(_PULL_VALUES // info.channel_count(), 1))
        self._buffer = np.empty((n_rows, info.channel_count()), dtype=self._inlet.np_dtype)
        self._correction: ClockCorrection | None = None
        self._clock: StreamClock | None = None
        self._early: list[RawSamples] = []
        self._has_unstamped = False

    @property
    def name(self) -> str:
        """Name of the stream in this run."""
        specs = self.specs
        return specs[0].name if len(specs) == 1 else self.layout.whole.name

    @property
    def specs(self) -> tuple[StreamSpec, ...]:
        """Its parts: its own metadata, overridden by the device description."""
        return self._splitter.specs

    @property
    def layout(self) -> StreamLayout:
        """Layout of its raw samples."""
        return self._splitter.layout

    def use(self, names: Iterable[str]) -> None:
        """Deliver only the parts of these names."""
        self._splitter.use(names)

    def rename(self, name: str, new: str) -> None:
        """Rename a part, to distinguish it from another stream with the same name."""
        self._splitter.rename(name, new)

    # --- the connection -----------------------------------------------------------------------

    def start(self) -> None:
        """Receive from now on; no later sample is missed.

        Raises
        ------
        UserError
            The stream does not open.
        """
        try:
            self._inlet.open_stream(timeout=ANSWER_S)
        except no_answer() as error:
            raise UserError(
                f"stream {self.name!r} was found but cannot be opened; restart the program "
                "that sends it"
            ) from error

    def open(self, *, check_clock: bool, clocks: SharedClocks | None = None) -> None:
        """Start, and ask for the clock offset.

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
        self.start()
        self.messages += map(SourceMessage, self._splitter.notes)
        self._clock = StreamClock(
            self.info.hostname(),
            self.layout.whole.sfreq,
            check=check_clock,
            clocks=clocks or SharedClocks(),
            messages=self.messages,
        )
        self._correction = ClockCorrection(self._inlet, self.info.hostname(), self.name)

    def reopen(self, info: pylsl.StreamInfo) -> None:
        """Switch to the successor of a lost stream.

        Parameters
        ----------
        info : pylsl.StreamInfo
            Of the same kind: name, type, rate and number of channels.

        Raises
        ------
        UserError
            Its channels or its units differ.
        pylsl.util.TimeoutError, pylsl.util.LostError
            It does not respond.
        """
        inlet = raw_inlet(info)
        complete = inlet.info(timeout=SOON_S)
        found, before = layout(complete).at_rate(self.layout.whole.sfreq), self.layout
        if (found.whole.ch_names, found.units) != (before.whole.ch_names, before.units):
            raise UserError(
                f"stream {self.name!r} is back with {_channels(found)} instead of "
                f"{_channels(before)}; restart the run to use it"
            )
        inlet.open_stream(timeout=SOON_S)
        correction = ClockCorrection(inlet, complete.hostname(), self.name, before=self._correction)
        self._inlet.close_stream()
        self._inlet, self.info, self._correction, self.lost = inlet, complete, correction, False
        # The device has restarted its counter, and its clock may have changed.
        self._splitter = self._splitter.again(found)
        assert self._clock is not None, "call open() first"
        self._clock = self._clock.restarted(complete.hostname())

    def close(self) -> None:
        """Stop receiving."""
        self._inlet.close_stream()

    # --- the rate -----------------------------------------------------------------------------

    @property
    def needs_rate(self) -> bool:
        """Whether a signal of it states no rate."""
        return self._splitter.needs_rate

    def listen(self) -> None:
        """Keep what has arrived for `find_rate`, and for the first `drain`."""
        self._early += self._pull(0.0)

    def find_rate(self) -> None:
        """Take the rate from the stamps of what has arrived, where it comes regularly."""
        stamps = [stamps for _, stamps in self._early]
        if stamps and (sfreq := regular_rate(np.concatenate(stamps))):
            self._splitter = self._splitter.again(self.layout.at_rate(sfreq))
            self.messages.append(SourceMessage(measured_rate(self.layout.whole.name, sfreq)))

    # --- samples ------------------------------------------------------------------------------

    def drain(self, timeout: float = 0.0) -> list[Chunk]:
        """Return everything that has arrived; wait at most ``timeout`` seconds for the first."""
        assert self._correction is not None, "call open() first"
        was_lost = self.lost
        if not was_lost:
            self._correction.renew()
        if was_lost or not self._correction.known:
            time.sleep(timeout)
            return []
        parts = [*self._early, *self._pull(0.0 if self._early else timeout)]
        self._early = []
        chunks = self._chunks(parts) if parts else []
        return chunks + self.flush() if self.lost else chunks

    def keep_since(self, stamp: float) -> None:
        """Forget the samples that have come and were stamped before, by this computer's clock."""
        assert self._correction is not None, "call open() first"
        since = stamp - self._correction.offset
        parts = [(raw[stamps >= since], stamps[stamps >= since]) for raw, stamps in self._pull(0.0)]
        self._early += [part for part in parts if len(part[1])]

    def _pull(self, timeout: float) -> list[RawSamples]:
        """Take everything out of the inlet; a sample without a stamp is dropped."""
        parts: list[RawSamples] = []
        try:
            while True:
                # Never ask for more than is available: liblsl drops pulled samples when it fails.
                n_ready = min(int(self._inlet.samples_available()), len(self._buffer))
                raw, stamps = self._inlet.pull_chunk(
                    timeout=0.0 if n_ready or parts else timeout,
                    max_samples=max(n_ready, 1),
                    dest_obj=self._buffer,
                    as_numpy=True,
                )
                if len(stamps) == 0:
                    break
                finite = is_time(stamps)
                if finite.all():
                    parts.append((raw.copy(), stamps))
                    continue
                if not self._has_unstamped:
                    self._has_unstamped = True
                    self.messages.append(SourceMessage(unstamped(self.name)))
                if finite.any():
                    parts.append((raw[finite], stamps[finite]))
        except self._lost_error:
            self.lost = True
        return parts

    def flush(self) -> list[Chunk]:
        """Return the held samples, at the end or where the stream is lost."""
        assert self._clock is not None, "call open() first"
        return self._split(self._clock.release(self.name)) + self._splitter.flush()

    def _chunks(self, parts: list[RawSamples]) -> list[Chunk]:
        assert self._correction is not None, "call open() first"
        assert self._clock is not None, "call open() first"
        raw = np.concatenate([samples for samples, _ in parts])
        stamps = np.concatenate([part for _, part in parts])
        placed = self._clock.place(
            raw,
            stamps,
            now=self._local_clock(),
            correction=self._correction.offset,
            name=self.name,
        )
        return self._split(placed)

    def _split(self, placed: list[PlacedSamples]) -> list[Chunk]:
        chunks: list[Chunk] = []
        for raw, stamps, offset in placed:
            found, markers = self._splitter.split(raw, stamps, offset)
            chunks += found
            self.markers += markers
        return chunks


def _channels(layout: StreamLayout) -> str:
    """Name a stream's channels and units, for an error message."""
    units = ", ".join(dict.fromkeys(unit or "no unit" for unit in layout.units))
    return f"{listed(layout.whole.ch_names)} in {units}"


def raw_inlet(info: pylsl.StreamInfo) -> pylsl.StreamInlet:
    """Create an inlet with raw stamps that raises LostError when its stream is lost.

    Raises
    ------
    UserError
        The stream states a rate that liblsl would take gigabytes for.
    """
    import pylsl

    if problem := rate_problem(info.nominal_srate()):
        raise UserError(f"stream {stream_name(info.name())!r} {problem}; correct the sender")
    # liblsl's own recovery does not report that a stream was lost or replaced.
    return pylsl.StreamInlet(
        info,
        max_buflen=BUFFER_S if info.nominal_srate() > 0 else BUFFER_HUNDREDS,
        processing_flags=pylsl.proc_none,
        recover=False,
        as_numpy=True,
    )
