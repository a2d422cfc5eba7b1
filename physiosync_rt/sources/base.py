"""What every source of samples offers, whatever stands behind it."""

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
    """What has arrived since the last poll; ``ended`` says that nothing will follow."""

    chunks: tuple[Chunk, ...] = ()
    markers: tuple[Marker, ...] = ()
    ended: bool = False


class Source(Protocol):
    """One adapter to the world. Everything is emitted as float32 in canonical units.

    Attributes
    ----------
    notices : list of str
        What a person should know of the streams, one sentence each, newest last.

    Notes
    -----
    ``open``, ``poll`` and ``close`` are called from one thread, the engine's acquisition thread
    (or from the caller of ``Engine.step``).
    """

    notices: list[str]

    @property
    def speed(self) -> float:
        """Recorded seconds that pass in one second of arrival; 1 for anything live."""
        ...

    @property
    def start_utc(self) -> float | None:
        """UNIX time of the first EEG sample where the source knows it (a file), else None."""
        ...

    def now(self) -> float | None:
        """Present time on the clock of the stamps; None where nothing ticks (a file)."""
        ...

    def open(self) -> tuple[StreamSpec, ...]:
        """Connect and say which streams there are.

        Raises
        ------
        UserError
            Nothing suitable in sight, or something that cannot be used, with the mend.
        """
        ...

    def poll(self, timeout: float) -> Batch:
        """Return what has arrived; wait at most ``timeout`` seconds for the first of it."""
        ...

    def close(self) -> None:
        """Let go of everything; safe to call twice."""
        ...
