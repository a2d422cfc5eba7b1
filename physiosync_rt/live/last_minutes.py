"""The newest raw samples of a run, kept in memory in case somebody wants them after all."""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from physiosync_rt.datatypes import Chunk
from physiosync_rt.live.joined_chunks import joined, n_bytes
from physiosync_rt.sources.base import Batch

KEEP_S = 300.0
"""Seconds of arrival that are kept."""

MOST_BYTES = 256 * 2**20
"""Most memory for them: 5 minutes of 128 channels at 1 kHz need 160 MB."""

_BATCH_BYTES = 150
"""What a batch needs beside its chunks, about."""

Numbers = TypeVar("Numbers", bound=npt.NDArray[np.generic])


class LastMinutes:
    """Batches of the last minutes, oldest first; what is too old or too much is dropped.

    Chunks of a batch are joined: a recording played fast comes in thousands of a few samples each,
    which as objects are ten times as large as their samples.

    Parameters
    ----------
    keep_s : float
    most_bytes : int
    """

    def __init__(self, keep_s: float = KEEP_S, most_bytes: int = MOST_BYTES) -> None:
        self._keep_s = keep_s
        self._most_bytes = most_bytes
        self._kept: deque[tuple[float, int, Batch]] = deque()
        self.n_bytes = 0

    @property
    def batches(self) -> tuple[Batch, ...]:
        """What is kept, as it came."""
        return tuple(batch for _, _, batch in self._kept)

    def span_s(self, now: float) -> float:
        """Return the seconds since the oldest batch came; 0 where there is none."""
        return now - self._kept[0][0] if self._kept else 0.0

    def take(self, batch: Batch, now: float) -> None:
        """Take up what came at a time of the engine's clock."""
        if batch.chunks or batch.markers:
            own = replace(batch, chunks=tuple(map(_own, joined(batch.chunks))), ended=False)
            size = _BATCH_BYTES + sum(map(n_bytes, own.chunks))
            self._kept.append((now, size, own))
            self.n_bytes += size
        while self._kept and (
            self.n_bytes > self._most_bytes or now - self._kept[0][0] > self._keep_s
        ):
            self.n_bytes -= self._kept.popleft()[1]


def _own(chunk: Chunk) -> Chunk:
    """Return a chunk that keeps no larger array alive."""
    return replace(
        chunk,
        samples=_owned(chunk.samples),
        timestamps=_owned(chunk.timestamps),
        counter=None if chunk.counter is None else _owned(chunk.counter),
    )


def _owned(array: Numbers) -> Numbers:
    return array if array.base is None else array.copy()
