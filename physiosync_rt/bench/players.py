"""A recording played through LSL by a process of its own, with faults, to be killed at will."""

from __future__ import annotations

from pathlib import Path

from physiosync_rt.utils.child_process import Child


class ReplayProcess(Child):
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
        options = ["--prefix", prefix, "--stop", str(stop)]
        if faults:
            options += ["--faults", faults]
        if start is not None:
            options += ["--start", str(start), "--no-wait"]
        replay = ["-m", "physiosync_rt", "replay", str(path), "--local"]
        super().__init__(f"the replay of {path.name}", [*replay, *options])
