"""Write XDF files: numeric streams, markers and clock offsets, as LabRecorder does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from physiosync_rt.datatypes import FloatArray, IntArray, SampleArray, StreamSpec
from physiosync_rt.formats.xdf_encoder import StreamTally, XdfEncoder


class XdfWriter:
    """Writer of one XDF file.

    Parameters
    ----------
    path : Path or str
        Created, or replaced when it exists.

    Notes
    -----
    Not thread-safe. A file without `close` can still be read: XDF does not need footers.
    """

    def __init__(self, path: Path | str) -> None:
        self._file = Path(path).open("wb")  # noqa: SIM115  (closed by close())
        self._encoder = XdfEncoder()
        self._tallies: dict[int, StreamTally] = {}
        self._file.write(self._encoder.headers[0])

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def add_stream(self, spec: StreamSpec, *, counter: bool = False) -> int:
        """Add a numeric stream of float32 samples.

        Parameters
        ----------
        spec : StreamSpec
        counter : bool
            Whether a sample counter is stored as an additional channel, and all as float64.

        Returns
        -------
        int
            Stream number for the other methods.
        """
        return self._begin(self._encoder.add_stream(spec, counter=counter))

    def add_markers(self, name: str, source_id: str = "") -> int:
        """Add a stream of text markers and return its number."""
        return self._begin(self._encoder.add_markers(name, source_id))

    def write_samples(
        self,
        stream: int,
        samples: SampleArray,
        timestamps: FloatArray,
        counter: IntArray | None = None,
    ) -> None:
        """Append samples with their raw stamps.

        Parameters
        ----------
        stream : int
        samples : float32 array, shape (n_samples, n_channels)
        timestamps : float64 array, shape (n_samples,)
        counter : int64 array, shape (n_samples,), optional
            For a stream that was added with a counter.

        Raises
        ------
        ValueError
            Shapes do not fit the stream, or float64 cannot represent the counter.
        """
        chunk = self._encoder.samples(stream, samples, timestamps, counter)
        self._append(stream, chunk, timestamps)

    def write_markers(
        self, stream: int, timestamps: FloatArray | Sequence[float], labels: Sequence[str]
    ) -> None:
        """Append text markers with their raw stamps."""
        if len(timestamps) != len(labels):
            raise ValueError(f"XDF stream {stream}: one stamp per marker expected")
        self._append(stream, self._encoder.markers(stream, timestamps, labels), timestamps)

    def write_clock_offset(self, stream: int, t: float, offset: float) -> None:
        """Append a clock measurement: time on the sender's clock, seconds to add to its stamps."""
        self._tallies[stream].offsets.append((t, offset))
        self._file.write(self._encoder.clock_offset(stream, t, offset))

    def flush(self) -> None:
        """Flush the file buffer."""
        self._file.flush()

    def close(self) -> None:
        """Write the footers and close the file; safe to call twice."""
        if self._file.closed:
            return
        try:
            for stream, tally in self._tallies.items():
                self._file.write(self._encoder.footer(stream, tally))
        finally:
            self._file.close()

    def _begin(self, stream: int) -> int:
        self._tallies[stream] = StreamTally()
        self._file.write(self._encoder.headers[-1])
        return stream

    def _append(self, stream: int, chunk: bytes, timestamps: FloatArray | Sequence[float]) -> None:
        if len(timestamps):
            self._tallies[stream].add(float(timestamps[0]), float(timestamps[-1]), len(timestamps))
            self._file.write(chunk)
