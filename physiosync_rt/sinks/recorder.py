"""The raw run as XDF: samples as they came, with raw stamps and every clock correction.

`predict` on the file makes the rows of the live run for as long as samples came. Rows that the run
made while nothing arrived (``stalled`` to its end) cannot be made from the file.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from physiosync_rt.datatypes import Chunk, StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.formats.xdf_encoder import StreamTally, XdfEncoder
from physiosync_rt.sinks.file_news import Tell
from physiosync_rt.sinks.lasting_file import LastingFile, Piece
from physiosync_rt.sources.base import Batch, Marker


@dataclass(frozen=True, slots=True)
class _Written:
    """Samples or markers of a piece, for the footer of their stream."""

    stream: int
    first: float
    last: float
    n: int


class Recorder:
    """Write every batch of a run to one XDF file.

    Parameters
    ----------
    path : Path
        Must not exist: recordings are never overwritten.
    specs : sequence of StreamSpec
        Streams of the run.
    tell : callable, optional
        Called with what happens to the file; without it trouble is raised.
    clock : callable
        Monotonic seconds.

    Attributes
    ----------
    file : LastingFile

    Raises
    ------
    UserError
        The file exists or cannot be written.

    Notes
    -----
    A stream is declared with its first samples, so that none is empty. A file that is begun again
    declares all streams of the one before it, under the same numbers.
    """

    def __init__(
        self,
        path: Path,
        specs: Sequence[StreamSpec],
        tell: Tell | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if os.path.lexists(path):
            raise UserError(f"{path} exists, recordings are never overwritten; choose a new name")
        self._encoder = XdfEncoder()
        self._specs = {spec.name: spec for spec in specs}
        self._ids: dict[str, int] = {}
        self._offsets: dict[int, tuple[float, float]] = {}
        self._tallies: dict[int, StreamTally] = {}
        self._marker_stream = 0
        try:
            self.file = LastingFile(
                path,
                unit="samples",
                opening=self._opening,
                on_written=self._count,
                on_begun=self._begun,
                tell=tell,
                clock=clock,
            )
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror}") from error

    def take(self, batch: Batch) -> None:
        """Append what has arrived.

        Raises
        ------
        UserError
            The disk is full or gone, and nobody can be told.
        """
        for chunk in batch.chunks:
            if len(chunk) and chunk.stream in self._specs:
                self._take_chunk(chunk)
        for marker in batch.markers:
            self._take_marker(marker)
        try:
            self.file.flush()
        except OSError as error:
            raise self._failed(error) from error

    def close(self) -> None:
        """Write the footers; safe to call twice.

        Raises
        ------
        UserError
            The disk is full or gone, and nobody can be told.
        """
        if self.file.closed:
            return
        for stream, tally in self._tallies.items():
            self.file.append(Piece(self._encoder.footer(stream, tally)))
        try:
            self.file.close()
        except OSError as error:
            raise self._failed(error) from error

    def _take_chunk(self, chunk: Chunk) -> None:
        stream, stamps = self._ids.get(chunk.stream), chunk.timestamps
        first, last = float(stamps[0]), float(stamps[-1])
        if stream is None:
            spec, counted = self._specs[chunk.stream], chunk.counter is not None
            stream = self._ids[chunk.stream] = self._encoder.add_stream(spec, counter=counted)
            self._declare()
        if stream not in self._offsets or self._offsets[stream][1] != chunk.clock_offset:
            self._measure(stream, first, chunk.clock_offset)
        data = self._encoder.samples(stream, chunk.samples, stamps, chunk.counter)
        self.file.append(Piece(data, len(chunk), _Written(stream, first, last, len(chunk))))

    def _take_marker(self, marker: Marker) -> None:
        t = marker.timestamp + marker.clock_offset
        if not self._marker_stream:
            self._marker_stream = self._encoder.add_markers("markers")
            self._declare()
            # Readers that synchronize clocks miss the measurements of a stream without any.
            self._measure(self._marker_stream, t, 0.0)
        data = self._encoder.markers(self._marker_stream, [t], [marker.text])
        self.file.append(Piece(data, 1, _Written(self._marker_stream, t, t, 1)))

    def _declare(self) -> None:
        self.file.append(Piece(self._encoder.headers[-1], opening=True))

    def _measure(self, stream: int, t: float, offset: float) -> None:
        self._offsets[stream] = (t, offset)
        self._tallies.setdefault(stream, StreamTally()).offsets.append((t, offset))
        self.file.append(Piece(self._encoder.clock_offset(stream, t, offset)))

    # --- what the file asks -------------------------------------------------------------------

    def _opening(self) -> bytes:
        """Return what a file begins with: its header, the streams so far and their offsets."""
        known = (self._encoder.clock_offset(s, *offset) for s, offset in self._offsets.items())
        return b"".join((*self._encoder.headers, *known))

    def _begun(self, _path: Path) -> None:
        self._tallies = {s: StreamTally(offsets=[offset]) for s, offset in self._offsets.items()}

    def _count(self, piece: Piece) -> None:
        if isinstance(piece.note, _Written):
            note = piece.note
            self._tallies.setdefault(note.stream, StreamTally()).add(note.first, note.last, note.n)

    def _failed(self, error: OSError) -> UserError:
        return UserError(f"cannot go on recording {self.file.path}: {error.strerror}")
