"""The raw run as XDF: samples as they came, with raw stamps and every clock correction.

`predict` on the file makes the rows of the live run for as long as samples came. Rows that the run
made while nothing arrived (``stalled`` to its end) cannot be made from the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from physiosync_rt.datatypes import StreamSpec
from physiosync_rt.errors import UserError
from physiosync_rt.formats.xdf_writer import XdfWriter
from physiosync_rt.sources.base import Batch


class Recorder:
    """Write every batch of a run to one XDF file.

    Parameters
    ----------
    path : Path
        Must not exist: recordings are never overwritten.
    specs : sequence of StreamSpec
        Streams of the run.

    Raises
    ------
    UserError
        The file exists or cannot be written.
    """

    def __init__(self, path: Path, specs: Sequence[StreamSpec]) -> None:
        if path.exists():
            raise UserError(f"{path} exists, recordings are never overwritten; choose a new name")
        self.path = path
        try:
            self._writer = XdfWriter(path)
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror}") from error
        self._specs = {spec.name: spec for spec in specs}
        self._ids: dict[str, int] = {}
        self._offsets: dict[str, float] = {}
        self._markers = self._writer.add_markers("markers")

    def take(self, batch: Batch) -> None:
        """Append what has arrived.

        Raises
        ------
        UserError
            The disk is full or gone.
        """
        try:
            for chunk in batch.chunks:
                if len(chunk) == 0 or chunk.stream not in self._specs:
                    continue
                stream = self._stream(chunk.stream, counted=chunk.counter is not None)
                if self._offsets.get(chunk.stream) != chunk.clock_offset:
                    self._offsets[chunk.stream] = chunk.clock_offset
                    self._writer.write_clock_offset(
                        stream, float(chunk.timestamps[0]), chunk.clock_offset
                    )
                self._writer.write_samples(stream, chunk.samples, chunk.timestamps, chunk.counter)
            for marker in batch.markers:
                at = np.array([marker.timestamp + marker.clock_offset])
                self._writer.write_markers(self._markers, at, [marker.text])
            self._writer.flush()
        except OSError as error:
            raise UserError(f"cannot go on recording {self.path}: {error.strerror}") from error

    def _stream(self, name: str, *, counted: bool) -> int:
        if name not in self._ids:
            self._ids[name] = self._writer.add_stream(self._specs[name], counter=counted)
        return self._ids[name]

    def close(self) -> None:
        """Write the footers; safe to call twice."""
        self._writer.close()
