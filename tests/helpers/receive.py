"""Let a sender begin, and receive what it sends to its end."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable

from physiosync_rt.datatypes import Chunk
from physiosync_rt.sources.base import Marker, Source


def go(process: subprocess.Popen[str]) -> None:
    """Let a sender begin to send."""
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def receive(source: Source, seconds: float = 60.0) -> tuple[dict[str, list[Chunk]], list[Marker]]:
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


def until(
    source: Source, condition: Callable[[tuple[Chunk, ...]], bool], seconds: float = 60.0
) -> tuple[Chunk, ...]:
    """Poll until a condition on the chunks of one poll holds; return those chunks."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        chunks = source.poll(0.02).chunks
        if condition(chunks):
            return chunks
    raise AssertionError(f"not within {seconds} s; messages: {source.messages}")


def until_told(source: Source, text: str) -> None:
    """Poll until a message of the source holds a text."""
    until(source, lambda _: any(text in message.text for message in source.messages))


def until_lost(source: Source, process: subprocess.Popen[str], name: str) -> None:
    """Let a sender begin, kill it when it is heard, and poll until its stream counts as lost."""
    go(process)
    until(source, bool)
    process.kill()
    process.wait()
    until_told(source, f"{name!r} is lost")
