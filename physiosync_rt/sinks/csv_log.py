"""Predictions as CSV, schema 1, with a JSON file beside it that says how they were made.

Nothing is lost: every row is written when `CsvLog.write` returns, and an existing
file is renamed, never overwritten.
"""

from __future__ import annotations

import csv
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

from physiosync_rt.datatypes import Prediction
from physiosync_rt.errors import UserError
from physiosync_rt.utils.atomic import atomic_file
from physiosync_rt.utils.plain_text import marker_cell

if sys.platform != "win32":
    import fcntl

SCHEMA = 1

COLUMNS = (
    "t_end_lsl",
    "t_end_utc",
    "window_s",
    "valence",
    "arousal",
    "quadrant",
    "confidence",
    "valid",
    "reason",
    "modalities",
    "completeness_eeg",
    "completeness_pps",
    "quality_eeg",
    "quality_pps",
    "sample_age_ms",
    "infer_ms",
    "latency_ms",
    "marker",
)


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _utc(seconds: float | None) -> str:
    if seconds is None:
        return ""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def to_row(p: Prediction) -> list[str]:
    """One prediction as the cells of `COLUMNS`."""
    return [
        f"{p.t_end_lsl:.6f}",
        _utc(p.t_end_utc),
        f"{p.window_s:g}",
        _number(p.valence, 6),
        _number(p.arousal, 6),
        p.quadrant,
        _number(p.confidence, 4),
        str(int(p.valid)),
        str(p.reason),
        p.modalities,
        _number(p.completeness_eeg, 4),
        _number(p.completeness_pps, 4),
        _number(p.quality_eeg, 4),
        _number(p.quality_pps, 4),
        _number(p.sample_age_ms, 1),
        _number(p.infer_ms, 2),
        _number(p.latency_ms, 1),
        marker_cell(p.marker),
    ]


def _set_aside(path: Path) -> None:
    """Rename a file of this name to ``name_old1`` ...: logs are not overwritten."""
    if not path.exists():
        return
    if _is_held(path):
        raise UserError(f"{path} is being written by another run; choose another --csv path")
    n = 1
    while (old := path.with_name(f"{path.stem}_old{n}{path.suffix}")).exists():
        n += 1
    path.rename(old)


def _hold(file: TextIO) -> None:
    """Mark an open log as being written, for other runs on this computer."""
    if sys.platform != "win32":  # There an open file cannot be renamed anyway.
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _is_held(path: Path) -> bool:
    """Return whether another run writes this file now."""
    if sys.platform == "win32":
        return False
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


class CsvLog:
    """Append rows to a CSV file.

    Parameters
    ----------
    path : Path
        The CSV; the JSON has the same stem.
    run : dict
        What is written into the JSON: bundle hash, contract, streams, versions, settings.

    Raises
    ------
    UserError
        The path cannot be written.
    """

    def __init__(self, path: Path, run: dict[str, Any]) -> None:
        self.path = path
        self._json = path.with_suffix(".json")
        self._run = {"schema": SCHEMA, **run}
        try:
            for each in (path, self._json):
                _set_aside(each)
            self._file = path.open("w", newline="", encoding="utf-8")
            _hold(self._file)
        except OSError as error:
            raise UserError(
                f"cannot write {path}: {error.strerror}; choose another --csv path"
            ) from error
        self._writer = csv.writer(self._file)
        self._writer.writerow(COLUMNS)
        self._file.flush()
        self.rows = 0
        self.update()

    def update(self, **more: Any) -> None:
        """Add to the run's JSON and write it as a whole."""
        self._run.update(more)
        text = json.dumps(self._run, indent=2, default=str) + "\n"
        with atomic_file(self._json) as fresh:
            fresh.write_text(text, encoding="utf-8")

    def write(self, row: Prediction) -> None:
        """Append one row and flush it.

        Raises
        ------
        UserError
            The disk is full or gone.
        """
        try:
            self._writer.writerow(to_row(row))
            self._file.flush()
        except OSError as error:
            raise UserError(f"cannot go on writing {self.path}: {error.strerror}") from error
        self.rows += 1

    def close(self) -> None:
        """Close the CSV and complete the JSON."""
        if not self._file.closed:
            self._file.close()
            self.update(rows=self.rows, finished=datetime.now(UTC).isoformat(timespec="seconds"))


def check_writable(path: Path, option: str = "--csv") -> None:
    """Refuse a file that cannot be written, before anything starts.

    Raises
    ------
    UserError
        The folder does not exist or cannot be written, or the path is a folder.
    """
    folder = path.parent
    if path.is_dir():
        raise UserError(f"{option} {path} is a folder; give the name of a file in it")
    if path.exists() and not path.is_file():
        raise UserError(f"{option} {path} is not a regular file; choose another path")
    if option == "--csv" and path.suffix.lower() != ".csv":
        raise UserError(f"--csv {path}: end the name in .csv; the JSON beside it takes the stem")
    if not folder.is_dir():
        raise UserError(f"{option} {path}: the folder {folder} does not exist; create it first")
    if not os.access(folder, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise UserError(f"{option} {path} cannot be written: no permission; choose another path")
