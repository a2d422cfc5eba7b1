"""Chunks of few samples joined to fewer ones, and the memory that they take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import accumulate, groupby

import numpy as np

from physiosync_rt.datatypes import Chunk

_OBJECT_BYTES = 350
"""What a chunk needs beside the numbers in its arrays: more than those of a few samples."""


def joined(chunks: Iterable[Chunk]) -> Iterator[Chunk]:
    """Join what follows each other in a stream, under one clock offset and without a break."""
    streams: dict[str, list[Chunk]] = {}
    for chunk in chunks:
        streams.setdefault(chunk.stream, []).append(chunk)
    for mine in streams.values():
        n_breaks = accumulate(each.after_break for each in mine)
        numbered = zip(mine, n_breaks, strict=True)
        for _, group in groupby(
            numbered, lambda item: (item[0].clock_offset, item[0].counter is None, item[1])
        ):
            parts = [each for each, _ in group]
            counters = [part.counter for part in parts if part.counter is not None]
            yield (
                parts[0]
                if len(parts) == 1
                else replace(
                    parts[0],
                    samples=np.concatenate([part.samples for part in parts]),
                    timestamps=np.concatenate([part.timestamps for part in parts]),
                    counter=np.concatenate(counters) if counters else None,
                )
            )


def n_bytes(chunk: Chunk) -> int:
    """Return the memory of a chunk that owns its arrays, in bytes."""
    counter = 0 if chunk.counter is None else chunk.counter.nbytes
    return _OBJECT_BYTES + chunk.samples.nbytes + chunk.timestamps.nbytes + counter
