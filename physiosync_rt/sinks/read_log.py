"""Read a log of predictions back: what a run came to, from its CSV and the JSON beside it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from physiosync_rt.datatypes import BoolArray, FloatArray
from physiosync_rt.errors import UserError
from physiosync_rt.formats.separators import find_separator, split_rows
from physiosync_rt.formats.table import Table, read_table
from physiosync_rt.formats.text import decode, read_text
from physiosync_rt.sinks.csv_log import COLUMNS
from physiosync_rt.utils.plain_file import read_text as read_bounded

_HEAD_BYTES = 1000
_MOST_JSON_BYTES = 100_000_000
_KNOWN = {
    "started": str,
    "finished": str,
    "bundle": dict,
    "baseline_from": str,
    "settings": dict,
    "told": list,
}
_TARGETS = ("valence", "arousal", "confidence")


def is_log(path: Path) -> bool:
    """Return whether a file begins with the columns of a log of predictions."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            head = decode(file.read(_HEAD_BYTES))
    except OSError:
        return False
    return head.lstrip('"').startswith(COLUMNS[0])


@dataclass(frozen=True, slots=True)
class Log:
    """The rows of a log of predictions, cell by cell.

    Attributes
    ----------
    table : Table
        Its ``notes`` say what was left out.
    at : dict of str to int
        Column of each title.
    """

    table: Table
    at: dict[str, int]

    def __len__(self) -> int:
        return len(self.table.rows)

    def numbers(self, *names: str) -> FloatArray:
        """Return some columns as numbers, shape (n_rows, n_names); an empty cell is NaN.

        Raises
        ------
        UserError
            A column is not of numbers.
        """
        return self.table.numbers([self.at[name] for name in names])

    def texts(self, name: str) -> list[str]:
        """Return the cells of a column."""
        return [row[self.at[name]] for row in self.table.rows]


def read_log(path: Path) -> Log:
    """Read the rows of a log of predictions, which may still be written or cut off.

    Raises
    ------
    UserError
        The file cannot be read, or lacks columns of schema 1.
    """
    file = read_text(path)
    (titles,) = split_rows(file.lines[:1], find_separator(path.name, file.lines[:1]))
    at = {title: i for i, title in enumerate(titles or ())}
    missing = [name for name in COLUMNS if name not in at]
    if missing:
        raise UserError(
            f"{path.name} is a log of predictions without {', '.join(missing)}; take the file as "
            "the run wrote it"
        )
    return Log(read_table(file, first=1, n_columns=len(titles or ())), at)


def read_run_json(path: Path) -> tuple[dict[str, Any] | None, str]:
    """Read the JSON beside a log of predictions.

    Parameters
    ----------
    path : Path
        Of the CSV.

    Returns
    -------
    run : dict or None
        None where there is none, or it cannot be read.
    note : str
        Why there is none; else empty.
    """
    beside = path.with_suffix(".json")
    if not beside.is_file():
        return None, f"{beside.name} is not beside it, so the bundle and the streams are not known"
    try:
        run = json.loads(read_bounded(beside, _MOST_JSON_BYTES))
    except (UserError, ValueError, RecursionError):
        run = None
    if not isinstance(run, dict):
        return None, f"{beside.name} beside it cannot be read, so the bundle is not known"
    return run, ""


def log_facts(path: Path) -> dict[str, Any]:
    """Return what a log of predictions says, in plain containers.

    Parameters
    ----------
    path : Path
        Of the CSV; the JSON of the same stem is read where it is there.

    Raises
    ------
    UserError
        The file lacks columns of schema 1.
    """
    log = read_log(path)
    rows = log.table.rows
    times = log.numbers("t_end_lsl")[:, 0]
    valid = log.numbers("valid")[:, 0] == 1
    values = log.numbers(*_TARGETS)[valid]
    utc = [cell for cell in log.texts("t_end_utc") if cell]
    run, notes = _run(path)
    return {
        "file": str(path),
        "kind": "log of predictions",
        "rows": len(rows),
        "span_s": round(float(np.ptp(times)), 3) if len(times) else 0.0,
        "first_utc": utc[0] if utc else None,
        "last_utc": utc[-1] if utc else None,
        "valid": int(valid.sum()),
        "valid_share": round(float(valid.mean()), 4) if len(valid) else None,
        "reasons": _counts(log.texts("reason"), ~valid),
        "modalities": _counts(log.texts("modalities"), valid),
        "quadrants": _counts(log.texts("quadrant"), valid),
        "mean": {
            name: round(float(np.nanmean(values[:, i])), 4)
            for i, name in enumerate(_TARGETS)
            if np.isfinite(values[:, i]).any()
        },
        "markers": sum(map(bool, log.texts("marker"))),
        "run": run,
        "notes": [*log.table.notes, *notes],
    }


def _counts(cells: list[str], among: BoolArray) -> dict[str, int]:
    counted = (cell for cell, counts in zip(cells, among, strict=True) if counts)
    return dict(Counter(cell for cell in counted if cell).most_common())


def _run(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return what the JSON beside the CSV says of the run, and notes."""
    run, note = read_run_json(path)
    if run is None:
        return {}, [note]
    return {key: run[key] for key, kind in _KNOWN.items() if isinstance(run.get(key), kind)} | {
        "streams": _dicts(run.get("streams"))
    }, []


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
