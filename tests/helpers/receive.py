"""Let a sender begin, and receive what it sends to its end."""

from __future__ import annotations

import subprocess
import time

from physiosync_rt.datatypes import Chunk
from physiosync_rt.sources.base import Marker, Source


def go(process: subprocess.Popen[str]) -> None:
    """Let a sender begin to send."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def receive(source: Source, seconds: float = 15.0) -> tuple[dict[str, list[Chunk]], list[Marker]]:
    """Poll until the source ends; return chunks by stream, and markers."""
    chunks: dict[str, list[Chunk]] = {}
    markers: list[Marker] = []
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        batch = source.poll(0.02)
        for chunk in batch.chunks:
            chunks.setdefault(chunk.stream, []).append(chunk)
        markers += batch.markers
        if batch.ended:
            return chunks, markers
    raise AssertionError("the source did not end")
