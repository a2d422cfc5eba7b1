"""A recording played through LSL by a process of its own, with faults, to be killed at will."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Self


class ReplayProcess:
    """``physiosync replay`` as a context: started, and ended by its id.

    Parameters
    ----------
    path : Path
        Recording. Its stem is part of the streams' source_ids.
    prefix : str
        Put in front of the streams' names; choose one that nobody else uses.
    faults : str
        As ``replay --faults`` takes them.
    stop : float
        Recorded second to end at: no player stays for ever.
    start : float, optional
        Recorded second to begin at, at once; without it the player waits for a listener.
    """

    def __init__(
        self, path: Path, prefix: str, *, faults: str = "", stop: float, start: float | None = None
    ) -> None:
        self._command = [
            *(sys.executable, "-m", "physiosync_rt", "replay", str(path), "--local"),
            *("--prefix", prefix, "--stop", str(stop)),
        ]
        if faults:
            self._command += ["--faults", faults]
        if start is not None:
            self._command += ["--start", str(start), "--no-wait"]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        # Apart from the terminal, so that Ctrl-C ends the listener first.
        self._process = subprocess.Popen(  # noqa: S603
            self._command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return self

    def kill(self) -> None:
        """End it as a crash does: without a word to its listeners."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(5.0)
        except subprocess.TimeoutExpired:
            self.kill()
