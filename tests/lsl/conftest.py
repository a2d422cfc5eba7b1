"""LSL senders in processes of their own."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from helpers.programs import Program

Sender = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def sender() -> Iterator[Sender]:
    """Start senders; each begins to send when a line is written to it."""
    processes: list[subprocess.Popen[str]] = []

    def start(*streams: dict[str, object], **settings: object) -> "subprocess.Popen[str]":
        process = Program(
            [
                sys.executable,
                str(Path(__file__).with_name("outlet.py")),
                json.dumps({"streams": streams, "duration": 2.0, **settings}),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        return process

    yield start
    # Left alone they would send to the end of their recording.
    for process in processes:
        process.kill()
        process.wait()
        with suppress(BrokenPipeError):
            process.stdin.close()
        process.stdout.close()
