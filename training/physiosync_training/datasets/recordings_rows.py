"""Lines of the table of a lab's own recordings, each checked by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from physiosync_rt.datatypes import Segment
from physiosync_rt.devices.description import UNKNOWN
from physiosync_rt.errors import Faults, UserError
from physiosync_rt.formats.numerals import Numerals, UndecidedError, find_numerals
from physiosync_rt.formats.separators import split_rows
from physiosync_rt.formats.text import read_text, shown
from physiosync_training.datasets.index import WINDOW_S

REQUIRED: Final = ("file", "start", "stop", "subject", "trial", "kind", "valence", "arousal")
OPTIONAL: Final = ("stimulus", "note")
_NUMBERS: Final = ("start", "stop", "trial", "valence", "arousal")


@dataclass(frozen=True, slots=True)
class TableRow:
    """One line of the table: where it stands, and its cells by their titles."""

    where: str
    cells: dict[str, str]
    numerals: Numerals


def read_rows(table: Path, faults: Faults) -> Iterator[TableRow]:
    """Yield the lines of a table; those of another length are faults."""
    lines = [line for line in enumerate(read_text(table).lines, 1) if line[1].strip(' \t;,"')]
    header = lines[0][1] if lines else ""
    separator = next((sign for sign in ("\t", ";", ",") if sign in header), ",")
    (names,) = split_rows([header], separator)
    while names and not names[-1]:
        names.pop()
    _check_header(table, names or [])
    assert names is not None, "a line is as long as itself"
    if len(lines) < 2:
        raise UserError(f"{table.name} has a header and no line below it")
    split = split_rows([line for _, line in lines[1:]], separator, len(names))
    rows = [dict(zip(names, row, strict=True)) for row in split if row is not None]
    numerals = _numerals(table, rows, separator)
    for (number, line), row in zip(lines[1:], split, strict=True):
        where = f"{table.name}, line {number}"
        if row is None:
            more = line.count(separator) >= len(names)
            decimal = "; a decimal comma needs semicolons between the cells" if more else ""
            faults.add(f"{where}: expected {len(names)} cells{decimal}")
            continue
        yield TableRow(where, dict(zip(names, row, strict=True)), numerals)


def _check_header(table: Path, names: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in names]
    unknown = [name for name in names if name not in (*REQUIRED, *OPTIONAL)]
    if missing or unknown:
        said = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(unknown)} as well"
        raise UserError(
            f"{table.name}: the header {said}; expected are {', '.join(REQUIRED)} and, if you "
            f"like, {', '.join(OPTIONAL)}"
        )


def _numerals(table: Path, rows: list[dict[str, str]], separator: str) -> Numerals:
    """Return how the table writes its numbers."""
    cells = (row[name] for row in rows for name in _NUMBERS)
    try:
        # A spreadsheet separates by semicolons where the decimal sign is a comma.
        return find_numerals(cells, likely="," if separator == ";" else None)
    except UndecidedError as error:
        raise UserError(
            f"{table.name}: whether its numbers have a decimal comma cannot be decided ({error}); "
            "write decimal points"
        ) from error


def segment_of(line: TableRow, scale: tuple[float, float]) -> Segment:
    """Make a segment of a line; UserError names everything that is wrong with the line."""
    where, row, faults = line.where, line.cells, Faults()
    kind = row["kind"]
    if kind not in ("trial", "baseline"):
        faults.add(f"{where}: kind is {shown(kind)}, expected trial or baseline")
    if not row["file"] or not row["subject"]:
        faults.add(f"{where}: file and subject must not be empty")
    start, stop = (_number(line, name, faults) for name in ("start", "stop"))
    least = WINDOW_S if kind == "trial" else 2
    if start < 0 or stop - start < least:
        faults.add(
            f"{where}: a {kind} from {start:g} s to {stop:g} s; it must not start before 0 and "
            f"must last {least} s or more"
        )
    trial, valence, arousal = 0.0, None, None
    if kind == "trial":
        trial = _number(line, "trial", faults)
        valence, arousal = (_rating(line, name, scale, faults) for name in ("valence", "arousal"))
    if np.isfinite(trial) and trial != int(trial):
        faults.add(f"{where}: trial is {shown(row['trial'])}, expected a whole number")
    faults.check()
    if kind != "trial":
        return Segment(start, stop, "baseline", row["subject"], 0)
    stimulus = row.get("stimulus", "")
    return Segment(start, stop, "trial", row["subject"], int(trial), stimulus, valence, arousal)


def _number(line: TableRow, name: str, faults: Faults) -> float:
    """Read a number; NaN where the cell holds none, which is a fault."""
    cell = line.cells[name]
    try:
        value = line.numerals.number(cell)
    except ValueError:
        value = np.nan
    if np.isfinite(value):
        return value
    # What `physiosync train --new` could not know, a person has to.
    what = "; fill it in" if cell.strip() == UNKNOWN else ""
    faults.add(f"{line.where}: {name} is {shown(cell)}, expected a number{what}")
    return np.nan


def _rating(line: TableRow, name: str, scale: tuple[float, float], faults: Faults) -> float | None:
    if not line.cells[name]:
        return None
    value = _number(line, name, faults)
    low, high = scale
    if np.isfinite(value) and not low <= value <= high:
        faults.add(
            f"{line.where}: {name} is {value:g}, out of the scale of {low:g} to {high:g}; fix the "
            "line, or the scale in the configuration"
        )
    return value
