"""Measure what ``physiosync demo`` does until its first prediction, and when."""

from __future__ import annotations

import csv
import logging
import runpy
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from physiosync_rt.errors import UserError
from physiosync_rt.utils.child_process import Child
from physiosync_rt.utils.milestones import LOGGER, milestone

_LONGEST_S = 90.0
_LOOK_S = 0.01


@dataclass(frozen=True, slots=True)
class Milestone:
    """How far the start had come, and how many seconds after the command was given."""

    name: str
    at_s: float


def measure_start(bundle: str, seed: int = 7) -> list[Milestone]:
    """Run the demo until its first prediction, in a process of its own, with its own imports.

    Raises
    ------
    UserError
        It ends before, or takes too long.
    """
    with tempfile.TemporaryDirectory(prefix="physiosync-start-") as folder:
        marks, log = Path(folder) / "milestones.txt", Path(folder) / "demo.csv"
        words = ["demo", "--headless", "--bundle", bundle, "--seed", str(seed), "--csv", str(log)]
        arguments = ["-m", "physiosync_rt.bench.measure_start", str(marks), *words]
        started = time.time()
        with Child("the demo", arguments) as demo:
            while (first := _first_prediction(log)) is None:
                demo.check()
                if time.time() - started > _LONGEST_S:
                    raise UserError(f"the demo made no prediction within {_LONGEST_S:g} s")
                time.sleep(_LOOK_S)
            at = time.time()
        lines = marks.read_text(encoding="utf-8").splitlines()
    found = [
        Milestone(name, float(when) - started) for when, name in (x.split(" ", 1) for x in lines)
    ]
    return [
        *found,
        Milestone(f"first prediction, of the window that ends {first:g} s in", at - started),
    ]


def _first_prediction(log: Path) -> float | None:
    """Return how many seconds after the first EEG sample the first predicted window ends."""
    try:
        rows = list(csv.DictReader(log.read_text(encoding="utf-8").splitlines()))
    except FileNotFoundError:
        return None
    return next((float(n) for n, row in enumerate(rows, 1) if row["valid"] == "1"), None)


def _main() -> None:
    """Run a command of ``physiosync`` whose milestones go to the file that is named first."""
    path, *words = sys.argv[1:]
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(created).4f %(message)s"))
    logger = logging.getLogger(LOGGER)
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    milestone("Python started")
    sys.argv = ["physiosync", *words]
    runpy.run_module("physiosync_rt", run_name="__main__")


if __name__ == "__main__":
    _main()
