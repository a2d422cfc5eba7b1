"""Ring buffer on the sample grid: the last seconds of a signal as a contiguous view."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt


class RingBuffer:
    """Ring buffer of the newest ``capacity`` rows of a signal, with absolute indices.

    Every row is stored twice, ``capacity`` apart, so that any range of the newest rows is one
    contiguous slice and a window needs no copy. The overflow policy is *drop oldest*.

    Parameters
    ----------
    capacity : int
        Number of rows kept.
    n_chans : int
        Number of columns.
    dtype : numpy dtype
    fill : scalar
        Value of skipped rows and of rows before the first.

    Notes
    -----
    Not thread-safe: one thread writes and reads. Views are valid until the next write.
    """

    def __init__(
        self, capacity: int, n_chans: int, dtype: npt.DTypeLike = np.float64, fill: float = 0.0
    ) -> None:
        if capacity < 1 or n_chans < 1:
            raise ValueError(f"invalid ring buffer size: {capacity} rows, {n_chans} columns")
        self._capacity = capacity
        self._fill = fill
        self._rows: npt.NDArray[Any] = np.full((2 * capacity, n_chans), fill, dtype=dtype)
        self._stop = 0

    @property
    def capacity(self) -> int:
        """Number of rows kept."""
        return self._capacity

    @property
    def stop(self) -> int:
        """Absolute index after the newest row."""
        return self._stop

    @property
    def start(self) -> int:
        """Absolute index of the oldest readable row (negative indices contain the fill value)."""
        return self._stop - self._capacity

    def write(self, rows: npt.NDArray[Any]) -> None:
        """Append ``rows``, shape (n, n_chans); the oldest rows are dropped."""
        n = len(rows)
        if n > self._capacity:
            self._stop += n - self._capacity
            rows, n = rows[-self._capacity :], self._capacity
        at = self._stop % self._capacity
        first = min(n, self._capacity - at)
        for offset in (0, self._capacity):
            self._rows[offset + at : offset + at + first] = rows[:first]
            self._rows[offset : offset + n - first] = rows[first:]
        self._stop += n

    def skip_to(self, index: int) -> None:
        """Move the write position forward to ``index``; the rows between get the fill value.

        Raises
        ------
        ValueError
            ``index`` is before the write position.
        """
        if index < self._stop:
            raise ValueError(f"cannot go back from row {self._stop} to row {index}")
        if index - self._stop >= self._capacity:
            self._rows[:] = self._fill
            self._stop = index
        elif index > self._stop:
            n_chans = self._rows.shape[1]
            gap = np.full((index - self._stop, n_chans), self._fill, dtype=self._rows.dtype)
            self.write(gap)

    def view(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return rows ``start`` to ``stop`` (absolute indices) as a contiguous view.

        Raises
        ------
        ValueError
            The range includes rows that are not kept.
        """
        if not self.start <= start <= stop <= self._stop:
            raise ValueError(
                f"rows {start} to {stop} are not kept; the buffer has {self.start} to {self._stop}"
            )
        at = start % self._capacity
        return self._rows[at : at + stop - start]
