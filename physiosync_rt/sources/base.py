"""Define the interface of a source of samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from physiosync_rt.datatypes import Chunk, StreamSpec

SourceKind = Literal["lsl", "brainflow", "simulated", "file"]
"""Names of the sources, as a person chooses one; `live.source_factory` makes them."""


@dataclass(frozen=True, slots=True)
class Marker:
    """A text marker with its raw stamp and clock offset, as in `Chunk`."""

    timestamp: float
    text: str
    clock_offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Chunks and markers since the last poll; ``ended`` marks the last batch."""

    chunks: tuple[Chunk, ...] = ()
    markers: tuple[Marker, ...] = ()
    ended: bool = False


@dataclass(frozen=True, slots=True)
class SourceMessage:
    """A sentence of a source about its streams, for the user.

    ``topic`` is the same text without the numbers that change, empty where ``text`` has none:
    messages of one topic are news once.
    """

    text: str
    topic: str = ""


class Source(Protocol):
    """Source of live or recorded streams, as float32 samples in canonical units.

    Attributes
    ----------
    messages : list of SourceMessage
        Messages for the user about the streams, newest last.

    Notes
    -----
    ``open``, ``poll`` and ``close`` are called from one thread, the engine's acquisition thread
    (or from the caller of ``Engine.step``).
    """

    messages: list[SourceMessage]

    @property
    def speed(self) -> float:
        """Recorded seconds per second; 1 for live sources."""
        ...

    @property
    def start_utc(self) -> float | None:
        """UNIX time of the first EEG sample where the source knows it (a file), else None."""
        ...

    def now(self) -> float | None:
        """Return the present time on the clock of the stamps; None without a clock (a file)."""
        ...

    def open(self) -> tuple[StreamSpec, ...]:
        """Connect and return the specs of the streams.

        Raises
        ------
        UserError
            No suitable stream is available, or one cannot be used; the message says what to do.
        """
        ...

    def poll(self, timeout: float) -> Batch:
        """Return what has arrived; wait at most ``timeout`` seconds for the first of it."""
        ...

    def close(self) -> None:
        """Release all resources; safe to call twice."""
        ...
