"""A recording as the chunks that a live run would have received, in the order of their times."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from itertools import pairwise

import numpy as np

from physiosync_rt.datatypes import Chunk, RecordedStream, Recording
from physiosync_rt.formats.clocks import sample_offsets

OFFLINE_S = 8.0
"""Longest chunk in seconds where nobody waits for rows: each chunk has a cost of its own, and rows
are the same however a signal is cut."""


def _slots(stream: RecordedStream, chunk_s: float) -> Iterator[tuple[float, Chunk]]:
    """Consecutive samples of one stream by the slot of time in which they were all there."""
    offsets = sample_offsets(stream.timestamps, stream.clock_offsets)
    if len(offsets) == 0:
        return
    # A stamp that steps back was delivered no earlier than those before it.
    available = np.maximum.accumulate(stream.timestamps + offsets)
    slot = np.floor(available / chunk_s)
    # A break is a jump of the stamps too, and of the slots but for the shortest.
    broken = np.searchsorted(np.maximum.accumulate(stream.timestamps), stream.breaks)
    changes = np.flatnonzero((np.diff(slot) != 0) | (np.diff(offsets) != 0)) + 1
    cuts = np.union1d(changes, broken[(broken > 0) & (broken < len(slot))])
    bounds = [0, *cuts.tolist(), len(slot)]
    for start, stop in pairwise(bounds):
        counter = None if stream.counter is None else stream.counter[start:stop]
        yield (
            float(slot[start]),
            Chunk(
                stream.spec.name,
                stream.samples[start:stop],
                stream.timestamps[start:stop],
                float(offsets[start]),
                counter,
                after_break=bool(start in broken),
            ),
        )


def in_time_order(recording: Recording, chunk_s: float = 0.25) -> Iterator[Chunk]:
    """Chunks of all regular streams, sorted by time, file order kept within a stream.

    Parameters
    ----------
    recording : Recording
    chunk_s : float
        Longest stretch of time in one chunk.
    """
    streams = [_slots(stream, chunk_s) for stream in recording.streams]
    for _, chunk in merge(*streams, key=lambda item: item[0]):
        yield chunk
