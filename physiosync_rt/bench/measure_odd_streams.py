"""Run ``physiosync live`` on every odd stream, as a person would, and see what comes of it."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Final

from physiosync_rt.bench.odd_streams import ODD_CASES, OddCase
from physiosync_rt.utils.child_process import Child

BUNDLE: Final = "demo-muse"
REST_S: Final = 5
DURATION_S: Final = 11
LONGEST_S: Final = 90.0
"""A run that has not ended by then hangs, and is ended."""

_HUNG: Final = 124
_LOOK_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class OddResult:
    """What a run made of a case.

    Attributes
    ----------
    case : str
    exit_code : int
    rows : int
    used : dict of str to int
        Number of predictions by modalities.
    withheld : dict of str to int
        Number of withheld rows by reason, those of the first six seconds included.
    every_hop : bool
        Whether each second has exactly one row.
    said : tuple of str
        What the person read: notes of the run, or the error.
    traceback : bool
        Whether anything looked like a fault of the program.
    peak_mib : float
        Memory of the run at its largest.
    outcome : str
        ``predicts``, ``withholds``, ``refuses`` or ``breaks``.
    as_expected : bool
    """

    case: str
    exit_code: int
    rows: int
    used: dict[str, int]
    withheld: dict[str, int]
    every_hop: bool
    said: tuple[str, ...]
    traceback: bool
    peak_mib: float
    outcome: str
    as_expected: bool


def measure_odd_streams(
    cases: Sequence[OddCase] = ODD_CASES, progress: Callable[[float, float], None] | None = None
) -> list[OddResult]:
    """Run the cases one after the other, about fifteen seconds each.

    Call `lsl.config.use_loopback` first: the streams must not leave this computer.
    """
    found = []
    with tempfile.TemporaryDirectory(prefix="physiosync-odd-") as folder:
        for n_done, case in enumerate(cases, 1):
            found.append(run_case(case, Path(folder) / f"{n_done}.csv"))
            if progress is not None:
                progress(n_done, len(cases))
    return found


def run_case(case: OddCase, log: Path) -> OddResult:
    """Run one case; its predictions are logged to ``log``."""
    words = [
        *("live", "--headless", "--local", "--bundle", BUNDLE, "--csv", str(log)),
        *("--baseline", str(REST_S), "--timeout", "5", "--duration", str(DURATION_S)),
        *case.options,
    ]
    sender = ["-m", "physiosync_rt.bench.odd_sender", case.name]
    with Child(f"the sender of {case.name!r}", sender) as child, TemporaryFile() as said:
        exit_code, peak_mib = _run(["-m", "physiosync_rt", *words], said)
        child.check()
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    rows = _rows(log)
    used = Counter(row["modalities"] for row in rows if row["valid"] == "1")
    traceback = "Traceback" in text or exit_code not in (0, 2, 3)
    outcome = _outcome(exit_code, used, traceback=traceback)
    allowed = ("predicts", "withholds", "refuses") if case.outcome == "either" else (case.outcome,)
    ends = [float(row["t_end_lsl"]) for row in rows]
    return OddResult(
        case=case.name,
        exit_code=exit_code,
        rows=len(rows),
        used=dict(used),
        withheld=dict(Counter(row["reason"] for row in rows if row["valid"] != "1")),
        every_hop=all(0.99 < b - a < 1.01 for a, b in pairwise(ends)),
        said=_told(log) if exit_code == 0 else tuple(text.strip().splitlines()[1:]),
        traceback=traceback,
        peak_mib=peak_mib,
        outcome=outcome,
        as_expected=outcome in allowed,
    )


def _run(arguments: Sequence[str], said: IO[bytes]) -> tuple[int, float]:
    """Run Python to its end; return its exit code, and its largest memory in MiB."""
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-P", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=said,
        stderr=subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "4000"},
    )
    deadline = time.monotonic() + LONGEST_S
    hung = False
    while True:
        pid, status, usage = os.wait4(process.pid, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > deadline and not hung:
            hung = True
            process.kill()
        time.sleep(_LOOK_S)
    process.returncode = _HUNG if hung else os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_maxrss / 1024


def _outcome(exit_code: int, used: Counter[str], *, traceback: bool) -> str:
    if traceback:
        return "breaks"
    if exit_code == 2:
        return "refuses"
    return "predicts" if used else "withholds"


def _rows(log: Path) -> list[dict[str, str]]:
    if not log.exists():
        return []
    # A marker may be as long as its sender likes.
    csv.field_size_limit(sys.maxsize)
    with log.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _told(log: Path) -> tuple[str, ...]:
    about = log.with_suffix(".json")
    if not about.exists():
        return ()
    return tuple(json.loads(about.read_text(encoding="utf-8")).get("told", ()))
