"""Define the interface of a source of samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol, Self

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


class Notice(str):
    """A notice that holds numbers, and its topic: the same text without them.

    Notices of one topic are news once; without a topic of its own, a notice is its topic.
    """

    __slots__ = ("topic",)

    topic: str

    def __new__(cls, text: str, topic: str) -> Self:
        """Make a notice of a text and its topic."""
        notice = super().__new__(cls, text)
        notice.topic = topic
        return notice


class Source(Protocol):
    """Source of live or recorded streams, as float32 samples in canonical units.

    Attributes
    ----------
    notices : list of str
        Messages for the user about the streams, one sentence each, newest last; those that hold
        numbers as `Notice`.

    Notes
    -----
    ``open``, ``poll`` and ``close`` are called from one thread, the engine's acquisition thread
    (or from the caller of ``Engine.step``).
    """

    notices: list[str]

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
