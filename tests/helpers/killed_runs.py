"""Runs with ``--csv --record`` that are killed at random moments, several at a time.

Started as a program, because it forks: each run is a child of one loaded parent. It prints what was
found on disk, one JSON object per line.
"""

from __future__ import annotations

import csv
import json
import logging
import os
import random
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

AT_A_TIME = 4
LONGEST_S = 5.0


@dataclass
class Found:
    """What a killed run has left; times in seconds before the kill."""

    lived_s: float
    header_s: float
    """From the file's first appearance to its header on disk."""
    n_rows: int
    torn: bool
    warnings: list[str]
    sample_lost_s: float | None
    row_lost_s: float | None
    is_whole: bool


class Run:
    """One run in a child, to be killed at its time."""

    def __init__(self, folder: Path, number: int, lives_s: float) -> None:
        self.csv = folder / f"{number}.csv"
        self.xdf = folder / f"{number}.xdf"
        self.lives_s = lives_s
        self.seen_at = self.header_at = self.killed_at = 0.0
        self.pid = os.fork()
        if self.pid == 0:
            _record(self.csv, self.xdf, number)

    def look(self) -> bool:
        """Follow the file, and kill the run when its time has come."""
        now = time.monotonic()
        if not self.seen_at and self.xdf.exists():
            self.seen_at = now
        if not self.header_at and self.seen_at and self.xdf.stat().st_size > 60:
            self.header_at = now
        if self.seen_at and now - self.seen_at >= self.lives_s:
            self.killed_at = time.monotonic()
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            return True
        if os.waitpid(self.pid, os.WNOHANG)[0]:
            raise SystemExit(f"run {self.csv.stem} ended by itself")
        return False

    def found(self, warned: list[str]) -> Found:
        """Read what is on disk."""
        import numpy as np
        import pyxdf

        lived_s = self.killed_at - self.seen_at
        content = self.csv.read_bytes()
        rows = list(csv.reader(content.decode().splitlines()))
        torn = not content.endswith(b"\n") or any(len(row) != len(rows[0]) for row in rows)
        found = Found(
            lived_s, self.header_at - self.seen_at, len(rows) - 1, torn, [], None, None, True
        )
        if self.xdf.stat().st_size:
            warned.clear()
            streams, _ = pyxdf.load_xdf(str(self.xdf), synchronize_clocks=False)
            found.warnings = list(warned)
            for stream in streams:
                stamps = np.asarray(stream["time_stamps"])
                if stream["info"]["type"] == ["EEG"] and len(stamps):
                    # A simulated person's stamps are of the clock that kills.
                    found.sample_lost_s = self.killed_at - float(stamps[-1])
                    found.is_whole = bool(np.ptp(np.diff(stamps)) < 1e-3)
        if found.n_rows:
            found.row_lost_s = self.killed_at - float(rows[-1][0])
        return found


def _record(path: Path, xdf: Path, seed: int) -> None:
    from physiosync_rt.cli.outputs import Outputs
    from physiosync_rt.cli.session import run_session
    from physiosync_rt.live.engine import Engine
    from physiosync_rt.simulation import Person, PersonStream
    from physiosync_rt.sources.simulated import SimulatedSource

    names = _PREDICTOR.bundle.card.eeg.ch_names
    person = PersonStream(Person.draw(seed), seed=seed, ch_names=names, ecg_sfreq=0, rest_s=10.0)
    engine = Engine(SimulatedSource(person), _PREDICTOR)
    run_session(engine, Outputs(csv=path, record=xdf, quiet=True), {})
    os._exit(1)


if __name__ == "__main__":
    folder, n_runs = Path(sys.argv[1]), int(sys.argv[2])
    from physiosync_rt.bundle.bundle import load_bundle
    from physiosync_rt.bundle.predictor import Predictor

    _PREDICTOR = Predictor(load_bundle("demo-eeg32"), "cpu")
    warned: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: warned.append(record.getMessage())  # type: ignore[method-assign]
    logging.getLogger("pyxdf").addHandler(handler)
    chance = random.Random(7)
    numbers, running = iter(range(n_runs)), list[Run]()
    while True:
        while len(running) < AT_A_TIME and (number := next(numbers, None)) is not None:
            running.append(Run(folder, number, chance.uniform(0.0, LONGEST_S)))
        if not running:
            break
        for run in list(running):
            if run.look():
                running.remove(run)
                print(json.dumps(asdict(run.found(warned))), flush=True)
        time.sleep(0.002)
