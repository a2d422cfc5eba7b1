"""Read a log of predictions back: what a run came to, from its CSV and the JSON beside it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from physiosync_rt.errors import UserError
from physiosync_rt.formats.separators import find_separator, split_rows
from physiosync_rt.formats.table import read_table
from physiosync_rt.formats.text import decode, read_text
from physiosync_rt.sinks.csv_log import COLUMNS

_HEAD_BYTES = 1000
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
    file = read_text(path)
    (titles,) = split_rows(file.lines[:1], find_separator(path.name, file.lines[:1]))
    at = {title: i for i, title in enumerate(titles or ())}
    missing = [name for name in COLUMNS if name not in at]
    if missing:
        raise UserError(
            f"{path.name} is a log of predictions without {', '.join(missing)}; take the file as "
            "the run wrote it"
        )
    table = read_table(file, first=1, n_columns=len(titles or ()))
    times = table.numbers([at["t_end_lsl"]])[:, 0]
    valid = table.numbers([at["valid"]])[:, 0] == 1
    values = table.numbers([at[name] for name in _TARGETS])[valid]
    utc = [row[at["t_end_utc"]] for row in table.rows if row[at["t_end_utc"]]]
    run, notes = _run(path)
    return {
        "file": str(path),
        "kind": "log of predictions",
        "rows": len(table.rows),
        "span_s": round(float(np.ptp(times)), 3) if len(times) else 0.0,
        "first_utc": utc[0] if utc else None,
        "last_utc": utc[-1] if utc else None,
        "valid": int(valid.sum()),
        "valid_share": round(float(valid.mean()), 4) if len(valid) else None,
        "reasons": _counts(table.rows, at["reason"], ~valid),
        "modalities": _counts(table.rows, at["modalities"], valid),
        "quadrants": _counts(table.rows, at["quadrant"], valid),
        "mean": {
            name: round(float(np.nanmean(values[:, i])), 4)
            for i, name in enumerate(_TARGETS)
            if np.isfinite(values[:, i]).any()
        },
        "markers": sum(bool(row[at["marker"]]) for row in table.rows),
        "run": run,
        "notes": [*table.notes, *notes],
    }


def _counts(rows: list[list[str]], column: int, among: np.ndarray[Any, Any]) -> dict[str, int]:
    cells = (row[column] for row, counts in zip(rows, among, strict=True) if counts)
    return dict(Counter(cell for cell in cells if cell).most_common())


def _run(path: Path) -> tuple[dict[str, Any], list[str]]:
    """Return what the JSON beside the CSV says of the run, and notes."""
    beside = path.with_suffix(".json")
    if not beside.is_file():
        return {}, [f"{beside.name} is not beside it, so the bundle and the streams are not known"]
    try:
        run = json.loads(beside.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        run = None
    if not isinstance(run, dict):
        return {}, [f"{beside.name} beside it cannot be read, so the bundle is not known"]
    return {key: run[key] for key, kind in _KNOWN.items() if isinstance(run.get(key), kind)} | {
        "streams": _dicts(run.get("streams"))
    }, []


def _dicts(value: object) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
