"""One LSL stream being received: raw stamps, corrections apart, nothing left in the buffer."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

import numpy as np

from physiosync_rt.datatypes import Chunk, StreamSpec
from physiosync_rt.devices import Device, mapper_for
from physiosync_rt.errors import SourceLostError, UserError
from physiosync_rt.lsl import layout
from physiosync_rt.sources.base import Marker

if TYPE_CHECKING:
    import pylsl

BUFFER_S = 30
"""What an inlet keeps when nobody pulls; past it liblsl drops the oldest without a word."""

CORRECTION_S = 2.0
"""How often the clock correction is asked for; liblsl renews it in the background."""

SAME_HOST_S = 1e-3
"""Below this a correction on one computer is measurement noise and counts as 0."""

FOREIGN_CLOCK_S = 10.0
"""Stamps further than this from now are of another clock, UNIX time as a rule."""

_PULL = 2048
_ANSWER_S = 5.0


class ClockCorrection:
    """What to add to a stream's stamps, renewed without ever holding up its samples.

    Parameters
    ----------
    inlet : pylsl.StreamInlet
    host : str
        Name of the sending computer.

    Raises
    ------
    UserError
        Another computer does not answer clock requests.
    """

    def __init__(self, inlet: pylsl.StreamInlet, host: str, name: str) -> None:
        from pylsl.util import LostError

        self._inlet = inlet
        self._lost = LostError
        self._due = time.monotonic() + CORRECTION_S
        same_host = host == socket.gethostname()
        try:
            self.offset: float = inlet.time_correction(timeout=_ANSWER_S)
        except (TimeoutError, LostError) as error:
            if not same_host:
                raise UserError(
                    f"stream {name!r} on {host} does not answer clock requests; allow UDP "
                    "ports 16572 to 16604 in the firewalls of both computers"
                ) from error
            self.offset = 0.0
        self._fixed = same_host and abs(self.offset) < SAME_HOST_S
        if self._fixed:
            self.offset = 0.0

    def renew(self) -> None:
        """Take the newest estimate, when it is time."""
        now = time.monotonic()
        if self._fixed or now < self._due:
            return
        self._due = now + CORRECTION_S
        try:
            self.offset = self._inlet.time_correction(timeout=0.0)
        except (TimeoutError, self._lost):
            # The last estimate holds until the stream is back.
            return


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

    Raises
    ------
    UserError
        The device description does not go with the stream.
    TimeoutError, pylsl.util.LostError
        The stream does not answer.
    """

    def __init__(self, info: pylsl.StreamInfo, device: Device | None) -> None:
        import pylsl

        self._inlet = pylsl.StreamInlet(
            info, max_buflen=BUFFER_S, processing_flags=pylsl.proc_none, recover=True
        )
        self._local_clock = pylsl.local_clock
        self._lost = pylsl.util.LostError
        self.info = self._inlet.info(timeout=_ANSWER_S)
        self._layout = layout(self.info)
        self._mapper = mapper_for(device, self._layout.spec)
        self.spec: StreamSpec = self._mapper.spec if self._mapper else self._layout.spec
        self._buffer = np.empty((_PULL, info.channel_count()), dtype=self._inlet.np_dtype)
        self._correction: ClockCorrection | None = None
        self._foreign: float | None = None
        self._check_clock = True

    @property
    def foreign_clock(self) -> bool:
        """Whether the sender stamps with another clock than LSL's, and is mapped onto it."""
        return self._foreign is not None

    def rename(self, spec: StreamSpec) -> None:
        """Give the stream another name than its own, to tell it from one called the same."""
        self.spec = spec

    def open(self, *, check_clock: bool) -> None:
        """Begin to receive: from here no sample is missed.

        Parameters
        ----------
        check_clock : bool
            Look whether the stamps are of LSL's clock (a replay at another speed rightly runs
            away from it).

        Raises
        ------
        UserError
            The stream does not open, or its computer does not answer clock requests.
        """
        try:
            self._inlet.open_stream(timeout=_ANSWER_S)
        except (TimeoutError, self._lost) as error:
            raise UserError(
                f"stream {self.spec.name!r} is in sight but cannot be opened; restart the program "
                "that sends it"
            ) from error
        self._check_clock = check_clock
        self._correction = ClockCorrection(self._inlet, self.info.hostname(), self.spec.name)

    def drain(self, timeout: float = 0.0) -> list[Chunk]:
        """Return everything that has arrived; wait at most ``timeout`` seconds for the first.

        Raises
        ------
        SourceLostError
            The stream has gone and has no source_id to come back by.
        """
        assert self._correction is not None, "open() comes first"
        self._correction.renew()
        chunks = []
        try:
            while True:
                raw, stamps = self._inlet.pull_chunk(
                    timeout=timeout,
                    max_samples=_PULL,
                    dest_obj=self._buffer,
                    min_samples=1 if timeout > 0 else None,
                    as_numpy=True,
                )
                if len(stamps):
                    chunks.extend(self._chunks(raw.copy(), stamps))
                if len(stamps) < _PULL:
                    return chunks
                timeout = 0.0
        except self._lost as error:
            raise SourceLostError(
                f"stream {self.spec.name!r} has gone and has no source_id to come back by; start "
                "its program again, then this one"
            ) from error

    def flush(self) -> list[Chunk]:
        """Return what a doubtful sample counter held back, at the end."""
        return [self._named(chunk) for chunk in self._mapper.flush()] if self._mapper else []

    def close(self) -> None:
        """Stop receiving."""
        self._inlet.close_stream()

    def _chunks(self, raw: np.ndarray, stamps: np.ndarray) -> list[Chunk]:
        samples, counter = self._layout.split(raw)
        chunk = Chunk(self._layout.spec.name, samples, stamps, self._offset(stamps), counter)
        mapped = self._mapper.map(chunk) if self._mapper else (chunk,)
        return [self._named(one) for one in mapped]

    def _named(self, chunk: Chunk) -> Chunk:
        return Chunk(
            self.spec.name, chunk.samples, chunk.timestamps, chunk.clock_offset, chunk.counter
        )

    def _offset(self, stamps: np.ndarray) -> float:
        """Correction for these stamps; decided once whether they are of LSL's clock at all."""
        assert self._correction is not None
        if self._check_clock:
            self._check_clock = False
            away = self._local_clock() - float(stamps[-1])
            if abs(away - self._correction.offset) > FOREIGN_CLOCK_S:
                self._foreign = away
        return self._correction.offset if self._foreign is None else self._foreign


class MarkerInlet:
    """A stream of text markers.

    Parameters
    ----------
    info : pylsl.StreamInfo
    """

    def __init__(self, info: pylsl.StreamInfo) -> None:
        import pylsl

        self.info = info
        self.lost = False
        self._errors = pylsl.util.LostError
        self._inlet = pylsl.StreamInlet(info, max_buflen=BUFFER_S, recover=True)
        self._inlet.open_stream(timeout=_ANSWER_S)
        self._correction = ClockCorrection(self._inlet, info.hostname(), info.name())

    def drain(self) -> list[Marker]:
        """Return all markers that have arrived."""
        self._correction.renew()
        markers: list[Marker] = []
        try:
            while not self.lost:
                rows, stamps = self._inlet.pull_chunk(timeout=0.0, max_samples=256)
                markers.extend(
                    Marker(stamp, str(row[0]), self._correction.offset)
                    for row, stamp in zip(rows, stamps, strict=True)
                )
                if len(stamps) < 256:
                    break
        except self._errors:
            # Markers are no reason to end a run.
            self.lost = True
        return markers

    def close(self) -> None:
        """Stop receiving."""
        self._inlet.close_stream()
