"""What has come and waits for the pipeline: nothing in an easy run, seconds on a busy computer."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from physiosync_rt.datatypes import Chunk
from physiosync_rt.live.joined_chunks import joined, n_bytes

PIECE_S = 0.25
"""Longest piece that the pipeline takes at a time."""

MOST_BYTES = 64 << 20
"""No more is taken from the source while so much waits: it buffers by itself, and counts losses."""


class Backlog:
    """Chunks in pieces, those of all streams in the order of their times.

    Parameters
    ----------
    sfreqs : dict of str to float
        Nominal rates in Hz by the name of the stream; others are ignored.
    """

    def __init__(self, sfreqs: dict[str, float]) -> None:
        self._sfreqs = sfreqs
        self._pieces: deque[tuple[float, Chunk]] = deque()
        self._n_bytes = 0

    def __bool__(self) -> bool:
        return bool(self._pieces)

    @property
    def is_full(self) -> bool:
        """Whether the source should keep what comes."""
        return self._n_bytes >= MOST_BYTES

    def waited_s(self, now: float) -> float:
        """Return the seconds since the oldest piece came; 0 where there is none."""
        return now - self._pieces[0][0] if self._pieces else 0.0

    def span_s(self, stream: str) -> float:
        """Return the seconds of a stream that wait, by its nominal rate."""
        n = sum(len(piece) for _, piece in self._pieces if piece.stream == stream)
        return n / self._sfreqs[stream]

    def add(self, chunks: Iterable[Chunk], now: float) -> None:
        """Take up what has come at one time.

        Pieces of one stream stay in their order; the smallest are joined, which are dear to work
        on one by one.
        """
        pieces = [(end, piece) for chunk in joined(chunks) for end, piece in self._cut(chunk)]
        latest: dict[str, float] = {}
        keyed = []
        for end, piece in pieces:
            # A stamp that steps back came no earlier than those before it.
            end = latest[piece.stream] = max(end, latest.get(piece.stream, end))
            keyed.append((end, piece))
        keyed.sort(key=lambda item: item[0])
        self._pieces.extend((now, piece) for _, piece in keyed)
        self._n_bytes += sum(n_bytes(piece) for _, piece in keyed)

    def pop(self) -> Chunk:
        """Take the oldest piece out."""
        _, piece = self._pieces.popleft()
        self._n_bytes -= n_bytes(piece)
        return piece

    def _cut(self, chunk: Chunk) -> Iterator[tuple[float, Chunk]]:
        sfreq = self._sfreqs.get(chunk.stream)
        if sfreq is None:
            return
        n = max(round(PIECE_S * sfreq), 1)
        for start in range(0, len(chunk), n):
            inside = slice(start, start + n)
            stamps = chunk.timestamps[inside]
            counter = None if chunk.counter is None else chunk.counter[inside]
            piece = replace(
                chunk,
                samples=chunk.samples[inside],
                timestamps=stamps,
                counter=counter,
                after_break=chunk.after_break and start == 0,
            )
            newest = np.nanmax(stamps, initial=-np.inf)
            yield float(newest + chunk.clock_offset), piece
