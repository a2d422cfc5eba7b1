"""An X server of its own, on which windows open that nobody sees."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def virtual_screen(
    environment: Mapping[str, str] = os.environ,
    size: str = "1400x900",
) -> Iterator[tuple[subprocess.Popen[bytes], dict[str, str]]]:
    """Yield an X server, and an environment changed so that windows open on it."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        try:
            with os.fdopen(read) as pipe:
                number = pipe.readline().strip()
            env = {k: v for k, v in environment.items() if k != "QT_QPA_PLATFORM"}
            yield server, {**env, "DISPLAY": f":{number}"}
        finally:
            server.terminate()
